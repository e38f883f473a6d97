"""Every message of the contracts, and hypothesis strategies that fill them as the wire could."""

import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import strategies as st

GENERATED = Path(__file__).parents[2] / "protos" / "gen"

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
"""Any text that UTF-8 and PostgreSQL can hold."""

_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**53), 2**53),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**53),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(allow_nan=False, allow_infinity=False, width=32),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}

_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


def message_types() -> list[type[Message]]:
    """The class of every message, nested ones too."""
    return [GetMessageClass(each) for file in files() for each in _all(file.message_types_by_name.values())]


def files() -> list[FileDescriptor]:
    """Every file of the contracts."""
    modules = sorted(GENERATED.glob("vitae/**/*_pb2.py"))
    names = [".".join(path.relative_to(GENERATED).with_suffix("").parts) for path in modules]
    return [importlib.import_module(name).DESCRIPTOR for name in names]


def messages(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Messages of a type with any of its fields set."""
    return _filled(cast(Descriptor, kind.DESCRIPTOR), depth=3)


def _all(descriptors: Any) -> Iterator[Descriptor]:
    for each in descriptors:
        if not each.GetOptions().map_entry:
            yield each
            yield from _all(each.nested_types)


@cache
def _filled(descriptor: Descriptor, depth: int) -> st.SearchStrategy[Message]:
    if descriptor.full_name in _WELL_KNOWN:
        return _WELL_KNOWN[descriptor.full_name]

    @st.composite
    def filled(draw: st.DrawFn) -> Message:
        message = GetMessageClass(descriptor)()
        fields = [each for each in descriptor.fields if depth or each.message_type is None]
        if not fields:
            return message
        for field in draw(st.lists(st.sampled_from(fields), max_size=6, unique_by=lambda each: each.name)):
            _set(message, field, draw(_values(field, depth)))
        return message

    return filled()


def _set(message: Message, field: FieldDescriptor, value: Any) -> None:
    target = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        target.update(value)
    elif field.is_repeated:
        target.extend(value)
    elif field.message_type is not None:
        target.CopyFrom(value)
    else:
        setattr(message, field.name, value)


@cache
def _values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return st.dictionaries(TEXT, TEXT, max_size=2)
    one = _value(field, depth)
    return st.lists(one, max_size=2) if field.is_repeated else one


def _value(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return _filled(field.message_type, depth - 1)
    if field.enum_type is not None:
        return st.sampled_from([each.number for each in field.enum_type.values])
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=8)
    if field.type == FieldDescriptor.TYPE_STRING:
        return TEXT
    return _RANGES[field.cpp_type]


def _timestamp(seconds: int, micros: int) -> Timestamp:
    return Timestamp(seconds=seconds, nanos=micros * 1000)


def _duration(seconds: int, micros: int) -> Duration:
    return Duration(seconds=seconds, nanos=micros * 1000)


_WELL_KNOWN: dict[str, st.SearchStrategy[Message]] = {
    "google.protobuf.Timestamp": st.builds(
        _timestamp, st.integers(-62135596800, 253402300799), st.integers(0, 999_999)
    ),
    "google.protobuf.Duration": st.builds(
        _duration, st.integers(0, 315_576_000_000), st.integers(0, 999_999)
    ),
    "google.protobuf.Struct": st.dictionaries(TEXT, _JSON, max_size=2).map(
        lambda value: ParseDict(value, Struct())
    ),
    "google.protobuf.FieldMask": st.just(FieldMask(paths=["display_name", "content.summary"])),
}
