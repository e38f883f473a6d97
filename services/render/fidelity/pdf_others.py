"""A PDF's text by two further parsers: slow, widely used, each wrong in its own way."""

import io
import logging
from importlib.metadata import version

import pypdf
from pdfminer.high_level import extract_text
from pdfminer.pdfexceptions import PDFException
from pdfminer.psexceptions import PSException
from pypdf.errors import PyPdfError

from services.render.fidelity.reading import Reading
from services.runtime.errors import InvalidArgument

_PDFMINER = f"pdfminer.six {version('pdfminer.six')}"
_PYPDF = f"pypdf {version('pypdf')}"


def read_with_pdfminer(data: bytes) -> Reading:
    """pdfminer.six, whose layout analysis gathers blocks. Raises InvalidArgument for what it cannot read."""
    try:
        text = extract_text(io.BytesIO(data))
    except (PDFException, PSException, ValueError, KeyError, TypeError) as error:
        raise _unreadable() from error
    return Reading(_PDFMINER, tuple(text.splitlines()))


def read_with_pypdf(data: bytes) -> Reading:
    """pypdf, which follows the stream. Raises InvalidArgument for what it cannot read."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        pages = [each.extract_text() for each in pypdf.PdfReader(io.BytesIO(data)).pages]
    except (PyPdfError, ValueError, KeyError, TypeError) as error:
        raise _unreadable() from error
    return Reading(_PYPDF, tuple(line for page in pages for line in page.splitlines()))


def _unreadable() -> InvalidArgument:
    return InvalidArgument("The file cannot be read as a PDF.", reason="UNREADABLE_FILE")
