"""The child's side of jobs: a frame that asks, calls of the engine and of parse fidelity, a frame that answers."""

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from services.render import jobs
from services.render.fidelity.expectation import expected
from services.render.fidelity.measure import measure
from services.render.fidelity.method import FORMATS, Method
from services.render.frames import Frame, Value
from services.runtime.errors import FailedPrecondition, FieldError, InvalidArgument
from vitae.render.v1.fidelity_pb2 import FidelityReport
from vitae.render.v1.options_pb2 import Format, RenderOptions
from vitae.render.v1.render_pb2 import ExportPlan, PreviewPage, RenderedFile
from vitae.resume.v1.document_pb2 import Document

if TYPE_CHECKING:
    from services.render.engine import Preview, Rendered


class Step(Protocol):
    """Tells the supervisor how far a job is, and what of its result is there already."""

    def __call__(self, name: str, *parts: bytes) -> None: ...


class Engine(Protocol):
    """What a child draws with: services.render.engine, or what a test puts in its place."""

    def render(self, document: Document, plan: ExportPlan) -> "Rendered": ...

    def preview(
        self, document: Document, plan: ExportPlan, *, width_px: int, first_page: int, page_limit: int
    ) -> "Preview": ...

    def warm_up(self) -> None: ...


def perform(frame: Frame, engine: Engine, step: Step) -> Frame:
    """Does what a frame asks. Raises VitaeError for what the caller has to mend."""
    return _PERFORMERS[frame.kind](frame, engine, step)


def _render(frame: Frame, engine: Engine, step: Step) -> Frame:
    document, plan = Document.FromString(frame.parts[0]), ExportPlan.FromString(frame.parts[1])
    step(jobs.DOCUMENT_READ)
    began = time.perf_counter()
    rendered = engine.render(document, plan)
    drawn = time.perf_counter()
    _check_size(rendered, _int(frame, "max_pages"), _int(frame, "max_bytes"))
    file = RenderedFile(
        content_type=rendered.content_type,
        size_bytes=len(rendered.data),
        sha256=hashlib.sha256(rendered.data).hexdigest(),
        page_count=rendered.page_count,
        omitted_lines=rendered.omitted_lines,
        warnings=rendered.warnings,
    )
    step(jobs.RENDERED, file.SerializeToString(), rendered.data)
    minimum = plan.options.min_fidelity if plan.options.HasField("min_fidelity") else 0.0
    if plan.format in FORMATS and (frame.values["measure"] or minimum > 0):
        wanted = expected(document, plan.options, omitted=[each.line_id for each in rendered.omitted_lines])
        report = measure(rendered.data, plan.format, wanted, Method.QUICK)
        file.fidelity.CopyFrom(report)
        _check_fidelity(report, minimum)
    read = time.perf_counter()
    file.render_seconds = round(read - began, 6)
    values: dict[str, Value] = {"render": drawn - began, "read_back": read - drawn}
    return Frame("rendered", values, (file.SerializeToString(), rendered.data))


def _preview(frame: Frame, engine: Engine, step: Step) -> Frame:
    document, plan = Document.FromString(frame.parts[0]), ExportPlan.FromString(frame.parts[1])
    step(jobs.DOCUMENT_READ)
    began = time.perf_counter()
    preview = engine.preview(
        document,
        plan,
        width_px=_int(frame, "width_px"),
        first_page=_int(frame, "first_page"),
        page_limit=_int(frame, "page_limit"),
    )
    pages = (
        PreviewPage(
            page=each.page,
            page_count=preview.page_count,
            png=each.png,
            width_px=each.width_px,
            height_px=each.height_px,
        )
        for each in preview.pages
    )
    parts = tuple(each.SerializeToString() for each in pages)
    return Frame("pictures", {"preview": time.perf_counter() - began}, parts)


def _measure(frame: Frame, engine: Engine, step: Step) -> Frame:  # noqa: ARG001 - performers are alike
    began = time.perf_counter()
    document = Document.FromString(frame.parts[1]) if len(frame.parts) > 1 else None
    wanted = None if document is None else expected(document, RenderOptions())
    report = measure(frame.parts[0], Format.ValueType(_int(frame, "format")), wanted, Method.FULL)
    return Frame("measured", {"measure": time.perf_counter() - began}, (report.SerializeToString(),))


_PERFORMERS: dict[str, Callable[[Frame, Engine, Step], Frame]] = {
    jobs.RENDER: _render,
    jobs.PREVIEW: _preview,
    jobs.MEASURE: _measure,
}


def _check_size(rendered: "Rendered", max_pages: int, max_bytes: int) -> None:
    if rendered.page_count > max_pages:
        raise InvalidArgument(
            f"The file has {rendered.page_count} pages, more than the {max_pages} allowed; shorten the document.",
            reason="TOO_MANY_PAGES",
            fields=[FieldError("document", f"fills more than {max_pages} pages")],
        )
    if len(rendered.data) > max_bytes:
        raise InvalidArgument(
            f"The file has {len(rendered.data)} bytes, more than the {max_bytes} allowed; use a smaller photo "
            "or a shorter document.",
            reason="FILE_TOO_LARGE",
            fields=[FieldError("document", f"makes a file of more than {max_bytes} bytes")],
        )


def _check_fidelity(report: FidelityReport, minimum: float) -> None:
    if report.score >= minimum:
        return
    raise FailedPrecondition(
        f"Parsers read {report.score:.4f} of the file, less than the {minimum:.4f} of options.min_fidelity.",
        reason="FIDELITY_BELOW_MINIMUM",
        fields=[
            FieldError(each.field or "document", f"{each.code} ({each.extractor}): {each.message}")
            for each in report.findings
        ],
        metadata={"score": f"{report.score:.4f}", "method_version": report.method_version},
    )


def _int(frame: Frame, name: str) -> int:
    value = frame.values[name]
    if not isinstance(value, int):
        raise TypeError(f"{name} of a {frame.kind} frame is not a number")
    return value
