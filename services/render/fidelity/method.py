"""Versions of the method. Scores of different versions do not compare."""

from enum import Enum

from vitae.render.v1.options_pb2 import FORMAT_DOCX, FORMAT_PDF, Format

_REVISION = "3"
"""Changed with every change that may move a score: extractors, comparisons, weights."""

FORMATS: frozenset[Format.ValueType] = frozenset({FORMAT_PDF, FORMAT_DOCX})
"""Formats that are read back."""


class Method(Enum):
    """Which extractors read a PDF."""

    QUICK = "quick"
    """Two independent ones that cost milliseconds: for every export."""

    FULL = "full"
    """Those and two slow ones: for the figures of templates and for files brought to us."""

    @property
    def version(self) -> str:
        """What reports carry as method_version."""
        return f"{_REVISION}-{self.value}"
