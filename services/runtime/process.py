"""Running a process: configuration, logs, signals, readiness, and the order in which things start and stop.

A `__main__.py` only wires:

    def main() -> int:
        return run("storage", StorageConfig, start)

    async def start(process: Process, config: StorageConfig) -> None:
        database = await process.enter(open_database(config.database))      # any async context manager
        process.check("database", database.ping)                           # awaited by /readyz
        server = build_server(config.server, authenticate=..., registry=process.registry,
                              reflection=process.development)
        server.add(add_ExportServiceServicer_to_server, servicer)
        process.serve(server)
        process.background("reaper", reap(database))                        # ends the process when it fails
        process.on_drain(queue.return_leases)                               # after calls finished, before the database closes

    if __name__ == "__main__":
        sys.exit(main())

`config.process` is the ProcessConfig. Ready means: `start` returned, servers listen, every check holds once. Then the log line "ready" tells the
ports, and VITAE_<PROCESS>_READY_FILE, when set, holds {"name", "pid", "ports": {"grpc": 50051, "ops": 9090}}. The file is what a launcher waits for:
it appears whole, whatever the log format, and goes at shutdown.

Shutdown, on SIGTERM or SIGINT (a second one ends at once): not ready and NOT_SERVING -> VITAE_SHUTDOWN_WAIT -> servers stop within
VITAE_SHUTDOWN_GRACE -> background tasks are cancelled -> drain callbacks, last registered first -> entered contexts close, last entered first.
Exit codes: 0 after a signal, 1 when something failed, 78 (EX_CONFIG) when the configuration is not valid.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from prometheus_client import CollectorRegistry

from services.runtime.server import RpcServer
from services.runtime.settings import ProcessConfig

T = TypeVar("T")


class HasProcessConfig(Protocol):
    """A configuration with the common group."""

    @property
    def process(self) -> ProcessConfig: ...


C = TypeVar("C", bound=HasProcessConfig)


class Process:
    """What `start` wires its parts to."""

    name: str
    registry: CollectorRegistry
    development: bool

    async def enter(self, resource: AbstractAsyncContextManager[T]) -> T:
        """Opens a resource that closes after everything using it has stopped."""
        raise NotImplementedError

    def check(self, name: str, probe: Callable[[], Awaitable[object]]) -> None:
        """A readiness check: it holds when it returns (anything but False) in time."""
        raise NotImplementedError

    def serve(self, server: RpcServer, name: str = "grpc") -> None:
        """Starts the server once `start` returned and stops it in the right order."""
        raise NotImplementedError

    def background(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """A task for the process's life. When it fails, or ends before the shutdown, the process ends with code 1."""
        raise NotImplementedError

    def on_drain(self, callback: Callable[[], Awaitable[object]]) -> None:
        """Called at shutdown after calls and background work ended, while resources are still open."""
        raise NotImplementedError

    def add_port(self, name: str, port: int) -> None:
        """A port of another kind of server, told with the others when ready."""
        raise NotImplementedError

    def stop(self, reason: str) -> None:
        """Begins the shutdown, as a signal would."""
        raise NotImplementedError


def run(
    name: str,
    config_type: type[C],
    start: Callable[[Process, C], Awaitable[None]],
    *,
    environ: Mapping[str, str] | None = None,
    space: str | None = None,
) -> int:
    """Runs a process to its end; the exit code. `space` is its configuration space when it is not `name`
    ("render" for the process "render-worker")."""
    raise NotImplementedError
