"""The `x-vitae` key: a message beside the plain keys that cannot say all of it.

It counts only while the plain keys still say what it says. Once somebody edits the file, the plain keys win.
"""

from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from services.document.jsonresume.parsing import JsonObject, pointer_to
from services.document.jsonresume.report import Report
from services.document.jsonresume.shapes import EXTENSION
from services.runtime.validation import violations

MessageT = TypeVar("MessageT", bound=Message)


def written_extension(message: Message) -> JsonObject:
    """The message as ProtoJSON with the names of the proto."""
    value: JsonObject = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return value


def read_extension(value: JsonObject, kind: type[MessageT], pointer: str, report: Report) -> MessageT | None:
    """The message under `x-vitae` of an object, or None where there is none or it is not valid."""
    held = value.get(EXTENSION)
    if held is None:
        return None
    message = kind()
    place = pointer_to(pointer, EXTENSION)
    try:
        json_format.ParseDict(held if isinstance(held, dict) else {"": held}, message)
    except json_format.ParseError:
        report.note(place, "dropped", "Not what Vitae writes here; the other keys count.")
        return None
    if violations(message):
        report.note(place, "dropped", "Not a valid message; the other keys count.")
        return None
    return message


def comparable(value: Any) -> Any:
    """An object without its id and extension: what two ways of writing an entry have to agree on."""
    return {name: each for name, each in value.items() if name not in {"id", EXTENSION}}
