"""Storage as it runs in production, as processes of their own: replicas, workers, PostgreSQL, an object store, each of
which can be killed, frozen and brought back.

    async with fleet(folder, endpoint) as running:
        running.victims                      # name -> Victim: kill() and start(), freeze() and thaw()
        running.storage(user)                # stubs that speak for a person to all replicas

The workers are tests/support/storage_worker.py: they speak WorkService as the render worker does, and instead of
rendering make up bytes from the export's id, so that a file in the wrong record is seen.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.local.postgres import Cluster, ServiceDatabase, start
from services.runtime.auth import Identity, InternalSigner, generate_key, key_set
from services.runtime.client import open_channel
from services.runtime.config import load
from services.runtime.migrate import upgrade
from services.storage.config import StorageConfig
from tests.support.ceph import Gateway, S3Endpoint
from tests.support.ports import free_ports
from tests.support.storage_service import EVERYWHERE, SECRET, Neighbours, neighbour_server
from vitae.storage.v1 import exports_pb2_grpc, usage_pb2_grpc

REPOSITORY = Path(__file__).parents[2]
REPLICAS, WORKERS = 2, 3
LEASE = 3.0
"""Seconds; a worker frozen for longer has lost its work."""


class Victim(Protocol):
    """What can be taken away and brought back. All calls block."""

    def kill(self) -> None: ...

    def start(self) -> None: ...

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...


class Program:
    """A process of ours: a storage replica or a worker."""

    def __init__(self, arguments: list[str], environ: dict[str, str], log: Path) -> None:
        self._arguments, self._environ, self._log = arguments, environ, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, without waiting for it to be ready."""
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *self._arguments],
                env=self._environ,
                cwd=REPOSITORY,
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)


@dataclass
class Postgres:
    """The database server with all its processes."""

    cluster: Cluster

    def kill(self) -> None:
        """kill -9 of the server; its backends notice and go."""
        pid = self._pid()
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 20
        # While whoever adopted it has not buried it, its lock file names a process that seems to live.
        while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
            time.sleep(0.02)

    def start(self) -> None:
        """Starts it again on the same data."""
        guard, self.cluster._guard = self.cluster._guard, None
        if guard is not None:
            guard.communicate(b"stopped\n")
        self.cluster.launch(durable=True)

    def freeze(self) -> None:
        """SIGSTOP of the server and every backend."""
        for pid in self._all():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT of the same."""
        for pid in self._all():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _pid(self) -> int:
        return int(self.cluster._pid())

    def _all(self) -> list[int]:
        server = self._pid()
        children = Path(f"/proc/{server}/task/{server}/children")
        with suppress(FileNotFoundError):
            return [server, *map(int, children.read_text().split())]
        return []


@dataclass
class Folder:
    """The local object store: a folder that is unmounted and mounted again."""

    root: Path

    def kill(self) -> None:
        """Unmounts it."""
        self.root.rename(self.root.with_suffix(".away"))

    def start(self) -> None:
        """Mounts it again."""
        self.root.with_suffix(".away").rename(self.root)

    freeze, thaw = kill, start


@dataclass
class Bucket:
    """The S3 server's gateway."""

    gateway: Gateway

    def kill(self) -> None:
        """kill -9."""
        self.gateway.end(at_once=True)

    def start(self) -> None:
        """Starts it again."""
        self.gateway.start()

    def freeze(self) -> None:
        """SIGSTOP."""
        self.gateway.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.gateway.signal(signal.SIGCONT)


@dataclass(frozen=True)
class Person:
    """Stubs of a person, over a channel to all replicas."""

    identity: Identity
    exports: exports_pb2_grpc.ExportServiceStub
    usage: usage_pb2_grpc.UsageServiceStub


@dataclass
class Fleet:
    """The running system."""

    neighbours: Neighbours
    victims: dict[str, Victim]
    config: StorageConfig
    """Of the service, for commands beside it."""
    admin_url: Callable[[], str]
    signer: InternalSigner
    target: str
    logs: Path
    _stack: AsyncExitStack = field(repr=False)

    def person(self, identity: Identity) -> Person:
        """A person's stubs."""
        channel = open_channel(
            self.target,
            token=lambda: self.signer.for_user(identity, audience=EVERYWHERE),
            default_timeout=5.0,
        )
        self._stack.push_async_callback(channel.close)
        return Person(
            identity, exports_pb2_grpc.ExportServiceStub(channel), usage_pb2_grpc.UsageServiceStub(channel)
        )


