"""A template's look as Word styles: the part of a DOCX file that says how, not what."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import CharacterStyle, ParagraphStyle

from services.render.fonts import catalogue
from services.render.fonts.catalogue import TextFamily
from services.render.look import Look
from services.render.templates.manifest import Template

COMPLEX_FONT = "Arial"
"""Family for Arabic and Hebrew that every word processor has."""

_PADDING_PT = 6
"""Between text and the edge of a coloured block, beside the 6 points of its border."""

_UPRIGHT = frozenset({"ar", "fa", "he", "ja", "ko", "ur", "zh"})
"""Languages whose scripts have no slanted style; the style sheets of the templates name the same ones."""

_BULLET_WIDTH = 0.5
"""Of a bullet in the fonts a reader may have, in ems: 0.35 to 0.6 with room at its sides."""

_OUTLINE = {"Heading 1": 0, "Heading 2": 1}


@dataclass(frozen=True)
class Sheet:
    """A template's docx.toml."""

    colors: Mapping[str, str]
    indent: float
    bold_role: frozenset[str]
    """Names of section types whose second head line is bold."""
    strong_recipient: bool
    """True to set the first line of a letter's address in bold."""
    head_rule: Mapping[str, Any]
    """Line under the head of a resume and of a letter; empty for none."""
    letter_rule: Mapping[str, Any]
    """Line under the head of a letter where a resume has none; empty for none."""
    entry_rule: Mapping[str, Any]
    """Line along the starting edge of entries, with `inset` in em; empty for none."""
    position: frozenset[str]
    """"bold", "italic", both or nothing: the second head line of entries, in colour `position`."""
    styles: Mapping[str, Mapping[str, Any]]


@cache
def sheet_of(template: Template) -> Sheet:
    """The template's description of Word styles."""
    table = tomllib.loads((template.folder / "docx.toml").read_text(encoding="utf-8"))
    layout = table["layout"]
    return Sheet(
        colors={"position": "ink", **table["colors"]},
        indent=layout["indent"],
        bold_role=frozenset(layout["bold_role"]),
        strong_recipient=layout["strong_recipient"],
        head_rule=layout.get("head_rule", {}),
        letter_rule=layout.get("letter_rule", {}),
        entry_rule=layout.get("entry_rule", {}),
        position=frozenset(layout.get("position", ())),
        styles=table["styles"],
    )


def dress(document: WordDocument, sheet: Sheet, look: Look, *, locale: str, rtl: bool) -> None:
    """Gives a new document the template's page, fonts, language and styles."""
    _page(document, look, rtl=rtl)
    _defaults(document, sheet, look, locale=locale, rtl=rtl)
    for name, style in sheet.styles.items():
        _paragraph_style(document, name, style, sheet, look, locale=locale)
    for name, color in (("Aside", "muted"), ("Hyperlink", ""), ("Lead", "strong"), ("Position", "position")):
        _character_style(document, name, color, sheet, look, locale=locale)
    _bullets(document, sheet, look, rtl=rtl)
    for family in dict.fromkeys((look.family, look.display)):
        _substitutes(document, family)


def slants(locale: str) -> bool:
    """Whether the language is set in italics at all."""
    return locale.partition("-")[0] not in _UPRIGHT


def hex_of(color: str, sheet: Sheet, look: Look) -> str:
    """A colour of docx.toml as RRGGBB."""
    named = sheet.colors.get(color, color)
    return (
        (look.accent if named in {"accent", ""} else sheet.colors.get(named, named)).removeprefix("#").upper()
    )


def fonts(properties: BaseOxmlElement, family: TextFamily, locale: str) -> None:
    """Names a family, and its companions for every kind of script."""
    names = properties.get_or_add_rFonts()
    for each in list(names.attrib):
        del names.attrib[each]
    names.set(qn("w:ascii"), family.word_name)
    names.set(qn("w:hAnsi"), family.word_name)
    names.set(qn("w:cs"), COMPLEX_FONT)
    names.set(qn("w:eastAsia"), catalogue.word_far_east(locale))


def _page(document: WordDocument, look: Look, *, rtl: bool) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = (Mm(each) for each in look.page_mm)
    top, right, bottom, left = (Mm(each) for each in look.margins_mm)
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = (
        top,
        right,
        bottom,
        left,
    )
    section.header_distance, section.footer_distance = min(top, Mm(10)), min(bottom, Mm(10))
    if rtl:
        section._sectPr.append(OxmlElement("w:bidi"))  # noqa: SLF001 - python-docx has no name for it


