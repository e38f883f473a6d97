"""A view as an HTML page: what the HTML format ships and what a CSS engine lays out for PDF.

The style sheet has two parts: the template's own files, which never change, and the few custom properties that come
from options. Those are written from parsed numbers, colours and names of bundled fonts alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from unicodedata import east_asian_width

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from services.document.blocks import Contact, Entry
from services.document.view import DocumentView, HeaderView, SectionView
from services.render.fonts import catalogue
from services.render.look import Look
from services.render.templates.manifest import SHARED, Template

_COLOR = re.compile(r"#[0-9a-f]{6}")

_COMPOUND = re.compile(
    r"((?<!\S)(?=[^\s\u1100-\u11ff\u2e80-\uffff]{3,40}(?!\S))\S*\w[-/?\u2010\u2013\u2014]+\w\S*)"
)
"""Words joined by hyphens, dashes or slashes, addresses among them. Longer ones may be broken: they would leave the
page."""

_ENDLESS, _PIECE = 80, re.compile(r".{1,20}", re.DOTALL)
"""Characters of a word that may fill a line. WeasyPrint leaves a bullet alone on its line before a longer one."""

_LAST_LINE = 12
"""Characters that a paragraph's last line has at least."""

_LAST_WORDS = 24
"""Characters that are kept on one line at most for that: more would leave a hole at the end of the line before."""

_NEAR = frozenset({"email", "phone", "location"})

_PORTRAIT_PT = 120
"""Width that a portrait takes from the lines beside it."""

_BOLD = 1.12
"""Width of bold text, as a multiple of regular."""

_LONGEST_NAME = 50
"""Characters of a word of a name that fit on a line in the smallest size of a name."""

_SURELY = 0.96
"""Part of a line that a text fills at most to be sure to fit, whatever its kerning."""

_SMALLEST_ADDRESS = 0.7
"""Least part of its size that a long address is set in."""

_SMALLEST_NAME = 0.5
"""Least part of its size that a name is set in."""

_SHORT_TEXT = 60
"""Characters below which a text hardly fills a line, so its end needs no care."""


def compose(
    view: DocumentView, template: Template, look: Look, *, photo_url: str = "", head: Markup | None = None
) -> str:
    """The page. `head` is trusted markup for the end of its head; every word of the document is escaped."""
    return _environment(template).get_template("template.html").render(
        view=view,
        template=template,
        photo_url=photo_url,
        head=head or Markup(),
        contact_rows=contact_rows(view.header, template, look),
        name=whole_words(view.header.name),
        name_rem=name_rem(view.header.name, template, look),
        size_on_one_line=lambda text: size_on_one_line(text, look),
        dates_apart=tuple(template.aligned_dates and holds_dates_apart(each, look) for each in view.sections),
    )  # fmt: skip


@cache
def stylesheet(template: Template) -> str:
    """The template's own style sheet."""
    return "\n".join(
        path.read_text(encoding="utf-8") for path in (SHARED / "base.css", template.folder / "style.css")
    )


def properties(look: Look, families: Sequence[str], *, screen_scale: float = 1.0) -> str:
    """The custom properties and the page box of a look; `families` are tried in order.

    Raises ValueError for what is no colour.
    """
    if not _COLOR.fullmatch(look.accent):
        raise ValueError(f"accent colour {look.accent!r} is not #rrggbb in lower case")
    stack = ", ".join(f'"{each}"' for each in families)
    display = "" if look.display == look.family else f'"{look.display.name}", '
    width, height = look.page_mm
    margins = " ".join(f"{each:g}mm" for each in look.margins_mm)
    edges = "; ".join(
        f"--margin-{side}: {each:g}mm"
        for side, each in zip(("top", "right", "bottom", "left"), look.margins_mm, strict=True)
    )
    screen = (
        f"@media screen {{ html {{ --size: {look.size_pt * screen_scale:g}pt }} }}\n"
        if screen_scale != 1
        else ""
    )
    return (
        f"html {{ font-family: {stack}, {look.family.generic}; --size: {look.size_pt:g}pt;"
        f" --leading: {look.leading:g}; --accent: {look.accent}; --gap: {look.gaps:g};"
        f" --display: {display}{stack}, {look.display.generic}; {edges} }}\n{screen}"
        f"@page {{ size: {width:g}mm {height:g}mm; margin: {margins} }}\n"
    )


def holds_dates_apart(section: SectionView, look: Look) -> bool:
    """True where dates at the line's end stay with their entry in every reader.

    Readers that go by geometry (pdftotext, pdfminer) take dates above one another for a column and read it last,
    unless a full line of text crosses between them. So every dated entry needs one text that is sure to fill a line.
    """
    dated = [each for each in section.blocks if isinstance(each, Entry) and each.subheading and each.dates]
    return bool(dated) and all(
        any(
            _width_pt(text, look) > look.measure_pt - _width_pt(each.dates, look) / 2 for text in _texts(each)
        )
        for each in dated
    )