@asynccontextmanager
async def fleet(folder: Path, endpoint: S3Endpoint | None, **settings: str) -> AsyncIterator[Fleet]:
    """All of it, on a bucket when there is an S3 server, on a folder otherwise."""
    keys = {name: generate_key() for name in ("gateway", "render-worker", "storage")}
    signers = {name: InternalSigner.from_pem(key, issuer=name) for name, key in keys.items()}
    jwks = key_set(signers.values())
    async with AsyncExitStack() as stack:
        cluster = stack.enter_context(start(folder / "pg"))
        urls = cluster.prepare("storage")
        await asyncio.to_thread(upgrade, urls.owner_url, "services.storage")
        neighbours = Neighbours()
        neighbour = await neighbour_server(stack, neighbours, jwks)
        ports = free_ports(REPLICAS)
        environ = {**_environ(urls, jwks, neighbour, folder, endpoint), **settings}
        target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
        victims: dict[str, Victim] = {"postgres": Postgres(cluster)}
        bucket = endpoint.gateway if endpoint else None
        victims["store"] = Bucket(bucket) if bucket else Folder(folder / "objects")
        for number, port in enumerate(ports, 1):
            own = {**environ, "VITAE_STORAGE_PORT": str(port)}
            victims[f"storage {number}"] = stack.enter_context(
                _program(["-m", "services.storage"], own, folder / f"storage{number}.log")
            )
        for number in range(1, WORKERS + 1):
            worker = {**environ, "WORKER_TARGET": target, "WORKER_KEY": keys["render-worker"]}
            script = str(REPOSITORY / "tests" / "support" / "storage_worker.py")
            victims[f"worker {number}"] = stack.enter_context(
                _program([script], worker, folder / f"worker{number}.log")
            )
        config = load(StorageConfig, environ, process="storage")
        yield Fleet(
            neighbours,
            victims,
            config,
            lambda: cluster.admin_url("vitae_storage"),
            signers["gateway"],
            target,
            folder,
            stack,
        )


@contextmanager
def _program(arguments: list[str], environ: dict[str, str], log: Path) -> Iterator[Program]:
    program = Program(arguments, environ, log)
    program.start()
    try:
        yield program
    finally:
        program.kill()


def _environ(
    urls: ServiceDatabase, jwks: str, neighbour: str, folder: Path, endpoint: S3Endpoint | None
) -> dict[str, str]:
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "protos" / "gen")]),
        "VITAE_INTERNAL_JWKS": jwks,
        "VITAE_STORAGE_DATABASE_URL": urls.login_url,
        "VITAE_STORAGE_GENERATION_ADDRESS": neighbour,
        "VITAE_STORAGE_RENDER_ADDRESS": neighbour,
        "VITAE_STORAGE_LEASE": f"{LEASE}s",
        "VITAE_STORAGE_QUOTA": "1GiB",
        "VITAE_STORAGE_STORE_PROBE": "200ms",
        "VITAE_STORAGE_DATABASE_STATEMENT_TIMEOUT": "3s",
        "VITAE_LOG_LEVEL": "warning",
    }
    if endpoint is None:
        local = {
            "VITAE_STORAGE_OBJECTS_FOLDER": str(folder / "objects"),
            "VITAE_STORAGE_LINK_SECRETS": SECRET,
        }
        return {**environ, **local}
    return {
        **environ,
        "AWS_ACCESS_KEY_ID": endpoint.key,
        "AWS_SECRET_ACCESS_KEY": endpoint.secret,
        "VITAE_STORAGE_S3_BUCKET": f"chaos-{time.time_ns():x}",
        "VITAE_STORAGE_S3_ENDPOINT": endpoint.url,
        "VITAE_STORAGE_S3_PATH_STYLE": "true",
        "VITAE_STORAGE_S3_READ_TIMEOUT": "3s",
    }
