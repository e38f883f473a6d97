"""Waiting for an export to end, and what its caller is told when it ended badly."""

from fastapi.responses import JSONResponse
from google.protobuf.duration_pb2 import Duration

from gateway.problems import problem
from gateway.services import Services
from services.runtime.errors import FailedPrecondition, InvalidArgument
from vitae.resume.v1 import common_pb2
from vitae.storage.v1 import exports_pb2

CALL_MARGIN = 5.0
"""Seconds a waiting call may take beyond its wait."""


async def awaited(
    backend: Services, request: exports_pb2.CreateExportRequest, *, wait: float
) -> exports_pb2.Export:
    """A new export, once it has ended or `wait` seconds have passed."""
    export = await backend.exports.CreateExport(request)
    if wait > 0 and not ended(export):
        waiting = exports_pb2.WaitExportRequest(id=export.id, timeout=duration(wait))
        export = await backend.exports.WaitExport(waiting, timeout=wait + CALL_MARGIN)
    return export


def ended(export: exports_pb2.Export) -> bool:
    """Whether an export is at work no more."""
    return export.state.status not in {common_pb2.WORK_STATUS_PENDING, common_pb2.WORK_STATUS_PROCESSING}


def failure(export: exports_pb2.Export) -> JSONResponse:
    """What became of the export, as a problem of the call that waited for it.

    422 where the request is at fault, 502 where its rounds are used up and another call may succeed.
    """
    told = {"export_id": export.id}
    if export.state.status == common_pb2.WORK_STATUS_CANCELLED:
        return problem(FailedPrecondition("The export was cancelled.", reason="EXPORT_CANCELLED"), extra=told)
    error = export.state.error
    failure = InvalidArgument(error.message, reason=error.reason)
    return problem(failure, status=502 if error.retryable else 422, extra=told)


def duration(seconds: float) -> Duration:
    """Seconds as a message."""
    duration = Duration()
    duration.FromMilliseconds(round(seconds * 1000))
    return duration
