"""Ids of the facts of a profile: those that are there stay, the others count up in the order of the profile."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from vitae.resume.v1 import profile_pb2

_ACHIEVEMENTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {"achievements": ("a", {})}
_WITH_TOOLS = {**_ACHIEVEMENTS, "technologies": ("t", {})}

_TREE: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "experience": ("exp", _WITH_TOOLS),
    "projects": ("proj", _WITH_TOOLS),
    "education": ("edu", {}),
    "skill_groups": ("skills", {"skills": ("s", {})}),
    "languages": ("lang", {}),
    "certifications": ("cert", {}),
    "volunteer": ("vol", _ACHIEVEMENTS),
    "awards": ("award", {}),
    "publications": ("pub", {}),
    "interests": ("int", {}),
    "references": ("ref", {}),
    "custom_sections": ("custom", {"items": ("i", _ACHIEVEMENTS)}),
}
"""Field of the profile: prefix of its ids, and the same for what it holds ("exp-2", "exp-2-a1")."""

_MAX_LENGTH = 64


def assign_profile_ids(content: profile_pb2.ProfileContent) -> profile_pb2.ProfileContent:
    """A copy in which every fact has an id of its own. The second fact with the same id gets a new one."""
    copy = profile_pb2.ProfileContent()
    copy.CopyFrom(content)
    taken = {holder.id for holder, _ in holders(copy)} - {""}
    seen: set[str] = set()
    counts: Counter[str] = Counter()
    # The generator reads a parent's id after it was filled here, so ids of parts carry their parent's.
    for holder, default in holders(copy):
        if not holder.id.strip() or holder.id in seen:
            holder.id = _free(default, taken, counts)
        seen.add(holder.id)
        taken.add(holder.id)
    return copy


def holders(content: profile_pb2.ProfileContent) -> Iterator[tuple[Any, str]]:
    """Every message with an id, and the id it gets by its place."""
    for index, link in enumerate(content.personal.links, 1):
        yield link, f"link-{index}"
    for field, (prefix, parts) in _TREE.items():
        for index, entry in enumerate(getattr(content, field), 1):
            yield entry, f"{prefix}-{index}"
            yield from _parts(entry, parts)


def default_id(field: str, index: int) -> str:
    """The id the entry at an index (from 0) of a field of the profile gets by its place."""
    return f"{_TREE[field][0]}-{index + 1}"


def _parts(entry: Any, tree: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    for field, (prefix, parts) in tree.items():
        for index, part in enumerate(getattr(entry, field), 1):
            yield part, f"{entry.id}-{prefix}{index}"
            yield from _parts(part, parts)


def _free(default: str, taken: set[str], counts: Counter[str]) -> str:
    """The default, or with a number behind it where it is taken or too long. Numbers count on from the last one, so
    that a file full of equal ids costs no more than another.
    """
    if default not in taken and len(default) <= _MAX_LENGTH:
        return default
    stem = default[: _MAX_LENGTH - 8]
    while True:
        counts[stem] += 1
        candidate = f"{stem}.{counts[stem] + 1}"
        if candidate not in taken:
            return candidate
