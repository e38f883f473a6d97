"""The HTTP server as a process runs it: start, set_serving, stop (services/runtime/process.py)."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's, which stops its servers in order."""
        yield


class HttpServer:
    """Serves an ASGI application."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._address = (host, port)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, lifespan="off", timeout_keep_alive=75
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listens; the port it listens on. OSError when the address cannot be had."""
        listener = socket.create_server(self._address, backlog=2048)
        # Connections inherit it. asyncio sets it only on sockets that name their protocol, which accepted ones do not:
        # without it a small answer waits 40 ms for the client's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setblocking(False)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="http server")
        # uvicorn tells that it serves by this flag alone
        while not self._server.started and not self._serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return int(listener.getsockname()[1])

    async def set_serving(self, serving: bool) -> None:
        """Nothing to say: load balancers of HTTP look at /readyz on the ops port."""

    async def stop(self, grace: float) -> None:
        """Refuses new connections and lets requests under way finish for `grace` seconds."""
        self._server.config.timeout_graceful_shutdown = max(1, int(grace))
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
