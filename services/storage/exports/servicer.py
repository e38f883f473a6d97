"""Serves exports to their users."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from google.protobuf.empty_pb2 import Empty
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime import deadlines
from services.runtime.auth import Identity, require_user
from services.runtime.db import Database, after_commit, transaction_time
from services.runtime.errors import FieldError, InvalidArgument, Unavailable
from services.runtime.pages import after_token, next_token, page_size
from services.runtime.queue import Queue
from services.storage.exports import endings, store
from services.storage.exports.creation import ExportCreation
from services.storage.exports.downloads import Downloads
from services.storage.exports.messages import Found, ended
from services.storage.exports.rounds import ExportRetry
from services.storage.exports.waiting import Changes
from services.storage.metrics import StorageMetrics
from services.storage.retention.deletions import Deletions
from vitae.resume.v1.common_pb2 import WORK_STATUS_PARTIAL
from vitae.storage.v1 import exports_pb2 as messages
from vitae.storage.v1.exports_pb2_grpc import ExportServiceServicer

JOB_LIMIT = 500
"""Exports of one posting that ListJobExports shows."""

LONGEST_WAIT = 60.0
"""Seconds WaitExport waits at most, also when not told."""

ANSWER_MARGIN = 0.05
"""Seconds before the call's deadline at which a wait ends, so that the answer still arrives."""


