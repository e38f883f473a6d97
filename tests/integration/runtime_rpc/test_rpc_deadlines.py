"""Deadlines: passed on, shaved, refused when too short, given when missing."""

import asyncio
from typing import Any

import grpc
import pytest

from services.runtime import deadlines
from services.runtime.client import forward_caller, open_channel
from services.runtime.errors import DeadlineExceeded
from tests.integration.runtime_rpc.probe import (
    SERVICE,
    Answer,
    Ask,
    Probe,
    ProbeStub,
    awaited,
    serving,
    until,
)


async def _remaining(_: Any, __: Any) -> Any:
    return Answer(seconds=deadlines.remaining() or -1)


async def test_the_handler_knows_what_is_left_of_the_callers_deadline() -> None:
    async with serving(Probe(echo=_remaining)) as here:
        answer = await here.raw.Echo(Ask(), metadata=here.bearer(), timeout=5)
    assert 4.5 < answer.seconds <= 5 + 0.01  # gRPC rounds up to hundredths


@pytest.mark.parametrize("timeout", [0.9, 5.0, 30.0])
async def test_each_hop_keeps_a_margin_for_itself(timeout: float) -> None:
    async with serving(Probe(echo=_remaining)) as back:
        onward = open_channel(back.target, token=forward_caller, default_timeout=60.0)

        async def forwards(request: Any, _: Any) -> Any:
            before = deadlines.remaining() or -1
            answer = await ProbeStub(onward).Echo(request)
            return Answer(seconds=before - answer.seconds)

        async with serving(Probe(echo=forwards), signer=back.signer) as front:
            lost = (await front.raw.Echo(Ask(), metadata=front.bearer(), timeout=timeout)).seconds
        await onward.close()
    assert deadlines.HOP_MARGIN <= lost < 0.5


async def test_an_explicit_timeout_narrows_but_never_widens_what_is_left() -> None:
    async with serving(Probe(echo=_remaining)) as here:
        with deadlines.limit(2.0):
            narrowed = await here.stub.Echo(Ask(), timeout=0.9)
            not_widened = await here.stub.Echo(Ask(), timeout=30.0)
    assert 0.5 < narrowed.seconds <= 0.9 + 0.01  # gRPC rounds up to hundredths
    assert 1.0 < not_widened.seconds <= 2.0 - deadlines.HOP_MARGIN


async def test_without_any_deadline_a_call_gets_the_channels_default() -> None:
    async with serving(Probe(echo=_remaining)) as here:
        channel = open_channel(here.target, token=here.token, default_timeout=3.0)
        answer = await ProbeStub(channel).Echo(Ask())
        await channel.close()
    assert 2.5 < answer.seconds <= 3.0 + 0.01  # gRPC rounds up to hundredths


async def test_too_little_time_is_refused_before_the_handler_runs() -> None:
    called: list[bool] = []

    async def echo(_: Any, __: Any) -> Any:
        called.append(True)
        return Answer()

    async with serving(Probe(echo=echo)) as here:
        await here.stub.Echo(Ask())  # connects, so that the short call reaches the server in time
        called.clear()
        with pytest.raises(DeadlineExceeded) as refused:
            await here.stub.Echo(Ask(), timeout=deadlines.MINIMUM * 0.9)
        assert "longer deadline" in refused.value.message
        assert called == []
        assert (
            here.sample("vitae_rpc_handled_total", service=SERVICE, method="Echo", code="DEADLINE_EXCEEDED")
            == 1
        )


async def test_no_call_is_made_when_nothing_would_be_left_for_it() -> None:
    async with serving() as here:
        with deadlines.limit(deadlines.HOP_MARGIN / 2), pytest.raises(DeadlineExceeded):
            await here.stub.Echo(Ask())
        assert here.sample("vitae_rpc_handled_total", service=SERVICE, method="Echo", code="OK") == 0


async def test_at_its_deadline_a_call_ends_on_both_sides() -> None:
    ended = asyncio.Event()

    async def waits(_: Any, __: Any) -> Any:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with serving(Probe(echo=waits)) as here:
        with pytest.raises(DeadlineExceeded):
            await here.stub.Echo(Ask(), timeout=0.3)
        await asyncio.wait_for(ended.wait(), 2)
        await until(
            lambda: here.sample(
                "vitae_rpc_handled_total", service=SERVICE, method="Echo", code="DEADLINE_EXCEEDED"
            )
        )


async def test_a_call_that_brings_no_deadline_gets_the_servers_and_ends_at_it() -> None:
    async def waits(_: Any, __: Any) -> Any:
        await asyncio.sleep(60)

    async with serving(Probe(echo=waits), default_deadline="1s") as here:
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await asyncio.wait_for(awaited(here.raw.Echo(Ask(), metadata=here.bearer())), 5)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_handlers_own_timeout_is_not_taken_for_the_calls() -> None:
    async def impatient(_: Any, __: Any) -> Any:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)

    async with serving(Probe(echo=impatient)) as here:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await here.raw.Echo(Ask(), metadata=here.bearer())
    assert failed.value.code() is grpc.StatusCode.INTERNAL
