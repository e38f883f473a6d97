"""Export records as messages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Row

from services.runtime.queue import Outcome, Standing
from vitae.render.v1.render_pb2 import ExportPlan, RenderedFile
from vitae.resume.v1.common_pb2 import (
    WORK_STATUS_CANCELLED,
    WORK_STATUS_COMPLETED,
    WORK_STATUS_FAILED,
    WORK_STATUS_PENDING,
    WORK_STATUS_PROCESSING,
    WorkError,
    WorkState,
    WorkStatus,
)
from vitae.storage.v1.exports_pb2 import Export

CLAIMED = 10
"""Progress of work that a worker has taken and not reported on yet (SPEC S7)."""

STATUS: Mapping[str, WorkStatus.ValueType] = {
    "pending": WORK_STATUS_PENDING,
    "completed": WORK_STATUS_COMPLETED,
    "failed": WORK_STATUS_FAILED,
    "cancelled": WORK_STATUS_CANCELLED,
}
"""Statuses of records; of pending ones the queue knows whether they run."""

ENDED: frozenset[int] = frozenset({WORK_STATUS_COMPLETED, WORK_STATUS_FAILED, WORK_STATUS_CANCELLED})


@dataclass(frozen=True)
class Found:
    """An export as it was at one moment, and where its file is."""

    export: Export
    at: datetime
    """The database's time of the look."""
    object_key: str | None = None
    """None while there is no file."""

    @classmethod
    def of(cls, row: Row[Any], standing: Standing | None, now: datetime) -> "Found":
        """What a record with its file's key says."""
        return cls(export_message(row, standing, now), now, row.object_key)

    def copy(self) -> "Found":
        """The same, to be changed on its own."""
        export = Export()
        export.CopyFrom(self.export)
        return replace(self, export=export)


def export_message(row: Row[Any], standing: Standing | None, now: datetime) -> Export:
    """A record, with where its work stands when it is live; `now` dates the duration of running work."""
    plan = ExportPlan.FromString(row.plan)
    message = Export(
        id=str(row.id),
        document_id=str(row.document_id),
        document_type=row.document_type,
        document_version=row.document_version,
        document_title=row.document_title,
        job_posting_id=str(row.job_posting_id or ""),
        job_title=row.job_title,
        company=row.company,
        format=row.format,
        template=row.template,
        template_version=plan.template_version,
        options=plan.options,
        filename=row.filename,
        content_type=plan.content_type,
        state=_state(row, standing, now),
        attempts=standing.spent if standing else row.attempts,
        max_attempts=row.max_attempts,
        from_cache=row.from_cache,
        download_count=row.download_count,
        create_time=timestamp(row.create_time),
        expire_time=timestamp(row.expire_time),
    )
    if row.result is not None:
        result = RenderedFile.FromString(row.result)
        message.file_size_bytes = result.size_bytes
        message.sha256 = result.sha256
        message.page_count = result.page_count
        message.omitted_lines.extend(result.omitted_lines)
        if result.HasField("fidelity"):
            message.fidelity.CopyFrom(result.fidelity)
    return message


def ended(export: Export) -> bool:
    """Whether nothing will happen to the export any more on its own."""
    return export.state.status in ENDED


def timestamp(moment: datetime) -> Timestamp:
    """A database time as a message."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def _state(row: Row[Any], standing: Standing | None, now: datetime) -> WorkState:
    if row.status == "pending":
        return _live(standing, now)
    state = WorkState(status=STATUS[row.status], step=row.status, complete_time=timestamp(row.complete_time))
    if row.start_time is not None:
        state.start_time.CopyFrom(timestamp(row.start_time))
        state.duration_seconds = (row.complete_time - row.start_time).total_seconds()
    if row.status == "completed":
        state.progress = 100
    if row.status == "failed":
        state.error.CopyFrom(
            WorkError(reason=row.error_reason, message=row.error_message, retryable=row.error_retryable)
        )
    return state


def _live(standing: Standing | None, now: datetime) -> WorkState:
    if standing is None or standing.outcome is not Outcome.RUNNING or standing.started_at is None:
        return WorkState(status=WORK_STATUS_PENDING, step="waiting")
    return WorkState(
        status=WORK_STATUS_PROCESSING,
        step=standing.step or "claimed",
        progress=max(standing.progress, CLAIMED),
        start_time=timestamp(standing.started_at),
        duration_seconds=max(0.0, (now - standing.started_at).total_seconds()),
    )
