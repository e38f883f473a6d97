"""DOCX, native: paragraphs with real styles, tab stops and hyperlinks; nothing is converted and no table lays out.

A word processor sets the pages, so what CSS says by rules is said here by properties: keep with next, widow control.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal
from unicodedata import bidirectional

import docx
from docx.document import Document as WordDocument
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.oxml import serialize_part_xml
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as WordParagraph

from services.document.blocks import Contact, Entry, ItemGroup, Link, Paragraph
from services.document.view import DocumentView, HeaderView, LetterView, SectionView
from services.render.formats.docx_order import put_in_order
from services.render.formats.docx_styles import dress, rule, sheet_of
from services.render.formats.page import contact_rows
from services.render.formats.photo import portrait
from services.render.look import Look
from services.render.templates.manifest import Template

_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - core properties are UTC without saying so
"""Time written into every file: equal input gives equal bytes."""

_LTR_MARK, _RTL_MARK = "\N{LEFT-TO-RIGHT MARK}", "\N{RIGHT-TO-LEFT MARK}"
"""Keep the order of contacts, and the digits of a telephone number, in a line that runs from right to left."""

_LEFT_OUT = ("thumbnail.jpeg", "stylesWithEffects.xml")
"""Parts of the library's empty document: a picture of another document, and a second set of styles that belies ours."""

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_docx(view: DocumentView, template: Template, look: Look) -> bytes:
    """The file. Equal input gives equal bytes."""
    document = docx.Document(io.BytesIO(_blank()))
    dress(document, sheet_of(template), look, locale=view.locale, rtl=view.direction == "rtl")
    _describe(document, view)
    writer = _Writer(document, template, look, rtl=view.direction == "rtl")
    writer.header(view.header)
    for section in view.sections:
        writer.section(section)
    if view.letter:
        writer.letter(view.letter)
    put_in_order(document.element)
    put_in_order(document.styles.element)
    out = io.BytesIO()
    document.save(out)
    return _reproducible(out.getvalue())


