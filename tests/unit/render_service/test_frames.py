"""Frames survive the wire, and nonsense is refused."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.render import frames
from services.render.frames import BrokenFrameError, Frame

VALUES = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=5), max_size=4
)


async def read(data: bytes, limit: int = 1000) -> Frame:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await frames.read(reader, limit)


@given(st.text(max_size=9), VALUES, st.lists(st.binary(max_size=50), max_size=4))
def test_a_frame_arrives_as_it_was_sent(
    kind: str, values: dict[str, frames.Value], parts: list[bytes]
) -> None:
    frame = Frame(kind, values, tuple(parts))
    assert asyncio.run(read(frame.encode())) == frame
    assert Frame.decode(frame.encode()) == frame


def test_blocking_sockets_speak_the_same(tmp_path: object) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        frames.send(ours, Frame("say", {"n": 1}, (b"x" * 70_000,)))
        assert frames.receive(theirs) == Frame("say", {"n": 1}, (b"x" * 70_000,))
        ours.close()
        assert frames.receive(theirs) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x02\x00\x00\x00\x00[]",
        b"\x00\x00\x00\x02\x00\x00\x00\x00{}",
        b"\xff\xff\xff\xff\x00\x00\x00\x00",
        b"\x00\x00\x00\x05\x00\x00\x00\x01\xff\xff\xff\xff\xff\x00",
        Frame("k", {}, (b"abc",)).encode().replace(b"[3]", b"[4]"),
        Frame("k", {}, (b"abc",)).encode().replace(b"[3]", b"[9]"),
        Frame("k", {}, (b"x" * 2000,)).encode(),
    ],
)
async def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenFrameError):
        await read(data)
    if len(data) < 2000:
        with pytest.raises(BrokenFrameError):
            Frame.decode(data)


async def test_a_frame_that_breaks_off_is_no_frame() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await read(Frame("k", {}, (b"abc",)).encode()[:-1])
    for size in (0, 7, 20):
        with pytest.raises(BrokenFrameError):
            Frame.decode(Frame("k", {}, (b"abc",)).encode()[:size])
