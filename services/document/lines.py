"""Walking a document: its sections, entries, lines, and the profile facts they came from.

Everything is found by the messages' own descriptors, so a new section type needs no code here.
"""

from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from functools import cache
from itertools import count
from typing import Any, NamedTuple, TypeVar, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from vitae.resume.v1 import common_pb2, cover_letter_pb2, document_pb2, resume_pb2

AnyDocument = document_pb2.Document | resume_pb2.StructuredResume | cover_letter_pb2.StructuredCoverLetter
DocumentT = TypeVar(
    "DocumentT", document_pb2.Document, resume_pb2.StructuredResume, cover_letter_pb2.StructuredCoverLetter
)

_LISTS_OF_ENTRIES = frozenset({"entries", "categories"})
_PACKAGE = resume_pb2.DESCRIPTOR.package + "."


class LineRef(NamedTuple):
    """A line and where it stands. The messages are the document's own, not copies."""

    path: str
    """Such as `sections[1].experience.entries[0].achievements[2]`, the same in a Document and in its content."""
    section: resume_pb2.ResumeSection | None
    """None for lines of the header and of letters."""
    entry: Message | None
    """The ExperienceEntry, SkillsCategory ... that holds the line; None in summaries, headers and letters."""
    line: common_pb2.Line


class EntryRef(NamedTuple):
    """An entry (a job, a degree, a group of skills ...) and where it stands."""

    path: str
    section: resume_pb2.ResumeSection
    entry: Message


def iter_lines(document: AnyDocument) -> Iterator[LineRef]:
    """Every line of a document in reading order, empty lines and those of hidden sections included."""
    found: list[LineRef] = []
    _find_lines(content_of(document), "", None, None, found)
    yield from found


def iter_entries(document: AnyDocument) -> Iterator[EntryRef]:
    """Every entry of a resume in reading order, those of hidden sections included; none of a letter."""
    content = content_of(document)
    if not isinstance(content, resume_pb2.StructuredResume):
        return
    for number, section in enumerate(content.sections):
        name = section.WhichOneof("content")
        if name is None:
            continue
        held = getattr(section, name)
        for field in _lists_of_entries(held.DESCRIPTOR):
            for index, entry in enumerate(getattr(held, field)):
                yield EntryRef(f"sections[{number}].{name}.{field}[{index}]", section, entry)


def find_line(document: AnyDocument, line_id: str) -> LineRef | None:
    """The line with this id, or None."""
    return next((each for each in iter_lines(document) if each.line.id == line_id), None) if line_id else None


def assign_ids(document: DocumentT) -> DocumentT:
    """A copy in which every section, entry and line has an id.

    Ids that are there stay, except that the second section or line with the same id gets a new one. New ids count
    up in reading order, so equal documents get equal ids ("section-2", "entry-1", "line-7").
    """
    copy = _copy(document)
    content = content_of(copy)
    if isinstance(content, resume_pb2.StructuredResume):
        _fill("section", list(content.sections), unique=True)
        _fill(
            "entry",
            [each.entry for each in iter_entries(copy) if _has_id(each.entry.DESCRIPTOR)],
            unique=False,
        )
    _fill("line", [each.line for each in iter_lines(copy)], unique=True)
    return copy


def without_lines(document: DocumentT, line_ids: Collection[str]) -> DocumentT:
    """A copy that lacks these lines. Groups of skills, paragraphs and sections emptied by it go too; a job, project
    or other entry stays, for its title and dates still say something.
    """
    copy = _copy(document)
    dropped = frozenset(line_ids) - {""}
    _drop(content_of(copy), dropped)
    return copy


def visible_sections(
    resume: resume_pb2.StructuredResume,
    *,
    order: Sequence[resume_pb2.SectionType.ValueType] = (),
    hidden: Collection[resume_pb2.SectionType.ValueType] = (),
) -> list[resume_pb2.ResumeSection]:
    """The sections to print: types named in `order` first, in that order; the others in the document's order."""
    shown = [each for each in resume.sections if not each.hidden and section_type(each) not in hidden]
    rank = {type_: position for position, type_ in enumerate(order)}
    return sorted(shown, key=lambda each: rank.get(section_type(each), len(rank)))


def section_type(section: resume_pb2.ResumeSection) -> resume_pb2.SectionType.ValueType:
    """The type of a section, from what stands in it; SECTION_TYPE_UNSPECIFIED when nothing does."""
    name = section.WhichOneof("content")
    return resume_pb2.SectionType.Value(
        f"SECTION_TYPE_{name.upper()}" if name else "SECTION_TYPE_UNSPECIFIED"
    )


def source_ids(document: AnyDocument) -> frozenset[str]:
    """Ids of all profile facts that lines, entries and the header name as their sources."""
    return frozenset(_sources(content_of(document)))


def content_of(
    document: AnyDocument,
) -> resume_pb2.StructuredResume | cover_letter_pb2.StructuredCoverLetter:
    """The resume or letter inside a Document, or the document itself; an empty resume for an empty Document."""
    if not isinstance(document, document_pb2.Document):
        return document
    if document.WhichOneof("content") == "cover_letter":
        return document.cover_letter
    return document.resume