class _Writer:
    """Appends a view's parts to a document."""

    def __init__(self, document: WordDocument, template: Template, look: Look, *, rtl: bool) -> None:
        self._document = document
        self._rtl = rtl
        self._template = template
        self._sheet = sheet_of(template)
        self._look = look

    def header(self, header: HeaderView) -> None:
        name = self._paragraph("Title")
        if header.photo:
            _float_picture(name, portrait(header.photo))
        _write(name, header.name)
        if header.title:
            _write(self._paragraph("Subtitle"), header.title.text)
        for row, contacts in enumerate(contact_rows(header.contacts)):
            self._contacts(contacts, first=row == 0)
        if self._sheet.head_rule:
            self._rule(self._document.paragraphs[-1], self._sheet.head_rule)

    def section(self, section: SectionView) -> None:
        _write(self._paragraph("Heading 1"), section.title)
        for at, block in enumerate(section.blocks):
            match block:
                case Paragraph():
                    _write(self._flush(self._paragraph("Body Text"), first=at == 0), block.text)
                case ItemGroup():
                    self._items(block, first=at == 0)
                case Entry():
                    self._entry(block, section, first=at == 0)

    def letter(self, letter: LetterView) -> None:
        if self._sheet.letter_rule:
            self._rule(self._document.paragraphs[-1], self._sheet.letter_rule)
        if letter.date:
            _write(self._paragraph("Date"), letter.date)
        for at, line in enumerate(letter.recipient):
            address = self._paragraph("Address")
            address.paragraph_format.keep_with_next = True
            if at == 0:
                address.paragraph_format.space_before = self._space(1.35)
            _write(address, line, "Lead" if at == 0 and self._sheet.strong_recipient else "")
        if letter.subject:
            _write(self._paragraph("Subject"), letter.subject.text)
        if letter.salutation:
            salutation = self._paragraph("Salutation")
            salutation.paragraph_format.keep_with_next = True
            _write(salutation, letter.salutation.text)
        for paragraph in letter.paragraphs:
            _write(self._paragraph("Letter"), paragraph.text)
        if letter.closing:
            closing = self._paragraph("Closing")
            closing.paragraph_format.keep_with_next = True
            _write(closing, letter.closing.text)
        if letter.signature:
            _write(self._paragraph("Signature"), letter.signature)

    def _contacts(self, contacts: list[Contact], *, first: bool) -> None:
        paragraph = self._paragraph("Contact")
        if first and "ground" not in self._sheet.styles["Contact"]:  # which would gape between two paragraphs
            paragraph.paragraph_format.space_before = self._space(0.4)
        for at, each in enumerate(contacts):
            if at:
                _write(paragraph, (_RTL_MARK if self._rtl else "") + self._template.separator)
            numeric = self._rtl and each.kind == "phone"
            _write_link(
                paragraph, replace(each, text=f"{_LTR_MARK}{each.text}{_LTR_MARK}") if numeric else each
            )

    def _entry(self, entry: Entry, section: SectionView, *, first: bool) -> None:
        made: list[WordParagraph] = []
        headed = bool(entry.heading or entry.location or entry.link)
        if headed:
            head = self._flush(self._paragraph("Heading 2"), first=first)
            made.append(head)
            _write(head, entry.heading)
            separator = self._template.separator if entry.heading else ""
            if entry.location:
                _write(head, separator + entry.location, "Aside")
            if entry.link:
                _write(head, self._template.separator if entry.heading or entry.location else "", "Aside")
                _write_link(head, entry.link, "Aside")
            if not entry.subheading:
                self._dates(head, entry.dates, after=True, apart=False)
        if entry.subheading or (entry.dates and not headed):
            role = self._paragraph("Role")
            made.append(role)
            _write(role, entry.subheading, self._role_style(section))
            self._dates(role, entry.dates, after=bool(entry.subheading), apart=self._template.aligned_dates)
        made += [self._body(each) for each in entry.paragraphs]
        bullets = [self._paragraph("List Bullet") for _ in entry.bullets]
        for paragraph, bullet in zip(bullets, entry.bullets, strict=True):
            _write(paragraph, bullet.text)
        items = [self._items(each, first=False) for each in entry.items]
        self._string(made, bullets, items)
        body = len(bullets) + len(items)
        for each in made if body else made[:-1]:
            each.paragraph_format.keep_with_next = True
        if made and not body:
            made[-1].paragraph_format.keep_with_next = False
        for each in bullets[-2:-1]:
            each.paragraph_format.keep_with_next = True

    def _role_style(self, section: SectionView) -> str:
        if section.name in self._sheet.bold_role:
            return "Lead"
        return "Position" if self._sheet.position else ""

    def _string(self, *groups: list[WordParagraph]) -> None:
        """Strings the paragraphs of an entry on a line along their starting edge, where the template has one."""
        if not self._sheet.entry_rule:
            return
        line = dict(self._sheet.entry_rule)
        inset = Pt(round(line.pop("inset") * self._look.size_pt, 1))
        hanging = Pt(round(self._sheet.indent * self._look.size_pt, 1))
        for paragraph in (each for group in groups for each in group):
            listed = paragraph.style is not None and paragraph.style.name == "List Bullet"
            paragraph.paragraph_format.left_indent = inset + hanging if listed else inset
            if listed:
                paragraph.paragraph_format.first_line_indent = -hanging
            self._rule(paragraph, {**line, "side": "right" if self._rtl else "left"})

    def _rule(self, paragraph: WordParagraph, line: Mapping[str, Any]) -> None:
        rule(paragraph._p.get_or_add_pPr(), self._sheet, self._look, **line)  # noqa: SLF001 - no API

    def _dates(self, paragraph: WordParagraph, dates: str, *, after: bool, apart: bool) -> None:
        if not dates:
            return
        if not apart:
            _write(paragraph, (self._template.separator if after else "") + dates, "Aside")
            return
        paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(self._look.measure_pt), WD_TAB_ALIGNMENT.RIGHT)
        paragraph.add_run().add_tab()
        _write(paragraph, dates, "Aside")

    def _body(self, block: Paragraph) -> WordParagraph:
        paragraph = self._paragraph("Body Text")
        _write(paragraph, block.text)
        return paragraph

    def _items(self, block: ItemGroup, *, first: bool) -> WordParagraph:
        paragraph = self._flush(self._paragraph("Items"), first=first)
        if block.lead:
            _write(paragraph, block.lead, "Lead")
        _write(paragraph, block.text)
        return paragraph

    def _paragraph(self, style: str) -> WordParagraph:
        return self._document.add_paragraph(style=style)

    def _flush(self, paragraph: WordParagraph, *, first: bool) -> WordParagraph:
        """The first paragraph under a heading stands at the heading's own distance."""
        if first:
            paragraph.paragraph_format.space_before = Pt(0)
        return paragraph

    def _space(self, rem: float) -> Pt:
        return Pt(round(rem * self._look.size_pt * self._look.gaps, 1))


