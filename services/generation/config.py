"""Configuration of the generation service."""

from dataclasses import dataclass

from services.runtime.config import group
from services.runtime.db import DatabaseConfig
from services.runtime.settings import ExternalIdentityConfig, InternalKeysConfig, ProcessConfig, ServerConfig

SERVICE = "generation"
"""Name of the process, space of its variables, audience of tokens meant for it."""


@dataclass(frozen=True)
class GenerationConfig:
    """Everything the generation service reads from its environment."""

    process: ProcessConfig = group()
    server: ServerConfig = group()
    database: DatabaseConfig = group()
    internal_keys: InternalKeysConfig = group()
    external_identity: ExternalIdentityConfig = group()
