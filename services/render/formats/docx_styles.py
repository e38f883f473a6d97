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
from services.render.look import Look
from services.render.templates.manifest import Template

COMPLEX_FONT = "Arial"
"""Family for Arabic and Hebrew that every word processor has."""

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
    letter_rule: Mapping[str, Any]
    """Hairline between the head of a letter and its body; empty for none."""
    styles: Mapping[str, Mapping[str, Any]]


@cache
def sheet_of(template: Template) -> Sheet:
    """The template's description of Word styles."""
    table = tomllib.loads((template.folder / "docx.toml").read_text(encoding="utf-8"))
    layout = table["layout"]
    return Sheet(
        colors=table["colors"],
        indent=layout["indent"],
        bold_role=frozenset(layout["bold_role"]),
        strong_recipient=layout["strong_recipient"],
        letter_rule=layout["letter_rule"],
        styles=table["styles"],
    )


def dress(document: WordDocument, sheet: Sheet, look: Look, *, locale: str, rtl: bool) -> None:
    """Gives a new document the template's page, fonts, language and styles."""
    _page(document, look, rtl=rtl)
    _defaults(document, sheet, look, locale=locale, rtl=rtl)
    for name, style in sheet.styles.items():
        _paragraph_style(document, name, style, sheet, look)
    for name, color in (("Aside", "muted"), ("Hyperlink", ""), ("Lead", "strong")):
        _character_style(document, name, color, sheet, look)
    _bullets(document, sheet, look)
    _substitutes(document, look)


def hex_of(color: str, sheet: Sheet, look: Look) -> str:
    """A colour of docx.toml as RRGGBB."""
    named = sheet.colors.get(color, color)
    return (
        (look.accent if named in {"accent", ""} else sheet.colors.get(named, named)).removeprefix("#").upper()
    )


def fonts(properties: BaseOxmlElement, look: Look, locale: str) -> None:
    """Names the document's fonts for every kind of script."""
    names = properties.get_or_add_rFonts()
    for each in list(names.attrib):
        del names.attrib[each]
    names.set(qn("w:ascii"), look.family.word_name)
    names.set(qn("w:hAnsi"), look.family.word_name)
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
    fonts(properties, look, locale)
    _size(properties, look.size_pt)
    normal.font.color.rgb = RGBColor.from_string(hex_of("ink", sheet, look))
    _space(normal, look, size=1, leading=look.leading, before=0, after=0)
    normal.paragraph_format.widow_control = True
    if rtl:
        normal.element.get_or_add_pPr().append(OxmlElement("w:bidi"))
    defaults = document.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    language = defaults.find(qn("w:lang"))
    for attribute in ("w:val", "w:eastAsia", "w:bidi"):
        language.set(qn(attribute), locale)


def _paragraph_style(
    document: WordDocument, name: str, description: Mapping[str, Any], sheet: Sheet, look: Look
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
    style.font.color.rgb = RGBColor.from_string(hex_of(description.get("color", "ink"), sheet, look))
    _space(
        style, look, size=size, leading=description.get("leading", look.leading),
        before=description.get("before", 0), after=description.get("after", 0),
    )  # fmt: skip
    if description.get("align") == "center":
        style.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if name in _OUTLINE:
        style.paragraph_format.keep_with_next = True
        level = OxmlElement("w:outlineLvl")
        level.set(qn("w:val"), str(_OUTLINE[name]))
        style.element.get_or_add_pPr().append(level)
    if line := description.get("rule"):
        rule(style.element.get_or_add_pPr(), **{**line, "color": hex_of(line["color"], sheet, look)})


def _character_style(document: WordDocument, name: str, color: str, sheet: Sheet, look: Look) -> None:
    styles = document.styles
    style = styles[name] if name in styles else styles.add_style(name, WD_STYLE_TYPE.CHARACTER)
    assert isinstance(style, CharacterStyle)
    if name == "Aside":
        style.font.bold = False
        _toggle(style.element.get_or_add_rPr(), "w:bCs", value="0")
    if name == "Lead":
        _toggle(style.element.get_or_add_rPr(), "w:b", "w:bCs")
    if color:
        style.font.color.rgb = RGBColor.from_string(hex_of(color, sheet, look))


def _clear(style: ParagraphStyle) -> None:
    """Takes what the word processor's own style would add; the numbering of lists stays."""
    number = style.element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
    for tag in ("w:pPr", "w:rPr"):
        for each in style.element.findall(qn(tag)):
            style.element.remove(each)
    if number is not None:
        style.element.get_or_add_pPr().append(number)


def _space(
    style: ParagraphStyle, look: Look, *, size: float, leading: float, before: float, after: float
) -> None:
    """Line height in Word is a multiple of the font's own, in CSS of its size."""
    form = style.paragraph_format
    form.space_before = Pt(round(before * look.size_pt * look.gaps, 1))
    form.space_after = Pt(round(after * look.size_pt * look.gaps, 1))
    form.line_spacing = round(leading / catalogue.natural_leading(look.family.name), 3)
    del size


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
    for at, tag in enumerate(tags):
        element = OxmlElement(tag)
        if value:
            element.set(qn("w:val"), value)
        properties.insert_element_before(
            element, *("w:bCs w:i w:iCs w:caps w:color w:sz w:szCs w:lang w:rtl".split() if at == 0 and tag == "w:b"
                       else "w:i w:iCs w:caps w:color w:sz w:szCs w:lang w:rtl".split())
        )  # fmt: skip


def rule(properties: BaseOxmlElement, *, color: str, width_pt: float, space_pt: float) -> None:
    """Puts a line under a paragraph, given its properties; `color` is RRGGBB."""
    borders, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for attribute, value in (
        ("w:val", "single"),
        ("w:sz", str(round(width_pt * 8))),
        ("w:space", str(space_pt)),
        ("w:color", color.removeprefix("#").upper()),
    ):
        bottom.set(qn(attribute), value)
    borders.append(bottom)
    properties.insert_element_before(
        borders, "w:shd", "w:tabs", "w:bidi", "w:spacing", "w:ind", "w:jc", "w:rPr", "w:outlineLvl"
    )


def _bullets(document: WordDocument, sheet: Sheet, look: Look) -> None:
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
    hanging.set(qn("w:hanging"), str(indent.twips))
    properties.append(hanging)
    family, color = OxmlElement("w:rFonts"), OxmlElement("w:color")
    for attribute in ("w:ascii", "w:hAnsi"):
        family.set(qn(attribute), look.family.word_name)
    color.set(qn("w:val"), hex_of("bullet", sheet, look))
    marker.extend([family, color])
    level.extend([properties, marker])


def _substitutes(document: WordDocument, look: Look) -> None:
    """Tells a word processor without the font which one comes nearest."""
    part = document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    name, other = look.family.word_name, look.family.word_substitute
    table = re.sub(rf'<w:font w:name="{name}">.*?</w:font>', "", part.blob.decode(), flags=re.DOTALL)
    entry = f'<w:font w:name="{name}"><w:altName w:val="{other}"/></w:font>'
    part._blob = table.replace("</w:fonts>", f"{entry}</w:fonts>").encode()  # noqa: SLF001 - parts without a model
