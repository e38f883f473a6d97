"""Blanks at the ends of lines, which say where words end (ISO 32000-1, 14.8.2.5).

WeasyPrint drops the blank at which a line is broken. Programs that follow a file's tags, and know no lines, then read
"theend" of two words. A line that was broken at a blank ends with it here, where a line's text had it; nobody sees it.
Where the next line's text had it, structure.py tells of it.

A text before a piece that stays whole ends with a blank, too, and WeasyPrint breaks it too early where only that blank
does not fit.
"""

from typing import Any

from weasyprint.formatting_structure import boxes
from weasyprint.layout import inline

from services.render.formats.weasyprint_70.replacement import Replacement

_split_text_box = inline.split_text_box
_remove_last_whitespace = inline.remove_last_whitespace


def ends_with_blank(text_box: Any) -> bool:
    """True where a line was broken at a blank behind this text."""
    return bool(vars(text_box).get("ends_with_blank"))


def begins_with_blank(text_box: Any) -> bool:
    """True where a line was broken at a blank that this text began with."""
    return bool(vars(text_box).get("begins_with_blank"))


def show_blank(stream: Any, font: Any) -> None:
    """Shows a blank of the font, where it has shown one before."""
    if "blank" not in vars(font):
        blank = next((code for code, said in font.to_unicode.items() if said == " "), None)
        if blank is None:
            return
        font.blank = b"<%04x> Tj" % blank
    stream.stream.append(font.blank)


def _split(
    context: Any, box: Any, available_width: Any, skip: Any, is_line_start: bool = True
) -> tuple[Any, Any, Any]:
    found, resume_at, preserved = _split_text_box(context, box, available_width, skip, is_line_start)
    if found is not None and resume_at is not None and box.text.endswith(" ") and " " not in found.text:
        # A text that fits but for the blank at its end is broken behind its first word; an em less, and it is broken
        # behind its last one that fits.
        narrower = available_width - box.style["font_size"]
        again = _split_text_box(context, box, narrower, skip, is_line_start)
        if again[0] is not None and len(again[0].text) > len(found.text):
            found, resume_at, preserved = again
    if found is not None:
        found.begins_with_blank = bool(skip) and box.text.encode()[:skip].isspace()
        start = (skip or 0) + len(found.text.encode())
        found.ends_with_blank = resume_at is not None and box.text.encode()[start:resume_at].isspace()
    return found, resume_at, preserved


def _strip(context: Any, line: Any) -> None:
    last = line
    while isinstance(last, (boxes.LineBox, boxes.InlineBox)) and last.children:
        last = last.children[-1]
    text = getattr(last, "text", "")
    _remove_last_whitespace(context, line)
    if text and last.text != text:
        last.ends_with_blank = True


REPLACEMENTS = (
    Replacement(inline, "split_text_box", "8c564329599ef23f", _split),
    Replacement(inline, "remove_last_whitespace", "53f0c79c9fbbda50", _strip),
)
