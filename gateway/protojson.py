"""REST bodies are the proto messages themselves, in JSON as front-ends expect it.

    Annotated[Export, ProtoJson()]   as a FastAPI body or response: parsed, written and described from the descriptor
    to_json(message)                 JSON values: snake_case names, enums as lower-case short names, RFC 3339 times
    from_json(value, Export)         the message; BodyInvalid names each failing field

Differences from canonical ProtoJSON, all for clients that are not generated: enum values lose their prefix ("pdf", not
"FORMAT_PDF"), 64-bit integers are numbers (none here passes 2**53), and an unknown field is an error that says so.
Fields with presence are left out while unset; all others are always there.
"""

import base64
import difflib
import math
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from gateway.bodies import printable, unsafe
from services.runtime.errors import FieldError

M = TypeVar("M", bound=Message)

PROTO_MARK = "x-vitae-message"
"""Key of a schema that stands for a message; gateway/openapi.py puts the component in its place."""

MOST_PROBLEMS = 50
"""Failing fields told of at once."""

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
}
_FLOATS = {FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT}
_WELL_KNOWN = {
    Timestamp.DESCRIPTOR.full_name: "an RFC 3339 time",
    Duration.DESCRIPTOR.full_name: 'seconds such as "300s"',
    Struct.DESCRIPTOR.full_name: "a JSON object",
}
"""Messages with a JSON form of their own, in words."""


class BodyInvalid(Exception):
    """A body does not make the message; `fields` says where and what to do."""

    def __init__(self, fields: list[FieldError]) -> None:
        self.fields = fields
        super().__init__("; ".join(f"{each.field}: {each.description}" for each in fields))


class _Problems(list[FieldError]):
    """The failing fields; enough of them end the reading, as each costs time that a hostile body may not take."""

    def append(self, problem: FieldError) -> None:
        super().append(problem)
        if len(self) == MOST_PROBLEMS:
            raise BodyInvalid(self)


