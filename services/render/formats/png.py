"""Pages of a PDF as pictures."""

import io
from dataclasses import dataclass

import pypdfium2

_FASTEST = 1
"""zlib level: 23 ms a page instead of 90, for files a fifth larger."""


@dataclass(frozen=True)
class Picture:
    """One page."""

    png: bytes
    width_px: int
    height_px: int


def pictures(pdf: bytes, *, width_px: int, first_page: int = 1, page_limit: int = 1) -> list[Picture]:
    """Pages from `first_page` (from 1) on, at most `page_limit`, each `width_px` wide."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        last = min(first_page - 1 + page_limit, len(document))
        return [_picture(document, index, width_px) for index in range(first_page - 1, last)]
    finally:
        document.close()


def _picture(document: pypdfium2.PdfDocument, index: int, width_px: int) -> Picture:
    page = document[index]
    try:
        image = page.render(scale=width_px / page.get_width()).to_pil()
    finally:
        page.close()
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=_FASTEST)
    return Picture(out.getvalue(), image.width, image.height)