def _texts(entry: Entry) -> Iterator[str]:
    yield from (each.text for each in entry.paragraphs)
    yield from (each.text for each in entry.bullets)
    yield from (each.lead + each.text for each in entry.items)


def _width_pt(text: str, look: Look, family: str = "") -> float:
    advances = catalogue.advances(family or look.family.name)
    return sum(advances.get(ord(each), 1.0 if _is_wide(each) else 0.5) for each in text) * look.size_pt


@cache
def _environment(template: Template) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([template.folder, SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    environment.filters["settled"] = settled
    environment.filters["unbroken"] = unbroken
    return environment


@dataclass(frozen=True)
class ContactRow:
    """Contacts on one line."""

    contacts: tuple[Contact, ...]
    is_wide: bool
    """True where one alone is longer than the template's rows are."""
    size: float | None
    """Size at which they fit on a line, as a multiple of their usual one; None where they never do."""


def contact_rows(header: HeaderView, template: Template, look: Look) -> list[ContactRow]:
    """Mail, telephone and place on the first line, addresses on the web below; as many lines as they take, so that
    none is broken and no separator ends a line.
    """
    measure = look.measure_pt - (_PORTRAIT_PT if header.photo else 0)
    limit = measure * (1 if header.photo else template.contacts_width)

    def width(contacts: Sequence[Contact]) -> float:
        text = template.separator.join(each.text for each in contacts)
        return _width_pt(text, look) * template.contacts_rem

    rows: list[list[Contact]] = []
    for part in (
        [each for each in header.contacts if each.kind in _NEAR],
        [each for each in header.contacts if each.kind not in _NEAR],
    ):
        rows.append([])
        for each in part:
            if rows[-1] and width([*rows[-1], each]) > limit:
                rows.append([])
            rows[-1].append(each)
    return [
        ContactRow(tuple(each), is_wide=width(each) > limit, size=_shrunk(width(each), measure))
        for each in rows
        if each
    ]


def size_on_one_line(text: str, look: Look) -> float | None:
    """Size at which an address fits on a line, as a multiple of the text's; None where it would be too small to read.

    Extractors take the pieces of an address that is broken at a line's end for two.
    """
    return _shrunk(_width_pt(text, look), look.measure_pt)


def _shrunk(width: float, measure: float) -> float | None:
    size = min(1.0, measure * _SURELY / width) if width else 1.0
    return round(size, 2) if size >= _SMALLEST_ADDRESS else None


def name_rem(name: str, template: Template, look: Look) -> float | None:
    """Size of a name whose longest word would not fit on a line at the template's size; None for all others."""
    longest = max((_width_pt(each, look, look.display.name) for each in name.split()), default=0)
    share = look.measure_pt / (longest * template.name_rem * _BOLD or 1)
    return round(template.name_rem * max(share, _SMALLEST_NAME), 2) if share < 1 else None


def whole_words(text: str) -> Markup:
    """The text with no line's end inside its words, unless they would leave the page in any size."""
    words = text.split(" ")
    return Markup(" ").join(
        Markup('<span class="whole">{}</span>').format(each)
        if "-" in each and len(each) <= _LONGEST_NAME
        else unbroken(each)
        for each in words
    )


def settled(text: str) -> Markup:
    """The text with its end kept together, so that no paragraph ends in a line of one short word or two (or one Han
    character), and without a line's end after a hyphen, where extractors join what is written apart.
    """
    if len(text) < _SHORT_TEXT // 2 or (len(text) < _SHORT_TEXT and not _is_wide(text[-1])):
        return unbroken(text)
    cut = len(text) - 4 if _is_wide(text[-1]) else _last_words(text)
    if cut <= 0:
        return unbroken(text)
    return unbroken(text[:cut]) + Markup('<span class="whole">{}</span>').format(text[cut:])


def _last_words(text: str) -> int:
    """Where the last words begin that stay on one line; 0 where they are too long for that."""
    cut = text.rfind(" ", 0, text.rfind(" ")) + 1
    while cut > 0 and len(text) - cut < _LAST_LINE:
        longer = text.rfind(" ", 0, cut - 1) + 1
        if longer <= 0 or len(text) - longer > _LAST_WORDS:
            break
        cut = longer
    return cut if len(text) - cut <= _LAST_WORDS else 0


def unbroken(text: str) -> Markup:
    """The text with compounds such as "on-call" and "CI/CD" kept on one line, and places to break endless words."""
    if any(len(word) > _ENDLESS for word in text.split()):
        pieces = _PIECE.findall(text)
        return Markup("<wbr/>").join(pieces)
    parts = _COMPOUND.split(text)
    return Markup("").join(
        Markup('<span class="whole">{}</span>').format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def _is_wide(character: str) -> bool:
    return east_asian_width(character) in "WF"
