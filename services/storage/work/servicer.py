"""Serves the render workers."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from google.protobuf.duration_pb2 import Duration
from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime import deadlines
from services.runtime.auth import require_service
from services.runtime.db import Database, acting_as
from services.runtime.errors import FieldError, InvalidArgument
from services.runtime.queue import Beat, Handed, Lease, Queue
from services.storage.exports.creation import KIND, WorkContent
from services.storage.exports.endings import Failure, Owned
from services.storage.exports.messages import timestamp
from services.storage.exports.waiting import Changes
from services.storage.metrics import StorageMetrics
from services.storage.tables import exports
from services.storage.work.failing import Failing
from services.storage.work.leases import Fence, KnownLeases, LeasedExport
from services.storage.work.publishing import Publishing
from services.storage.work.store_gate import StoreGate
from services.storage.work.uploads import Upload
from vitae.storage.v1 import work_pb2 as messages
from vitae.storage.v1.work_pb2_grpc import WorkServiceServicer

WORKER = "render-worker"
"""The one process that may call this service."""

SLICE = 1.0
"""Seconds of a wait for work after which shutdown and store are looked at again."""

ANSWER_MARGIN = 0.25
"""Seconds before the call's deadline at which a wait for work ends: an answer that comes too late costs an attempt."""


_WORK: Select[Any] = select(
    exports.c.document,
    exports.c.plan,
    exports.c.traceparent,
    exports.c.request_id,
    exports.c.status,
    exports.c.extension,
    exports.c.kills,
).where(exports.c.id == bindparam("export_id"))
"""Within the owner's scope, which row-level security keeps to."""

Content = Row[Any] | WorkContent
"""A record as _WORK reads it, or as it was queued."""