@dataclass(frozen=True)
class ExportServicer(ExportServiceServicer):
    """vitae.storage.v1.ExportService."""

    database: Database
    queue: Queue
    creation: ExportCreation
    retry: ExportRetry
    downloads: Downloads
    changes: Changes
    deletions: Deletions
    metrics: StorageMetrics
    clock: Callable[[], datetime]

    async def CreateExport(self, request: messages.CreateExportRequest, context: Any) -> messages.Export:
        """Queues an export, or answers from the cache."""
        identity = require_user()
        return await self.downloads.linked(identity, await self.creation.create(identity, request))

    async def BatchCreateExports(
        self, request: messages.BatchCreateExportsRequest, context: Any
    ) -> messages.BatchCreateExportsResponse:
        """Queues several exports, all or none."""
        identity = require_user()
        created = await self.creation.create_batch(identity, request.requests, request)
        shown = [await self.downloads.linked(identity, each) for each in created]
        return messages.BatchCreateExportsResponse(exports=shown)

    async def GetExport(self, request: messages.GetExportRequest, context: Any) -> messages.Export:
        """One export as it stands."""
        identity = require_user()
        return await self.downloads.linked(identity, await self._get(identity, UUID(request.id)))

    async def WaitExport(self, request: messages.WaitExportRequest, context: Any) -> messages.Export:
        """One export when it has ended, or as it stands when the wait is over."""
        identity, export_id = require_user(), UUID(request.id)
        wait = request.timeout.ToMilliseconds() / 1000 if request.HasField("timeout") else LONGEST_WAIT
        left = deadlines.remaining()
        if left is not None:
            wait = min(wait, left - ANSWER_MARGIN)
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        with self.changes.watching(export_id, end=True) as watcher:
            found = await self._get(identity, export_id)
            while not ended(found.export) and await watcher.changed(until - loop.time()):
                found = watcher.latest or await self._get(identity, export_id)
                if self.changes.stopped:
                    break
        return await self.downloads.linked(identity, found)

    async def WatchExport(
        self, request: messages.WatchExportRequest, context: Any
    ) -> AsyncIterator[messages.Export]:
        """One export at every change, until it has ended."""
        identity, export_id = require_user(), UUID(request.id)
        with self.changes.watching(export_id) as watcher:
            found = await self._get(identity, export_id)
            while True:
                seen = _shown(found.export)
                yield await self.downloads.linked(identity, found)
                while _shown(found.export) == seen:
                    if ended(found.export):
                        return
                    await watcher.changed(LONGEST_WAIT)
                    if self.changes.stopped:
                        raise Unavailable("The service is restarting; watch again.", retry_after=1)
                    found = watcher.latest or await self._get(identity, export_id)

    async def ListExports(
        self, request: messages.ListExportsRequest, context: Any
    ) -> messages.ListExportsResponse:
        """A page of exports, newest first."""
        identity, size = require_user(), page_size(request.page_size)
        wanted = store.Filter(
            document_id=_optional_id(request.document_id, "document_id"),
            job_posting_id=_optional_id(request.job_posting_id, "job_posting_id"),
            format=request.format,
            status=_listed_status(request.status),
        )
        async with self.database.user_transaction(identity) as connection:
            rows = await store.page(
                connection,
                identity,
                wanted,
                after=after_token(request.page_token),
                size=size,
                skip=request.skip,
            )
            total = await store.count(connection, identity, wanted)
            shown = [each.export for each in await self._found(connection, rows[:size])]
        return messages.ListExportsResponse(
            exports=shown, next_page_token=next_token(rows, size), total_size=total
        )

    async def ListJobExports(
        self, request: messages.ListJobExportsRequest, context: Any
    ) -> messages.ListJobExportsResponse:
        """The exports made for one posting, by day. None for an unknown posting and for another's alike."""
        identity, job = require_user(), UUID(request.job_posting_id)
        async with self.database.user_transaction(identity) as connection:
            rows = await store.of_job(connection, identity, job, JOB_LIMIT)
            number, size = await store.job_totals(connection, identity, job)
            shown = [each.export for each in await self._found(connection, rows)]
        days = groupby(shown, key=lambda each: f"{each.create_time.ToDatetime():%Y-%m-%d}")
        return messages.ListJobExportsResponse(
            job_posting_id=str(job),
            job_title=shown[0].job_title if shown else "",
            company=shown[0].company if shown else "",
            days=[messages.ExportsOfDay(date=day, exports=list(of_day)) for day, of_day in days],
            total_exports=number,
            total_size_bytes=size,
        )

    async def CancelExport(self, request: messages.CancelExportRequest, context: Any) -> messages.Export:
        """Stops an export that has not ended."""
        identity, export_id = require_user(), UUID(request.id)
        async with self.database.user_transaction(identity) as connection:
            await store.get(connection, identity, export_id)
            await self.queue.cancel(connection, export_id)
            if await endings.cancel(connection, _owned(identity, export_id)):
                after_commit(connection, self.metrics.ended.labels("cancelled").inc)
            after_commit(connection, lambda: self.changes.touch(export_id))
            return await self._message(connection, identity, export_id)

    async def RetryExport(self, request: messages.RetryExportRequest, context: Any) -> messages.Export:
        """One more round for a failed export whose error may pass."""
        identity, export_id = require_user(), UUID(request.id)
        async with self.database.user_transaction(identity) as connection:
            await self.retry.again(connection, identity, export_id)
            after_commit(connection, lambda: self.changes.touch(export_id))
            return await self._message(connection, identity, export_id)

    async def DeleteExport(self, request: messages.DeleteExportRequest, context: Any) -> Empty:
        """Deletes an export; its file goes with the last export that has it."""
        identity, export_id = require_user(), UUID(request.id)
        async with self.database.user_transaction(identity) as connection:
            await store.get(connection, identity, export_id)
            await self.queue.cancel(connection, export_id)
            await endings.remove(connection, _owned(identity, export_id))
            after_commit(connection, self.deletions.wake)
            after_commit(connection, lambda: self.changes.touch(export_id))
        return Empty()

    async def CreateDownloadLink(
        self, request: messages.CreateDownloadLinkRequest, context: Any
    ) -> messages.DownloadLink:
        """A signed link to a completed export's file."""
        lifetime = (
            timedelta(milliseconds=request.lifetime.ToMilliseconds())
            if request.HasField("lifetime")
            else None
        )
        return await self.downloads.link(
            require_user(), UUID(request.id), lifetime=lifetime, count=request.count_download
        )

    async def OpenDownloadLink(
        self, request: messages.OpenDownloadLinkRequest, context: Any
    ) -> AsyncIterator[messages.FileChunk]:
        """The file behind a link; needs no identity, the link is the right."""
        async for part in self.downloads.open_link(request, self.clock()):
            yield part

    async def DownloadExport(
        self, request: messages.DownloadExportRequest, context: Any
    ) -> AsyncIterator[messages.FileChunk]:
        """The file of a completed export."""
        async for part in self.downloads.download(require_user(), UUID(request.id)):
            yield part

    async def DownloadExportArchive(
        self, request: messages.DownloadExportArchiveRequest, context: Any
    ) -> AsyncIterator[messages.FileChunk]:
        """The files of several completed exports as one ZIP."""
        async for part in self.downloads.archive(require_user(), [UUID(each) for each in request.ids]):
            yield part

    async def _get(self, identity: Identity, export_id: UUID) -> Found:
        async with self.database.user_transaction(identity) as connection:
            row = await store.get(connection, identity, export_id)
            return (await self._found(connection, [row]))[0]

    async def _message(
        self, connection: AsyncConnection, identity: Identity, export_id: UUID
    ) -> messages.Export:
        row = await store.get(connection, identity, export_id)
        return (await self._found(connection, [row]))[0].export

    async def _found(self, connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Found]:
        now = transaction_time(connection)
        live = [row.id for row in rows if row.status == "pending"]
        if not live:
            return [Found.of(row, None, now) for row in rows]
        standings = await self.queue.standing(connection, live)
        if len(standings) < len(live):  # some ended between the two looks
            again = await store.get_all(connection, _identity_of(rows[0]), [row.id for row in rows])
            rows = [again.get(row.id, row) for row in rows]
        return [Found.of(row, standings.get(row.id), now) for row in rows]


def _shown(export: messages.Export) -> bytes:
    """What a watcher would see of an export: all but the running clock and the link, which is new each time."""
    copy = messages.Export()
    copy.CopyFrom(export)
    copy.state.ClearField("duration_seconds")
    copy.ClearField("download_link")
    return copy.SerializeToString(deterministic=True)


def _owned(identity: Identity, export_id: UUID) -> endings.Owned:
    return endings.Owned(identity.tenant_id, identity.user, export_id)


def _identity_of(row: Row[Any]) -> Identity:
    return Identity(row.tenant_id, row.user_id)


def _optional_id(value: str, field: str) -> UUID | None:
    if not value:
        return None
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidArgument(fields=[FieldError(field, "must be a UUID or empty")]) from error


def _listed_status(status: int) -> int:
    if status == WORK_STATUS_PARTIAL:
        raise InvalidArgument(
            fields=[FieldError("status", "must be pending, processing, completed, failed or cancelled")]
        )
    return status
