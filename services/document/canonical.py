"""The canonical form of a message: equal content gives equal bytes, in any process, on any machine.

Used for content hashes and cache keys. JSON with sorted keys and no white space, proto field names, fields at their
default left out, floats rounded to 4 decimals, strings in NFC, unknown fields left out.
"""

import base64
import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]

_DECIMALS = 4
"""Scores have four decimals; more would make noise of arithmetic part of the content."""

_LONG = {
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_SINT64,
    FieldDescriptor.TYPE_FIXED64,
    FieldDescriptor.TYPE_SFIXED64,
}


def canonical_value(message: Message) -> JsonValue:
    """The message as JSON values. Enums by name, 64-bit integers as text, bytes as base64, as in ProtoJSON."""
    if _is_well_known(message.DESCRIPTOR):
        return _plain(json_format.MessageToDict(message, preserving_proto_field_name=True))
    return {field.name: _field(field, value) for field, value in message.ListFields()}


def canonical_json(message: Message) -> bytes:
    """The canonical UTF-8 bytes of a message."""
    return _written(canonical_value(message))


def content_hash(message: Message) -> str:
    """SHA-256 of the canonical bytes, 64 lower-case hex digits."""
    return hashlib.sha256(canonical_json(message)).hexdigest()


def hash_of(**parts: Message | JsonValue) -> str:
    """SHA-256 over named parts (messages and plain values) together, such as the inputs of a rendering.

    A message counts as its kind and its content, so that two kinds with the same fields differ.
    """
    values: dict[str, JsonValue] = {}
    for name, part in parts.items():
        if isinstance(part, Message):
            values[name] = {part.DESCRIPTOR.full_name: canonical_value(part)}
        else:
            values[name] = _plain(part)
    return hashlib.sha256(_written(values)).hexdigest()


def _written(value: JsonValue) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


# Asked for every field of every message, where the answer is made anew each time.


@cache
def _is_well_known(descriptor: Descriptor) -> bool:
    return descriptor.full_name.startswith("google.protobuf.")


@cache
def _is_map(descriptor: Descriptor) -> bool:
    return descriptor.GetOptions().map_entry


def _field(field: FieldDescriptor, value: Any) -> JsonValue:
    if field.message_type is not None and _is_map(field.message_type):
        held = field.message_type.fields_by_name["value"]
        return {_plain_key(key): _scalar(held, value[key]) for key in value}
    if field.is_repeated:
        return [_scalar(field, each) for each in value]
    return _scalar(field, value)


def _scalar(field: FieldDescriptor, value: Any) -> JsonValue:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if field.message_type is not None:
        return canonical_value(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return known.name if known is not None else int(value)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return base64.b64encode(value).decode("ascii")
    if field.type in _LONG:
        return str(value)
    return _plain(value)


def _plain(value: Any) -> JsonValue:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return {_plain_key(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int):
        return value
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _plain_key(key: object) -> str:
    return unicodedata.normalize("NFC", str(key).lower() if isinstance(key, bool) else str(key))


def _number(value: float) -> JsonValue:
    if math.isnan(value) or math.isinf(value):
        return str(value)
    return round(value, _DECIMALS) + 0.0  # adding zero makes -0.0 equal to 0.0
