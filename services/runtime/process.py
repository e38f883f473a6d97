"""Running a process: configuration, logs, signals, readiness, and the order in which things start and stop.

A `__main__.py` only wires:

    def main() -> int:
        return run("storage", StorageConfig, start)

    async def start(process: Process, config: StorageConfig) -> None:
        database = await process.enter(open_database(config.database))   # any async context manager
        process.check("database", database.ping)                         # awaited by /readyz
        server = build_server(config.server, authenticate=..., registry=process.registry,
                              reflection=process.development)
        server.add(add_ExportServiceServicer_to_server, servicer)
        process.serve(server)
        process.background("reaper", reap(database))                     # ends the process when it fails
        process.on_drain(queue.return_leases)                            # calls are over, the database still open

    if __name__ == "__main__":
        sys.exit(main())

`config.process` is the ProcessConfig. Ready means: `start` returned, servers listen, every check held once.
Then the log line "ready" tells the ports, and VITAE_<PROCESS>_READY_FILE, when set, holds {"name":
"storage", "pid": 4711, "ports": {"ops": 9090, "grpc": 50051}}. That file is what a launcher waits for: it
appears whole, whatever the log format is, and goes when the shutdown begins.

Shutdown, on SIGTERM or SIGINT (a second one ends at once): not ready and NOT_SERVING -> VITAE_SHUTDOWN_WAIT
-> servers stop within VITAE_SHUTDOWN_GRACE, as does background work that finishes by itself -> the rest of
it is cancelled -> drain callbacks, last registered first -> entered resources close, last entered first ->
the ops port closes. Exit codes: 0 after a signal, 1 when something failed, 78 (EX_CONFIG) when the
configuration is not valid.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Protocol, TypeVar

import uvloop
from prometheus_client import CollectorRegistry

from services.runtime.config import ConfigError, load
from services.runtime.logs import configure_logs, get_logger
from services.runtime.metrics import new_registry
from services.runtime.ops import Check, OpsServer, Readiness
from services.runtime.ready import remove_ready_file, write_ready_file
from services.runtime.settings import Environment, ProcessConfig

T = TypeVar("T")

CHECK_PERIOD = 0.1
"""Seconds between looks at the readiness checks while starting."""

DRAIN_TIMEOUT = 5.0
"""Seconds one drain callback may take: the platform kills soon after the grace period."""


class HasProcessConfig(Protocol):
    """A configuration with the common group."""

    @property
    def process(self) -> ProcessConfig: ...


class Servable(Protocol):
    """A server a process runs: services.runtime.server.RpcServer, or an HTTP server behind the same three calls."""

    async def start(self) -> int: ...

    async def set_serving(self, serving: bool) -> None: ...

    async def stop(self, grace: float) -> None: ...


C = TypeVar("C", bound=HasProcessConfig)


class Process:
    """What `start` wires its parts to."""

    def __init__(self, name: str, config: ProcessConfig) -> None:
        self.name = name
        self.registry: CollectorRegistry = new_registry()
        self.development = config.environment is Environment.DEVELOPMENT
        self.stopping = asyncio.Event()
        """Set when the shutdown begins; loops that can end by themselves watch it."""
        self.failed = False
        self._config = config
        self._log = get_logger(__name__)
        self._readiness = Readiness()
        self._resources = AsyncExitStack()
        self._servers: dict[str, Servable] = {}
        self._tasks: dict[asyncio.Task[object], bool] = {}
        self._drains: list[Callable[[], Awaitable[object]]] = []

    async def enter(self, resource: AbstractAsyncContextManager[T]) -> T:
        """Opens a resource that closes after everything using it has stopped."""
        return await self._resources.enter_async_context(resource)

    def check(self, name: str, probe: Check) -> None:
        """A readiness check: it holds when it returns anything but False, in time."""
        self._readiness.add(name, probe)

    def serve(self, server: Servable, name: str = "grpc") -> None:
        """Starts the server once `start` returned and stops it in the right order; its port is told under `name`."""
        if name in self._servers:
            raise ValueError(f"there is a server called {name} already")
        self._servers[name] = server

    def background(self, name: str, work: Coroutine[Any, Any, object], *, finishes: bool = False) -> None:
        """A task for the process's life. When it ends before the shutdown, the process ends, with code 1.

        `finishes`: it watches `stopping` and gets the grace period to end by itself; other work is cancelled.
        """
        task: asyncio.Task[object] = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = finishes
        task.add_done_callback(self._ended)

    def on_drain(self, callback: Callable[[], Awaitable[object]]) -> None:
        """Called at shutdown after calls and background work ended, while resources are still open."""
        self._drains.append(callback)

    def stop(self, reason: str) -> None:
        """Begins the shutdown, as a signal would."""
        if not self.stopping.is_set():
            self._log.info("stopping", reason=reason)
            self.stopping.set()

    async def run(self, start: Callable[[], Awaitable[None]]) -> int:
        """Starts, serves until stopped, and stops; the exit code."""
        ops = OpsServer(self.registry, self._readiness)
        try:
            ops_port = await ops.start(self._config.ops_host, self._config.ops_port)
            await self._until_stopping(self._serve(start, ops_port))
            await self.stopping.wait()
        except Exception:  # noqa: BLE001 - the outermost frame: whatever failed is logged, and what runs is stopped
            self._fail("start_failed")
        await self._shut_down()
        await ops.stop()
        return 1 if self.failed else 0

    async def _serve(self, start: Callable[[], Awaitable[None]], ops_port: int) -> None:
        await start()
        ports = {"ops": ops_port}
        for name, server in self._servers.items():
            ports[name] = await server.start()
        await self._checks_hold()
        for server in self._servers.values():
            await server.set_serving(True)
        # What start-up made stays for good: the collector need not walk it again (halves the tail of latency).
        gc.collect()
        gc.freeze()
        self._readiness.accepting = True
        if self._config.ready_file:
            write_ready_file(self._config.ready_file, self.name, ports)
        self._log.info("ready", pid=os.getpid(), ports=ports)

    async def _checks_hold(self) -> None:
        told: list[str] = []
        while failing := await self._readiness.failing():
            if failing != told:
                self._log.info("waiting", checks=failing)
            told = failing
            await asyncio.sleep(CHECK_PERIOD)

    async def _until_stopping(self, work: Coroutine[Any, Any, None]) -> None:
        working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.stopping.wait())
        await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not working.done():
            working.cancel()
        try:
            await working
        except asyncio.CancelledError:
            if not self.stopping.is_set():
                raise

    async def _shut_down(self) -> None:
        self.stopping.set()
        self._readiness.accepting = False
        if self._config.ready_file:
            remove_ready_file(self._config.ready_file)
        for server in self._servers.values():
            await self._attempt(server.set_serving(False))
        await asyncio.sleep(self._config.drain_wait)
        finishing = [task for task, finishes in self._tasks.items() if finishes]
        stops = [self._attempt(server.stop(self._config.grace)) for server in self._servers.values()]
        await asyncio.gather(*stops, _settled(finishing, self._config.grace))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for callback in reversed(self._drains):
            await self._attempt(asyncio.wait_for(callback(), DRAIN_TIMEOUT))
        await self._attempt(self._resources.aclose())
        self._log.info("stopped", failed=self.failed)

    async def _attempt(self, step: Awaitable[object]) -> None:
        try:
            await step
        except Exception:  # noqa: BLE001 - one step that fails must not keep the next from being taken
            self._fail("shutdown_step_failed")

    def _ended(self, task: asyncio.Task[object]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None or not self.stopping.is_set():
            self.failed = True
            self._log.error("background_ended", task=task.get_name(), exc_info=error)
            self.stop(f"{task.get_name()} ended")

    def _fail(self, event: str) -> None:
        self.failed = True
        self._log.exception(event)


def run(
    name: str,
    config_type: type[C],
    start: Callable[[Process, C], Awaitable[None]],
    *,
    environ: Mapping[str, str] | None = None,
    space: str | None = None,
) -> int:
    """Runs a process to its end; the exit code.

    `space` is its configuration space when that is not `name` ("render" for the process "render-worker").
    """
    gc.enable()  # __main__ turned it off while code was loaded
    try:
        config = load(config_type, os.environ if environ is None else environ, process=space or name)
    except ConfigError as error:
        sys.stderr.write(f"{name}: {error}\n")
        return os.EX_CONFIG
    configure_logs(config.process.log, service=name)
    # libuv's loop: a tenth less time on every path of calls, measured by tests/benchmarks/bench_pipeline.py.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_main(name, config, start))


async def _main(name: str, config: C, start: Callable[[Process, C], Awaitable[None]]) -> int:
    process = Process(name, config.process)
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        process.stop(number.name)
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    return await process.run(lambda: start(process, config))


async def _settled(tasks: list[asyncio.Task[object]], within: float) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=within)
