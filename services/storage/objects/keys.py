"""Keys of objects: what is allowed in one, and how those of exports are built (SPEC S1)."""

import re
from uuid import UUID

from services.runtime.errors import FieldError, InvalidArgument

EXPORTS = "exports/"
"""Prefix of every export's key."""

MAX_KEY = 500
_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_PREFIX = re.compile(rf"(?:{_SEGMENT}/)*(?:{_SEGMENT})?")
_EXPORT = re.compile(r"exports/([0-9a-f-]{36})/([0-9a-f-]{36})/([0-9a-f-]{36})\.([0-9]+)\.([a-z0-9]+)")


def checked_key(key: str) -> str:
    """The key, if it is one: segments of letters, digits, '.', '_' and '-', none beginning with a dot, so that no key
    leaves its folder. Raises InvalidArgument otherwise.
    """
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise _invalid("key")
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix, if keys can begin so. Raises InvalidArgument otherwise."""
    if len(prefix) > MAX_KEY or not _PREFIX.fullmatch(prefix):
        raise _invalid("prefix")
    return prefix


def export_key(tenant_id: UUID, user_id: UUID, export_id: UUID, attempt: int, extension: str) -> str:
    """The key of one attempt at one export: a late upload of a lost attempt has a key of its own."""
    return checked_key(f"{EXPORTS}{tenant_id}/{user_id}/{export_id}.{attempt}.{extension}")


def owner_prefix(tenant_id: UUID, user_id: UUID | None) -> str:
    """What the keys of a user's exports begin with; of a whole tenant without a user."""
    return f"{EXPORTS}{tenant_id}/" + (f"{user_id}/" if user_id else "")


def export_owner(key: str) -> tuple[UUID, UUID] | None:
    """Tenant and user of an export's key; None when it is not one."""
    match = _EXPORT.fullmatch(key)
    if match is None:
        return None
    try:
        return UUID(match[1]), UUID(match[2])
    except ValueError:
        return None


def _invalid(field: str) -> InvalidArgument:
    return InvalidArgument(
        reason="INVALID_KEY",
        fields=[
            FieldError(
                field,
                "use segments of letters, digits, '.', '_' and '-' separated by '/', each beginning with a letter or"
                f" digit, at most {MAX_KEY} characters",
            )
        ],
    )
