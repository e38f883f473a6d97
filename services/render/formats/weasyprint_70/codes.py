"""Codes that read as the letters they draw, in scripts where letters and glyphs do not go one by one.

In Devanagari, Thai or Arabic the letters of a syllable are drawn by several glyphs, in another order than they are
written, above and below each other, and with shapes that several letters share. WeasyPrint writes for each glyph the
text it had where it was first met; programs that read the file give that text wherever the glyph is drawn again, and
take marks that are moved to their places for words of their own. Here a syllable of several glyphs becomes one glyph,
composed of them (OpenType 1.9, glyf, composite glyphs), that stands for all letters of the syllable; and a glyph that
stands for other letters than before gets another code. In right-to-left scripts each letter of a syllable has a code of
its own. The CIDToGIDMap of the font (ISO 32000-1, 9.7.4.2) says which
glyph a code draws.

Fonts with CFF outlines have neither; those bundled draw a glyph for a character.
"""

import io
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pydyf
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphComponent
from weasyprint.pdf import fonts
from weasyprint.text.ffi import FROM_UNITS

from services.render.formats.weasyprint_70.replacement import Replacement

_APART = 256
"""Codes left free behind a font's glyphs, where WeasyPrint puts characters that a font lacks."""

_MOST_CODES = 0xFFFF

_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_JOINERS = re.compile("[\u200c\u200d\ufe00-\ufe0f]")

_XY_OFFSETS = 0x0002
"""Flag of a component: it is moved by the numbers that follow."""

_build_vector_font_dictionary = fonts._build_vector_font_dictionary  # noqa: SLF001 - it is to be replaced
_clean = fonts.Font.clean


class Part(NamedTuple):
    """One glyph of a syllable, and where it stands from the syllable's beginning, in units of the font."""

    glyph: int
    right: int
    up: int


class Shape(NamedTuple):
    """What a code draws."""

    parts: tuple[Part, ...]
    advance: int
    """Units of the font."""


@dataclass
class Codes:
    """The codes of one font file in one document."""

    first: int
    of_letters: dict[tuple[Shape, str], int] = field(default_factory=dict)
    glyphs: dict[Shape, int] = field(default_factory=dict)
    """Glyphs of the file as it is embedded, for shapes of more than one part."""


class Syllable(NamedTuple):
    """Glyphs that belong together, in the order of painting, and what they say."""

    glyphs: Sequence[tuple[int, ...]]
    letters: str


def syllables(
    text: bytes, glyphs: Sequence[tuple[int, ...]], starts: Sequence[int], *, rtl: bool
) -> Iterator[Syllable]:
    """A run's glyphs in groups that are read as one: clusters, with those that take no width of their own.

    `text` is the run's in UTF-8. `starts` tells for each glyph at which byte of it its cluster begins: in rising order,
    or in falling order where `rtl`.
    """
    groups: list[list[int]] = []
    order = range(len(glyphs) - 1, -1, -1) if rtl else range(len(glyphs))
    for at in order:
        same = groups and starts[groups[-1][0]] == starts[at]
        if same or (groups and _takes_no_width(glyphs, starts, at)):
            groups[-1].append(at)
        else:
            groups.append([at])
    ends = [*(starts[group[0]] for group in groups[1:]), len(text)]
    spoken = [text[starts[group[0]] : end].decode() for group, end in zip(groups, ends, strict=True)]
    for group, letters in list(zip(groups, spoken, strict=True))[:: -1 if rtl else 1]:
        yield Syllable([glyphs[at] for at in sorted(group)], _said(letters))


def _said(letters: str) -> str:
    """What is written for a group: blanks alike, and emoji without what joins or varies them.

    pdf_oxide loses characters beyond the basic plane where more than one stands for a code.
    """
    if letters.isspace():
        return " "
    return _JOINERS.sub("", letters) if _BEYOND.search(letters) else letters


def _takes_no_width(glyphs: Sequence[tuple[int, ...]], starts: Sequence[int], at: int) -> bool:
    return all(glyph[1] == 0 for glyph, start in zip(glyphs, starts, strict=True) if start == starts[at])


def code_of(stream: Any, font: Any, font_size: float, syllable: Syllable, empty: int) -> int | None:
    """The code that draws a syllable and is read as its letters, or None where its font can have none."""
    shape = _shape(font, font_size, syllable, empty)
    return _code(stream, font, shape, syllable.letters) if shape.parts else None


def codes_of_letters(
    stream: Any, font: Any, font_size: float, syllable: Syllable, empty: int
) -> list[tuple[int, int]] | None:
    """Codes that together draw a right-to-left syllable, each read as one of its letters, and the width of each in
    Pango's units, from left to right; None where its font can have none.

    Programs turn a right-to-left line around code by code or letter by letter, and so read a code of two letters, such
    as the ligature of lam and alef, as "al". Here the first code draws the whole and takes a part of its width; the
    others draw nothing and take the rest.
    """
    shape = _shape(font, font_size, syllable, empty)
    if not shape.parts:
        return None
    letters = syllable.letters[::-1]
    width = sum(each[1] for each in syllable.glyphs)
    found = []
    for place, letter in enumerate(letters):
        part = Shape(shape.parts if place == 0 else (), _share(shape.advance, place, len(letters)))
        code = _code(stream, font, part, letter)
        if code is None:
            return None
        found.append((code, _share(width, place, len(letters))))
    return found


