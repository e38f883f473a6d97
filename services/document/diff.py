"""What changed between two versions of a resume, in words a person understands."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from services.document.lines import assign_ids
from services.document.outline import Part, outline
from vitae.generation.v1 import documents_pb2
from vitae.resume.v1 import resume_pb2

Key = tuple[str, ...]

_KINDS = ("added", "removed", "changed", "moved")
_SHOWN = 80
"""Characters of a text shown in a sentence; the whole stands in `before` and `after`."""


def diff_resumes(
    before: resume_pb2.StructuredResume, after: resume_pb2.StructuredResume
) -> documents_pb2.DocumentDiff:
    """The changes from one version to another: those in the new one in its reading order, then what was removed.

    Sections, entries and lines are recognised by their ids, lines without a match by their text. What was added or
    removed as a whole is one change. Ranking, sources and the portrait are not compared.
    """
    old = {each.key: each for each in outline(assign_ids(before))}
    new = {each.key: each for each in outline(assign_ids(after))}
    old = _recognised(old, new)
    moved = _moved(old, new)
    changes = []
    for key, part in new.items():
        former = old.get(key)
        if former is None:
            if part.parent in old or not part.parent:
                changes.append(_change("added", part.place, "", part.text))
        elif former.text != part.text:
            changes.append(_change("changed", part.place, former.text, part.text))
        elif key in moved:
            changes.append(_change("moved", part.place, former.place, part.place))
    for key, part in old.items():
        if key not in new and (part.parent in new or not part.parent):
            changes.append(_change("removed", part.place, part.text, ""))
    return documents_pb2.DocumentDiff(changes=changes, summary=_summary(changes))


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


def _change(kind: str, place: str, before: str, after: str) -> documents_pb2.DocumentChange:
    sentence = {
        "added": f"Added {place}: {_quoted(after)}.",
        "removed": f"Removed {place}: {_quoted(before)}.",
        "changed": f"Changed {place} from {_quoted(before)} to {_quoted(after)}.",
        "moved": f"Moved {before}." if before == after else f"Moved {before} to {after}.",
    }[kind]
    if kind == "moved":
        before = after = ""
    return documents_pb2.DocumentChange(kind=kind, place=place, before=before, after=after, message=sentence)


def _quoted(text: str) -> str:
    return f"“{text}”" if len(text) <= _SHOWN else f"“{text[: _SHOWN - 1].rstrip()}…”"


def _summary(changes: Sequence[documents_pb2.DocumentChange]) -> str:
    if not changes:
        return "No changes."
    counts = Counter(each.kind for each in changes)
    listed = ", ".join(f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind])
    return f"{len(changes)} {'change' if len(changes) == 1 else 'changes'}: {listed}."
