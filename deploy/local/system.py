"""The whole system on one machine: PostgreSQL, migrations, three services, a render worker, the gateway.

    async with running(folder, port=8080, say=console.say) as system:
        system.url, system.token

Everything it keeps is in the data folder; whatever it started is stopped when the block ends.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local import postgres, prepared
from deploy.local.credentials import Credentials
from deploy.local.processes import Processes, ProcessFailed
from deploy.local.topology import Settings, base_environ, programs
from services.runtime import schema

DATABASES = ("generation", "storage")
"""The services that own a database."""

READY_TIMEOUT = 60.0
"""Seconds for everything to be ready; a warm start takes two or three."""


@dataclass(frozen=True)
class System:
    """A running system."""

    url: str
    credentials: Credentials
    processes: Processes
    cluster: postgres.Cluster

    @property
    def token(self) -> str:
        """A fresh development token."""
        return self.credentials.token()


@asynccontextmanager
async def running(
    folder: Path,
    *,
    port: int,
    say: Callable[[str], None],
    durable: bool = True,
    environ: Mapping[str, str] = os.environ,
) -> AsyncIterator[System]:
    """Starts the system, yields it once all that answers calls is ready, stops it at the end.

    The render worker comes last: loading what it draws with would slow the others down, and exports that are asked for
    before it is ready wait for it.
    `port` is the gateway's; 0 takes a free one. `durable=False` (tests) lets PostgreSQL skip fsync. VITAE_ variables
    of `environ` win over what the launcher sets.
    Raises ProcessFailed or PostgresError with what to do about it.
    """
    credentials = Credentials.kept_in(folder)
    cluster = await asyncio.to_thread(postgres.claim, folder / "postgres")
    try:
        settings = Settings(
            folder, _gateway_port(port), {name: cluster.database(name).login_url for name in DATABASES}
        )
        async with Processes(say) as processes:
            # They load their code while the databases are made, and wait for them.
            *answering, worker = programs(settings, credentials, environ)
            for program in answering:
                await processes.start(program)
            found = await asyncio.to_thread(prepared.find, DATABASES)
            await asyncio.to_thread(cluster.launch, durable=durable, prepared=found)
            await fill(cluster, environ)
            await processes.ready(READY_TIMEOUT)
            await processes.start(worker)
            yield System(settings.url, credentials, processes, cluster)
    finally:
        await asyncio.to_thread(cluster.stop)


async def fill(cluster: postgres.Cluster, environ: Mapping[str, str]) -> None:
    """Makes the services' roles and databases, or brings them up to date. Raises PostgresError or ProcessFailed."""
    # One after another: they share roles.
    databases = {name: await asyncio.to_thread(cluster.prepare, name) for name in DATABASES}
    await asyncio.gather(
        *(_at_head(cluster, name, database.owner_url, environ) for name, database in databases.items())
    )


async def _at_head(
    cluster: postgres.Cluster, service: str, owner_url: str, environ: Mapping[str, str]
) -> None:
    """Migrates where something is missing. To ask first saves a process that loads Alembic to find nothing to do."""
    applied = await asyncio.to_thread(cluster.revisions, service)
    if schema.missing(f"services.{service}", applied):
        await _migrate(service, owner_url, environ)


async def _migrate(service: str, owner_url: str, environ: Mapping[str, str]) -> None:
    """Brings a database to the newest schema."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"services.{service}.migrate",
        "upgrade",
        env={**base_environ(environ), f"VITAE_{service.upper()}_DATABASE_OWNER_URL": owner_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await child.communicate()
    if child.returncode != 0:
        raise ProcessFailed(
            f"the {service} database could not be migrated:\n{output.decode(errors='replace')}"
        )


def _gateway_port(wanted: int) -> int:
    try:
        with socket.create_server(("127.0.0.1", wanted)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise ProcessFailed(
            f"port {wanted} of this machine is taken ({error.strerror}); set VITAE_LOCAL_PORT to another, or to 0"
        ) from error
