"""Exceptions in handlers, and what the two sides of a call make of them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from services.runtime import errors
from services.runtime.errors import (
    FieldError,
    Internal,
    NotFound,
    ResourceExhausted,
    Unimplemented,
    VitaeError,
)
from tests.integration.runtime_rpc.probe import Answer, Ask, Probe, awaited, serving, until

SECRET = "password=hunter2 at /srv/secret"


async def _ask_each_kind(stub: Any) -> AsyncIterator[VitaeError]:
    with pytest.raises(VitaeError) as unary:
        await stub.Echo(Ask())
    yield unary.value
    with pytest.raises(VitaeError) as stream_out:
        _ = [answer async for answer in stub.Count(Ask(number=1))]
    yield stream_out.value
    with pytest.raises(VitaeError) as stream_in:
        await stub.Gather(iter([Ask()]))
    yield stream_in.value
    with pytest.raises(VitaeError) as both:
        _ = [answer async for answer in stub.Talk(iter([Ask()]))]
    yield both.value


def _failing(error: BaseException) -> Probe:
    async def one(_: Any, __: Any) -> Any:
        raise error

    async def many(_: Any, __: Any) -> AsyncIterator[Any]:
        yield Answer(text="before")
        raise error

    return Probe(echo=one, count=many, gather=one, talk=many)


async def test_a_typed_error_arrives_as_the_same_type_from_all_four_kinds_of_rpc() -> None:
    raised = NotFound(
        "No such thing; list them first.",
        reason="THING_NOT_FOUND",
        metadata={"thing": "t1"},
        fields=[FieldError("items[3].name", "names no thing")],
        retry_after=1.5,
    )
    async with serving(_failing(raised)) as here:
        arrived = [error async for error in _ask_each_kind(here.stub)]
    assert len(arrived) == 4
    for error in arrived:
        assert type(error) is NotFound
        assert error.message == "No such thing; list them first."
        assert error.reason == "THING_NOT_FOUND"
        assert error.metadata == {"thing": "t1"}
        assert error.fields == (FieldError("items[3].name", "names no thing"),)
        assert error.retry_after == 1.5
        assert error.request_id


@pytest.mark.parametrize("kind", VitaeError.__subclasses__(), ids=lambda kind: kind.__name__)
async def test_every_class_crosses_the_wire_with_its_default_message(kind: type[VitaeError]) -> None:
    async with serving(_failing(kind())) as here:
        with pytest.raises(kind) as arrived:
            await here.stub.Echo(Ask(), timeout=5)
    assert type(arrived.value) is kind
    assert arrived.value.message == errors.default_message(kind)
    assert arrived.value.reason == kind.code.name


async def test_the_text_of_an_uncaught_exception_stays_inside(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(_failing(RuntimeError(SECRET))) as here:
        for error in [error async for error in _ask_each_kind(here.stub)]:
            assert type(error) is Internal
            assert error.message == errors.default_message(Internal)
            assert error.request_id
        with pytest.raises(grpc.aio.AioRpcError) as raw:
            await here.raw.Echo(Ask(), metadata=here.bearer())
    assert SECRET not in repr(raw.value.details())
    assert all(SECRET.encode() not in _bytes(value) for _, value in raw.value.trailing_metadata())
    assert SECRET in "".join(str(record.exc_info) for record in caplog.records)


async def test_an_uncaught_exception_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        async with serving(_failing(RuntimeError(SECRET))) as here:
            with pytest.raises(Internal):
                await here.stub.Echo(Ask())
    failures = [record for record in caplog.records if record.exc_info]
    assert [type(record.exc_info[1]) for record in failures if record.exc_info] == [RuntimeError]


async def test_a_cancellation_from_inside_is_our_failure_not_the_callers() -> None:
    async def waits_for_something_cancelled(_: Any, __: Any) -> Any:
        task = asyncio.ensure_future(asyncio.sleep(60))
        task.cancel()
        await task

    async with serving(Probe(echo=waits_for_something_cancelled)) as here:
        with pytest.raises(Internal):
            await here.stub.Echo(Ask())


async def test_a_cancelled_call_cancels_its_handler_and_counts_as_cancelled() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def waits(_: Any, __: Any) -> Any:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with serving(Probe(echo=waits)) as here:
        call = here.stub.Echo(Ask())
        waiting = asyncio.ensure_future(awaited(call))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(ended.wait(), 2)
        await until(
            lambda: (
                here.sample(
                    "vitae_rpc_handled_total", service="vitae.probe.v1.Probe", method="Echo", code="CANCELLED"
                )
                == 1
            )
        )


async def test_a_reader_that_stops_half_way_ends_the_handler_in_its_own_task() -> None:
    ended: list[bool] = []

    async def endless(_: Any, __: Any) -> AsyncIterator[Any]:
        mine = asyncio.current_task()
        try:
            while True:
                yield Answer(text="more")
                await asyncio.sleep(0)
        finally:
            ended.append(asyncio.current_task() is mine)

    async with serving(Probe(count=endless)) as here:
        call = here.stub.Count(Ask())
        async for _ in call:
            break
        call.cancel()
        await until(lambda: bool(ended))
    assert ended == [True]


async def test_errors_of_another_service_pass_through_a_handler() -> None:
    async with serving(_failing(ResourceExhausted("Full.", reason="FULL", retry_after=7))) as back:

        async def forwards(request: Any, _: Any) -> Any:
            return await back.raw.Echo(request, metadata=back.bearer())

        async with serving(Probe(echo=forwards)) as front:
            with pytest.raises(ResourceExhausted) as arrived:
                await front.stub.Echo(Ask())
    assert (arrived.value.reason, arrived.value.retry_after) == ("FULL", 7)


async def test_a_connection_failure_does_not_name_addresses() -> None:
    async with serving() as here:
        await here.server.stop(0)
        with pytest.raises(errors.Unavailable) as refused:
            await here.stub.Echo(Ask(), timeout=3)
    assert "127.0.0.1" not in str(refused.value)
    assert isinstance(refused.value.__cause__, grpc.aio.AioRpcError)


async def test_a_method_nobody_serves_is_unimplemented_with_a_reason() -> None:
    async with serving() as here:
        with pytest.raises(Unimplemented) as arrived:
            await here.stub.Missing(Ask())
        assert arrived.value.reason == "UNKNOWN_METHOD"
        assert (
            here.sample("vitae_rpc_handled_total", service="unknown", method="unknown", code="UNIMPLEMENTED")
            == 1
        )


async def test_a_generated_method_that_is_not_written_is_unimplemented() -> None:
    async def generated(_: Any, context: Any) -> Any:
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        context.set_details("Method not implemented!")
        raise NotImplementedError("Method not implemented!")

    async with serving(Probe(echo=generated)) as here:
        with pytest.raises(Unimplemented) as arrived:
            await here.stub.Echo(Ask())
    assert arrived.value.message == errors.default_message(Unimplemented)


async def test_more_fields_than_metadata_holds_still_arrive_as_an_error_with_fields() -> None:
    many = [FieldError(f"items[{number}].name", "x" * 50) for number in range(1000)]
    async with serving(_failing(errors.InvalidArgument("y" * 5000, fields=many))) as here:
        with pytest.raises(errors.InvalidArgument) as arrived:
            await here.stub.Echo(Ask())
    assert 20 < len(arrived.value.fields) < 1000
    assert arrived.value.fields[0] == many[0]


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