def _defaults(document: WordDocument, sheet: Sheet, look: Look, *, locale: str, rtl: bool) -> None:
    normal = document.styles["Normal"]
    assert isinstance(normal, ParagraphStyle)
    properties = normal.element.get_or_add_rPr()
    fonts(properties, look.family, locale)
    _size(properties, look.size_pt)
    normal.font.color.rgb = RGBColor.from_string(hex_of("ink", sheet, look))
    _space(normal, look, family=look.family, leading=look.leading, before=0, after=0)
    normal.paragraph_format.widow_control = True
    if rtl:
        normal.element.get_or_add_pPr().append(OxmlElement("w:bidi"))
    defaults = document.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    language = defaults.find(qn("w:lang"))
    for attribute in ("w:val", "w:eastAsia", "w:bidi"):
        language.set(qn(attribute), locale)


def _paragraph_style(
    document: WordDocument,
    name: str,
    description: Mapping[str, Any],
    sheet: Sheet,
    look: Look,
    *,
    locale: str,
) -> None:
    styles = document.styles
    style = styles[name] if name in styles else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    assert isinstance(style, ParagraphStyle)
    style.base_style = styles["Normal"]
    style.next_paragraph_style = style
    style.quick_style, style.hidden = True, False
    _clear(style)
    properties = style.element.get_or_add_rPr()
    size = description.get("size", 1)
    _size(properties, look.size_pt * size)
    if description.get("bold"):
        _toggle(properties, "w:b", "w:bCs")
    if description.get("italic") and slants(locale):
        _toggle(properties, "w:i", "w:iCs")
    display = description.get("font") == "display" and look.display != look.family
    if display:
        fonts(properties, look.display, locale)
    style.font.color.rgb = RGBColor.from_string(hex_of(description.get("color", "ink"), sheet, look))
    _space(
        style, look, leading=description.get("leading", look.leading),
        family=look.display if display else look.family,
        before=description.get("before", 0), after=description.get("after", 0),
    )  # fmt: skip
    if description.get("align") == "center":
        style.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if name in _OUTLINE:
        style.paragraph_format.keep_with_next = True
        level = OxmlElement("w:outlineLvl")
        level.set(qn("w:val"), str(_OUTLINE[name]))
        style.element.get_or_add_pPr().append(level)
    for line in description.get("rules", ()):
        rule(style.element.get_or_add_pPr(), sheet, look, **line)
    if ground := description.get("ground"):
        _ground(style.element.get_or_add_pPr(), hex_of(ground, sheet, look))


def _character_style(
    document: WordDocument, name: str, color: str, sheet: Sheet, look: Look, *, locale: str
) -> None:
    styles = document.styles
    style = styles[name] if name in styles else styles.add_style(name, WD_STYLE_TYPE.CHARACTER)
    assert isinstance(style, CharacterStyle)
    if name == "Aside":
        style.font.bold = False
        _toggle(style.element.get_or_add_rPr(), "w:bCs", value="0")
    if name == "Lead":
        _toggle(style.element.get_or_add_rPr(), "w:b", "w:bCs")
    if name == "Position" and "bold" in sheet.position:
        _toggle(style.element.get_or_add_rPr(), "w:b", "w:bCs")
    if name == "Position" and "italic" in sheet.position and slants(locale):
        _toggle(style.element.get_or_add_rPr(), "w:i", "w:iCs")
    if color:
        style.font.color.rgb = RGBColor.from_string(hex_of(color, sheet, look))


def _clear(style: ParagraphStyle) -> None:
    """Takes what the word processor's own style would add; the bullet of a list stays."""
    number = None if style.name != "List Bullet" else style.element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
    for tag in ("w:pPr", "w:rPr"):
        for each in style.element.findall(qn(tag)):
            style.element.remove(each)
    if number is not None:
        style.element.get_or_add_pPr().append(number)


def _space(
    style: ParagraphStyle, look: Look, *, family: TextFamily, leading: float, before: float, after: float
) -> None:
    """Line height in Word is a multiple of the font's own, in CSS of its size."""
    form = style.paragraph_format
    form.space_before = Pt(round(before * look.size_pt * look.gaps, 1))
    form.space_after = Pt(round(after * look.size_pt * look.gaps, 1))
    form.line_spacing = round(leading / catalogue.natural_leading(family.name), 3)


def _size(properties: BaseOxmlElement, points: float) -> None:
    """Half points, as Word counts, for all scripts."""
    for tag in ("w:sz", "w:szCs"):
        for each in properties.findall(qn(tag)):
            properties.remove(each)
    properties.get_or_add_sz().set(qn("w:val"), str(round(points * 2)))
    complex_size = OxmlElement("w:szCs")
    complex_size.set(qn("w:val"), str(round(points * 2)))
    properties.sz.addnext(complex_size)


