"""Taking a result: bytes first, then record and file become visible in one transaction (SPEC S1, S7).

What can happen in between, and what it leaves:
  the upload breaks off            nothing, or, once all bytes are there, an object nobody refers to; the lease goes on
  a crash after the put            an object nobody refers to, which the orphan sweep removes; the work is done again
  the lease is lost meanwhile      the same, and the object is removed at once
  the worker repeats the call      the put finds its own bytes, and the answer is the first one's
An attempt's key is its own and is put exclusively, so nothing published is ever replaced.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import exists, select

from services.runtime.auth import Identity
from services.runtime.db import Database, after_commit
from services.runtime.errors import AlreadyExists, ResourceExhausted, VitaeError
from services.runtime.queue import Outcome, Queue
from services.storage.exports import endings
from services.storage.exports.creation import KIND
from services.storage.exports.waiting import Changes
from services.storage.metrics import StorageMetrics
from services.storage.objects.base import ObjectStore, StagedFile, is_unavailable
from services.storage.objects.keys import export_key
from services.storage.objects.staging import staged
from services.storage.tables import files
from services.storage.usage.store import QUOTA_EXCEEDED, check_quota, space
from services.storage.work.failing import Failing
from services.storage.work.leases import Fence, KnownLeases, LeasedExport, lease_lost, look_up
from services.storage.work.store_gate import StoreGate
from services.storage.work.uploads import Upload
from vitae.render.v1.render_pb2 import RenderedFile

UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Publishing:
    """Publishes results."""

    database: Database
    queue: Queue
    objects: ObjectStore
    gate: StoreGate
    changes: Changes
    leases: KnownLeases
    failing: Failing
    metrics: StorageMetrics
    max_file_bytes: int
    reservation_bytes: int
    quota_bytes: int
    staging_folder: Path | None

    async def publish(self, fence: Fence, upload: Upload) -> float:
        """Takes a result; seconds from its last message to its visibility.

        Raises Aborted (LEASE_LOST), InvalidArgument (SIZE_MISMATCH, CHECKSUM_MISMATCH), ResourceExhausted
        (FILE_TOO_LARGE, QUOTA_EXCEEDED, after which the export has failed), Unavailable (STORE_UNAVAILABLE, after which
        the lease is given back and costs no attempt).
        """
        export = self.leases.take(fence, datetime.now(UTC))
        if export is None:
            export = await look_up(self.database, self.queue, fence)
        if export is None or not export.running:
            return await self._late(fence, export)
        announced = upload.announced
        try:
            async with staged(
                upload.chunks(),
                size_bytes=announced.size_bytes,
                sha256=announced.sha256,
                limit=self.max_file_bytes,
                folder=self.staging_folder,
            ) as received:
                key = await self._put(export, fence, announced, received)
            file = await upload.description()
            began = time.perf_counter()
            await self._make_visible(fence, export, file, key)
        except VitaeError as error:
            await self._not_published(fence, error)
            raise
        seconds = time.perf_counter() - began
        self.metrics.publishing.observe(seconds)
        self.metrics.file_bytes.inc(file.size_bytes)
        return seconds

    async def _put(
        self, export: LeasedExport, fence: Fence, announced: RenderedFile, received: StagedFile
    ) -> str:
        """Stores the bytes; their key."""
        owned = export.owned
        key = export_key(owned.tenant_id, owned.user_id, fence.export_id, fence.attempt, export.extension)
        try:
            await self.objects.put(
                key, received, content_type=announced.content_type or UNKNOWN_TYPE, exclusive=True
            )
        except AlreadyExists:
            present = await self.objects.stat(key)
            if present is None or present.sha256 != received.sha256:
                raise lease_lost() from None
        return key

    async def _make_visible(self, fence: Fence, export: LeasedExport, file: RenderedFile, key: str) -> None:
        try:
            committed = await self._commit(fence, export, file, key)
        except ResourceExhausted:
            await self.objects.delete(key)
            raise
        if not committed:
            await self.objects.delete(key)
            raise lease_lost()

    async def _commit(self, fence: Fence, export: LeasedExport, file: RenderedFile, key: str) -> bool:
        """Whether the object has a record now, by this call or an earlier one of the same attempt."""
        owned = export.owned
        identity = Identity(owned.tenant_id, owned.user_id)
        async with self.database.user_transaction(identity) as connection:
            if file.size_bytes > self.reservation_bytes:  # up to that, its place is kept already
                await self.queue.hold(connection, KIND, owned.tenant_id, owned.user_id)
                kept = await space(connection, identity, without=fence.export_id)
                check_quota(kept, file.size_bytes, self.quota_bytes)
            result = await self.queue.complete(connection, fence.export_id, fence.owner, fence.attempt)
            if result.outcome is Outcome.LOST:
                published = select(exists().where(files.c.object_key == key))
                return bool((await connection.execute(published)).scalar_one())
            found = None
            if result.outcome is Outcome.CANCELLED:
                await endings.cancel(connection, owned)
            else:
                found = await endings.complete(
                    connection,
                    owned,
                    object_key=key,
                    result=file,
                    attempt=fence.attempt,
                    attempts=result.spent,
                    started_at=export.started_at,
                )
            if found is not None:
                after_commit(connection, self.metrics.ended.labels("completed").inc)
            after_commit(connection, lambda: self.changes.touch(fence.export_id, found))
            return found is not None

    async def _late(self, fence: Fence, export: LeasedExport | None) -> float:
        """A result nobody waits for: fine when this attempt was published already, else refused."""
        if export is not None and export.status == "completed" and export.last_attempt == fence.attempt:
            return 0.0
        await self.failing.give_back(fence)  # ends work whose export was deleted or cancelled meanwhile
        raise lease_lost()

    async def _not_published(self, fence: Fence, error: VitaeError) -> None:
        if is_unavailable(error):
            self.gate.shut()
            await self.failing.give_back(fence)
        elif error.reason in {"FILE_TOO_LARGE", QUOTA_EXCEEDED}:
            await self.failing.fail(fence, endings.Failure(error.reason, error.message, retryable=False))
