"""A document as a flat list of the parts a person would name: header fields, sections, entries, paragraphs, lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from services.document.dates import format_date, format_day
from services.document.lines import AnyDocument, content_of, iter_entries, section_type
from services.document.locales import section_title
from services.document.plain import one_line
from vitae.resume.v1 import common_pb2, cover_letter_pb2, resume_pb2

_NOUNS = {
    "achievements": "bullet",
    "technologies": "technology",
    "coursework": "course",
    "lines": "sentence",
    "items": "skill",
    "honors": "honor",
    "keywords": "keyword",
    "links": "link",
    "is_current": "current",
}
"""Words for fields whose own name would not do."""

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_UNSEEN = frozenset({"id", "provenance", "relevance", "photo", "hidden", "kind"})
"""Fields that do not print words."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document."""

    key: tuple[str, ...]
    """What it is recognised by in another version."""
    parent: tuple[str, ...]
    """Key of the part it stands in; empty at the top."""
    place: str
    """Where it stands, in words: "Experience, Acme, second bullet"."""
    text: str
    """What it says."""


def outline(document: AnyDocument) -> Iterator[Part]:
    """The parts in reading order, each after the part it stands in. Sections, entries and lines need ids."""
    content = content_of(document)
    if isinstance(content, resume_pb2.StructuredResume):
        yield from _resume(content)
    else:
        yield from _letter(content)


def _letter(letter: cover_letter_pb2.StructuredCoverLetter) -> Iterator[Part]:
    yield from _fields(letter.sender, ("sender",), "Sender", parent=())
    if date := format_day(letter.date, "en"):
        yield Part(("date",), (), "Date", date)
    yield from _fields(letter.recipient, ("recipient",), "Recipient", parent=())
    for name in ("subject", "salutation"):
        yield from _line(getattr(letter, name), name.capitalize(), (name,))
    for number, paragraph in enumerate(letter.paragraphs):
        for index, line in enumerate(paragraph.lines):
            place = f"{_ordinal(number).capitalize()} paragraph, {_ordinal(index)} sentence"
            yield from _line(line, place, ("line", line.id))
    yield from _line(letter.closing, "Closing", ("closing",))
    if letter.signature:
        yield Part(("signature",), (), "Signature", one_line(letter.signature))


def _line(line: common_pb2.Line, place: str, key: tuple[str, ...]) -> Iterator[Part]:
    if line.text:
        yield Part(key, (), place, one_line(line.text))


def _resume(resume: resume_pb2.StructuredResume) -> Iterator[Part]:
    yield from _fields(resume.header, ("header",), "Header", parent=())
    entries = list(iter_entries(resume))
    for section in resume.sections:
        title = one_line(section.title) or section_title(section_type(section), "en")
        key = ("section", section.id)
        yield Part(key, (), title, f"{title} (hidden)" if section.hidden else title)
        name = section.WhichOneof("content")
        held = [each.entry for each in entries if each.section is section]
        if name is not None and not held:
            yield from _fields(getattr(section, name), key, title, parent=key)
        for number, entry in enumerate(held):
            yield from _entry(entry, number, key, title)


def _entry(entry: Message, number: int, section: tuple[str, ...], title: str) -> Iterator[Part]:
    heading = _heading(entry) or f"{_ordinal(number)} entry"
    key = (*section, "entry", getattr(entry, "id", "") or _heading(entry))
    yield Part(key, section, f"{title}, {heading}", heading)
    yield from _fields(entry, key, f"{title}, {heading}", parent=key)


def _fields(message: Message, key: tuple[str, ...], place: str, parent: tuple[str, ...]) -> Iterator[Part]:
    for field, value in message.ListFields():
        if field.name in _UNSEEN:
            continue
        noun = _NOUNS.get(field.name, field.name.replace("_", " "))
        if not field.is_repeated:
            where = f"{place}, {noun}"
            yield Part(_key(value, (*key, field.name)), parent, where, _said(value))
            continue
        for number, each in enumerate(value):
            said = _said(each)
            yield Part(
                _key(each, (*key, field.name, said)), parent, f"{place}, {_ordinal(number)} {noun}", said
            )


def _key(value: Any, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    return ("line", value.id) if isinstance(value, common_pb2.Line) and value.id else otherwise


def _said(value: Any) -> str:
    if isinstance(value, common_pb2.Line):
        return one_line(value.text)
    if isinstance(value, common_pb2.PartialDate):
        return format_date(value, "en")
    if isinstance(value, common_pb2.Link):
        return one_line(value.url or f"{value.network}: {value.username}")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return one_line(str(value))


def _heading(entry: Message) -> str:
    """What people call the entry: its first field of text in the order of declaration, employer before job title."""
    names = [field.name for field in entry.DESCRIPTOR.fields if field.name not in _UNSEEN]
    for name in ("company", *names):
        value = getattr(entry, name, "")
        if isinstance(value, str) and one_line(value):
            return one_line(value)
    return ""


def _ordinal(index: int) -> str:
    number = index + 1
    if index < len(_ORDINALS):
        return _ORDINALS[index]
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 // 10 != 1 else "th"
    return f"{number}{suffix}"
