"""Walking a document: its sections, entries, lines, and the profile facts they came from."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import Message

from vitae.resume.v1 import common_pb2, cover_letter_pb2, document_pb2, resume_pb2

AnyDocument = document_pb2.Document | resume_pb2.StructuredResume | cover_letter_pb2.StructuredCoverLetter
DocumentT = TypeVar(
    "DocumentT", document_pb2.Document, resume_pb2.StructuredResume, cover_letter_pb2.StructuredCoverLetter
)


@dataclass(frozen=True, slots=True)
class LineRef:
    """A line and where it stands. The messages are the document's own, not copies."""

    path: str
    """Such as `sections[1].experience.entries[0].achievements[2]`; inside a Document without its oneof's name."""
    section: resume_pb2.ResumeSection | None
    """None for lines of the header and of letters."""
    entry: Message | None
    """The ExperienceEntry, SkillsCategory ... that holds the line; None for summaries, headers and letters."""
    line: common_pb2.Line


def iter_lines(document: AnyDocument) -> Iterator[LineRef]:
    """Every line of a document in reading order, those of hidden sections included; empty lines too."""
    raise NotImplementedError


def find_line(document: AnyDocument, line_id: str) -> LineRef | None:
    """The line with this id, or None."""
    raise NotImplementedError


def assign_ids(document: DocumentT) -> DocumentT:
    """A copy in which every section, entry and line has an id. Ids that are there stay, except that the second
    section or line with the same id gets a new one; new ids count up deterministically ("line-7")."""
    raise NotImplementedError


def without_lines(document: DocumentT, line_ids: Collection[str]) -> DocumentT:
    """A copy that lacks these lines, and the paragraphs, entries and sections that have nothing left to say."""
    raise NotImplementedError


def visible_sections(
    resume: resume_pb2.StructuredResume,
    *,
    order: Sequence[resume_pb2.SectionType.ValueType] = (),
    hidden: Collection[resume_pb2.SectionType.ValueType] = (),
) -> list[resume_pb2.ResumeSection]:
    """The sections to print: types named in `order` first, in that order; the others in the document's order."""
    raise NotImplementedError


def section_type(section: resume_pb2.ResumeSection) -> resume_pb2.SectionType.ValueType:
    """The type of a section, from what stands in it; SECTION_TYPE_UNSPECIFIED when nothing does."""
    raise NotImplementedError


def source_ids(document: AnyDocument) -> frozenset[str]:
    """Ids of all profile facts that lines, entries and the header name as their sources."""
    raise NotImplementedError
