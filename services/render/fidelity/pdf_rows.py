"""A PDF's text in rows from the top of the page to its end, by pdf_oxide: a parser written apart from PDFium.

Its own reading order follows the file's tags, which most parsers ignore; so its pieces of text are put into rows here,
by where they stand: pieces whose middles share a line are one row, from left to right (from right to left where it is
of a right-to-left script). A row reads across columns, as the simplest parsers do; that is why it is the strict one.
"""

from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from statistics import median

import pdf_oxide

from services.render.fidelity.reading import Reading
from services.render.fidelity.texts import is_right_to_left
from services.runtime.errors import InvalidArgument

_NAME = f"pdf_oxide {version('pdf_oxide')} in rows"
_WORD_GAP = 0.18
"""Part of the font size between two pieces from which they are two words: half of a narrow blank."""


@dataclass(frozen=True)
class _Piece:
    text: str
    left: float
    right: float
    middle: float
    size: float


def read(data: bytes) -> Reading:
    """The text of all pages. Raises InvalidArgument when this is no PDF that can be read."""
    lines: list[str] = []
    try:
        document = pdf_oxide.PdfDocument.from_bytes(data)
        for number in range(document.page_count()):
            pieces = [_piece(each) for each in document.extract_spans(number) if each.text.strip()]
            lines += [_joined(row) for row in _rows(pieces)]
    except (RuntimeError, ValueError, OSError) as error:
        raise InvalidArgument("The file cannot be read as a PDF.", reason="UNREADABLE_FILE") from error
    return Reading(_NAME, tuple(lines))


def _piece(span: pdf_oxide.TextSpan) -> _Piece:
    left, bottom, width, height = span.bbox
    return _Piece(span.text, left, left + width, bottom + height / 2, height or span.font_size)


def _rows(pieces: list[_Piece]) -> list[list[_Piece]]:
    rows: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda each: -each.middle):
        row = rows[-1] if rows else []
        if row and abs(median(each.middle for each in row) - piece.middle) <= 0.35 * min(
            row[0].size, piece.size
        ):
            row.append(piece)
        else:
            rows.append([piece])
    return rows


def _joined(row: list[_Piece]) -> str:
    row = sorted(row, key=lambda each: each.left)
    backwards = is_right_to_left("".join(each.text for each in row))
    parts = [row[0].text]
    for before, after in pairwise(row):
        apart = after.left - before.right > _WORD_GAP * min(before.size, after.size)
        # Read from the right, a piece's blanks are on its other side: they part it from both neighbours.
        apart = apart or (backwards and any(each.text != each.text.strip() for each in (before, after)))
        parts.append(" " if apart else "")
        parts.append(after.text)
    return "".join(reversed(parts) if backwards else parts)
