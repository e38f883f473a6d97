"""Field masks of PATCH: the caller's own, or what the body names."""

from collections.abc import Collection

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from services.runtime.errors import FieldError, InvalidArgument

ALL = "*"


def field_mask(text: str, body: Message, *, inner: Collection[str] = ()) -> FieldMask:
    """The mask of a comma-separated text; without one, every field the body sets (AIP-134).

    Of a field in `inner` only what the body sets in it counts, so that a part sent alone replaces that part alone.
    Raises InvalidArgument where nothing is named.
    """
    paths = [path.strip() for path in text.split(",") if path.strip()] or _set_in(body, inner)
    if not paths:
        problem = FieldError("body", "must name at least one field to change")
        raise InvalidArgument("There is nothing to change.", fields=[problem])
    return FieldMask(paths=paths)


def replaces(mask: FieldMask, field: str) -> bool:
    """Whether the mask puts the body's field, whole, in the place of the stored one."""
    return any(path in {ALL, field} for path in mask.paths)


def _set_in(body: Message, inner: Collection[str]) -> list[str]:
    paths = []
    for field, value in body.ListFields():
        if field.name in inner:
            paths += [f"{field.name}.{part.name}" for part, _ in value.ListFields()]
        elif field.name not in {"id", "etag"}:
            paths.append(field.name)
    return paths
