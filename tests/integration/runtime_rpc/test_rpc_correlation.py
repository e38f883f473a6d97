"""Request ids and traces across processes."""

import re
from typing import Any

import pytest

from services.runtime import correlation
from services.runtime.client import forward_caller, open_channel
from tests.integration.runtime_rpc.probe import Answer, Ask, Probe, ProbeStub, Serving, serving

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


async def _seen(_: Any, context: Any) -> Any:
    sent = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
    seen = {
        "request": correlation.request_id(),
        "trace": correlation.trace_id(),
        "sent": sent.get("traceparent", ""),
    }
    return Answer(seen={**seen, "state": sent.get("tracestate", "")})


async def _call(here: Serving, *metadata: tuple[str, str]) -> tuple[Any, dict[str, str]]:
    call = here.raw.Echo(Ask(), metadata=(*here.bearer(), *metadata))
    answer = await call
    return answer, dict(await call.trailing_metadata())


async def test_a_callers_request_id_and_trace_are_kept_and_echoed() -> None:
    async with serving(Probe(echo=_seen)) as here:
        answer, trailing = await _call(here, ("x-request-id", "order-66"), ("traceparent", PARENT))
    assert (answer.seen["request"], answer.seen["trace"]) == ("order-66", TRACE)
    assert trailing["x-request-id"] == "order-66"
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", trailing["traceparent"])
    assert trailing["traceparent"] != PARENT


@pytest.mark.parametrize("sent", ["", "has space", "x" * 129, "<script>"])
async def test_a_request_id_that_could_harm_a_log_is_replaced(sent: str) -> None:
    async with serving(Probe(echo=_seen)) as here:
        answer, trailing = await _call(here, ("x-request-id", sent))
    assert re.fullmatch("[0-9a-f]{32}", answer.seen["request"])
    assert trailing["x-request-id"] == answer.seen["request"]


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "junk",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
    ],
)
async def test_a_malformed_trace_is_begun_anew(sent: str) -> None:
    async with serving(Probe(echo=_seen)) as here:
        answer, _ = await _call(here, ("traceparent", sent))
    assert re.fullmatch("[0-9a-f]{32}", answer.seen["trace"])
    assert answer.seen["trace"] not in ("0" * 32, TRACE)


async def test_both_travel_on_to_the_next_service_under_a_new_span() -> None:
    async with serving(Probe(echo=_seen)) as back:
        onward = open_channel(back.target, token=forward_caller)

        async def forwards(request: Any, _: Any) -> Any:
            return await ProbeStub(onward).Echo(request)

        async with serving(Probe(echo=forwards), signer=back.signer) as front:
            answer, _ = await _call(
                front, ("x-request-id", "order-66"), ("traceparent", PARENT), ("tracestate", "vendor=1")
            )
        await onward.close()
    assert (answer.seen["request"], answer.seen["trace"]) == ("order-66", TRACE)
    assert answer.seen["state"] == "vendor=1"
    assert answer.seen["sent"].startswith(f"00-{TRACE}-")
    assert answer.seen["sent"] != PARENT


async def test_one_calls_correlation_does_not_leak_into_the_next() -> None:
    async with serving(Probe(echo=_seen)) as here:
        first, _ = await _call(here)
        second, _ = await _call(here)
    assert first.seen["request"] != second.seen["request"]
    assert correlation.request_id() == ""