def _toggle(properties: BaseOxmlElement, *tags: str, value: str = "") -> None:
    """Adds on-off properties; docx_order puts them in their places."""
    for tag in tags:
        element = OxmlElement(tag)
        if value:
            element.set(qn("w:val"), value)
        properties.append(element)


def rule(properties: BaseOxmlElement, sheet: Sheet, look: Look, *, side: str = "bottom", **line: Any) -> None:
    """Draws a line on one side of a paragraph, given its properties; `line` is what `border` takes."""
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.append(borders)
    drawn = OxmlElement(f"w:{side}")
    for attribute, value in border(sheet, look, **line).items():
        drawn.set(qn(attribute), value)
    borders.append(drawn)


def border(
    sheet: Sheet, look: Look, *, color: str, width_pt: float, space_pt: float, kind: str = "single"
) -> Mapping[str, str]:
    """Attributes of a line at a paragraph's edge; `color` is one of docx.toml's."""
    return {
        "w:val": kind,
        "w:sz": str(round(width_pt * 8)),
        "w:space": str(space_pt),
        "w:color": hex_of(color, sheet, look),
    }


def _ground(properties: BaseOxmlElement, color: str) -> None:
    """Paints a paragraph's ground, with borders of the same colour as its padding: neighbours join into one block."""
    ground = OxmlElement("w:shd")
    for attribute, value in (("w:val", "clear"), ("w:color", "auto"), ("w:fill", color)):
        ground.set(qn(attribute), value)
    properties.append(ground)
    borders = OxmlElement("w:pBdr")
    for side in ("top", "left", "bottom", "right"):
        line = OxmlElement(f"w:{side}")
        for attribute, value in (
            ("w:val", "single"), ("w:sz", "48"), ("w:space", str(_PADDING_PT)), ("w:color", color)
        ):  # fmt: skip
            line.set(qn(attribute), value)
        borders.append(line)
    properties.append(borders)


def hanging_of(sheet: Sheet, look: Look, *, rtl: bool) -> float:
    """Points by which a bullet stands out from its text.

    From right to left LibreOffice draws a bullet beyond the point where it is to begin, so it begins its own width
    later. Word then shows it that little further in.
    """
    return round((sheet.indent - (_BULLET_WIDTH if rtl else 0.0)) * look.size_pt, 1)


def _bullets(document: WordDocument, sheet: Sheet, look: Look, *, rtl: bool) -> None:
    """A plain bullet in the text's font: Word's own is a private-use character of a symbol font."""
    style = document.styles["List Bullet"]
    assert isinstance(style, ParagraphStyle)
    indent = Pt(round(sheet.indent * look.size_pt, 1))
    number = style.element.find(f"{qn('w:pPr')}/{qn('w:numPr')}/{qn('w:numId')}").get(qn("w:val"))
    numbering = document.part.numbering_part.element
    listed = next(each for each in numbering.findall(qn("w:num")) if each.get(qn("w:numId")) == number)
    kind = listed.find(qn("w:abstractNumId")).get(qn("w:val"))
    abstract = next(
        each for each in numbering.findall(qn("w:abstractNum")) if each.get(qn("w:abstractNumId")) == kind
    )
    level = abstract.find(qn("w:lvl"))
    level.find(qn("w:lvlText")).set(qn("w:val"), "•")
    for tag in ("w:pPr", "w:rPr"):
        for each in level.findall(qn(tag)):
            level.remove(each)
    properties, marker = OxmlElement("w:pPr"), OxmlElement("w:rPr")
    hanging = OxmlElement("w:ind")
    hanging.set(qn("w:left"), str(indent.twips))
    hanging.set(qn("w:hanging"), str(Pt(hanging_of(sheet, look, rtl=rtl)).twips))
    properties.append(hanging)
    family, color = OxmlElement("w:rFonts"), OxmlElement("w:color")
    for attribute in ("w:ascii", "w:hAnsi"):
        family.set(qn(attribute), look.family.word_name)
    color.set(qn("w:val"), hex_of("bullet", sheet, look))
    marker.extend([family, color])
    level.extend([properties, marker])


def _substitutes(document: WordDocument, family: TextFamily) -> None:
    """Tells a word processor without the font which one comes nearest."""
    part = document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    name, other = family.word_name, family.word_substitute
    table = re.sub(rf'<w:font w:name="{name}">.*?</w:font>', "", part.blob.decode(), flags=re.DOTALL)
    entry = f'<w:font w:name="{name}"><w:altName w:val="{other}"/></w:font>'
    part._blob = table.replace("</w:fonts>", f"{entry}</w:fonts>").encode()  # noqa: SLF001 - parts without a model
