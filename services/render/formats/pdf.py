"""PDF through the engine that a template's manifest names.

Another engine is a module with `lay_out(view, template, look, *, pdf_a) -> Layout` and a line in `ENGINES`.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from services.document.view import DocumentView
from services.render.formats import weasy
from services.render.look import Look
from services.render.templates.manifest import Template


class Layout(Protocol):
    """A document laid out in pages."""

    page_count: int

    def pdf(self) -> bytes:
        """The file."""


class LayOut(Protocol):
    """What an engine offers."""

    def __call__(self, view: DocumentView, template: Template, look: Look, *, pdf_a: bool = False) -> Layout:
        """Lays a view out in pages."""


ENGINES: Mapping[str, LayOut] = {"weasyprint": weasy.lay_out}
"""By the name used in manifests."""

CHECKS: Mapping[str, Callable[[], None]] = {"weasyprint": weasy.check_libraries}
"""What tells that an engine's libraries are there."""


def lay_out(view: DocumentView, template: Template, look: Look, *, pdf_a: bool = False) -> Layout:
    """Lays a view out with the template's engine."""
    return ENGINES[template.pdf_engine](view, template, look, pdf_a=pdf_a)