@dataclass(frozen=True)
class ProtoJson:
    """Marks an annotation as a message to be read from and written as JSON."""

    def __get_pydantic_core_schema__(
        self, source: type[Message], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def validated(value: object) -> Message:
            if isinstance(value, source):
                return value
            if isinstance(value, bytes):
                unread = [FieldError("body", "must be sent with Content-Type: application/json")]
                raise PydanticCustomError("proto_json", "not JSON", {"fields": unread})
            try:
                return from_json(value, source)
            except BodyInvalid as error:
                raise PydanticCustomError(
                    "proto_json", "{message}", {"message": str(error), "fields": error.fields}
                ) from error

        return core_schema.no_info_plain_validator_function(
            validated,
            serialization=core_schema.plain_serializer_function_ser_schema(to_json),
            metadata={PROTO_MARK: source.DESCRIPTOR.full_name},
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        metadata = schema.get("metadata") or {}
        return {PROTO_MARK: metadata[PROTO_MARK]}


def to_json(message: Message) -> dict[str, Any]:
    """The message as JSON values."""
    if message.DESCRIPTOR.full_name in _WELL_KNOWN:
        value: dict[str, Any] = MessageToDict(message)
        return value
    result = {}
    for field, write in _writers(message.DESCRIPTOR):
        if field.has_presence and not message.HasField(field.name):
            continue
        result[field.name] = write(getattr(message, field.name))
    return result


def from_json(value: object, kind: type[M]) -> M:
    """The message a JSON value describes. Raises BodyInvalid with every failing field; null means unset."""
    message, problems = kind(), _Problems()
    _fill(message, value, "", problems)
    if problems:
        raise BodyInvalid(problems)
    return message


def short_name(enum: EnumDescriptor, number: int) -> str:
    """An enum value as clients write it: without prefix, in lower case; its number when this version has no name."""
    value = enum.values_by_number.get(number)
    return value.name.removeprefix(_prefix(enum)).lower() if value else str(number)


def enum_number(enum: EnumDescriptor, text: str) -> int | None:
    """The number of a short or full name in any case; None when there is no such value."""
    numbers = _enum_numbers(enum)
    return numbers.get(text.lower())


def enum_choices(enum: EnumDescriptor) -> list[str]:
    """The short names a client may send, the unspecified one aside."""
    return [short_name(enum, value.number) for value in enum.values if value.number != 0]


@cache
def _enum_numbers(enum: EnumDescriptor) -> Mapping[str, int]:
    full = {value.name.lower(): value.number for value in enum.values}
    return {**full, **{short_name(enum, value.number): value.number for value in enum.values}}


@cache
def _prefix(enum: EnumDescriptor) -> str:
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")


@cache
def _writers(descriptor: Descriptor) -> tuple[tuple[FieldDescriptor, Callable[[Any], Any]], ...]:
    return tuple((field, _writer(field)) for field in descriptor.fields)


def _writer(field: FieldDescriptor) -> Callable[[Any], Any]:
    if _is_map(field):
        return dict
    one = _value_writer(field)
    return (lambda values: [one(value) for value in values]) if field.is_repeated else one


def _value_writer(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.message_type is not None:
        return _well_known_writer(field.message_type)
    if field.enum_type is not None:
        enum = field.enum_type
        return lambda number: short_name(enum, number)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda data: base64.b64encode(data).decode()
    return lambda value: value


def _well_known_writer(descriptor: Descriptor) -> Callable[[Any], Any]:
    if descriptor.full_name in {Timestamp.DESCRIPTOR.full_name, Duration.DESCRIPTOR.full_name}:
        return lambda message: message.ToJsonString()
    return to_json


def _fill(message: Message, value: object, path: str, problems: _Problems) -> None:
    if not isinstance(value, Mapping):
        problems.append(FieldError(path or "body", "must be a JSON object"))
        return
    fields = cast(Mapping[str, FieldDescriptor], message.DESCRIPTOR.fields_by_name)
    chosen: dict[str, str] = {}
    for given_name, given in value.items():
        name = printable(str(given_name))
        where = f"{path}.{name}" if path else name
        field = fields.get(name)
        if field is None:
            near = difflib.get_close_matches(name, fields, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            problems.append(FieldError(where, f"is not a field of {message.DESCRIPTOR.name}{hint}"))
        elif given is not None:
            if (group := _group(field)) and (other := chosen.setdefault(group, name)) != name:
                problems.append(FieldError(where, f"cannot stand beside {other}; send one of them"))
            else:
                _set(message, field, given, where, problems)


def _group(field: FieldDescriptor) -> str:
    """The oneof a field belongs to, "" for one that stands for itself."""
    group = field.containing_oneof
    return group.name if group is not None and len(group.fields) > 1 else ""


def _set(message: Message, field: FieldDescriptor, given: object, where: str, problems: _Problems) -> None:
    if _is_map(field):
        _set_map(getattr(message, field.name), given, where, problems)
    elif field.is_repeated:
        if not isinstance(given, list):
            problems.append(FieldError(where, "must be a list"))
            return
        target = getattr(message, field.name)
        for index, each in enumerate(given):
            at = f"{where}[{index}]"
            if field.message_type is not None:
                _fill_message(target.add(), each, at, problems)
            else:
                _read(field, each, at, problems, target.append)
    elif field.message_type is not None:
        child = getattr(message, field.name)
        child.SetInParent()
        _fill_message(child, given, where, problems)
    else:
        _read(field, given, where, problems, lambda value: setattr(message, field.name, value))


def _set_map(target: MutableMapping[str, str], given: object, where: str, problems: _Problems) -> None:
    """Every map of the contracts is one of texts by texts."""
    if not isinstance(given, Mapping):
        problems.append(FieldError(where, "must be an object of texts"))
        return
    for key, value in given.items():
        at = f'{where}["{printable(key)}"]'
        if not isinstance(value, str):
            problems.append(FieldError(at, "must be text"))
        elif wrong := unsafe(key) or unsafe(value):
            problems.append(FieldError(at, wrong))
        else:
            target[key] = value


def _fill_message(message: Message, given: object, where: str, problems: _Problems) -> None:
    kind = message.DESCRIPTOR.full_name
    if kind not in _WELL_KNOWN:
        _fill(message, given, where, problems)
        return
    try:
        ParseDict(cast(Any, given), message)
    except (ParseError, ValueError, AttributeError, TypeError, OverflowError):
        problems.append(FieldError(where, f"must be {_WELL_KNOWN[kind]}"))


def _read(
    field: FieldDescriptor,
    given: object,
    where: str,
    problems: _Problems,
    accept: Callable[[Any], None],
) -> None:
    value, wanted = _scalar(field, given)
    if value is None:
        problems.append(FieldError(where, f"must be {wanted}"))
    elif isinstance(value, str) and (wrong := unsafe(value)):
        problems.append(FieldError(where, wrong))
    else:
        try:
            accept(value)
        except ValueError:  # the one thing left that protobuf checks
            problems.append(FieldError(where, f"is out of range: {wanted} of at most {_bits(field)} bits"))


def _scalar(field: FieldDescriptor, given: object) -> tuple[Any, str]:
    """The value for a scalar field, None when it is not one; and what it has to be."""
    if field.enum_type is not None:
        number = enum_number(field.enum_type, given) if isinstance(given, str) else None
        return number, f"one of {', '.join(enum_choices(field.enum_type))}"
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return (given if isinstance(given, bool) else None), "true or false"
    if field.cpp_type in _INTEGERS:
        return _whole(given), "a whole number"
    if field.cpp_type in _FLOATS:
        return _finite(given), "a number"
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _decoded(given), "base64 text"
    return (given if isinstance(given, str) else None), "text"


def _whole(given: object) -> int | None:
    """A whole number, also when written as 3.0 or 3e0, as JSON numbers have no kinds."""
    if isinstance(given, float):
        return int(given) if given.is_integer() else None
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _finite(given: object) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        number = float(given)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _decoded(given: object) -> bytes | None:
    try:
        return base64.b64decode(given, validate=True) if isinstance(given, str) else None
    except ValueError:
        return None


def _bits(field: FieldDescriptor) -> int:
    return 32 if field.cpp_type in {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32} else 64


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry
