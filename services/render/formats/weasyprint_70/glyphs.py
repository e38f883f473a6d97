"""Lines of plain glyphs: what WeasyPrint's function for all lines writes, without asking every glyph for colours.

Syllables of several glyphs are written as codes of their own (codes.py). Lines with glyphs that are missing or drawn as
pictures, and lines that are cut off, stay with the original.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from weasyprint.draw import text
from weasyprint.text.ffi import FROM_UNITS, ffi, pango

from services.render.formats.weasyprint_70.codes import code_of, codes_of_letters, syllables
from services.render.formats.weasyprint_70.line_ends import ends_with_blank, show_blank
from services.render.formats.weasyprint_70.replacement import Replacement

_GLYPH = struct.Struct("=Iiiii")
"""PangoGlyphInfo: glyph, width, offsets right and up, flags."""

if _GLYPH.size != ffi.sizeof("PangoGlyphInfo"):
    raise ImportError("Pango's PangoGlyphInfo has another size")

_SYLLABLES = re.compile(
    "[\u0300-\u036f\u0590-\u1cff\u200b-\u200f\ua8e0-\uabff\ufb1d-\ufdff\ufe00-\ufe0f\ufe70-\ufeff]"
)
"""Letters of scripts in which they are not drawn one by one, and marks that are set on others."""

_BLANKS = dict.fromkeys((0x00A0, 0x202F), " ")
"""Blanks at which no line ends are drawn like any other, and read like any other."""

_draw_first_line = text.draw_first_line


def _draw_plain_line(stream: Any, textbox: Any, text_overflow: str, block_ellipsis: str, matrix: Any) -> Any:
    runs = None
    if text_overflow != "ellipsis" and block_ellipsis == "none" and textbox.style["font_size"] >= 1:
        runs = _plain_runs(stream, textbox)
    if runs is None:
        return _draw_first_line(stream, textbox, text_overflow, block_ellipsis, matrix)

    stream.set_text_matrix(*matrix.values)
    text_bytes = textbox.pango_layout.text.encode()
    current = font = None
    shown: list[str] = []
    for item, pango_font, font, font_size, glyphs in runs:
        if pango_font != current:
            current = pango_font
            if shown:
                stream.show_text("".join(shown))
                shown = []
            stream.set_font_size(font.hash, font_size)
        shown.append("<")
        coded = _coded(stream, item, font, font_size, glyphs, text_bytes)
        shown = _show(stream, shown, pango_font, font, font_size, coded)
        shown[-1] = shown[-1][:-1] if shown[-1][-1] == "<" else shown[-1] + ">"
    stream.show_text("".join(shown))
    if ends_with_blank(textbox):
        show_blank(stream, font)
    return []


def _show(
    stream: Any,
    shown: list[str],
    pango_font: Any,
    font: Any,
    font_size: float,
    coded: Iterable[tuple[int, ...]],
) -> list[str]:
    """Appends the codes of a run to what is shown next; shows at once what is moved up, and what is before it."""
    widths = font.widths
    for code, width, right, up, _ in coded:
        if code == pango.PANGO_GLYPH_EMPTY:
            shown.append(f">{-width / font_size}<")
            continue
        if code not in widths:
            pango.pango_font_get_glyph_extents(pango_font, code, stream.ink_rect, stream.logical_rect)
            widths[code] = round(stream.logical_rect.width * 1000 * FROM_UNITS / font_size)
        offset = right / font_size
        if up:
            _flush(stream, shown)
            stream.set_text_rise(-up / 1000)
            stream.show_text(f"{-offset if offset else ''}<{code:04x}>")
            stream.set_text_rise(0)
            shown = ["<"]
        else:
            if offset:
                shown.append(f">{-offset}<")
            shown.append(f"{code:04x}")
        kerning = widths[code] + offset - width * 1000 * FROM_UNITS / font_size
        if kerning:
            shown.append(f">{int(kerning)}<")
    return shown


def _flush(stream: Any, shown: list[str]) -> None:
    """Shows what is ready; a string that has just begun is empty."""
    shown[-1] = shown[-1][:-1] if shown[-1][-1] == "<" else shown[-1] + ">"
    if written := "".join(shown):
        stream.show_text(written)


def _plain_runs(stream: Any, textbox: Any) -> list[tuple[Any, Any, Any, float, list[tuple[int, ...]]]] | None:
    """Runs of the line with their fonts and glyphs, or None where one of them is more than plain."""
    if not textbox.text.strip():
        return None
    layout = textbox.pango_layout
    pango.pango_layout_set_single_paragraph_mode(layout.layout, True)
    line, _ = layout.get_first_line()
    runs = []
    current: Any = None
    font: Any = None
    font_size = 0.0
    run = line.runs[0]
    while run != ffi.NULL:
        item = run.data
        run = run.next
        string = item.glyphs
        glyphs = list(_GLYPH.iter_unpack(ffi.buffer(string.glyphs, string.num_glyphs * _GLYPH.size)))
        if any(glyph & pango.PANGO_GLYPH_UNKNOWN_FLAG for glyph, *_ in glyphs):
            return None
        if item.item.analysis.font != current:
            current = item.item.analysis.font
            font, font_size = stream.add_font(current)
            if font.bitmap or font.png or font.svg or font.colr:
                return None
        runs.append((item, current, font, font_size, glyphs))
    return runs


def _coded(
    stream: Any, item: Any, font: Any, font_size: float, glyphs: Sequence[tuple[int, ...]], text: bytes
) -> Iterable[tuple[int, ...]]:
    """What is shown of a run: codes as Pango's glyphs, with their widths and offsets; the font learns what they say."""
    start = item.item.offset
    said = text[start : start + item.item.length]
    letters = said.decode().translate(_BLANKS)
    if len(letters) == len(glyphs) and not _SYLLABLES.search(letters) and _one_by_one(font, glyphs, letters):
        return glyphs
    return _syllables(stream, item, font, font_size, glyphs, said)


def _one_by_one(font: Any, glyphs: Sequence[tuple[int, ...]], letters: str) -> bool:
    """True where each glyph stands for the next letter, and has never stood for another."""
    known = font.to_unicode
    for glyph, letter in zip(glyphs, letters, strict=True):
        if glyph[0] == pango.PANGO_GLYPH_EMPTY or known.setdefault(glyph[0], letter) != letter:
            return False
    return True


def _syllables(
    stream: Any, item: Any, font: Any, font_size: float, glyphs: Sequence[tuple[int, ...]], said: bytes
) -> Iterator[tuple[int, ...]]:
    rtl = item.item.analysis.level % 2 == 1
    starts = item.glyphs.log_clusters[0 : len(glyphs)]
    for syllable in syllables(said, glyphs, starts, rtl=rtl):
        glyph, _, right, up, _ = syllable.glyphs[0]
        one_letter = not rtl or len(syllable.letters) == 1
        if len(syllable.glyphs) == 1 and one_letter and not (right or up):
            empty = glyph == pango.PANGO_GLYPH_EMPTY
            if empty or font.to_unicode.setdefault(glyph, syllable.letters) == syllable.letters:
                yield syllable.glyphs[0]
                continue
        if rtl and len(syllable.letters) > 1:
            codes = codes_of_letters(stream, font, font_size, syllable, pango.PANGO_GLYPH_EMPTY)
            if codes is not None:
                yield from ((code, width, 0, 0, 0) for code, width in codes)
                continue
        code = code_of(stream, font, font_size, syllable, pango.PANGO_GLYPH_EMPTY)
        if code is not None:
            yield code, sum([each[1] for each in syllable.glyphs]), 0, 0, 0
            continue
        letters = syllable.letters
        for each in syllable.glyphs:
            if each[0] != pango.PANGO_GLYPH_EMPTY:
                font.to_unicode.setdefault(each[0], letters)
                letters = ""
            yield each


REPLACEMENTS = (Replacement(text, "draw_first_line", "1bb8eae6d88e71b1", _draw_plain_line),)
