"""Documents into bytes: the one seam between the service (server, worker, children) and what draws.

    plan = engine.plan(document, FORMAT_PDF, "modern", RenderOptions())
    rendered = engine.render(document, plan)

Everything here is a pure function of its arguments and of the files that ship with the service: equal arguments give
equal bytes in every process (SPEC R9). Nothing reaches the network or a file of the system. `plan`, `template_listing`
and `renderer_digest` load no layout engine, so a server may call them in its own process; `render`, `preview` and
`warm_up` belong in a child that can be killed.

Which engine draws a template's PDF is said by the template's manifest (`[pdf] engine`); callers never know.
"""

from dataclasses import dataclass

from services.runtime.errors import Unimplemented
from vitae.render.v1.options_pb2 import Format, RenderOptions
from vitae.render.v1.render_pb2 import ExportPlan, OmittedLine
from vitae.render.v1.templates_pb2 import Template
from vitae.resume.v1.document_pb2 import Document


@dataclass(frozen=True)
class Rendered:
    """A file and what the caller must be told about it."""

    data: bytes
    content_type: str
    page_count: int
    """0 for formats without pages."""
    omitted_lines: tuple[OmittedLine, ...] = ()
    """What fit_pages left out, in document order (R7)."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PagePicture:
    """One page as image/png."""

    page: int
    """From 1."""
    png: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Preview:
    """Some pages of a document as pictures."""

    page_count: int
    """Pages of the whole document."""
    pages: tuple[PagePicture, ...]


def plan(document: Document, format: Format, template: str, options: RenderOptions) -> ExportPlan:  # noqa: A002
    """Everything that decides the bytes of an export: options with defaults filled in, versions, digests, cache key.

    `template` may be empty: "modern". Raises InvalidArgument with fields such as `options.font_family`, `template`
    (reason UNKNOWN_TEMPLATE) or `document` (reason GLYPHS_MISSING: characters that no bundled font covers), and
    Unimplemented for an option this template or format cannot honour.
    """
    raise Unimplemented


def render(document: Document, plan: ExportPlan) -> Rendered:
    """The file of a plan made by `plan` for the same document."""
    raise Unimplemented


def preview(
    document: Document, plan: ExportPlan, *, width_px: int = 816, first_page: int = 1, page_limit: int = 1
) -> Preview:
    """Pages of the document's PDF as pictures; `plan` is one for FORMAT_PDF or FORMAT_PNG."""
    raise Unimplemented


def template_listing() -> list[Template]:
    """All templates, the default first; `fidelity` is left empty for whoever measures it."""
    raise Unimplemented


def renderer_digest() -> str:
    """SHA-256, hexadecimal, over the versions of the layout engine, its text libraries, the fonts and this code."""
    raise Unimplemented


def warm_up() -> None:
    """Loads engines, fonts and style sheets and renders once, so that the first request is as fast as the next.

    Raises FailedPrecondition naming the operating system's package when a library is missing.
    """
    raise Unimplemented
