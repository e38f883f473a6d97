"""The whole system as `make run` starts it, once per test run: five processes and PostgreSQL, on free ports.

def test_it(system):
    with system.rest("maya") as maya: ...          a REST client of a person
    system.channel("storage", token)               a plain gRPC channel to a service, past the gateway
    system.signer("gateway").for_user(...)         internal tokens, as the processes mint them
    system.kill("storage")                         kill -9; the launcher starts it again
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import jwt
import psycopg
import pytest

from deploy.local import system as local
from deploy.local.processes import ProcessFailed
from services.runtime.auth import Identity, InternalSigner, Role
from services.runtime.external_identity import stable_id
from tests.support.rest import Rest

ISSUER = "vitae"
TENANT_CLAIM = "org"
TENANT = "acme"

ROOT = Path(__file__).parents[2]
PYTHONPATH = os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")])

SETTINGS = {
    "VITAE_IDENTITY_TENANT_CLAIM": TENANT_CLAIM,
    # Work of a killed worker is given to another after this silence.
    "VITAE_STORAGE_LEASE": "5s",
    "VITAE_RENDER_MAX_PAGES": "8",
    # Tests of one person queue more than a person would.
    "VITAE_STORAGE_QUOTA": "1GiB",
}


class LiveSystem:
    """A running system, seen from outside and, for what only an operator can see, from inside."""

    def __init__(self, folder: Path, system: local.System, said: list[str]) -> None:
        self.folder = folder
        self.said = said
        self.url = system.url
        self._system = system

    def token(
        self, user: str = "maya", *, tenant: str = TENANT, roles: tuple[str, ...] = (), **claims: Any
    ) -> str:
        """A person's token, as the identity provider would issue it."""
        now = int(time.time())
        full = {
            "iss": ISSUER,
            "aud": "vitae",
            "sub": user,
            TENANT_CLAIM: tenant,
            "vitae_roles": list(roles),
            "iat": now,
            "exp": now + 3600,
        }
        return jwt.encode({**full, **claims}, self.secret, algorithm="HS256")

    def rest(self, user: str = "maya", **options: Any) -> Rest:
        """A REST client of a person."""
        return Rest(self.url, self.token(user, **options))

    def identity(self, user: str = "maya", *, tenant: str = TENANT, roles: tuple[Role, ...] = ()) -> Identity:
        """Who a person is to the services."""
        return Identity(stable_id(ISSUER, tenant), stable_id(ISSUER, user), frozenset({Role.USER, *roles}))

    @property
    def secret(self) -> str:
        """The identity provider's shared secret."""
        return self._system.credentials.identity_secret

    def signer(self, issuer: str = "gateway") -> InternalSigner:
        """The internal signer of "gateway" or "render-worker"."""
        keys = {
            "gateway": self._system.credentials.gateway_key,
            "render-worker": self._system.credentials.worker_key,
        }
        return InternalSigner.from_pem(keys[issuer], issuer=issuer)

    def internal(self, user: str = "maya", **options: Any) -> str:
        """An internal token that speaks for a person to every service."""
        audience = ["storage", "generation", "render"]
        return self.signer().for_user(self.identity(user, **options), audience=audience)

    @contextmanager
    def channel(self, service: str) -> Iterator[grpc.Channel]:
        """A plain channel to a service, without any of our interceptors."""
        port = self._system.processes.ports(service)["grpc"]
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel

    def pid(self, process: str) -> int | None:
        """The process id of a process; None while it is between two lives."""
        try:
            return self._system.processes.pid(process)
        except ProcessFailed:
            return None

    def kill(self, process: str) -> bool:
        """kill -9; False when it was not running. The launcher starts it again."""
        pid = self.pid(process)
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        return True

    def ready(self, process: str) -> bool:
        """Whether the process serves now."""
        return bool(self._system.processes.ports(process))

    @contextmanager
    def database(self, service: str) -> Iterator[psycopg.Connection]:
        """An operator's connection, past row-level security."""
        with psycopg.connect(
            self._system.cluster.admin_url(f"vitae_{service}"), autocommit=True
        ) as connection:
            yield connection

    def objects(self) -> list[Path]:
        """The files in the local object store."""
        return [path for path in (self.folder / "objects").rglob("*") if path.is_file()]


@contextmanager
def running(folder: Path, environ: Mapping[str, str]) -> Iterator[LiveSystem]:
    """A system of its own, kept by an event loop in another thread."""
    said: list[str] = []
    started: Future[local.System] = Future()
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def keep() -> None:
        # What the tests are told is nothing the processes know, and they refuse what they do not know.
        ours = {name: value for name, value in os.environ.items() if not name.startswith("VITAE_TEST_")}
        merged = {**ours, "PYTHONPATH": PYTHONPATH, **environ}
        async with local.running(folder, port=0, say=said.append, durable=False, environ=merged) as system:
            started.set_result(system)
            await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(keep())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="system")
    thread.start()
    try:
        yield LiveSystem(folder, started.result(timeout=100), said)
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=60)
        assert not thread.is_alive(), "the system did not stop"


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSystem]:
    """The run's system."""
    with running(tmp_path_factory.mktemp("system"), SETTINGS) as live:
        yield live


def until(condition: Callable[[], Any], timeout: float = 30, every: float = 0.05) -> Any:
    """What the condition answers once that is true; fails when it is not within `timeout` seconds."""
    ends = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(every)
    return value


def user_id(user: str) -> UUID:
    """The id of a person of the identity provider."""
    return stable_id(ISSUER, user)
