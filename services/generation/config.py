"""Configuration of the generation service."""

from dataclasses import dataclass

from services.runtime.config import ConfigError, Seconds, group, setting
from services.runtime.db import DatabaseConfig
from services.runtime.settings import ExternalIdentityConfig, InternalKeysConfig, ProcessConfig, ServerConfig

SERVICE = "generation"
"""Name of the process, space of its variables, audience of tokens meant for it, issuer of its own tokens."""


@dataclass(frozen=True)
class OutboxConfig:
    """How storage hears of deletions."""

    storage: str = setting(
        "VITAE_GENERATION_STORAGE_ADDRESS",
        default="",
        meaning="gRPC target of storage, such as dns:///storage:50051, which hears of deletions; when empty they wait.",
    )
    signing_key: str = setting(
        "VITAE_GENERATION_SIGNING_KEY",
        default="",
        meaning="Private key (PEM, Ed25519) of generation's own tokens, its public half in VITAE_INTERNAL_JWKS under "
        "iss generation; needed with VITAE_GENERATION_STORAGE_ADDRESS.",
        secret=True,
    )
    poll: Seconds = setting(
        "VITAE_GENERATION_OUTBOX_POLL",
        default="5s",
        meaning="Time between looks for deletions that storage has not acknowledged.",
        minimum=0.05,
    )

    def __post_init__(self) -> None:
        if self.storage and not self.signing_key:
            raise ConfigError(
                [
                    "VITAE_GENERATION_SIGNING_KEY: set it, or VITAE_GENERATION_SIGNING_KEY_FILE, to generation's key"
                ]
            )


@dataclass(frozen=True)
class KeepingConfig:
    """What is kept, and for how long."""

    versions: int = setting(
        "VITAE_GENERATION_KEPT_VERSIONS",
        default=50,
        meaning="Newest versions kept of each document; exported ones are kept besides.",
        minimum=1,
    )
    sweep: Seconds = setting(
        "VITAE_GENERATION_SWEEP_PERIOD",
        default="1h",
        meaning="Time between removals of outdated idempotency keys.",
        minimum=1,
    )


@dataclass(frozen=True)
class GenerationConfig:
    """Everything the generation service reads from its environment."""

    process: ProcessConfig = group()
    server: ServerConfig = group()
    database: DatabaseConfig = group()
    internal_keys: InternalKeysConfig = group()
    external_identity: ExternalIdentityConfig = group()
    outbox: OutboxConfig = group()
    keeping: KeepingConfig = group()
