"""Streams of messages as lines of JSON."""

import json
from collections.abc import AsyncIterator

import pytest
from fastapi.responses import StreamingResponse

from gateway.ndjson import lines
from services.runtime.errors import NotFound, Unavailable
from vitae.generation.v1.matching_pb2 import ProfileMatch


class Stream:
    """What a gRPC stream is to its reader; `fails` after so many messages."""

    def __init__(self, count: int, fails: Exception | None = None) -> None:
        self.count, self.fails, self.cancelled = count, fails, False

    def cancel(self) -> None:
        self.cancelled = True

    async def __aiter__(self) -> AsyncIterator[ProfileMatch]:
        for number in range(self.count):
            yield ProfileMatch(profile_id=f"ü{number}", rank=number + 1)
        if self.fails is not None:
            raise self.fails


async def read(response: StreamingResponse) -> list[str]:
    return [str(each) async for each in response.body_iterator]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
async def test_every_message_is_a_line_in_order(count: int) -> None:
    stream = Stream(count)
    response = await lines(stream)
    parts = await read(response)
    told = [json.loads(line) for line in "".join(parts).splitlines()]
    assert [each["profile_id"] for each in told] == [f"ü{number}" for number in range(count)]
    assert "".join(parts).count("\n") == count
    assert len(parts) == -(-count // 100)
    assert response.media_type == "application/x-ndjson"
    assert stream.cancelled


async def test_an_error_before_the_first_message_is_the_calls_own() -> None:
    with pytest.raises(NotFound):
        await lines(Stream(0, NotFound("No posting has this id.", reason="JOB_POSTING_NOT_FOUND")))


async def test_a_stream_that_fails_later_does_not_look_whole() -> None:
    stream = Stream(150, Unavailable(reason="DATABASE_UNAVAILABLE"))
    response = await lines(stream)
    with pytest.raises(Unavailable):
        await read(response)
    assert stream.cancelled
