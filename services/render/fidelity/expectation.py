"""What a file should say: the document's fields in reading order, as they are printed."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

from google.protobuf.message import Message

from services.document.blocks import Block, Contact, Entry, ItemGroup, Paragraph, TextLine
from services.document.lines import assign_ids, iter_entries, iter_lines, without_lines
from services.document.plain import one_line
from services.document.view import DocumentView, LetterView, SectionView, present
from services.render.fidelity.texts import Phrase
from vitae.render.v1.options_pb2 import RenderOptions
from vitae.resume.v1.document_pb2 import Document


class Group(Enum):
    """What a field weighs in recall (README.md)."""

    CONTACT = "contact"
    FACT = "fact"
    TEXT = "text"


class Comparison(Enum):
    """How a field is compared (R6)."""

    WORDS = "words"
    EXACT = "exact"
    DIGITS = "digits"
    DATES = "dates"


@dataclass(frozen=True)
class Field:
    """One thing the file should say."""

    name: str
    """Where it stands in the header, or what it is to its entry; see `Expectation.path`."""
    text: str
    group: Group
    comparison: Comparison = Comparison.WORDS
    id: str = ""
    """Id of the line or entry it belongs to; empty in the header."""

    @cached_property
    def phrase(self) -> Phrase:
        """Its text, to look for."""
        return Phrase(self.text)


@dataclass(frozen=True)
class Record:
    """An entry: its head, and what has to be read as belonging to it."""

    head: tuple[Field, ...]
    dates: Field | None
    body: tuple[tuple[Field, ...], ...]
    """Paragraphs, bullets and groups of items in reading order; a group is one place in the order."""
    extras: tuple[Field, ...]
    """Place and address: they belong to it and may stand anywhere in its head."""


@dataclass(frozen=True)
class Section:
    """A section: heading and parts in reading order."""

    type: str
    heading: Field
    parts: tuple[Record | tuple[Field, ...], ...]


@dataclass(frozen=True)
class Expectation:
    """What the file should say."""

    document: Document
    """With ids everywhere."""
    name: Field | None
    opening: tuple[Field, ...]
    """Title and contact data."""
    sections: tuple[Section, ...]
    letter: tuple[Field, ...]
    labels: tuple[str, ...]
    """Words a rendering may add: labels of groups and of contacts."""

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """All fields but headings."""
        return tuple(self._fields())

    def path(self, field: Field) -> str:
        """The field's path in the document, such as "sections[1].experience.entries[0].title"."""
        if not field.id:
            return field.name
        for line in iter_lines(self.document):
            if line.line.id == field.id:
                return line.path
        for entry in iter_entries(self.document):
            if getattr(entry.entry, "id", "") == field.id:
                return f"{entry.path}.{_field_of(entry.entry, field)}"
        for number, section in enumerate(self.document.resume.sections):
            if section.id == field.id:
                return f"sections[{number}].{field.name}"
        return field.name

    def _fields(self) -> Iterator[Field]:
        if self.name is not None:
            yield self.name
        yield from self.opening
        for section in self.sections:
            for part in section.parts:
                if isinstance(part, Record):
                    yield from part.head
                    yield from part.extras
                    if part.dates is not None:
                        yield part.dates
                    for group in part.body:
                        yield from group
                else:
                    yield from part
        yield from self.letter


def expected(document: Document, options: RenderOptions, *, omitted: Collection[str] = ()) -> Expectation:
    """What a rendering of `document` should say, less the lines and entries `omitted` to fit the pages asked for."""
    full = assign_ids(document)
    view = present(
        without_lines(full, omitted) if omitted else full,
        locale=options.locale,
        date_format=options.date_format,
        section_order=options.section_order,
        hidden_sections=options.hidden_sections,
    )
    view = _without_entries(view, frozenset(omitted))
    kind = document.WhichOneof("content")
    header = "sender" if kind == "cover_letter" else "header"
    return Expectation(
        document=full,
        name=Field(f"{header}.full_name", view.header.name, Group.CONTACT) if view.header.name else None,
        opening=tuple(_opening(view, header)),
        sections=tuple(_section(each) for each in view.sections),
        letter=tuple(_letter(view.letter)) if view.letter else (),
        labels=tuple(_labels(view)),
    )