def _share(whole: int, place: int, count: int) -> int:
    """One of `count` whole parts of a length that make it up together."""
    return whole * (place + 1) // count - whole * place // count


def _shape(font: Any, font_size: float, syllable: Syllable, empty: int) -> Shape:
    unit = FROM_UNITS / font_size * font.upem
    pen = 0
    parts = []
    for glyph, width, right, up, _ in syllable.glyphs:
        if glyph != empty:
            parts.append(Part(glyph, round((pen + right) * unit), round(up * unit)))
        pen += width
    return Shape(tuple(parts), round(pen * unit))


def _code(stream: Any, font: Any, shape: Shape, letters: str) -> int | None:
    codes = _codes(stream, font)
    code = codes.of_letters.get((shape, letters))
    if code is None:
        code = codes.first + len(codes.of_letters)
        if font.type == "otf" or code > _MOST_CODES:
            return None
        codes.of_letters[shape, letters] = code
    if code not in font.to_unicode:
        font.to_unicode[code] = letters
        font.widths[code] = round(shape.advance * 1000 / font.upem)
    return code


def _codes(stream: Any, font: Any) -> Codes:
    """The codes of a font's file, which fonts of several sizes share."""
    if "codes" not in vars(font):
        all_fonts = stream._fonts.values()  # noqa: SLF001 - the only place that knows them all
        same = (vars(each).get("codes") for each in all_fonts if each.hash == font.hash)
        font.codes = next(filter(None, same), None) or Codes(font.glyph_count + _APART)
    found: Codes = font.codes
    return found


def _cleaned(self: Any, to_unicode: Any, hinting: bool) -> None:
    codes: Codes | None = vars(self).get("codes")
    if not codes or not to_unicode:
        _clean(self, to_unicode, hinting)
        return
    shapes = [shape for shape, _ in codes.of_letters]
    used = {each: "" for each in to_unicode if each < codes.first}
    used.update({part.glyph: "" for shape in shapes for part in shape.parts})
    _clean(self, used, hinting)
    _compose(self, codes, shapes)


def _compose(font: Any, codes: Codes, shapes: Sequence[Shape]) -> None:
    """Adds a glyph to the font's file for each shape of several parts."""
    alone = {shape for shape in shapes if _is_plain(font, shape)}
    codes.glyphs.update({shape: shape.parts[0].glyph for shape in alone})
    composed_of = [shape for shape in dict.fromkeys(shapes) if shape not in alone]
    if not composed_of:
        return
    with TTFont(io.BytesIO(font.file_content), recalcTimestamp=False) as file:
        table, widths, order = file["glyf"], file["hmtx"].metrics, list(file.getGlyphOrder())
        for shape in composed_of:
            codes.glyphs[shape] = len(order)
            composed = Glyph()
            if shape.parts:
                composed.numberOfContours = -1
                composed.components = [_component(order[part.glyph], part) for part in shape.parts]
            name = f"syllable{len(order)}"
            order.append(name)
            table.glyphs[name] = composed
            if shape.parts:
                composed.recalcBounds(table)
            widths[name] = (shape.advance, getattr(composed, "xMin", 0))
        file.setGlyphOrder(order)
        table.setGlyphOrder(order)
        out = io.BytesIO()
        file.save(out)
    font.file_content = out.getvalue()


def _is_plain(font: Any, shape: Shape) -> bool:
    """True for one glyph in its own place, as wide as the font has it."""
    return (
        len(shape.parts) == 1
        and shape.parts[0][1:] == (0, 0)
        and font.widths.get(shape.parts[0].glyph) == round(shape.advance * 1000 / font.upem)
    )


def _component(name: str, part: Part) -> GlyphComponent:
    component = GlyphComponent()
    component.glyphName, component.x, component.y, component.flags = name, part.right, part.up, _XY_OFFSETS
    return component


def _vector_font(
    font_dictionary: Any, pdf: Any, font: Any, widths: Any, compress: bool, reference: Any, pdf_version: Any
) -> None:
    _build_vector_font_dictionary(font_dictionary, pdf, font, widths, compress, reference, pdf_version)
    codes: Codes | None = vars(font).get("codes")
    if not codes:
        return
    glyphs = [*range(codes.first), *(codes.glyphs[shape] for shape, _ in codes.of_letters)]
    stream = pydyf.Stream([struct.pack(f">{len(glyphs)}H", *glyphs)], compress=compress)
    pdf.add_object(stream)
    descendant = next(
        each for each in reversed(pdf.objects) if isinstance(each, pydyf.Dictionary) and "CIDToGIDMap" in each
    )
    descendant["CIDToGIDMap"] = stream.reference


REPLACEMENTS = (
    Replacement(fonts, "_build_vector_font_dictionary", "aa6eea312c6e3375", _vector_font),
    Replacement(fonts.Font, "clean", "794f0211f18453f1", _cleaned),
)
