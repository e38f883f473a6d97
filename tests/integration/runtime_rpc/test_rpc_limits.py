"""Bounds: calls at once, message sizes, and rules of messages."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from services.runtime.errors import DeadlineExceeded, InvalidArgument, ResourceExhausted, Unauthenticated
from services.runtime.interceptors.concurrency import RETRY_AFTER
from tests.integration.runtime_rpc.probe import (
    SERVICE,
    Answer,
    Ask,
    Item,
    Probe,
    awaited,
    health_stub,
    serving,
)


async def test_calls_beyond_the_limit_are_refused_at_once_and_health_still_answers() -> None:
    release, begun = asyncio.Event(), asyncio.Semaphore(0)

    async def waits(_: Any, __: Any) -> Any:
        begun.release()
        await release.wait()
        return Answer(text="done")

    async with serving(Probe(echo=waits), max_in_flight="2") as here:
        admitted = [asyncio.ensure_future(awaited(here.stub.Echo(Ask()))) for _ in range(2)]
        for _ in admitted:
            await begun.acquire()
        with pytest.raises(ResourceExhausted) as refused:
            await here.stub.Echo(Ask())
        health = await health_stub(here.bare).Check(health_pb2.HealthCheckRequest())
        assert here.sample("vitae_rpc_in_flight", service=SERVICE, method="Echo") == 2
        release.set()
        assert [(await each).text for each in admitted] == ["done", "done"]
        assert (await here.stub.Echo(Ask())).text == "done"
        assert here.sample("vitae_rpc_in_flight", service=SERVICE, method="Echo") == 0
    assert (refused.value.reason, refused.value.retry_after) == ("SERVER_BUSY", RETRY_AFTER)
    assert health.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_broken_rule_names_the_field_by_its_path() -> None:
    request = Ask(text="x" * 21, number=-1, items=[Item(name="a"), Item()], named={"left": Item()})
    async with serving() as here:
        with pytest.raises(InvalidArgument) as refused:
            await here.stub.Echo(request)
    assert {each.field for each in refused.value.fields} == {
        "text",
        "number",
        "items[1].name",
        'named["left"].name',
    }
    assert all(each.description for each in refused.value.fields)
    assert refused.value.fields[0].field in refused.value.message
    assert refused.value.message.endswith(", and 3 more.")


async def test_each_message_of_a_stream_is_checked_as_it_arrives() -> None:
    handled: list[str] = []

    async def gather(requests: AsyncIterator[Any], _: Any) -> Any:
        async for request in requests:
            handled.append(request.text)  # noqa: PERF401 - what came before the error counts
        return Answer()

    async def talk(requests: AsyncIterator[Any], _: Any) -> AsyncIterator[Any]:
        async for request in requests:
            handled.append(request.text)
            yield Answer(text=request.text)

    messages = [Ask(text="good"), Ask(text="also good"), Ask(number=-1), Ask(text="never seen")]
    async with serving(Probe(gather=gather, talk=talk)) as here:
        with pytest.raises(InvalidArgument) as refused:
            await here.stub.Gather(iter(messages))
        assert [each.field for each in refused.value.fields] == ["number"]
        assert handled == ["good", "also good"]
        with pytest.raises(InvalidArgument):
            _ = [answer async for answer in here.stub.Talk(iter(messages))]
    assert handled == ["good", "also good"] * 2


async def test_a_message_over_the_size_limit_is_refused() -> None:
    async with serving() as here:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await here.raw.Echo(Ask(text="x" * (4 * 2**20 + 1)), metadata=here.bearer())
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_identity_is_asked_before_time_and_time_before_rules() -> None:
    invalid = Ask(number=-1)
    async with serving() as here:
        await here.stub.Echo(Ask())
        with pytest.raises(grpc.aio.AioRpcError) as nobody:
            await here.raw.Echo(invalid, timeout=0.09)
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await here.raw.Echo(invalid, timeout=0.09, metadata=here.bearer())
        with pytest.raises(grpc.aio.AioRpcError) as wrong:
            await here.raw.Echo(invalid, metadata=here.bearer())
        counted = {
            code: here.sample("vitae_rpc_handled_total", service=SERVICE, method="Echo", code=code)
            for code in ("OK", "UNAUTHENTICATED", "DEADLINE_EXCEEDED", "INVALID_ARGUMENT")
        }
    assert nobody.value.code() is Unauthenticated.code
    assert late.value.code() is DeadlineExceeded.code
    assert wrong.value.code() is InvalidArgument.code
    assert counted == {"OK": 1, "UNAUTHENTICATED": 1, "DEADLINE_EXCEEDED": 1, "INVALID_ARGUMENT": 1}


async def test_refusals_are_counted_timed_and_carry_the_request_id() -> None:
    """Correlation, metrics and errors are outside everything that may refuse."""
    async with serving(max_in_flight="1") as here:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await here.raw.Echo(Ask(), metadata=(("x-request-id", "mine-1"),))
        assert ("x-request-id", "mine-1") in list(refused.value.trailing_metadata())
        assert here.sample("vitae_rpc_seconds_count", service=SERVICE, method="Echo") == 1
