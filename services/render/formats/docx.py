"""DOCX, native: paragraphs with real styles, tab stops and hyperlinks; nothing is converted and no table lays out.

A word processor sets the pages, so what CSS says by rules is said here by properties: keep with next, widow control.
python-docx makes the package and its styles (docx_shell.py); the paragraphs are written as XML and parsed at once, a
tenth of the time that building them element by element takes.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from unicodedata import bidirectional

from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Mm
from docx.text.paragraph import Paragraph as WordParagraph

from services.document.blocks import Contact, Entry, ItemGroup, Link, Paragraph
from services.document.view import DocumentView, HeaderView, LetterView, SectionView
from services.render.formats.docx_paragraphs import Written
from services.render.formats.docx_shell import Shell, shell_of
from services.render.formats.docx_styles import border, hanging_of, sheet_of
from services.render.formats.page import contact_rows, name_rem
from services.render.formats.photo import portrait
from services.render.look import Look
from services.render.templates.manifest import Template

_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - core properties are UTC without saying so
"""Time written into every file: equal input gives equal bytes."""

_LTR_MARK, _RTL_MARK = "\N{LEFT-TO-RIGHT MARK}", "\N{RIGHT-TO-LEFT MARK}"
"""Keep the order of contacts, and the digits of a telephone number, in a line that runs from right to left."""

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_docx(view: DocumentView, template: Template, look: Look) -> bytes:
    """The file. Equal input gives equal bytes."""
    rtl = view.direction == "rtl"
    shell = shell_of(template, look, locale=view.locale, rtl=rtl)
    document = shell.open()
    writer = _Writer(document, shell, template, look, rtl=rtl)
    writer.header(view.header)
    for section in view.sections:
        writer.section(section)
    if view.letter:
        writer.letter(view.letter)
    writer.finish()
    _describe(document, view)
    if view.header.photo:
        _float_picture(document.paragraphs[0], portrait(view.header.photo), view.header.name)
    out = io.BytesIO()
    document.save(out)
    return _reproducible(out.getvalue())


class _Writer:
    """Writes a view's parts, then puts them into a document."""

    def __init__(
        self, document: WordDocument, shell: Shell, template: Template, look: Look, *, rtl: bool
    ) -> None:
        self._document = document
        self._styles = shell.style_ids
        self._rtl = rtl
        self._template = template
        self._sheet = sheet_of(template)
        self._look = look
        self._written: list[Written] = []

    def finish(self) -> None:
        """Puts all paragraphs into the document."""
        body = self._document.element.body
        xml = "".join([each.xml() for each in self._written])
        for each in parse_xml(f"<w:body {nsdecls('w', 'r')}>{xml}</w:body>"):
            body.sectPr.addprevious(each)

    def header(self, header: HeaderView) -> None:
        smaller = name_rem(header.name, self._template, self._look)
        size = round(smaller * self._look.size_pt * 2) if smaller else 0
        self._write(self._paragraph("Title"), header.name, half_points=size)
        if header.title:
            self._write(self._paragraph("Subtitle"), header.title.text)
        for number, row in enumerate(contact_rows(header, self._template, self._look)):
            self._contacts(row.contacts, first=number == 0)
        if self._sheet.head_rule:
            self._rule(self._written[-1], self._sheet.head_rule)

    def section(self, section: SectionView) -> None:
        self._write(self._paragraph("Heading 1"), section.title)
        for at, block in enumerate(section.blocks):
            match block:
                case Paragraph():
                    self._write(self._flush(self._paragraph("Body Text"), first=at == 0), block.text)
                case ItemGroup():
                    line = self._items(block, first=at == 0)
                    if at == len(section.blocks) - 2:
                        line.keep_with_next()
                case Entry():
                    self._entry(block, section, first=at == 0)

    def letter(self, letter: LetterView) -> None:
        if self._sheet.letter_rule:
            self._rule(self._written[-1], self._sheet.letter_rule)
        if letter.date:
            self._write(self._paragraph("Date"), letter.date)
        for at, line in enumerate(letter.recipient):
            address = self._paragraph("Address").keep_with_next()
            if at == 0:
                address.space_before(self._space(1.35))
            self._write(address, line, "Lead" if at == 0 and self._sheet.strong_recipient else "")
        if letter.subject:
            self._write(self._paragraph("Subject"), letter.subject.text)
        if letter.salutation:
            self._write(self._paragraph("Salutation").keep_with_next(), letter.salutation.text)
        for paragraph in letter.paragraphs:
            self._write(self._paragraph("Letter"), paragraph.text)
        if letter.closing:
            self._write(self._paragraph("Closing").keep_with_next(), letter.closing.text)
        if letter.signature:
            self._write(self._paragraph("Signature"), letter.signature)

    def _contacts(self, contacts: Sequence[Contact], *, first: bool) -> None:
        paragraph = self._paragraph("Contact")
        if first and "ground" not in self._sheet.styles["Contact"]:  # which would gape between two paragraphs
            paragraph.space_before(self._space(0.4))
        for at, each in enumerate(contacts):
            if at:
                self._write(paragraph, (_RTL_MARK if self._rtl else "") + self._template.separator)
            numeric = self._rtl and each.kind == "phone"
            text = f"{_LTR_MARK}{each.text}{_LTR_MARK}" if numeric else each.text
            self._link(paragraph, each, text)

    def _entry(self, entry: Entry, section: SectionView, *, first: bool) -> None:
        made: list[Written] = []
        headed = bool(entry.heading or entry.location or entry.link)
        if headed:
            head = self._flush(self._paragraph("Heading 2"), first=first)
            made.append(head)
            self._write(head, entry.heading)
            separator = self._template.separator if entry.heading else ""
            if entry.location:
                self._write(head, separator + entry.location, "Aside")
            if entry.link:
                self._write(
                    head, self._template.separator if entry.heading or entry.location else "", "Aside"
                )
                self._link(head, entry.link, entry.link.text, "Aside")
            if not entry.subheading:
                self._dates(head, entry.dates, after=True, apart=False)
        if entry.subheading or (entry.dates and not headed):
            role = self._paragraph("Role")
            made.append(role)
            self._write(role, entry.subheading, self._role_style(section))
            self._dates(role, entry.dates, after=bool(entry.subheading), apart=self._template.aligned_dates)
        made += [self._body(each) for each in entry.paragraphs]
        bullets = [self._paragraph("List Bullet") for _ in entry.bullets]
        for paragraph, bullet in zip(bullets, entry.bullets, strict=True):
            self._write(paragraph, bullet.text)
        items = [self._items(each, first=False) for each in entry.items]
        self._string(made, bullets, items)
        body = [*bullets, *items]
        for each in made if body else made[:-1]:
            each.keep_with_next()
        if made and not body:
            made[-1].keep_with_next(False)
        for each in body[-2:-1]:  # no entry leaves its last line alone on the next page
            each.keep_with_next()

    def _role_style(self, section: SectionView) -> str:
        if section.name in self._sheet.bold_role:
            return "Lead"
        return "Position" if self._sheet.position else ""

    def _string(self, *groups: list[Written]) -> None:
        """Strings the paragraphs of an entry on a line along their starting edge, where the template has one."""
        if not self._sheet.entry_rule:
            return
        line = dict(self._sheet.entry_rule)
        inset = round(line.pop("inset") * self._look.size_pt, 1)
        indent = round(self._sheet.indent * self._look.size_pt, 1)
        hanging = hanging_of(self._sheet, self._look, rtl=self._rtl)
        listed = self._styles["List Bullet"]
        for paragraph in (each for group in groups for each in group):
            further = 0
            if paragraph.style == listed:
                paragraph.indent(inset + indent, hanging=hanging)
                further = round(indent - hanging)
            else:
                paragraph.indent(inset)
            edge = {"side": "right" if self._rtl else "left", "space_pt": line["space_pt"] + further}
            self._rule(paragraph, {**line, **edge})

    def _rule(self, paragraph: Written, line: Mapping[str, Any]) -> None:
        described = dict(line)
        side = described.pop("side", "bottom")
        paragraph.border(side, border(self._sheet, self._look, **described))

    def _dates(self, paragraph: Written, dates: str, *, after: bool, apart: bool) -> None:
        if not dates:
            return
        if not apart:
            self._write(paragraph, (self._template.separator if after else "") + dates, "Aside")
            return
        paragraph.tab_stop(self._look.measure_pt)
        paragraph.tab()
        self._write(paragraph, dates, "Aside")

    def _body(self, block: Paragraph) -> Written:
        paragraph = self._paragraph("Body Text")
        self._write(paragraph, block.text)
        return paragraph

    def _items(self, block: ItemGroup, *, first: bool) -> Written:
        paragraph = self._flush(self._paragraph("Items"), first=first)
        if block.lead:
            self._write(paragraph, block.lead, "Lead")
        self._write(paragraph, block.text)
        return paragraph

    def _paragraph(self, style: str) -> Written:
        paragraph = Written(self._styles[style])
        self._written.append(paragraph)
        return paragraph

    def _write(self, paragraph: Written, text: str, style: str = "", *, half_points: int = 0) -> None:
        """Appends text in runs of one direction each, as word processors want it."""
        for piece, rtl in directions(text):
            paragraph.run(piece, self._styles[style] if style else "", rtl=rtl, half_points=half_points)

    def _link(self, paragraph: Written, target: Link | Contact, text: str, style: str = "Hyperlink") -> None:
        if not target.href:
            self._write(paragraph, text, style)
            return
        relation = self._document.part.relate_to(target.href, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        with paragraph.hyperlink(relation):
            self._write(paragraph, text, style)

    def _flush(self, paragraph: Written, *, first: bool) -> Written:
        """The first paragraph under a heading stands at the heading's own distance."""
        return paragraph.space_before(0) if first else paragraph

    def _space(self, rem: float) -> float:
        """Points."""
        return round(rem * self._look.size_pt * self._look.gaps, 1)


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


def _float_picture(paragraph: WordParagraph, jpeg: bytes, name: str) -> None:
    """A picture at the text's end edge, level with its paragraph, text flowing beside it."""
    run = paragraph.add_run()
    inline = run.add_picture(io.BytesIO(jpeg), Mm(25), Mm(30))._inline  # noqa: SLF001 - pictures beside text lack an API
    paragraph._p.get_or_add_pPr().addnext(run._r)  # noqa: SLF001
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
    properties.set("descr", name)
    anchor.append(extent)
    anchor.append(parse_xml(f'<wp:wrapSquare {nsdecls("wp")} wrapText="bothSides"/>'))
    anchor.append(properties)
    anchor.append(parse_xml(f"<wp:cNvGraphicFramePr {nsdecls('wp')}/>"))
    anchor.append(graphic)
    inline.getparent().replace(inline, anchor)


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
