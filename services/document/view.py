"""The one presentation of a document: what is printed, resolved, in reading order.

Every format (HTML and PDF, DOCX, plain text, Markdown) writes a `DocumentView` and nothing else, so all carry the
same content. A section is a list of blocks of three kinds (services.document.blocks); a format that writes these
writes every section type there is or will be:

    Paragraph   running text
    ItemGroup   "Label: item, item, item"
    Entry       one or two head lines, a link, then paragraphs, bullets and item groups

    view = present(document, locale="de", date_format=options_pb2.DATE_FORMAT_MONTH_YEAR_SHORT)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.document.blocks import Block, Contact, Paragraph, TextLine
from vitae.render.v1 import options_pb2
from vitae.resume.v1 import cover_letter_pb2, document_pb2, resume_pb2

AnyDocument = document_pb2.Document | resume_pb2.StructuredResume | cover_letter_pb2.StructuredCoverLetter


@dataclass(frozen=True, slots=True)
class PhotoView:
    """The portrait, still as the person gave it: a format re-encodes it before use."""

    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class HeaderView:
    """Name and contact data, the same on a resume and a cover letter."""

    name: str
    title: TextLine | None
    contacts: tuple[Contact, ...]
    """In reading order: email, phone, location, LinkedIn, GitHub, website, other pages."""
    photo: PhotoView | None


@dataclass(frozen=True, slots=True)
class SectionView:
    """One section that has something to print."""

    id: str
    type: resume_pb2.SectionType.ValueType
    name: str
    """Stable lower-case name of the type ("experience"), for style sheets."""
    title: str
    """Heading in the document's language, or the person's own."""
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class LetterView:
    """The body of a cover letter, under the same header as a resume's."""

    date: str
    recipient: tuple[str, ...]
    """Lines of the address, name first."""
    subject: TextLine | None
    salutation: TextLine | None
    paragraphs: tuple[Paragraph, ...]
    closing: TextLine | None
    signature: str


@dataclass(frozen=True, slots=True)
class DocumentView:
    """All that is printed of a document, in reading order. Either `sections` or `letter` holds the body."""

    kind: Literal["resume", "cover_letter"]
    locale: str
    """BCP 47 tag the document is printed in; "en" when the document says nothing."""
    direction: Literal["ltr", "rtl"]
    title: str
    """Title for the file's metadata, such as "Maya Okonkwo – Resume" in the document's language."""
    header: HeaderView
    sections: tuple[SectionView, ...]
    letter: LetterView | None


def present(
    document: AnyDocument,
    *,
    locale: str = "",
    date_format: options_pb2.DateFormat.ValueType = options_pb2.DATE_FORMAT_UNSPECIFIED,
    section_order: Sequence[resume_pb2.SectionType.ValueType] = (),
    hidden_sections: Sequence[resume_pb2.SectionType.ValueType] = (),
    photo: bool = False,
) -> DocumentView:
    """What is printed of a document.

    Args:
        document: A Document, or the resume or letter inside one.
        locale: BCP 47 tag that overrides the document's for section titles and dates; its own when empty.
        date_format: How dates are written; "Mar 2021" when unspecified.
        section_order: Types that come first, in this order; the others follow in the document's order.
        hidden_sections: Types left out, besides the sections the document itself hides.
        photo: True to carry the portrait.

    Sections, entries and lines with nothing to print are left out. Never raises on a valid message.
    """
    raise NotImplementedError
