"""What is asked of a child, and what its answer says: messages outside, frames on the wire.

    job = render_job(document, plan, limits=limits)
    result = await supervisor.run(job)                                   # a RenderResult

The child's side is services/render/performers.py. A new kind of job is a function here, one there, and a line in
its table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from services.render.frames import Frame, Value
from vitae.render.v1.fidelity_pb2 import FidelityReport
from vitae.render.v1.options_pb2 import Format
from vitae.render.v1.render_pb2 import ExportPlan, PreviewPage, RenderedFile
from vitae.resume.v1.document_pb2 import Document

T = TypeVar("T")

RENDER, PREVIEW, MEASURE = "render", "preview", "measure"
"""Kinds of jobs."""

DOCUMENT_READ = "document_read"
"""Step: the child has the document and begins to draw."""

RENDERED = "rendered"
"""Step: the file exists, and comes along with its description as far as that is known; reading it back begins."""


@dataclass(frozen=True)
class Job(Generic[T]):
    """One thing to ask of a child."""

    frame: Frame
    read: Callable[[Frame], T]
    """Turns the child's answer into the result."""


@dataclass(frozen=True)
class FileLimits:
    """What a file may be."""

    max_pages: int
    max_bytes: int


@dataclass(frozen=True)
class RenderResult:
    """A file and its description."""

    file: RenderedFile
    data: bytes

    @classmethod
    def of(cls, parts: Sequence[bytes]) -> Self:
        """From the parts of a frame."""
        description, data = parts
        return cls(RenderedFile.FromString(description), data)


def render_job(
    document: Document,
    plan: ExportPlan,
    *,
    limits: FileLimits,
    measure: bool = True,
) -> Job[RenderResult]:
    """Renders, and reads PDF and DOCX files back where `measure` or the plan's min_fidelity asks for it."""
    values: dict[str, Value] = {
        "measure": measure,
        "max_pages": limits.max_pages,
        "max_bytes": limits.max_bytes,
    }
    parts = (document.SerializeToString(), plan.SerializeToString())
    return Job(Frame(RENDER, values, parts), _read_render)


def preview_job(
    document: Document, plan: ExportPlan, *, width_px: int, first_page: int, page_limit: int
) -> Job[tuple[PreviewPage, ...]]:
    """Draws pages as pictures."""
    values: dict[str, Value] = {"width_px": width_px, "first_page": first_page, "page_limit": page_limit}
    parts = (document.SerializeToString(), plan.SerializeToString())
    return Job(Frame(PREVIEW, values, parts), _read_preview)


def measure_job(
    data: bytes,
    format: Format.ValueType,
    document: Document | None,
) -> Job[FidelityReport]:
    """Reads a file back with every extractor there is."""
    parts = (data,) if document is None else (data, document.SerializeToString())
    return Job(Frame(MEASURE, {"format": format}, parts), _read_report)


def _read_render(frame: Frame) -> RenderResult:
    return RenderResult.of(frame.parts)


def _read_preview(frame: Frame) -> tuple[PreviewPage, ...]:
    return tuple(PreviewPage.FromString(each) for each in frame.parts)


def _read_report(frame: Frame) -> FidelityReport:
    return FidelityReport.FromString(frame.parts[0])
