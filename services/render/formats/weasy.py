"""The WeasyPrint engine: HTML and CSS to PDF, with no font but ours and no way to any file or host.

One `Session` is kept for the life of the process: parsed style sheets and the font configuration are what makes the
second document twice as fast as the first (PERFORMANCE measurements of WeasyPrint 70).
"""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from PIL import ImageFile

from services.document.view import DocumentView
from services.render.fonts import catalogue
from services.render.formats import page, weasy_source, weasyprint_70
from services.render.formats.photo import portrait
from services.render.look import Look
from services.render.templates.manifest import Template
from services.runtime.errors import FailedPrecondition

if TYPE_CHECKING:
    import weasyprint

PHOTO = "memory:photo"

_UNUSED = {"fontTools.subset": "Subsetter", "fontTools.varLib.instancer": "instantiateVariableFont"}
"""What WeasyPrint imports and never calls here, with a name it asks for: HarfBuzz cuts the fonts, and none is variable.
A process has 10 MB less without them.
"""


class Layout:
    """A document laid out: how many pages it has, and the PDF when wanted."""

    def __init__(self, document: "weasyprint.Document", *, pdf_a: bool) -> None:
        self._document = document
        self._pdf_a = pdf_a
        self.page_count = len(document.pages)

    def pdf(self) -> bytes:
        """The file: tagged PDF/UA-1, or PDF/A-2u with tags. Equal input gives equal bytes: no identifier, no dates."""
        variant = "pdf/a-2u" if self._pdf_a else "pdf/ua-1"
        data: bytes = self._document.write_pdf(pdf_variant=variant, pdf_tags=True)
        return data


def lay_out(view: DocumentView, template: Template, look: Look, *, pdf_a: bool = False) -> Layout:
    """Lays a view out in pages."""
    _library()
    photo = portrait(view.header.photo) if view.header.photo else None
    html = page.compose(view, template, look, photo_url=PHOTO if photo else "")
    source = weasy_source.source_class()(html, _fetcher({PHOTO: photo} if photo else {}))
    weasyprint_70.forget_kept(_fonts())
    document = source.render(
        stylesheets=[_template_css(template), _look_css(look)],
        font_config=_fonts(),
        pdf_variant="pdf/a-2u" if pdf_a else "pdf/ua-1",
        pdf_tags=True,
    )
    return Layout(document, pdf_a=pdf_a)


def check_libraries() -> None:
    """Raises FailedPrecondition naming the system's package that is missing."""
    _library()


@cache
def _library() -> Any:
    """WeasyPrint, imported when it is first needed and with our font configuration in force.

    Fontconfig reads its environment variable once, while WeasyPrint is imported.
    """
    os.environ["FONTCONFIG_FILE"] = str(catalogue.CONFIGURATION)
    try:
        with _empty(_UNUSED):
            import weasyprint
        from weasyprint.text.ffi import harfbuzz_subset
    except OSError as error:
        raise FailedPrecondition(
            "A library of the operating system is missing: install the packages libpango-1.0-0 and libpangoft2-1.0-0.",
            reason="RENDER_LIBRARY_MISSING",
        ) from error
    if harfbuzz_subset is None:
        raise FailedPrecondition(
            "A library of the operating system is missing: install the package libharfbuzz-subset0. Without it every"
            " PDF takes ten times as long.",
            reason="RENDER_LIBRARY_MISSING",
        )
    # WeasyPrint makes Pillow take pictures that break off; a portrait that is half grey is refused instead (photo.py).
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    weasyprint_70.replaced()
    return weasyprint


@contextmanager
def _empty(names: Mapping[str, str]) -> Iterator[None]:
    """Has modules hold one name each, for as long as the block lasts."""
    empty = {module: ModuleType(module) for module in names if module not in sys.modules}
    for module, made in empty.items():
        setattr(made, names[module], None)
    sys.modules.update(empty)
    try:
        yield
    finally:
        for module in empty:
            del sys.modules[module]


def _fetcher(memory: dict[str, bytes]) -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Memory(URLFetcher):  # type: ignore[misc] # WeasyPrint is untyped
        """Answers for what is in memory and refuses everything else."""

        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:  # noqa: ARG002 - WeasyPrint's signature
            if url not in memory:
                raise ValueError("nothing is fetched while rendering")
            return URLFetcherResponse(url, body=memory[url], headers={"Content-Type": "image/jpeg"})

    return Memory()


@cache
def _fonts() -> Any:
    _library()
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


@cache
def _template_css(template: Template) -> Any:
    return _library().CSS(string=page.stylesheet(template), font_config=_fonts(), url_fetcher=_fetcher({}))


@lru_cache(maxsize=16)
def _look_css(look: Look) -> Any:
    return _library().CSS(
        string=page.properties(look, look.stack), font_config=_fonts(), url_fetcher=_fetcher({})
    )
