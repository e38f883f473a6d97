"""The one seam to protovalidate: a message against the `buf.validate` rules of its proto.

validate(message)            raises InvalidArgument naming every failing field
violations(message)          those fields, without raising
"""

from collections.abc import Iterable

import protovalidate
from google.protobuf.message import Message

from services.runtime.errors import FieldError, Internal, InvalidArgument


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
    return [FieldError(_path(each.proto), each.proto.message or each.proto.rule_id) for each in found]


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
