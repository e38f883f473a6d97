"""REST bodies are the proto messages themselves, in JSON as front-ends expect it.

    Annotated[Export, ProtoJson()]   as a FastAPI body or response: parsed, written and described from the descriptor
    to_json(message)                 JSON values: snake_case names, enums as lower-case short names, RFC 3339 times
    from_json(value, Export)         the message; BodyInvalid names each failing field

Differences from canonical ProtoJSON, all for clients that are not generated: enum values lose their prefix ("pdf", not
"FORMAT_PDF"), 64-bit integers are numbers (none here passes 2**53), and an unknown field is an error that says so.
Fields with presence are left out while unset; all others are always there.
"""

import base64
import binascii
import difflib
import math
from collections.abc import Callable, Mapping
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

from services.runtime.errors import FieldError

M = TypeVar("M", bound=Message)

PROTO_MARK = "x-vitae-message"
"""Key of a schema that stands for a message; gateway/openapi.py puts the component in its place."""

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
}
_FLOATS = {FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT}
_WELL_KNOWN = {
    Timestamp.DESCRIPTOR.full_name,
    Duration.DESCRIPTOR.full_name,
    Struct.DESCRIPTOR.full_name,
}


class BodyInvalid(Exception):
    """A body does not make the message; `fields` says where and what to do."""

    def __init__(self, fields: list[FieldError]) -> None:
        self.fields = fields
        super().__init__("; ".join(f"{each.field}: {each.description}" for each in fields))


@dataclass(frozen=True)
class ProtoJson:
    """Marks an annotation as a message to be read from and written as JSON."""

    def __get_pydantic_core_schema__(
        self, source: type[Message], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def validated(value: object) -> Message:
            if isinstance(value, source):
                return value
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
    message, problems = kind(), list[FieldError]()
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


def _fill(message: Message, value: object, path: str, problems: list[FieldError]) -> None:
    if not isinstance(value, Mapping):
        problems.append(FieldError(path or "body", "must be a JSON object"))
        return
    fields = message.DESCRIPTOR.fields_by_name
    for name, given in value.items():
        where = f"{path}.{name}" if path else str(name)
        field = fields.get(name)
        if field is None:
            near = difflib.get_close_matches(str(name), fields, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            problems.append(FieldError(where, f"is not a field of {message.DESCRIPTOR.name}{hint}"))
        elif given is not None:
            _set(message, cast(FieldDescriptor, field), given, where, problems)


def _set(
    message: Message, field: FieldDescriptor, given: object, where: str, problems: list[FieldError]
) -> None:
    if _is_map(field):
        if isinstance(given, Mapping) and all(isinstance(each, str) for each in given.values()):
            getattr(message, field.name).update(given)
        else:
            problems.append(FieldError(where, "must be an object of strings"))
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


def _fill_message(message: Message, given: object, where: str, problems: list[FieldError]) -> None:
    if message.DESCRIPTOR.full_name not in _WELL_KNOWN:
        _fill(message, given, where, problems)
        return
    try:
        ParseDict(cast(Any, given), message)
    except (ParseError, ValueError, AttributeError, TypeError):
        forms = {
            "Timestamp": "an RFC 3339 time",
            "Duration": 'seconds such as "300s"',
            "Struct": "a JSON object",
        }
        problems.append(FieldError(where, f"must be {forms[message.DESCRIPTOR.name]}"))


def _read(
    field: FieldDescriptor,
    given: object,
    where: str,
    problems: list[FieldError],
    accept: Callable[[Any], None],
) -> None:
    value, wanted = _scalar(field, given)
    if value is None:
        problems.append(FieldError(where, f"must be {wanted}"))
        return
    try:
        accept(value)
    except (ValueError, TypeError):
        problems.append(FieldError(where, f"must be {wanted}"))


def _scalar(field: FieldDescriptor, given: object) -> tuple[Any, str]:
    """The value for a scalar field, None when it is not one; and what it has to be."""
    if field.enum_type is not None:
        number = enum_number(field.enum_type, given) if isinstance(given, str) else None
        return number, f"one of {', '.join(enum_choices(field.enum_type))}"
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return (given if isinstance(given, bool) else None), "true or false"
    if field.cpp_type in _INTEGERS:
        whole = isinstance(given, int | float) and not isinstance(given, bool) and given == math.floor(given)
        return (int(given) if whole else None), "a whole number"  # type: ignore[call-overload]
    if field.cpp_type in _FLOATS:
        number_like = isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)
        return (float(given) if number_like else None), "a number"  # type: ignore[arg-type]
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _decoded(given), "base64 text"
    return (given if isinstance(given, str) else None), "text"


def _decoded(given: object) -> bytes | None:
    try:
        return base64.b64decode(given, validate=True) if isinstance(given, str) else None
    except binascii.Error:
        return None


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry
