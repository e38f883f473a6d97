"""Plain text of a document: reads well in a terminal and in any parser of resumes."""

from collections.abc import Sequence

from services.document.view import AnyDocument, DocumentView
from vitae.render.v1 import options_pb2
from vitae.resume.v1 import resume_pb2


def write_text(view: DocumentView) -> str:
    """The text of a view, UTF-8 safe, lines ended by a line feed, never wrapped.

    The employer stands on one line and the title with its dates on the next; bullets start with "- "; nothing is
    aligned in columns.
    """
    raise NotImplementedError


def content_text(
    document: AnyDocument,
    *,
    locale: str = "",
    date_format: options_pb2.DateFormat.ValueType = options_pb2.DATE_FORMAT_UNSPECIFIED,
    section_order: Sequence[resume_pb2.SectionType.ValueType] = (),
    hidden_sections: Sequence[resume_pb2.SectionType.ValueType] = (),
) -> str:
    """The text of a document; the options are those of `present`."""
    raise NotImplementedError
