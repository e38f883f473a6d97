"""Messages that cannot be parsed: what is wrong with them, and where.

protobuf says no more than that some text was no UTF-8; the field is found by reading the bytes as fields of no type.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from services.runtime.errors import FieldError, InvalidArgument

_LENGTH_DELIMITED = 2
_MOST_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no message of the type they were sent as."""

    data: bytes
    descriptor: Descriptor | None

    def refuse(self) -> NoReturn:
        """Raises InvalidArgument that names the fields whose text is no UTF-8, such as half of a surrogate pair."""
        found = list(_bad_texts(self.data, self.descriptor, "")) if self.descriptor else []
        problems = [FieldError(path, "must be text in UTF-8") for path in found[:_MOST_FIELDS]]
        if not problems:
            raise InvalidArgument(
                "The request cannot be read: it is no message of its type.", reason="MESSAGE_UNREADABLE"
            )
        raise InvalidArgument(
            f"The request is not valid: {problems[0].field}: must be text in UTF-8.", fields=problems
        )


def reading(deserialize: Callable[[bytes], Message] | None) -> Callable[[bytes], Message | Unreadable] | None:
    """A deserializer that hands on what it cannot read, so that it is refused as every bad request is."""
    if deserialize is None:
        return None

    def read(data: bytes) -> Message | Unreadable:
        try:
            return deserialize(data)
        except DecodeError:
            kind: Any = getattr(deserialize, "__self__", None)
            return Unreadable(data, getattr(kind, "DESCRIPTOR", None))

    return read


def _bad_texts(data: bytes, descriptor: Descriptor, path: str) -> Iterator[str]:
    """Paths of the fields whose text is no UTF-8, in the order of the bytes."""
    try:
        fields: Any = UnknownFieldSet(Empty.FromString(data))  # its stub leaves out that it is a sequence
    except DecodeError:
        return
    seen: dict[int, int] = {}
    for each in fields:
        field = descriptor.fields_by_number.get(each.field_number)
        if field is None or each.wire_type != _LENGTH_DELIMITED:
            continue
        number = seen[each.field_number] = seen.get(each.field_number, -1) + 1
        name = f"{path}.{field.name}" if path else field.name
        if field.is_repeated:
            name = f"{name}[{number}]"
        if field.type == FieldDescriptor.TYPE_STRING:
            if not _is_text(each.data):
                yield name
        elif field.message_type is not None:
            yield from _bad_texts(each.data, field.message_type, name)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
