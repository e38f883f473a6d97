"""Lines of plain glyphs: what WeasyPrint's function for all lines writes, without asking every glyph for colours.

Lines with glyphs above the baseline, missing or drawn as pictures, and lines that are cut off, stay with the original.
"""

import struct
from typing import Any

from weasyprint.draw import text
from weasyprint.text.ffi import FROM_UNITS, ffi, pango

from services.render.formats.weasyprint_70.replacement import Replacement

_GLYPH = struct.Struct("=Iiiii")
"""PangoGlyphInfo: glyph, width, offsets right and up, flags."""

if _GLYPH.size != ffi.sizeof("PangoGlyphInfo"):
    raise ImportError("Pango's PangoGlyphInfo has another size")

_draw_first_line = text.draw_first_line


def _draw_plain_line(stream: Any, textbox: Any, text_overflow: str, block_ellipsis: str, matrix: Any) -> Any:
    runs = None
    if text_overflow != "ellipsis" and block_ellipsis == "none" and textbox.style["font_size"] >= 1:
        runs = _plain_runs(stream, textbox)
    if runs is None:
        return _draw_first_line(stream, textbox, text_overflow, block_ellipsis, matrix)

    stream.set_text_matrix(*matrix.values)
    current = None
    shown: list[str] = []
    for item, pango_font, font, font_size, glyphs in runs:
        if pango_font != current:
            current = pango_font
            if shown:
                stream.show_text("".join(shown))
                shown = []
            stream.set_font_size(font.hash, font_size)
        shown.append("<")
        widths, known = font.widths, font.to_unicode
        for number, (glyph, width, right, _, _) in enumerate(glyphs):
            if glyph not in known:
                known[glyph] = _text_of(item, number, len(glyphs), textbox)
            if glyph not in widths:
                pango.pango_font_get_glyph_extents(pango_font, glyph, stream.ink_rect, stream.logical_rect)
                widths[glyph] = round(stream.logical_rect.width * 1000 * FROM_UNITS / font_size)
            offset = right / font_size
            if offset:
                shown.append(f">{-offset}<")
            shown.append(f"{glyph:04x}")
            kerning = widths[glyph] + offset - width * 1000 * FROM_UNITS / font_size
            if kerning:
                shown.append(f">{int(kerning)}<")
        shown[-1] = shown[-1][:-1] if shown[-1][-1] == "<" else shown[-1] + ">"
    stream.show_text("".join(shown))
    return []


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
        if any(glyph >= pango.PANGO_GLYPH_EMPTY or up for glyph, _, _, up, _ in glyphs):
            return None
        if item.item.analysis.font != current:
            current = item.item.analysis.font
            font, font_size = stream.add_font(current)
            if font.bitmap or font.png or font.svg or font.colr:
                return None
        runs.append((item, current, font, font_size, glyphs))
    return runs


def _text_of(item: Any, number: int, count: int, textbox: Any) -> str:
    """Characters of one glyph of a run: its cluster."""
    clusters = item.glyphs.log_clusters
    start, end = clusters[number], item.item.length
    if item.item.analysis.level % 2:
        end = end if number == 0 else clusters[number - 1]
    else:
        end = end if number == count - 1 else clusters[number + 1]
    offset = item.item.offset
    characters: str = textbox.pango_layout.text.encode()[offset + start : offset + end].decode()
    return characters


REPLACEMENTS = (Replacement(text, "draw_first_line", "1bb8eae6d88e71b1", _draw_plain_line),)
