"""Markdown (CommonMark) of a document. Content is escaped so that it can never become markup."""

from services.document.view import DocumentView


def write_markdown(view: DocumentView) -> str:
    """The Markdown of a view: the name as level 1 heading, sections as level 2, entries as level 3."""
    raise NotImplementedError


def escape(text: str) -> str:
    """Text that a CommonMark or GFM reader shows as exactly this text."""
    raise NotImplementedError