def _find_lines(
    message: Message,
    path: str,
    section: resume_pb2.ResumeSection | None,
    entry: Message | None,
    found: list[LineRef],
) -> None:
    """Adds the lines of a message. Looks only where a line can be: a resume is walked many times while it is made."""
    for name, is_repeated, kind in _fields_with_lines(message.DESCRIPTOR):
        if not is_repeated and not message.HasField(name):
            continue
        here = f"{path}.{name}" if path else name
        held = getattr(message, name)
        for index, each in enumerate(held if is_repeated else (held,)):
            place = f"{here}[{index}]" if is_repeated else here
            if kind is _Kind.LINE:
                found.append(LineRef(place, section, entry, each))
            elif kind is _Kind.SECTION:
                content = each.WhichOneof("content")
                if content is not None:
                    _find_lines(getattr(each, content), f"{place}.{content}", each, entry, found)
            else:
                is_entry = is_repeated and name in _LISTS_OF_ENTRIES
                _find_lines(each, place, section, each if is_entry else entry, found)


class _Kind(Enum):
    """What a field that leads to lines holds."""

    LINE = "line"
    SECTION = "section"
    OTHER = "other"


_KINDS = {
    common_pb2.Line.DESCRIPTOR: _Kind.LINE,
    resume_pb2.ResumeSection.DESCRIPTOR: _Kind.SECTION,
}


@cache
def _fields_with_lines(descriptor: Descriptor) -> tuple[tuple[str, bool, _Kind], ...]:
    """Name of the fields that hold lines, themselves or further down, whether they repeat, and what they hold."""
    found = []
    for field in descriptor.fields:
        kind = field.message_type
        if kind is not None and _is_ours(field) and (kind in _KINDS or _fields_with_lines(kind)):
            found.append((field.name, field.is_repeated, _KINDS.get(kind, _Kind.OTHER)))
    return tuple(found)


def _parts(message: Message) -> Iterator[tuple[str, bool, Message]]:
    """The messages of our own set in a message, with their names there and whether they are entries, as declared."""
    for name, is_repeated in _own_fields(message.DESCRIPTOR):
        if not is_repeated:
            if message.HasField(name):
                yield name, False, getattr(message, name)
            continue
        is_list = name in _LISTS_OF_ENTRIES
        for index, each in enumerate(getattr(message, name)):
            yield f"{name}[{index}]", is_list, each


@cache
def _own_fields(descriptor: Descriptor) -> tuple[tuple[str, bool], ...]:
    """Name of the fields that hold messages of our own, and whether they repeat."""
    return tuple((field.name, field.is_repeated) for field in descriptor.fields if _is_ours(field))


def _is_ours(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and kind.full_name.startswith(_PACKAGE) and not kind.GetOptions().map_entry


def _sources(message: Message) -> Iterator[str]:
    if isinstance(message, common_pb2.Provenance):
        yield from message.source_ids
        return
    for _, _, held in _parts(message):
        yield from _sources(held)


def _drop(message: Message, dropped: frozenset[str]) -> None:
    for field, held in message.ListFields():
        if not _is_ours(field):
            continue
        if not field.is_repeated:
            if isinstance(held, common_pb2.Line) and held.id in dropped:
                message.ClearField(cast(Any, field.name))
            else:
                _drop(held, dropped)
            continue
        for index in reversed(range(len(held))):
            each = held[index]
            before = each.ByteSize()
            _drop(each, dropped)
            gone = isinstance(each, common_pb2.Line) and each.id in dropped
            if gone or (each.ByteSize() != before and _is_emptied(each)):
                del held[index]


def _is_emptied(message: Message) -> bool:
    """True for a container that was there for its lines alone and has none left."""
    if isinstance(message, resume_pb2.SkillsCategory):
        return not message.items
    if isinstance(message, cover_letter_pb2.LetterParagraph):
        return not message.lines
    if isinstance(message, resume_pb2.ResumeSection):
        return not any(True for _ in getattr(message, message.WhichOneof("content") or "").ListFields())
    return False


def _fill(prefix: str, holders: Sequence[Any], *, unique: bool) -> None:
    taken = {each.id for each in holders}
    fresh = (each for each in (f"{prefix}-{number}" for number in count(1)) if each not in taken)
    seen = set()
    for each in holders:
        if not each.id or (unique and each.id in seen):
            each.id = next(fresh)
        seen.add(each.id)


@cache
def _has_id(kind: Descriptor) -> bool:
    return "id" in kind.fields_by_name


@cache
def _lists_of_entries(kind: Descriptor) -> tuple[str, ...]:
    """Name of the fields of a section's content that hold its entries."""
    return tuple(field.name for field in kind.fields if field.name in _LISTS_OF_ENTRIES)


def _copy(document: DocumentT) -> DocumentT:
    copy = type(document)()
    copy.CopyFrom(document)
    return copy
