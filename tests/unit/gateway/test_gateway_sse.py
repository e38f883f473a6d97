"""Server-sent events: framing, heartbeats, errors, and an end that leaves nothing running."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from gateway import sse
from gateway.sse import Events
from services.runtime.errors import Unavailable
from vitae.resume.v1 import common_pb2
from vitae.storage.v1.exports_pb2 import Export


def export(progress: int) -> Export:
    state = common_pb2.WorkState(status=common_pb2.WORK_STATUS_PROCESSING, progress=progress)
    return Export(document_title="Zwei\nZeilen ä", state=state)


class Stream:
    """A stream of messages that can be cancelled, as a gRPC call can."""

    def __init__(self, *steps: Export | Exception | float) -> None:
        self.steps = steps
        self.cancelled = False
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Export]:
        try:
            for step in self.steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, Export):
                    yield step
                else:
                    await asyncio.sleep(step)
        finally:
            self.closed = True

    def cancel(self) -> bool:
        self.cancelled = True
        return True


async def text(stream: Stream) -> str:
    response = Events("export", stream).response()
    assert response.media_type == "text/event-stream"
    assert response.headers["cache-control"] == "no-store"
    return "".join([str(part) async for part in response.body_iterator])


async def test_each_message_is_one_event_of_one_line() -> None:
    written = await text(Stream(export(10), export(100)))
    events = written.split("\n\n")
    assert events.pop() == ""
    assert len(events) == 2
    for event, progress in zip(events, (10, 100), strict=True):
        name, data = event.split("\n")
        assert name == "event: export"
        value = json.loads(data.removeprefix("data: "))
        assert value["state"]["progress"] == progress
        assert value["document_title"] == "Zwei\nZeilen ä"


async def test_silence_is_filled_with_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.01)
    written = await text(Stream(export(10), 0.05, export(100)))
    assert ": still there\n\n" in written
    assert written.count("event: export") == 2


async def test_a_failure_is_the_last_event() -> None:
    written = await text(Stream(export(10), Unavailable("Try again.", reason="RESTARTING"), export(100)))
    last = written.split("\n\n")[-2]
    assert last == 'event: error\ndata: {"code": "RESTARTING", "detail": "Try again."}'
    assert written.count("event: export") == 1


async def test_a_reader_that_goes_away_ends_the_call() -> None:
    stream = Stream(export(10), 3600.0)
    body = aiter(Events("export", stream).response().body_iterator)
    await anext(body)
    waiting = asyncio.ensure_future(anext(body))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert stream.cancelled
    assert stream.closed


async def test_a_reader_that_goes_away_between_events_ends_the_call() -> None:
    stream = Stream(export(10), export(20), 3600.0)
    body = aiter(Events("export", stream).response().body_iterator)
    await anext(body)
    await body.aclose()  # type: ignore[attr-defined]
    assert stream.cancelled
