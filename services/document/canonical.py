"""The canonical form of a message: equal content gives equal bytes, in any process, on any machine.

Used for content hashes and cache keys. JSON with sorted keys and no white space, proto field names, fields at their
default left out, floats rounded to 4 decimals, strings in NFC, unknown fields left out.
"""

from google.protobuf.message import Message

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


def canonical_value(message: Message) -> dict[str, JsonValue]:
    """The message as JSON values. Enums by name, 64-bit integers as text and bytes as base64, as in ProtoJSON."""
    raise NotImplementedError


def canonical_json(message: Message) -> bytes:
    """The canonical UTF-8 bytes of a message."""
    raise NotImplementedError


def content_hash(message: Message) -> str:
    """SHA-256 of the canonical bytes, 64 lower-case hex digits."""
    raise NotImplementedError


def hash_of(**parts: Message | JsonValue) -> str:
    """SHA-256 over named parts (messages and plain values) together, such as the inputs of a rendering."""
    raise NotImplementedError
