"""Documents into bytes: the one seam between the service (server, worker, children) and what draws.

    plan = engine.plan(document, FORMAT_PDF, "modern", RenderOptions())
    rendered = engine.render(document, plan)

Everything here is a pure function of its arguments and of the files that ship with the service: equal arguments give
equal bytes in every process (SPEC R9). Nothing reaches the network or a file of the system. `plan`, `template_listing`
and `renderer_digest` load no layout engine, so a server may call them in its own process; `render`, `preview` and
`warm_up` belong in a child that can be killed.

Which engine draws a template's PDF is said by the template's manifest (`[pdf] engine`); callers never know.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from services.document.canonical import content_hash, hash_of
from services.document.view import DocumentView, present
from services.render import digest, glyphs
from services.render import options as render_options
from services.render.fit import Fitted, fit
from services.render.fonts import catalogue
from services.render.formats import docx, html, markdown, pdf, png, text
from services.render.look import Look, look_of
from services.render.templates.manifest import Template as TemplateFolder
from services.render.templates.manifest import all_templates
from services.runtime.errors import FieldError, InvalidArgument
from vitae.render.v1.options_pb2 import (
    FORMAT_DOCX,
    FORMAT_HTML,
    FORMAT_MARKDOWN,
    FORMAT_PDF,
    FORMAT_PNG,
    FORMAT_TXT,
    Format,
    RenderOptions,
)
from vitae.render.v1.render_pb2 import ExportPlan, OmittedLine
from vitae.render.v1.templates_pb2 import Template
from vitae.resume.v1.common_pb2 import Line
from vitae.resume.v1.document_pb2 import Document
from vitae.resume.v1.resume_pb2 import ResumeHeader, StructuredResume

PREVIEW_WIDTH_PX = 816
"""Width of a picture when none is asked for: US letter at 96 dots per inch."""

_PRINTED = frozenset({FORMAT_PDF, FORMAT_PNG})
"""Formats whose glyphs come from the bundled fonts; the others are drawn by the reader's own."""

_REMEMBERED = 64
"""Documents of which the content's hash and its glyphs are remembered: the same one is asked for in other formats and
options, one after the other."""

_REMEMBERED_SIZE = 64 * 1024
"""Bytes of the largest document remembered, several times a usual one; photos make others large."""


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


def plan(document: Document, format: Format.ValueType, template: str, options: RenderOptions) -> ExportPlan:
    """Everything that decides the bytes of an export: options with defaults filled in, versions, digests, cache key.

    `template` may be empty: the first of the listing. Raises InvalidArgument with fields such as `options.font_family`,
    `template` (reason UNKNOWN_TEMPLATE) or `document` (reason GLYPHS_MISSING: characters that no bundled font covers),
    and Unimplemented for an option this template or format cannot honour.
    """
    writer = _writer(format)
    folder = _folder(template)
    resolved = render_options.resolve(options, folder, format, _locale(document))
    content_sha256, covered = _content(document)
    if format in _PRINTED and not covered:
        glyphs.check(_view(document, resolved))
    made = ExportPlan(
        format=format,
        template=folder.id,
        template_version=folder.version,
        options=resolved,
        renderer_digest=renderer_digest(),
        content_sha256=content_sha256,
        content_type=writer.content_type,
        file_extension=writer.extension,
    )
    made.cache_key = hash_of(plan=made)
    return made


def _content(document: Document) -> tuple[str, bool]:
    """A document's content hash, and whether every character of it has a glyph."""
    serialized = document.SerializeToString(deterministic=True)
    return (_known_content if len(serialized) <= _REMEMBERED_SIZE else _read_content)(serialized)


def _read_content(serialized: bytes) -> tuple[str, bool]:
    document = Document.FromString(serialized)
    return content_hash(document), glyphs.all_covered(document)


_known_content = lru_cache(maxsize=_REMEMBERED)(_read_content)


def render(document: Document, plan: ExportPlan) -> Rendered:
    """The file of a plan made by `plan` for the same document.

    Raises InvalidArgument for a document whose portrait is no picture or that cannot fit on the pages asked for.
    """
    writer, folder = _writer(plan.format), _folder(plan.template)
    view = _view(document, plan.options)
    if plan.format in _PRINTED:
        glyphs.check(view)
    made = writer.write(view, folder, look_of(plan.options, folder, view.locale), plan.options)
    return Rendered(made.data, writer.content_type, made.page_count, made.omitted)


def preview(
    document: Document,
    plan: ExportPlan,
    *,
    width_px: int = PREVIEW_WIDTH_PX,
    first_page: int = 1,
    page_limit: int = 1,
) -> Preview:
    """Pages of the document's PDF as pictures; `plan` is one for FORMAT_PDF or FORMAT_PNG.

    Pages past the last are left out, so `pages` may be empty.
    """
    folder, view = _folder(plan.template), _view(document, plan.options)
    glyphs.check(view)
    fitted = _fitted(view, folder, look_of(plan.options, folder, view.locale), plan.options)
    pictures = png.pictures(
        fitted.layout.pdf(), width_px=width_px, first_page=first_page, page_limit=page_limit
    )
    pages = [
        PagePicture(number, each.png, each.width_px, each.height_px)
        for number, each in enumerate(pictures, first_page)
    ]
    return Preview(fitted.layout.page_count, tuple(pages))


