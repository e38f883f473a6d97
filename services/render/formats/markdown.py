"""Markdown: services.document writes it; templates and typographic options have no part in it."""

from services.document.markdown import write_markdown
from services.document.view import DocumentView


def write(view: DocumentView) -> bytes:
    """The Markdown, UTF-8 without a byte order mark."""
    return write_markdown(view).encode()