def _write(paragraph: WordParagraph, text: str, style: str = "") -> None:
    """Appends text in runs of one direction each, as word processors want it."""
    for piece, rtl in directions(text):
        run = paragraph.add_run(piece, style or None)
        if rtl:
            run._r.get_or_add_rPr().append(OxmlElement("w:rtl"))  # noqa: SLF001 - python-docx lacks it in styles' runs


def _write_link(paragraph: WordParagraph, link: Link | Contact, style: str = "Hyperlink") -> None:
    if not link.href:
        _write(paragraph, link.text, style)
        return
    relation = paragraph.part.relate_to(link.href, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    hyperlink = OxmlElement("w:hyperlink")
    hyperlink.set(qn("r:id"), relation)
    before = len(paragraph.runs)
    _write(paragraph, link.text, style)
    for run in paragraph.runs[before:]:
        hyperlink.append(run._r)  # noqa: SLF001 - hyperlinks have no API
    paragraph._p.append(hyperlink)  # noqa: SLF001


def directions(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it runs from right to left; digits and marks go with what is before."""
    pieces: list[tuple[str, bool]] = []
    start, current = 0, None
    for at, character in enumerate(text):
        strong = _strong(character)
        if strong is None or strong == current:
            continue
        if current is not None:
            pieces.append((text[start:at], current == "R"))
            start = at
        current = strong
    if text:
        pieces.append((text[start:], current == "R"))
    return pieces


def _strong(character: str) -> Literal["L", "R"] | None:
    kind = bidirectional(character)
    return "L" if kind == "L" else "R" if kind in {"R", "AL"} else None


def _describe(document: WordDocument, view: DocumentView) -> None:
    core = document.core_properties
    core.title, core.author, core.language = view.title[:255], view.header.name[:255], view.locale
    core.subject = core.keywords = core.comments = core.category = core.last_modified_by = ""
    core.created = core.modified = _EPOCH
    core.revision = 1


def _float_picture(paragraph: WordParagraph, jpeg: bytes) -> None:
    """A picture at the text's end edge, level with its paragraph, text flowing beside it."""
    inline = paragraph.add_run().add_picture(io.BytesIO(jpeg), Mm(25), Mm(30))._inline  # noqa: SLF001
    anchor: Any = parse_xml(
        f'<wp:anchor {nsdecls("wp", "a", "pic", "r")} simplePos="0" relativeHeight="1" behindDoc="0" locked="0"'
        ' layoutInCell="1" allowOverlap="0" distT="0" distB="0" distL="114300" distR="0">'
        '<wp:simplePos x="0" y="0"/>'
        '<wp:positionH relativeFrom="margin"><wp:align>right</wp:align></wp:positionH>'
        '<wp:positionV relativeFrom="margin"><wp:align>top</wp:align></wp:positionV>'
        "</wp:anchor>"
    )
    extent, properties, graphic = inline.extent, inline.docPr, inline.graphic
    properties.set("name", "Portrait")
    properties.set("descr", "")
    anchor.append(extent)
    anchor.append(parse_xml(f'<wp:wrapSquare {nsdecls("wp")} wrapText="bothSides"/>'))
    anchor.append(properties)
    anchor.append(parse_xml(f"<wp:cNvGraphicFramePr {nsdecls('wp')}/>"))
    anchor.append(graphic)
    inline.getparent().replace(inline, anchor)


@cache
def _blank() -> bytes:
    """The library's empty document without what is not ours."""
    source = Path(docx.__file__).parent / "templates" / "default.docx"
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(_LEFT_OUT):
                continue
            if name.endswith(".rels") or name == "[Content_Types].xml":
                root = parse_xml(data)
                for each in list(root):
                    if (each.get("Target") or each.get("PartName") or "").endswith(_LEFT_OUT):
                        root.remove(each)
                data = serialize_part_xml(root)
            new.writestr(name, data)
    return out.getvalue()


def _reproducible(data: bytes) -> bytes:
    """The same archive with its members in one order and at one time."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in sorted(old.namelist(), key=lambda each: (each != "[Content_Types].xml", each)):
            member = zipfile.ZipInfo(name, _ZIP_EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3
            new.writestr(member, old.read(name))
    return out.getvalue()
