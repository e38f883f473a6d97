"""A PDF's text in the order in which it was painted, by PDFium; and what only its drawing tells."""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import pypdfium2
import pypdfium2.raw as pdfium

from services.render.fidelity.reading import Observation, Reading
from services.runtime.errors import InvalidArgument

_NAME = f"pypdfium2 {version('pypdfium2')}"
_TINY = 2.0
"""Points below which nobody reads."""

_FAINT = 1.15
"""WCAG contrast with what lies below under which a text cannot be told from its ground."""

_LINE_END_HYPHEN = {0x2: "-", 0xFFFE: "-"}
"""What PDFium writes for a hyphen at a line's end, whether it belongs to the word or cuts it."""

_WHITE = (255, 255, 255)
_INVISIBLE_MODES = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})
_DEPTH = 8

Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]


def read(data: bytes) -> tuple[Reading, Observation]:
    """The text of all pages, hidden text and pictures. Raises InvalidArgument when this is no PDF that can be read."""
    lines: list[str] = []
    hidden: list[str] = []
    pictures = 0
    with _opened(data) as document:
        for page in document:
            text = page.get_textpage()
            lines += text.get_text_range().translate(_LINE_END_HYPHEN).splitlines()
            found = _PageObserver(page)
            hidden += found.hidden(text)
            pictures += found.pictures
            text.close()
            page.close()
    return Reading(_NAME, tuple(lines)), Observation(tuple(hidden), pictures)


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise InvalidArgument("The file cannot be read as a PDF.", reason="UNREADABLE_FILE") from error


@dataclass(frozen=True)
class _Ground:
    box: Box
    colour: Colour | None
    """None where it is a picture or a pattern: then nothing is said about contrast."""


class _PageObserver:
    """One pass over the objects of a page in the order of painting."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self.pictures = 0
        self._page = page
        self._width, self._height = page.get_size()
        self._grounds: list[_Ground] = []

    def hidden(self, text_page: pypdfium2.PdfTextPage) -> list[str]:
        """The page's texts that cannot be seen."""
        return [
            text
            for raw in self._objects(
                self._page.raw, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, 0
            )
            if (text := self._hidden_text(raw, text_page.raw))
        ]

    def _objects(self, holder: object, count: object, get: object, depth: int) -> Iterator[object]:
        for number in range(count(holder)):  # type: ignore[operator]
            raw = get(holder, number)  # type: ignore[operator]
            kind = pdfium.FPDFPageObj_GetType(raw)
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                yield raw
            elif kind == pdfium.FPDF_PAGEOBJ_PATH:
                self._note_path(raw)
            elif kind in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING):
                self.pictures += kind == pdfium.FPDF_PAGEOBJ_IMAGE
                self._grounds.append(_Ground(_box(raw), None))
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEPTH:
                yield from self._objects(
                    raw, pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject, depth + 1
                )

    def _note_path(self, raw: object) -> None:
        mode, stroke = ctypes.c_int(), ctypes.c_int()
        if pdfium.FPDFPath_GetDrawMode(raw, mode, stroke) and mode.value != pdfium.FPDF_FILLMODE_NONE:
            colour, alpha = _fill(raw)
            box, plain = _painted(raw)
            self._grounds.append(_Ground(box, colour if alpha > 200 and plain else None))

    def _hidden_text(self, raw: object, text_page: object) -> str:
        """The object's text when it cannot be seen, else nothing."""
        box = _box(raw)
        colour, alpha = _fill(raw)
        ground = self._ground_below(box)
        cannot_be_seen = (
            pdfium.FPDFTextObj_GetTextRenderMode(raw) in _INVISIBLE_MODES
            or alpha < 10
            or max(box[2] - box[0], box[3] - box[1]) < _TINY / 2  # a dash is flat, and seen
            or _size(raw) < _TINY
            or box[2] < 0
            or box[3] < 0
            or box[0] > self._width
            or box[1] > self._height
            or (ground is not None and _contrast(colour, ground) < _FAINT)
        )
        return _text(raw, text_page) if cannot_be_seen else ""

    def _ground_below(self, box: Box) -> Colour | None:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        for ground in reversed(self._grounds):
            left, bottom, right, top = ground.box
            if left <= x <= right and bottom <= y <= top:
                return ground.colour
        return _WHITE


def _box(raw: object) -> Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(raw, left, bottom, right, top)
    return left.value, bottom.value, right.value, top.value


def _painted(raw: object) -> tuple[Box, bool]:
    """The box a shape paints inside its clip, and whether it is a plain box that it fills.

    Frames are painted as two boxes, one inside the other, or as a box clipped to a frame: of what lies inside a shape
    with more than four corners nothing is known.
    """
    box = _box(raw)
    plain = len(_corners(raw, pdfium.FPDFPath_CountSegments, pdfium.FPDFPath_GetPathSegment)) <= 4
    clip = pdfium.FPDFPageObj_GetClipPath(raw)
    for number in range(max(0, pdfium.FPDFClipPath_CountPaths(clip)) if clip else 0):
        corners = _corners(
            clip,
            partial(_clip_size, number=number),
            partial(_clip_segment, number=number),
        )
        if corners:
            xs, ys = zip(*corners, strict=True)
            box = (max(box[0], min(xs)), max(box[1], min(ys)), min(box[2], max(xs)), min(box[3], max(ys)))
        plain = plain and len(corners) <= 4
    return box, plain


def _corners(
    path: object, count: Callable[[object], int], segment: Callable[[object, int], object]
) -> set[tuple[float, float]]:
    x, y = ctypes.c_float(), ctypes.c_float()
    found = set()
    for number in range(count(path)):
        if pdfium.FPDFPathSegment_GetPoint(segment(path, number), x, y):
            found.add((round(x.value, 1), round(y.value, 1)))
    return found


def _clip_size(clip: object, *, number: int) -> int:
    return int(pdfium.FPDFClipPath_CountPathSegments(clip, number))


def _clip_segment(clip: object, index: int, *, number: int) -> object:
    return pdfium.FPDFClipPath_GetPathSegment(clip, number, index)


def _fill(raw: object) -> tuple[Colour, int]:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not pdfium.FPDFPageObj_GetFillColor(raw, red, green, blue, alpha):
        return (0, 0, 0), 255
    return (red.value, green.value, blue.value), alpha.value


def _size(raw: object) -> float:
    """Font size on the page: the text's own times its matrix's."""
    size, matrix = ctypes.c_float(), pdfium.FS_MATRIX()
    if not pdfium.FPDFTextObj_GetFontSize(raw, size) or not pdfium.FPDFPageObj_GetMatrix(raw, matrix):
        return _TINY
    scale = (matrix.c**2 + matrix.d**2) ** 0.5
    return float(size.value * scale)


def _text(raw: object, text_page: object) -> str:
    length = pdfium.FPDFTextObj_GetText(raw, text_page, None, 0)
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFTextObj_GetText(raw, text_page, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
    return buffer.raw[: max(0, length - 2)].decode("utf-16-le", errors="replace").strip()


def _contrast(first: Colour, second: Colour) -> float:
    """WCAG 2 contrast of two colours, 1 to 21."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(each / 255) for each in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
