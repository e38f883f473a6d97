"""How much of its pages a rendered document takes, read from the PDF."""

from dataclasses import dataclass

import pypdfium2

from services.render import engine
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions
from vitae.resume.v1.document_pb2 import Document

_POINTS_A_MM = 72 / 25.4
_TEXT = 1
"""PDFium's number for text among the objects of a page."""


@dataclass(frozen=True)
class Printed:
    """A document on paper."""

    used: tuple[float, ...]
    """Part of each page's height between the margins down to its last text, 0 to 1."""

    @property
    def pages(self) -> int:
        return len(self.used)

    @property
    def filled(self) -> float:
        """Pages' worth of what is printed, the empty feet of pages left out."""
        return sum(self.used)

    @property
    def reached(self) -> float:
        """Pages down to the last text, the empty feet of earlier pages with them."""
        return self.pages - 1 + self.used[-1]


def printed(document: Document, template: str) -> Printed:
    """A document with the template's own options."""
    plan = engine.plan(document, FORMAT_PDF, template, RenderOptions())
    margins = plan.options.margins
    used = []
    with pypdfium2.PdfDocument(engine.render(document, plan).data) as file:
        for page in file:
            height = page.get_height()
            top, bottom = margins.top_mm * _POINTS_A_MM, margins.bottom_mm * _POINTS_A_MM
            lowest = min((each.get_bounds()[1] for each in page.get_objects(filter=[_TEXT])), default=height)
            used.append(max(0.0, height - top - lowest) / (height - top - bottom))
    return Printed(tuple(used))
