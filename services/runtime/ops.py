"""The ops port: /livez, /readyz and /metrics over plain HTTP, apart from the gRPC port.

    ops = OpsServer(registry, Readiness())
    port = await ops.start("127.0.0.1", 9090)
    await ops.stop()

Three fixed GET answers need no web framework: uvicorn and starlette would bring ten times this code into
every image. One request per connection, a head of at most 8 KiB within 5 s, every answer of known length.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from services.runtime.logs import get_logger

Check = Callable[[], Awaitable[object]]

CHECK_TIMEOUT = 2.0
"""Seconds a readiness check may take: below the period at which probes come."""

_HEAD_LIMIT = 8 * 2**10
_HEAD_TIMEOUT = 5.0
_TEXT = "text/plain; charset=utf-8"


class Readiness:
    """Whether the process wants work: it says so itself, and every check holds."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self.accepting = False

    def add(self, name: str, check: Check) -> None:
        """A check holds when it returns anything but False within CHECK_TIMEOUT."""
        if name in self._checks:
            raise ValueError(f"there is a readiness check called {name} already")
        self._checks[name] = check

    async def failing(self) -> list[str]:
        """The names of the checks that do not hold, with why in the log."""
        names = list(self._checks)
        held = await asyncio.gather(*(self._holds(name) for name in names))
        return [name for name, holds in zip(names, held, strict=True) if not holds]

    async def _holds(self, name: str) -> bool:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                return await self._checks[name]() is not False
        except Exception as error:  # noqa: BLE001 - whatever a dependency raises, the answer is "not ready"
            get_logger(__name__).warning("check_failed", check=name, error=f"{type(error).__name__}: {error}")
            return False


class OpsServer:
    """Answers probes and scrapes."""

    def __init__(self, registry: CollectorRegistry, readiness: Readiness) -> None:
        self._registry = registry
        self._readiness = readiness
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens; the port it listens on. OSError when the address cannot be had."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_HEAD_LIMIT)
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    async def stop(self) -> None:
        """Closes the port."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
            status, kind, body = await self._answer(head.decode("latin-1"))
            start = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\n"
            headers = f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
            writer.write(f"{start}{headers}".encode())
            writer.write(b"" if head.startswith(b"HEAD ") else body)
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return  # not HTTP, or gone: there is nobody to answer
        finally:
            writer.close()

    async def _answer(self, head: str) -> tuple[HTTPStatus, str, bytes]:
        lines = head.split("\r\n")
        method, _, rest = lines[0].partition(" ")
        path = rest.split(" ")[0].partition("?")[0]
        if method not in ("GET", "HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"GET or HEAD only\n"
        if path == "/livez":
            return HTTPStatus.OK, _TEXT, b"ok\n"
        if path == "/readyz":
            return await self._ready()
        if path == "/metrics":
            encode, kind = choose_encoder(_accept(lines))
            return HTTPStatus.OK, kind, encode(self._registry)
        return HTTPStatus.NOT_FOUND, _TEXT, b"try /livez, /readyz or /metrics\n"

    async def _ready(self) -> tuple[HTTPStatus, str, bytes]:
        failing = ["accepting"] if not self._readiness.accepting else await self._readiness.failing()
        if failing:
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"not ready: {', '.join(failing)}\n".encode()
        return HTTPStatus.OK, _TEXT, b"ok\n"


def _accept(lines: list[str]) -> str:
    values = (value for name, _, value in (line.partition(":") for line in lines) if name.lower() == "accept")
    return next(values, "").strip()
