"""A cluster made in advance, with the services' roles, databases and schema: new data folders begin as a copy of it.

    python -m deploy.local prepare      # make setup; nothing to do while what it is made of is the same
    find(services) -> Path | None       # the stopped data folder to copy, where one fits

It lies in the virtual environment, readable by its owner only. Its name is a hash over all it is made of, so that it is
never taken for another version; without one a data folder is made from nothing, which takes some seconds longer. Its
passwords open nothing: a copy gets its own before anybody can connect to it.
"""

import contextlib
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from importlib import resources
from pathlib import Path

from deploy.local import postgres
from deploy.local.postgres_programs import version_line, wheel_programs

_FORM = b"1"
"""Of this file's work; to be raised when what it makes changes."""


def find(services: Sequence[str]) -> Path | None:
    """The data folder to copy; None when there is none for this version."""
    folder = _kept()
    data = folder / _name(services) / "cluster" if folder is not None else None
    return data if data is not None and data.is_dir() else None


async def prepare(
    services: Sequence[str], fill: Callable[[postgres.Cluster], Awaitable[object]]
) -> Path | None:
    """Makes it where it is lacking; `fill` makes the services' databases. None where there is no place for it.

    Raises PostgresError.
    """
    folder = _kept()
    if folder is None or find(services) is not None:
        return find(services)
    folder.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="draft-") as draft:
        with postgres.claim(Path(draft) / "made") as cluster:
            cluster.launch(durable=True)
            await fill(cluster)
        for former in folder.iterdir():
            if not former.name.startswith("draft-") and former.name != _name(services):
                shutil.rmtree(former, ignore_errors=True)
        with contextlib.suppress(OSError):  # another one made the same meanwhile
            (Path(draft) / "made").rename(folder / _name(services))
    return find(services)


def _kept() -> Path | None:
    """The folder of all of them; only a virtual environment is ours to write into."""
    return Path(sys.prefix) / "vitae-postgres" if sys.prefix != sys.base_prefix else None


def _name(services: Sequence[str]) -> str:
    programs = wheel_programs()
    sources = [
        *(
            resources.files("services.runtime").joinpath(*path)
            for path in (("database_roles.sql",), ("row_security.py",), ("queue", "tables.py"))
        ),
        *(
            file
            for service in services
            for file in sorted(
                (resources.files(f"services.{service}") / "migrations" / "versions").iterdir(),
                key=lambda each: each.name,
            )
            if file.name.endswith(".py")
        ),
    ]
    made_of = hashlib.sha256(_FORM)
    for part in (
        version_line(programs).encode(),
        str(programs).encode(),
        *(each.read_bytes() for each in sources),
    ):
        made_of.update(hashlib.sha256(part).digest())
    return made_of.hexdigest()[:24]