def _without_entries(view: DocumentView, omitted: frozenset[str]) -> DocumentView:
    sections = (
        replace(each, blocks=tuple(part for part in each.blocks if getattr(part, "id", None) not in omitted))
        for each in view.sections
    )
    return replace(view, sections=tuple(each for each in sections if each.blocks)) if omitted else view


_COMPARISONS = {
    "email": Comparison.EXACT,
    "phone": Comparison.DIGITS,
    "linkedin": Comparison.EXACT,
    "github": Comparison.EXACT,
    "website": Comparison.EXACT,
}


def _opening(view: DocumentView, header: str) -> Iterator[Field]:
    if view.header.title is not None:
        yield Field(f"{header}.title", view.header.title.text, Group.FACT, id=view.header.title.id)
    links = 0
    for contact in view.header.contacts:
        name: str = contact.kind
        if name == "link":
            name, links = f"links[{links}]", links + 1
        yield Field(f"{header}.{name}", contact.text, Group.CONTACT, _comparison(contact))


def _comparison(contact: Contact) -> Comparison:
    if contact.kind == "link" and contact.href and " " not in contact.text:
        return Comparison.EXACT
    return _COMPARISONS.get(contact.kind, Comparison.WORDS)


def _section(section: SectionView) -> Section:
    heading = Field("title", section.title, Group.FACT, id=section.id)
    return Section(section.name, heading, tuple(_part(each) for each in section.blocks))


def _part(block: Block) -> Record | tuple[Field, ...]:
    return _record(block) if isinstance(block, Entry) else _texts(block)


def _record(entry: Entry) -> Record:
    head = [
        Field(name, text, Group.FACT, id=entry.id)
        for name, text in (("heading", entry.heading), ("subheading", entry.subheading))
        if text
    ]
    extras = [Field("location", entry.location, Group.FACT, id=entry.id)] if entry.location else []
    if entry.link is not None and entry.link.text:
        comparison = Comparison.WORDS if " " in entry.link.text else Comparison.EXACT
        extras.append(Field("url", entry.link.text, Group.FACT, comparison, id=entry.id))
    dates = Field("dates", entry.dates, Group.FACT, Comparison.DATES, entry.id) if entry.dates else None
    body = [_texts(each) for each in entry.paragraphs]
    body += [(_line(each),) for each in entry.bullets]
    body += [_texts(each) for each in entry.items]
    return Record(tuple(head), dates, tuple(body), tuple(extras))


def _texts(block: Paragraph | ItemGroup) -> tuple[Field, ...]:
    return tuple(_line(each) for each in (block.lines if isinstance(block, Paragraph) else block.items))


def _line(line: TextLine) -> Field:
    return Field("text", line.text, Group.TEXT, id=line.id)


def _letter(letter: LetterView) -> Iterator[Field]:
    if letter.date:
        yield Field("date", letter.date, Group.FACT)
    for line in letter.recipient:
        yield Field("recipient", line, Group.FACT)
    for opening in (letter.subject, letter.salutation):
        if opening is not None:
            yield _line(opening)
    for paragraph in letter.paragraphs:
        yield from _texts(paragraph)
    if letter.closing is not None:
        yield _line(letter.closing)
    if letter.signature:
        yield Field("signature", letter.signature, Group.FACT)


def _labels(view: DocumentView) -> Iterator[str]:
    yield from (each.label for each in view.header.contacts)
    for section in view.sections:
        for block in section.blocks:
            groups = block.items if isinstance(block, Entry) else (block,)
            yield from (each.label for each in groups if isinstance(each, ItemGroup))


def _field_of(entry: Message, field: Field) -> str:
    """The name of the entry's own field that a printed text comes from."""
    if field.name == "dates":
        set_fields = {descriptor.name for descriptor, _ in entry.ListFields()}
        return next((each for each in ("start_date", "date", "end_date") if each in set_fields), field.name)
    for descriptor, value in entry.ListFields():
        if isinstance(value, str) and one_line(value) and one_line(value) in field.text:
            return descriptor.name
    return field.name
