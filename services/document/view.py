"""The one presentation of a document: what is printed, resolved, in reading order.

Every format (HTML and PDF, DOCX, plain text, Markdown) writes a `DocumentView` and nothing else, so all carry
the same content. A section is a list of blocks of three kinds (services.document.blocks); a format that writes
these writes every section type there is or will be:

    Paragraph   running text
    ItemGroup   "Label: item, item, item"
    Entry       one or two head lines, a link, then paragraphs, bullets and item groups

    view = present(document, locale="de", date_format=options_pb2.DATE_FORMAT_MONTH_YEAR_SHORT)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from services.document.blocks import Block, Contact, ContactKind, Paragraph, TextLine
from services.document.dates import format_day
from services.document.lines import AnyDocument, content_of, section_type, visible_sections
from services.document.links import mail_href, phone_href, web_link
from services.document.locales import section_name, words
from services.document.plain import one_line
from services.document.sections import Language, paragraph, section_blocks, text_line
from vitae.render.v1 import options_pb2
from vitae.resume.v1 import cover_letter_pb2, resume_pb2


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
    content = content_of(document)
    language = Language(words(locale or content.locale), date_format)
    sections: list[SectionView] = []
    letter: LetterView | None = None
    kind: Literal["resume", "cover_letter"]
    if isinstance(content, resume_pb2.StructuredResume):
        kind, header = "resume", _header(content.header, photo=photo)
        shown = visible_sections(content, order=section_order, hidden=hidden_sections)
        sections = [_section(each, language) for each in shown]
    else:
        kind, header = "cover_letter", _header(content.sender, photo=photo)
        letter = _letter(content, language)
    return DocumentView(
        kind=kind,
        locale=language.words.locale,
        direction=language.words.direction,
        title=" – ".join(each for each in (header.name, language.words.labels[kind]) if each),
        header=header,
        sections=tuple(each for each in sections if each.blocks),
        letter=letter,
    )


def _section(section: resume_pb2.ResumeSection, language: Language) -> SectionView:
    type_ = section_type(section)
    name = section_name(type_)
    return SectionView(
        id=section.id,
        type=type_,
        name=name,
        title=one_line(section.title) or language.words.titles.get(name, ""),
        blocks=section_blocks(section, language),
    )


def _header(header: resume_pb2.ResumeHeader, *, photo: bool) -> HeaderView:
    shows_photo = photo and bool(header.photo.data)
    return HeaderView(
        name=one_line(header.full_name),
        title=text_line(header.title),
        contacts=tuple(_contacts(header)),
        photo=PhotoView(header.photo.data, header.photo.content_type) if shows_photo else None,
    )


def _contacts(header: resume_pb2.ResumeHeader) -> Iterator[Contact]:
    if email := one_line(header.email):
        yield Contact("email", email, mail_href(email))
    if phone := one_line(header.phone):
        yield Contact("phone", phone, phone_href(phone))
    if place := one_line(header.location):
        yield Contact("location", place)
    pages: list[tuple[ContactKind, str, str, str]] = [
        ("linkedin", "LinkedIn", "", header.linkedin),
        ("github", "GitHub", "", header.github),
        ("website", "", "", header.website),
    ]
    pages += [("link", each.network, each.username, each.url) for each in header.links]
    seen = set()
    for kind, network, username, url in pages:
        label, link = one_line(network), web_link(url)
        account = one_line(username)
        text = link.text or (": ".join(each for each in (label, account) if each) if account else "")
        if text and text.casefold() not in seen:
            seen.add(text.casefold())
            yield Contact(kind, text, link.href, label)


def _letter(letter: cover_letter_pb2.StructuredCoverLetter, language: Language) -> LetterView:
    recipient = letter.recipient
    address = (recipient.name, recipient.title, recipient.company, *recipient.address_lines)
    return LetterView(
        date=format_day(letter.date, language.words.locale),
        recipient=tuple(each for each in map(one_line, address) if each),
        subject=text_line(letter.subject),
        salutation=text_line(letter.salutation),
        paragraphs=tuple(each for part in letter.paragraphs for each in paragraph(*part.lines)),
        closing=text_line(letter.closing),
        signature=one_line(letter.signature),
    )
