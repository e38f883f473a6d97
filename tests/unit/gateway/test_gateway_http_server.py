"""The HTTP server over a real socket: it lets requests finish when it stops, and no longer."""

import asyncio
import time

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway.http_server import HttpServer
from gateway.middleware import LimitBody, Observe


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(float(scope["path"].strip("/") or 0))
    await PlainTextResponse("done")(scope, receive, send)


async def test_it_serves_on_the_port_it_tells_and_hides_what_it_is() -> None:
    server = HttpServer(slow, "127.0.0.1", 0)
    port = await server.start()
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"http://127.0.0.1:{port}/")
    await server.stop(1)
    assert answer.text == "done"
    assert "server" not in answer.headers


async def test_a_request_under_way_finishes_and_new_connections_are_refused() -> None:
    server = HttpServer(slow, "127.0.0.1", 0)
    port = await server.start()
    async with httpx.AsyncClient() as http:
        under_way = asyncio.create_task(http.get(f"http://127.0.0.1:{port}/0.5"))
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(server.stop(5))
        await asyncio.sleep(0.2)
        with pytest.raises(httpx.ConnectError):
            await httpx.AsyncClient().get(f"http://127.0.0.1:{port}/")
        assert (await under_way).text == "done"
    began = time.perf_counter()
    await stopping
    assert time.perf_counter() - began < 2


async def test_a_request_that_outlasts_the_grace_is_told_to_come_again() -> None:
    server = HttpServer(Observe(slow, CollectorRegistry()), "127.0.0.1", 0)
    port = await server.start()
    async with httpx.AsyncClient() as http:
        under_way = asyncio.create_task(http.get(f"http://127.0.0.1:{port}/60"))
        await asyncio.sleep(0.1)
        began = time.perf_counter()
        await server.stop(1)
        assert 0.9 < time.perf_counter() - began < 3
        answer = await under_way
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


async def test_a_port_that_is_taken_is_an_error() -> None:
    first = HttpServer(slow, "127.0.0.1", 0)
    port = await first.start()
    with pytest.raises(OSError, match="in use"):
        await HttpServer(slow, "127.0.0.1", port).start()
    await first.stop(1)


async def test_a_large_body_is_answered_before_it_is_sent() -> None:
    server = HttpServer(LimitBody(slow, 1000), "127.0.0.1", 0)
    port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n")
    await writer.drain()
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 413 ")
    writer.close()
    await writer.wait_closed()
    await server.stop(1)