def template_listing() -> list[Template]:
    """All templates, the default first; `fidelity` is left empty for whoever measures it."""
    return [
        Template(
            id=each.id,
            name=each.name,
            description=each.description,
            audience=each.audience,
            version=each.version,
            formats=list(_WRITERS),
            default_options=render_options.defaults(each),
            options=render_options.specs(each),
        )
        for each in all_templates().values()
    ]


def renderer_digest() -> str:
    """SHA-256, hexadecimal, over the versions of the layout engine, its text libraries, the fonts and this code."""
    return digest.renderer_digest()


def warm_up() -> None:
    """Loads engines, fonts and style sheets and renders once, so that the first request is as fast as the next.

    Raises FailedPrecondition naming the operating system's package when a library is missing.
    """
    for check in pdf.CHECKS.values():
        check()
    catalogue.coverage()
    document = Document(
        resume=StructuredResume(
            locale="en", header=ResumeHeader(full_name="Vitae", title=Line(text="Ω Ж"), email="v@example.org")
        )
    )
    for template in all_templates():
        for format_ in _WRITERS:
            render(document, plan(document, format_, template, RenderOptions()))


@dataclass(frozen=True)
class _File:
    data: bytes
    page_count: int = 0
    omitted: tuple[OmittedLine, ...] = ()


@dataclass(frozen=True)
class _Writer:
    """How a format is written, and what its files are called."""

    content_type: str
    extension: str
    write: Callable[[DocumentView, TemplateFolder, Look, RenderOptions], _File]


def _write_pdf(view: DocumentView, template: TemplateFolder, look: Look, options: RenderOptions) -> _File:
    fitted = _fitted(view, template, look, options)
    return _File(fitted.layout.pdf(), fitted.layout.page_count, fitted.omitted)


def _write_png(view: DocumentView, template: TemplateFolder, look: Look, options: RenderOptions) -> _File:
    """The first page; the page count is the document's."""
    file = _write_pdf(view, template, look, options)
    first = png.pictures(file.data, width_px=PREVIEW_WIDTH_PX)[0]
    return _File(first.png, file.page_count, file.omitted)


def _write_docx(view: DocumentView, template: TemplateFolder, look: Look, options: RenderOptions) -> _File:
    del options  # every option that a word processor can honour is in the look and the view
    return _File(docx.write_docx(view, template, look))


def _write_html(view: DocumentView, template: TemplateFolder, look: Look, options: RenderOptions) -> _File:
    del options
    return _File(html.write_html(view, template, look))


def _write_text(view: DocumentView, template: TemplateFolder, look: Look, options: RenderOptions) -> _File:
    del template, look, options
    return _File(text.write(view))


def _write_markdown(
    view: DocumentView, template: TemplateFolder, look: Look, options: RenderOptions
) -> _File:
    del template, look, options
    return _File(markdown.write(view))


_WRITERS: Mapping[Format.ValueType, _Writer] = {
    FORMAT_PDF: _Writer("application/pdf", "pdf", _write_pdf),
    FORMAT_DOCX: _Writer(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", _write_docx
    ),
    FORMAT_HTML: _Writer("text/html; charset=utf-8", "html", _write_html),
    FORMAT_TXT: _Writer("text/plain; charset=utf-8", "txt", _write_text),
    FORMAT_MARKDOWN: _Writer("text/markdown; charset=utf-8", "md", _write_markdown),
    FORMAT_PNG: _Writer("image/png", "png", _write_png),
}
"""The formats; a new one is a module in formats/ and a line here."""


def _fitted(
    view: DocumentView, template: TemplateFolder, look: Look, options: RenderOptions
) -> Fitted[pdf.Layout]:
    def lay_out(shown: DocumentView, with_look: Look) -> pdf.Layout:
        return pdf.lay_out(shown, template, with_look, pdf_a=options.pdf_a)

    if not options.fit_pages:
        return Fitted(lay_out(view, look), ())
    return fit(view, template, look, options.fit_pages, lay_out)


def _view(document: Document, options: RenderOptions) -> DocumentView:
    return present(
        document,
        locale=options.locale,
        date_format=options.date_format,
        section_order=options.section_order,
        hidden_sections=options.hidden_sections,
        photo=options.photo,
    )


def _locale(document: Document) -> str:
    """The document's language. Raises InvalidArgument for a document with nothing in it."""
    match document.WhichOneof("content"):
        case "resume":
            return document.resume.locale
        case "cover_letter":
            return document.cover_letter.locale
        case _:
            raise InvalidArgument(
                "There is no document to render.",
                reason="DOCUMENT_EMPTY",
                fields=[FieldError("document", "must hold a resume or a cover_letter")],
            )


def _writer(format_: Format.ValueType) -> _Writer:
    if format_ not in _WRITERS:
        names = ", ".join(each.extension for each in _WRITERS.values())
        raise InvalidArgument(
            "The format is not known.",
            reason="UNKNOWN_FORMAT",
            fields=[FieldError("format", f"must be one of {names}")],
        )
    return _WRITERS[format_]


def _folder(template: str) -> TemplateFolder:
    templates = all_templates()
    if not template:
        return next(iter(templates.values()))
    if template not in templates:
        raise InvalidArgument(
            "The template is not known.",
            reason="UNKNOWN_TEMPLATE",
            fields=[FieldError("template", f"must be one of {', '.join(templates)}")],
        )
    return templates[template]
