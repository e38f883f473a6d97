"""What a profile holds and no reader wants to see: entries that say nothing, and what stands there twice."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.message import Message

from services.generation.composing.context import Context, squeeze
from services.generation.skills.tokens import fold
from vitae.resume.v1 import profile_pb2, resume_pb2

_UNSAID = frozenset({"id", "provenance", "relevance", "alternates", "is_current"})
"""Fields that print nothing by themselves."""


def tidy(context: Context, section: resume_pb2.ResumeSection) -> None:
    """Takes out of a section, in place, entries with nothing but dates and entries that are there already."""
    kind = section.WhichOneof("content")
    if kind is None or kind in ("summary", "skills"):
        return
    entries = getattr(section, kind).entries
    seen: dict[str, list[Message]] = {}
    kept: list[Message] = []
    for entry in entries:
        name = plain(_first_text(entry))
        alike = seen.setdefault(name, [])
        if not name and not any(isinstance(each, str) for each in _said(entry)):
            context.notes.notices.append(f"An entry of “{kind}” without any text is not shown.")
        elif alike and any(list(_said(entry)) == list(_said(other)) for other in alike):
            context.notes.notices.append(
                f"“{squeeze(_first_text(entry))[:100]}” stands twice in “{kind}” and is shown once."
            )
        else:
            alike.append(entry)
            kept.append(entry)
    if len(kept) < len(entries):
        copies = [_copy(each) for each in kept]
        del entries[:]
        entries.extend(copies)


def twins(achievements: Iterable[profile_pb2.Achievement]) -> Mapping[str, str]:
    """Lines that say letter for letter what one before them says, by id, with the id of that one."""
    first: dict[str, str] = {}
    found = {}
    for each in achievements:
        said = plain(each.enhanced_text or each.text)
        if said and first.setdefault(said, each.id) != each.id:
            found[each.id] = first[said]
    return found


def plain(text: str) -> str:
    """A text without case, accents and a full stop at its end."""
    return fold(squeeze(text).rstrip(" ."))


def _said(message: Message) -> Iterator[object]:
    """Everything that an entry says, texts without case, dates as they are."""
    for field, value in message.ListFields():
        if field.name in _UNSAID:
            continue
        for each in value if field.is_repeated else [value]:
            if isinstance(each, str):
                yield plain(each) or None
            elif isinstance(each, Message) and field.name.endswith("date"):
                yield (field.name, each.SerializeToString(deterministic=True))
            elif isinstance(each, Message):
                yield from _said(each)


def _first_text(entry: Message) -> str:
    texts = (value for field, value in entry.ListFields() if field.name not in _UNSAID)
    return next((each for each in texts if isinstance(each, str)), "")


def _copy(entry: Any) -> Any:
    copy = type(entry)()
    copy.CopyFrom(entry)
    return copy
