"""Plain text: services.document writes it; templates and typographic options have no part in it."""

from services.document.text import write_text
from services.document.view import DocumentView


def write(view: DocumentView) -> bytes:
    """The text, UTF-8 without a byte order mark."""
    return write_text(view).encode()