@dataclass(frozen=True)
class WorkServicer(WorkServiceServicer):
    """vitae.storage.v1.WorkService."""

    database: Database
    queue: Queue
    gate: StoreGate
    publishing: Publishing
    failing: Failing
    changes: Changes
    leases: KnownLeases
    metrics: StorageMetrics
    lease_seconds: float
    max_file_bytes: int
    stopping: asyncio.Event
    returning: set[asyncio.Task[None]] = field(default_factory=set)

    async def LeaseWork(self, request: messages.LeaseWorkRequest, context: Any) -> messages.LeaseWorkResponse:
        """Leases exports, waiting for the first; none while the object store does not serve."""
        require_service(WORKER)
        leases, rows = await self._claimed(UUID(request.owner), request.max_items or 1, _wait(request))
        try:
            work = [each for each in [await self._work(lease, rows) for lease in leases] if each is not None]
        except (
            BaseException
        ):  # the caller is gone or the database is: what was claimed must not wait for its expiry
            returning = asyncio.create_task(self._give_back(leases))
            self.returning.add(returning)  # the loop itself would not keep it
            returning.add_done_callback(self.returning.discard)
            await asyncio.shield(returning)
            raise
        return messages.LeaseWorkResponse(work=work)

    async def HeartbeatWork(
        self, request: messages.HeartbeatWorkRequest, context: Any
    ) -> messages.HeartbeatWorkResponse:
        """Prolongs leases."""
        require_service(WORKER)
        by_owner: dict[UUID, list[Beat]] = defaultdict(list)
        for each in request.items:
            fence = Fence.of(each.lease)
            by_owner[fence.owner].append(Beat(fence.export_id, fence.attempt, each.progress, each.step))
        await self.queue.settled(each.id for beats in by_owner.values() for each in beats)
        answer = messages.HeartbeatWorkResponse()
        answer.lease_expire_time.CopyFrom(
            timestamp(datetime.now(UTC) + timedelta(seconds=self.lease_seconds))
        )
        async with self.database.queue_transaction() as connection:
            for owner, beats in by_owner.items():
                heard = await self.queue.heartbeat(connection, owner, beats, lease=self.lease_seconds)
                answer.cancelled_export_ids.extend(str(each) for each in heard.cancelled)
                answer.lost_export_ids.extend(str(each) for each in heard.lost)
                answer.lease_expire_time.CopyFrom(timestamp(heard.expires_at))
        for beats in by_owner.values():
            for beat in beats:
                self.changes.touch(beat.id, at_work=True)
        return answer

    async def CompleteWork(
        self, request_iterator: AsyncIterator[messages.CompleteWorkRequest], context: Any
    ) -> messages.CompleteWorkResponse:
        """Takes the file of an export."""
        require_service(WORKER)
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("part") != "header":
            raise InvalidArgument(fields=[FieldError("header", "must be the first message")])
        fence = Fence.of(first.header.lease)
        await self.queue.settled([fence.export_id])
        seconds = await self.publishing.publish(fence, Upload(first.header.file, request_iterator))
        return messages.CompleteWorkResponse(publish_seconds=seconds)

    async def FailWork(self, request: messages.FailWorkRequest, context: Any) -> messages.FailWorkResponse:
        """Ends an attempt badly."""
        require_service(WORKER)
        error = request.error
        failure = Failure(error.reason or "UNKNOWN", error.message, error.retryable)
        fence = Fence.of(request.lease)
        await self.queue.settled([fence.export_id])
        again = await self.failing.fail(fence, failure, killed=request.killed)
        answer = messages.FailWorkResponse(will_retry=again is not None)
        if again is not None:
            answer.next_attempt_time.CopyFrom(timestamp(again))
        return answer

    async def ReturnWork(
        self, request: messages.ReturnWorkRequest, context: Any
    ) -> messages.ReturnWorkResponse:
        """Takes leases back; they cost no attempt."""
        require_service(WORKER)
        fences = [Fence.of(each) for each in request.leases]
        await self.queue.settled(each.export_id for each in fences)
        for fence in fences:
            await self.failing.give_back(fence)
        return messages.ReturnWorkResponse()

    async def _claimed(self, owner: UUID, limit: int, wait: float) -> tuple[list[Lease], dict[UUID, Content]]:
        """Leases, and the records they are about as they were read or made in the claiming transaction."""
        rows: dict[UUID, Content] = {}

        async def read(connection: AsyncConnection, leases: list[Lease]) -> None:
            rows.clear()
            for lease in leases:
                last = lease is leases[-1]
                async with acting_as(connection, lease.tenant_id, lease.user_id, to_the_end=last):
                    answer = await connection.execute(_WORK, {"export_id": lease.id})
                    found = answer.one_or_none()
                if found is not None:
                    rows[lease.id] = found

        def handed(work: Handed) -> None:
            rows[work.lease.id] = work.content

        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        while True:
            left = max(0.0, until - loop.time())
            leases: list[Lease] = []
            if await self.gate.wait_open(min(left, SLICE)):
                left = max(0.0, until - loop.time())
                leases = await self.queue.claim_or_wait(
                    self.database,
                    owner,
                    [KIND],
                    limit=limit,
                    lease=self.lease_seconds,
                    wait=min(left, SLICE),
                    on_claimed=read,
                    on_handed=handed,
                )
            if leases or self.stopping.is_set() or loop.time() >= until:
                return leases, rows

    async def _work(self, lease: Lease, rows: Mapping[UUID, Content]) -> messages.ExportWork | None:
        row = rows.get(lease.id)
        if row is None or row.status != "pending":  # deleted or cancelled in this very moment
            await self._give_back([lease])
            return None
        if lease.attempt == 1:
            self.metrics.waited.observe(max(0.0, (datetime.now(UTC) - lease.enqueued_at).total_seconds()))
        self.changes.touch(lease.id, at_work=True)
        owned = Owned(lease.tenant_id, lease.user_id, lease.id)
        handed_out = LeasedExport(
            owned, row.extension, row.status, lease.attempt, row.kills, lease.started_at, running=True
        )
        self.leases.add(Fence(lease.id, lease.owner, lease.attempt), handed_out, lease.expires_at)
        work = messages.ExportWork(
            lease=messages.LeaseKey(export_id=str(lease.id), owner=str(lease.owner), attempt=lease.attempt),
            lease_expire_time=timestamp(lease.expires_at),
            max_file_bytes=self.max_file_bytes,
            traceparent=row.traceparent,
            request_id=row.request_id,
            heartbeat_interval=Duration(nanos=0),
        )
        work.heartbeat_interval.FromTimedelta(timedelta(seconds=self.lease_seconds / 3))
        work.document.MergeFromString(row.document)
        work.plan.MergeFromString(row.plan)
        return work

    async def _give_back(self, leases: Sequence[Lease]) -> None:
        await self.queue.settled(each.id for each in leases)
        for lease in leases:
            await self.failing.give_back(Fence(lease.id, lease.owner, lease.attempt))


def _wait(request: messages.LeaseWorkRequest) -> float:
    wait = request.wait.ToMilliseconds() / 1000
    left = deadlines.remaining()
    return wait if left is None else max(0.0, min(wait, left - ANSWER_MARGIN))
