"""Bytes of a PDF: numbers written without detours, streams deflated at the fastest level.

Level 1 makes a file of 23 KB a tenth larger than pydyf's fixed 9 does, in a fifth of the time.
"""

import zlib
from typing import Any

import pydyf

from services.render.formats.weasyprint_70.replacement import Replacement

_LEVEL = 1


def _to_bytes(item: Any) -> bytes:
    kind = type(item)
    if kind is bytes:
        return item  # type: ignore[no-any-return] # it is bytes
    if kind is str:
        return item.encode("ascii")  # type: ignore[no-any-return] # it is a string
    if kind is int:
        return b"%d" % item
    if isinstance(item, float):
        return b"%d" % item if item.is_integer() else (b"%f" % item).rstrip(b"0")
    if isinstance(item, pydyf.Object):
        return item.data  # type: ignore[no-any-return] # pydyf is untyped
    return item if isinstance(item, bytes) else str(item).encode("ascii")


def _data(self: Any) -> bytes:
    stream = b"\n".join([item if type(item) is bytes else _to_bytes(item) for item in self.stream])
    extra = pydyf.Dictionary(self.extra.copy())
    if self.compress:
        extra["Filter"] = "/FlateDecode"
        stream = zlib.compress(stream, _LEVEL)
    extra["Length"] = len(stream)
    return b"\n".join((extra.data, b"stream", stream, b"endstream"))


REPLACEMENTS = (
    Replacement(pydyf, "_to_bytes", "1cefd02c285d3aee", _to_bytes),
    Replacement(pydyf.Stream, "data", "bdc2bc513f286de7", property(_data)),
)
