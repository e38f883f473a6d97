"""Keys of objects: what is allowed in one, and how those of exports are built (SPEC S1)."""

import re
from uuid import UUID

from services.runtime.errors import FieldError, InvalidArgument

EXPORTS = "exports/"
"""Prefix of every export's key."""

OBJECTS = "objects/"
"""Prefix of the keys of what users keep beside exports."""

PROBES = "probes/"
"""Prefix of the objects written to try the store; nothing else begins so."""

MAX_KEY = 500
_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_PREFIX = re.compile(rf"(?:{_SEGMENT}/)*(?:{_SEGMENT})?")
_ID = r"([0-9a-f-]{36})"
_EXPORT = re.compile(rf"exports/{_ID}/{_ID}/{_ID}\.([0-9]+)\.([a-z0-9]+)")
_OBJECT = re.compile(rf"objects/{_ID}/{_ID}/{_ID}")


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


def object_key(tenant_id: UUID, user_id: UUID, object_id: UUID) -> str:
    """The key of the bytes of one put."""
    return checked_key(f"{OBJECTS}{tenant_id}/{user_id}/{object_id}")


def prefixes(tenant_id: UUID | None = None, user_id: UUID | None = None) -> tuple[str, ...]:
    """What the keys of a user's exports and objects begin with; of a whole tenant, or of all, without."""
    owner = (f"{tenant_id}/" if tenant_id else "") + (f"{user_id}/" if tenant_id and user_id else "")
    return EXPORTS + owner, OBJECTS + owner


def key_owner(key: str) -> tuple[UUID, UUID] | None:
    """Tenant and user of a key of ours; None when it is not one."""
    match = _EXPORT.fullmatch(key) or _OBJECT.fullmatch(key)
    if match is None:
        return None
    try:
        return UUID(match[1]), UUID(match[2])
    except ValueError:
        return None


def export_id(key: str) -> UUID | None:
    """The export of an export's key; None when it is not one."""
    match = _EXPORT.fullmatch(key)
    if match is None:
        return None
    try:
        return UUID(match[3])
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
