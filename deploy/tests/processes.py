"""Which process a container runs, and whether its configuration class accepts what the container is told."""

from collections.abc import Mapping, Sequence

from deploy.configuration_table import READERS, Reader
from services.runtime.config import ConfigError, load, rows
from services.runtime.migrate import MigrationConfig

_BY_NAME = {each.name: each for each in READERS}


def reader(image: str, command: Sequence[str]) -> Reader | None:
    """The process of one of our images started with these arguments; None for another program."""
    words = " ".join(command)
    if "import" in words:
        return None
    if ".migrate" in words:
        return _BY_NAME[f"{image} migrations"]
    if image == "render":
        return _BY_NAME["render worker" if "worker" in words else "render server"]
    return _BY_NAME.get(image)


def complaints(process: Reader, told: Mapping[str, str], image: Mapping[str, str]) -> list[str]:
    """Why the process would not start with this environment: nothing when it would.

    `told` is what a manifest says, `image` what the image says. A variable nobody reads is a complaint, even one of
    another process's space.
    """
    names = {row.name for row in rows(process.config, process=process.space)}
    mountable = {f"{row.name}_FILE" for row in rows(process.config, process=process.space) if row.mountable}
    shared = {
        row.name for each in READERS for row in rows(each.config, process=each.space) if _is_shared(row.name)
    }
    unread = [
        f"{name}: {process.name} does not read it"
        for name in told
        if name.startswith("VITAE_") and name not in names | mountable | shared
    ]
    migrates = process.config is MigrationConfig
    environ = {**({} if migrates else image), **told}
    try:
        load(process.config, environ, process=process.space, shared=() if migrates else None)
    except ConfigError as error:
        return [*unread, *error.problems]
    return unread


def _is_shared(name: str) -> bool:
    return not name.startswith(tuple(f"VITAE_{each.space.upper()}_" for each in READERS))
