"""Handing results and failures to storage, patiently while the lease holds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

from services.render.jobs import RenderResult
from services.runtime.errors import Aborted, DeadlineExceeded, NotFound, Unavailable, VitaeError
from services.runtime.logs import get_logger
from vitae.render.v1.render_pb2 import RenderedFile
from vitae.resume.v1.common_pb2 import WorkError
from vitae.storage.v1 import work_pb2 as messages
from vitae.storage.v1.work_pb2_grpc import WorkServiceStub

CALL_TIMEOUT = 5.0
"""Seconds of a short call to storage."""

_UPLOAD_TIMEOUT = 60.0
_MESSAGE_LIMIT = 2000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0
_CHUNK = 64 * 1024

T = TypeVar("T")
log = get_logger(__name__)


class Lease(Protocol):
    """What has to be known of a lease."""

    work: messages.ExportWork

    def left(self) -> float: ...


class EarlyUpload:
    """A file on its way to storage while it is read back; the description follows."""

    def __init__(self, storage: WorkServiceStub, lease: Lease, result: RenderResult) -> None:
        """Begins. `result` is the file with what is known of it so far."""
        self._described: asyncio.Future[RenderedFile] = asyncio.get_running_loop().create_future()
        parts = _parts(lease.work.lease, result, self._described)
        self._call = asyncio.ensure_future(_called(storage, parts))

    async def finish(self, file: RenderedFile) -> None:
        """Sends the description and waits for storage's word. Raises what the call raises."""
        self._described.set_result(file)
        await self._call

    async def drop(self) -> None:
        """Breaks off, unless it has ended."""
        self._call.cancel()
        self._described.cancel()
        await asyncio.gather(self._call, return_exceptions=True)


async def deliver(
    storage: WorkServiceStub, lease: Lease, result: RenderResult, begun: EarlyUpload | None = None
) -> str:
    """Uploads a file, or ends what was begun; "completed", "failed" when storage will never take it, "lost" when the
    lease is gone.
    """
    early = [begun] if begun else []

    async def upload() -> str:
        if early:
            await early.pop().finish(result.file)
        else:
            await _called(storage, _parts(lease.work.lease, result))
        return "completed"

    try:
        return await _while_held(lease, upload)
    except (Aborted, NotFound):
        return "lost"
    except VitaeError as error:
        log.warning("upload_refused", reason=error.reason, message=error.message)
        return "failed" if await fail(storage, lease, error, retryable=False, killed=False) else "lost"


async def fail(
    storage: WorkServiceStub, lease: Lease, error: VitaeError, *, retryable: bool, killed: bool
) -> bool:
    """Reports a failed attempt; whether storage took the report."""
    told = WorkError(reason=error.reason, message=str(error)[:_MESSAGE_LIMIT], retryable=retryable)
    request = messages.FailWorkRequest(lease=lease.work.lease, error=told, killed=killed)

    async def report() -> bool:
        await storage.FailWork(request, timeout=CALL_TIMEOUT)
        return True

    try:
        return await _while_held(lease, report)
    except VitaeError as refusal:
        log.warning("failure_not_reported", reason=refusal.reason, message=refusal.message)
        return False


async def _while_held(lease: Lease, call: Callable[[], Awaitable[T]]) -> T:
    """Makes a call, again while storage is away and the lease holds. Raises Aborted when the lease ended first."""
    wait = _FIRST_PAUSE
    while True:
        try:
            return await call()
        except (Unavailable, DeadlineExceeded) as error:
            if lease.left() <= wait:
                raise Aborted("The lease ended before storage answered.", reason="LEASE_LOST") from error
            log.info("storage_away", reason=error.reason, wait=wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_PAUSE)


async def _called(storage: WorkServiceStub, parts: AsyncIterator[messages.CompleteWorkRequest]) -> None:
    await storage.CompleteWork(parts, timeout=_UPLOAD_TIMEOUT)


async def _parts(
    key: messages.LeaseKey, result: RenderResult, described: "asyncio.Future[RenderedFile] | None" = None
) -> AsyncIterator[messages.CompleteWorkRequest]:
    yield messages.CompleteWorkRequest(header=messages.CompleteWorkHeader(lease=key, file=result.file))
    for start in range(0, len(result.data), _CHUNK):
        yield messages.CompleteWorkRequest(chunk=result.data[start : start + _CHUNK])
    if described is not None:
        yield messages.CompleteWorkRequest(file=await described)
