"""All texts of a message, for checks that ask of every one the same and seldom find anything."""

from enum import Enum
from functools import cache

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message


def texts_of(message: Message) -> list[str]:
    """Every string in a message and the messages inside it, keys of maps included, in no promised order."""
    found: list[str] = []
    _collect(message, found)
    return found


class _Holds(Enum):
    """What of a field is text."""

    NOTHING, TEXT, TEXTS, MESSAGE, MESSAGES, MAP = range(6)


@cache
def _holds(field: FieldDescriptor) -> _Holds:
    if field.message_type is None:
        if field.type != FieldDescriptor.TYPE_STRING:
            return _Holds.NOTHING
        return _Holds.TEXTS if field.is_repeated else _Holds.TEXT
    if field.message_type.GetOptions().map_entry:
        return _Holds.MAP
    return _Holds.MESSAGES if field.is_repeated else _Holds.MESSAGE


def _collect(message: Message, found: list[str]) -> None:
    for field, value in message.ListFields():
        match _holds(field):
            case _Holds.TEXT:
                found.append(value)
            case _Holds.TEXTS:
                found.extend(value)
            case _Holds.MESSAGE:
                _collect(value, found)
            case _Holds.MESSAGES:
                for each in value:
                    _collect(each, found)
            case _Holds.MAP:
                for part in (*value.keys(), *value.values()):
                    if isinstance(part, Message):
                        _collect(part, found)
                    elif isinstance(part, str):
                        found.append(part)
            case _Holds.NOTHING:
                pass
