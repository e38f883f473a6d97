"""Fields of an error under the names a REST client knows: bodies and headers hide the request message around them.

with told_as({"profile.": "", "request_id": "Idempotency-Key"}):
    await backend.profiles.CreateProfile(request)     # profile.content -> content
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from services.runtime.errors import FieldError, VitaeError

KEY = {"request_id": "Idempotency-Key"}
"""Where the key of a repeatable call comes from."""


@contextmanager
def told_as(names: Mapping[str, str]) -> Iterator[None]:
    """Renames fields of an error raised inside: a name that ends with a dot is a prefix, any other a whole field."""
    try:
        yield
    except VitaeError as error:
        for each in error.fields:
            error.message = error.message.replace(f"{each.field}:", f"{_renamed(each.field, names)}:")
        error.fields = tuple(
            FieldError(_renamed(each.field, names), each.description) for each in error.fields
        )
        raise


def _renamed(field: str, names: Mapping[str, str]) -> str:
    for name, told in names.items():
        if field == name:
            return told
        if name.endswith(".") and field.startswith(name):
            return told + field.removeprefix(name)
    return field
