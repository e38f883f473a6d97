"""What changed between two versions of a document, in words a person understands."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.document.lines import AnyDocument, assign_ids, content_of
from services.document.outline import Part, outline
from vitae.resume.v1 import cover_letter_pb2, resume_pb2

Key = tuple[str, ...]

_SHOWN = 80
"""Characters of a text shown in a sentence; the whole stands in `before` and `after`."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change."""

    kind: Literal["added", "removed", "changed", "moved"]
    subject: str
    """What changed, in words: "Experience, Confluent, second bullet"; the place in the new version."""
    before: str
    """Text before; the place before, for what moved."""
    after: str
    """Text after; the place after, for what moved."""


def diff(before: AnyDocument, after: AnyDocument) -> tuple[Change, ...]:
    """The changes from one version to another: those in the new one in its reading order, then what was removed.

    Sections, entries and lines are recognised by their ids, lines without a match by their text. What was added or
    removed as a whole is one change. Ranking, sources and the portrait are not compared.
    """
    old = {each.key: each for each in outline(_named(content_of(before)))}
    new = {each.key: each for each in outline(_named(content_of(after)))}
    old = _recognised(old, new)
    moved = _moved(old, new)
    changes = []
    for key, part in new.items():
        former = old.get(key)
        if former is None:
            if part.parent in old or not part.parent:
                changes.append(Change("added", part.place, "", part.text))
        elif former.text != part.text:
            changes.append(Change("changed", part.place, former.text, part.text))
        elif key in moved:
            changes.append(Change("moved", part.place, former.place, part.place))
    for key, part in old.items():
        if key not in new and (part.parent in new or not part.parent):
            changes.append(Change("removed", part.place, part.text, ""))
    return tuple(changes)


def _named(
    content: resume_pb2.StructuredResume | cover_letter_pb2.StructuredCoverLetter,
) -> resume_pb2.StructuredResume | cover_letter_pb2.StructuredCoverLetter:
    if isinstance(content, resume_pb2.StructuredResume):
        return assign_ids(content)
    return assign_ids(content)


def describe(change: Change) -> str:
    """A sentence for a change: `Changed Experience, Confluent, second bullet from “a” to “b”.`"""
    match change.kind:
        case "added":
            return f"Added {change.subject}: {_quoted(change.after)}."
        case "removed":
            return f"Removed {change.subject}: {_quoted(change.before)}."
        case "changed":
            return f"Changed {change.subject} from {_quoted(change.before)} to {_quoted(change.after)}."
        case "moved" if change.before != change.after:
            return f"Moved {change.before} to {change.after}."
        case _:
            return f"Moved {change.subject}."


def _recognised(old: Mapping[Key, Part], new: Mapping[Key, Part]) -> dict[Key, Part]:
    """The old parts under the keys they have in the new version: a line whose id is gone is recognised by an equal
    text under the same parent.
    """
    fresh = {(part.parent, part.text): key for key, part in new.items() if key not in old and part.text}
    renamed = {}
    for key, part in old.items():
        same = None if key in new else fresh.pop((part.parent, part.text), None)
        renamed[same or key] = part
    return renamed


def _moved(old: Mapping[Key, Part], new: Mapping[Key, Part]) -> set[Key]:
    """Parts that stand under another parent, or that broke the order of their neighbours: as few as explain it."""
    position = {key: number for number, key in enumerate(old)}
    moved = {key for key, part in new.items() if key in old and old[key].parent != part.parent}
    siblings: dict[Key, list[Key]] = {}
    for key, part in new.items():
        if key in old and key not in moved:
            siblings.setdefault(part.parent, []).append(key)
    for keys in siblings.values():
        kept = _longest_increasing([position[key] for key in keys])
        moved |= {key for key in keys if position[key] not in kept}
    return moved


def _longest_increasing(numbers: Sequence[int]) -> set[int]:
    """The members of one longest increasing subsequence (patience sorting)."""
    tails: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        place = bisect_left(tails, number)
        before[number] = tails[place - 1] if place else None
        tails[place:] = [number, *tails[place + 1 :]]
    kept = set()
    last = tails[-1] if tails else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept


def _quoted(text: str) -> str:
    return f"“{text}”" if len(text) <= _SHOWN else f"“{text[: _SHOWN - 1].rstrip()}…”"
