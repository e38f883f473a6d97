"""Messages between a supervisor and a child: one stream socket, length-prefixed, nothing that runs when it is read.

    frame := u32 head length, u32 body length, head (JSON object, UTF-8), body (parts one after the other)

The head names the kind, the values, and the lengths of the parts. No pickle: a child that a hostile file took over
can send its parent bytes of known sizes, and nothing else.
"""

import json
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

Value = str | int | float | bool | None

_SIZES = struct.Struct(">II")
_HEAD_LIMIT = 64 * 1024

PACKET = 64 * 1024
"""Most bytes of a frame that travels as one packet."""


class BrokenFrameError(Exception):
    """The other side sent something that is no frame."""


@dataclass(frozen=True)
class Frame:
    """One message."""

    kind: str
    values: dict[str, Value] = field(default_factory=dict)
    parts: tuple[bytes, ...] = ()

    @classmethod
    def decode(cls, data: bytes) -> "Frame":
        """The frame that `data` is, as a whole. Raises BrokenFrameError."""
        if len(data) < _SIZES.size:
            raise BrokenFrameError(f"a frame of {len(data)} bytes")
        head, body = _SIZES.unpack_from(data)
        rest = data[_SIZES.size :]
        if head + body != len(rest):
            raise BrokenFrameError("a frame of another size than it says")
        return _decoded(rest[:head], rest[head:])

    def encode(self) -> bytes:
        """The bytes of the frame."""
        head = json.dumps(
            {"kind": self.kind, "values": self.values, "parts": [len(each) for each in self.parts]},
            separators=(",", ":"),
        ).encode()
        body = b"".join(self.parts)
        return b"".join((_SIZES.pack(len(head), len(body)), head, body))


def send(peer: socket.socket, frame: Frame) -> None:
    """Writes a frame to a blocking socket."""
    peer.sendall(frame.encode())


def receive(peer: socket.socket) -> Frame | None:
    """The next frame of a blocking socket; None when the other side is gone."""
    sizes = _exactly(peer, _SIZES.size)
    if sizes is None:
        return None
    head, body = _SIZES.unpack(sizes)
    rest = _exactly(peer, head + body)
    return None if rest is None else _decoded(rest[:head], rest[head:])


async def read(reader: "asyncio.StreamReader", limit: int) -> Frame:
    """The next frame of a stream whose body has at most `limit` bytes.

    Raises BrokenFrameError, and asyncio.IncompleteReadError when the other side is gone.
    """
    head_size, body_size = _SIZES.unpack(await reader.readexactly(_SIZES.size))
    if head_size > _HEAD_LIMIT or body_size > limit:
        raise BrokenFrameError(f"a frame of {head_size} and {body_size} bytes")
    head = await reader.readexactly(head_size)
    return _decoded(head, await reader.readexactly(body_size))


def _decoded(head: bytes, body: bytes) -> Frame:
    try:
        told = json.loads(head)
        kind, values, sizes = str(told["kind"]), dict(told["values"]), [int(each) for each in told["parts"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenFrameError("a head that cannot be read") from error
    if any(size < 0 for size in sizes) or sum(sizes) != len(body):
        raise BrokenFrameError("parts that are not the body")
    parts, start = [], 0
    for size in sizes:
        parts.append(body[start : start + size])
        start += size
    return Frame(kind, values, tuple(parts))


def _exactly(peer: socket.socket, size: int) -> bytes | None:
    buffer = bytearray(size)
    view, got = memoryview(buffer), 0
    while got < size:
        count = peer.recv_into(view[got:])
        if count == 0:
            return None
        got += count
    return bytes(buffer)
