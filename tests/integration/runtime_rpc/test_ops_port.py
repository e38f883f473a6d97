"""The ops port over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from prometheus_client import CollectorRegistry, Counter

from services.runtime import ops
from services.runtime.ops import OpsServer, Readiness


@asynccontextmanager
async def _listening(
    readiness: Readiness, registry: CollectorRegistry | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    server = OpsServer(registry or CollectorRegistry(), readiness)
    port = await server.start("127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield client
    await server.stop()


async def test_alive_is_not_yet_ready() -> None:
    async with _listening(Readiness()) as client:
        assert (await client.get("/livez")).status_code == 200
        refused = await client.get("/readyz")
    assert refused.status_code == 503
    assert refused.text == "not ready: accepting\n"


async def test_ready_means_every_check_holds_now() -> None:
    state = {"database": True}

    async def database() -> bool:
        return state["database"]

    async def raises() -> None:
        if not state["database"]:
            raise ConnectionError("postgresql://user:secret@host")

    readiness = Readiness()
    readiness.accepting = True
    readiness.add("database", database)
    readiness.add("store", raises)
    async with _listening(readiness) as client:
        assert (await client.get("/readyz")).text == "ok\n"
        state["database"] = False
        refused = await client.get("/readyz")
        assert (refused.status_code, refused.text) == (503, "not ready: database, store\n")
        state["database"] = True
        assert (await client.get("/readyz")).status_code == 200


async def test_a_check_that_hangs_does_not_hold() -> None:
    readiness = Readiness()
    readiness.accepting = True

    async def hangs() -> None:
        await asyncio.sleep(60)

    readiness.add("slow", hangs)
    async with asyncio.timeout(ops.CHECK_TIMEOUT + 2):
        assert await readiness.failing() == ["slow"]


async def test_metrics_are_those_of_the_registry() -> None:
    registry = CollectorRegistry()
    Counter("vitae_things", "Things.", registry=registry).inc(3)
    async with _listening(Readiness(), registry) as client:
        answer = await client.get("/metrics")
        open_metrics = await client.get(
            "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"}
        )
    assert "vitae_things_total 3.0" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")


async def test_other_paths_and_methods_are_refused() -> None:
    async with _listening(Readiness()) as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.post("/livez")).status_code == 405
        head = await client.head("/livez?verbose")
    assert (head.status_code, head.content) == (200, b"")


async def test_what_is_not_http_does_no_harm() -> None:
    server = OpsServer(CollectorRegistry(), Readiness())
    port = await server.start("127.0.0.1", 0)
    for sent in (b"", b"\x16\x03\x01\x02\x00", b"\r\n\r\n", b"GET " + b"x" * 20_000 + b"\r\n\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        writer.write_eof()
        try:
            answer = await asyncio.wait_for(reader.read(), 2)
        except ConnectionResetError:
            answer = b""
        assert b"200" not in answer
        writer.close()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://127.0.0.1:{port}/livez")).text == "ok\n"
    await server.stop()
