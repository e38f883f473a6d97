"""Configuration of the one-machine launcher."""

from dataclasses import dataclass
from pathlib import Path

from services.runtime.config import setting

GATEWAY_PORT = 8080


@dataclass(frozen=True)
class LocalConfig:
    """Where the launcher keeps its data and where the gateway listens."""

    folder: Path = setting(
        "VITAE_LOCAL_DATA_FOLDER", default="var", meaning="Folder of everything the one-machine system keeps."
    )
    port: int = setting(
        "VITAE_LOCAL_PORT",
        default=GATEWAY_PORT,
        meaning="Port of the gateway on a one-machine system; 0 takes a free one.",
        minimum=0,
        maximum=65535,
    )
