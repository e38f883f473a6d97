"""The one seam to protovalidate: a message against the `buf.validate` rules of its proto, and every text of it against
the one rule that all texts keep: no character U+0000, which PostgreSQL cannot hold and no person types.

validate(message)            raises InvalidArgument naming every failing field
violations(message)          those fields, without raising
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import protovalidate
from google.protobuf.message import Message

from services.runtime.errors import FieldError, Internal, InvalidArgument
from services.runtime.texts import texts_of


def validate(message: Message) -> None:
    """Raises InvalidArgument when the message breaks a rule; its `fields` hold dotted paths with indexes."""
    failing = violations(message)
    if failing:
        first, more = failing[0], len(failing) - 1
        others = f", and {more} more" if more else ""
        raise InvalidArgument(f"The request is not valid: {_sentence(first)}{others}.", fields=failing)


def violations(message: Message) -> list[FieldError]:
    """What breaks a rule, in the order of the rules. Raises Internal when a proto's rule is itself broken."""
    try:
        found = protovalidate.collect_violations(message)
    except (protovalidate.CompilationError, protovalidate.EvaluationError) as error:
        raise Internal(reason="BROKEN_VALIDATION_RULE") from error
    broken = [FieldError(_path(each.proto), each.proto.message or each.proto.rule_id) for each in found]
    if _may_hold_nul(message):
        broken.extend(FieldError(path, _NUL) for path in islice(_nul_texts(message, ""), _MOST_NUL))
    return broken


_NUL = "must not hold the character U+0000"
_MOST_NUL = 20

_PRINTED_SIZE = 32 * 1024
"""Bytes of the largest message that is printed to be searched: larger ones hold files, which are long in print."""


def _may_hold_nul(message: Message) -> bool:
    """Whether a text may have a NUL: without one among the message's bytes, none has; but so has many a number.

    Printed, which compiled code does in a third of the time that looking at each text takes, a NUL is an escape.
    """
    serialized = message.SerializeToString()
    if b"\0" not in serialized:
        return False
    if len(serialized) <= _PRINTED_SIZE and "\\000" not in str(message):
        return False
    return any("\0" in each for each in texts_of(message))


def _nul_texts(message: Message, path: str) -> Iterator[str]:
    """Paths of the texts with a NUL, in the order of the fields' numbers."""
    for field, value in message.ListFields():
        name = f"{path}.{field.name}" if path else field.name
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            pairs = [(f'{name}["{str(key)[:100]}"]', key, held) for key, held in value.items()]
            held = [(at, each) for at, key, of in pairs for each in (key, of)]
        elif field.is_repeated:
            held = [(f"{name}[{number}]", each) for number, each in enumerate(value)]
        else:
            held = [(name, value)]
        for at, each in held:
            if isinstance(each, Message):
                yield from _nul_texts(each, at)
            elif isinstance(each, str) and "\0" in each:
                yield at.replace("\0", "\ufffd")


def _sentence(error: FieldError) -> str:
    return f"{error.field}: {error.description}" if error.field else error.description


def _path(violation: protovalidate.ViolationPb) -> str:
    return _joined(violation.field.elements) if violation.field else ""


def _joined(elements: Iterable[protovalidate.FieldPathElementPb]) -> str:
    path = ""
    for element in elements:
        path += f".{element.field_name}" if path else element.field_name
        if element.subscript is not None:
            key = element.subscript.value
            path += f'["{key}"]' if isinstance(key, str) else f"[{str(key).lower()}]"
    return path
