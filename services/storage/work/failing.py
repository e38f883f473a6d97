"""Attempts that fail: what is tried again, what is final, and the record that follows (SPEC S7)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.db import Database, acting_as, after_commit
from services.runtime.queue import Ended, Outcome, Queue
from services.storage.exports import endings
from services.storage.exports.endings import Failure, Owned
from services.storage.exports.waiting import Changes
from services.storage.metrics import StorageMetrics
from services.storage.objects.keys import export_key
from services.storage.tables import exports
from services.storage.work.leases import Fence, LeasedExport, lease_lost, look_up

FINAL = frozenset(
    {
        "DOCUMENT_EMPTY",
        "DOES_NOT_FIT",
        "FAILED_PRECONDITION",
        "FIDELITY_BELOW_MINIMUM",
        "FILE_TOO_LARGE",
        "GLYPHS_MISSING",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "OPTIONS_INVALID",
        "OPTION_NOT_OFFERED",
        "PERMISSION_DENIED",
        "PHOTO_INVALID",
        "QUOTA_EXCEEDED",
        "TOO_MANY_PAGES",
        "UNIMPLEMENTED",
        "UNKNOWN_FORMAT",
        "UNKNOWN_TEMPLATE",
    }
)
"""Reasons that no repetition mends, whatever the worker says of them: not found, invalid data, permission, validation.
Of all others the worker's own word is taken."""

KILLS_ALLOWED = 1
"""A render killed at its limits is tried once more, then final (SPEC R11)."""

WORKER_LOST = Failure(
    "WORKER_LOST", "The workers that had this export were lost too often; try again.", retryable=True
)


@dataclass(frozen=True)
class Failing:
    """Ends and returns attempts."""

    database: Database
    queue: Queue
    changes: Changes
    metrics: StorageMetrics

    async def fail(self, fence: Fence, failure: Failure, *, killed: bool = False) -> datetime | None:
        """The attempt failed; when it is tried again, None when it is not. Raises Aborted (LEASE_LOST)."""
        export = await look_up(self.database, self.queue, fence)
        if export is None:
            await self.give_back(fence)
            raise lease_lost()
        retryable = failure.retryable and failure.reason not in FINAL
        if killed:
            retryable = export.kills < KILLS_ALLOWED
        async with self.database.queue_transaction() as connection:
            result = await self.queue.fail(
                connection,
                fence.export_id,
                fence.owner,
                fence.attempt,
                error=failure.reason,
                retryable=retryable,
            )
            if result.outcome is Outcome.LOST:
                raise lease_lost()
            after_commit(connection, lambda: self.changes.touch(fence.export_id))
            owned = export.owned
            async with acting_as(connection, owned.tenant_id, owned.user_id):
                # Its bytes may have been stored before reading them back showed that they will not do.
                key = export_key(
                    owned.tenant_id, owned.user_id, fence.export_id, fence.attempt, export.extension
                )
                await endings.discard(connection, owned.tenant_id, owned.user_id, key)
                if result.outcome is Outcome.CANCELLED:
                    await endings.cancel(connection, owned)
                elif result.outcome is Outcome.FAILED:
                    final = Failure(failure.reason, failure.message, retryable=retryable)
                    await self._record(connection, export, final, fence, result.spent)
                elif killed:
                    await connection.execute(
                        update(exports)
                        .where(exports.c.id == fence.export_id)
                        .values(kills=exports.c.kills + 1)
                    )
            return result.run_after if result.outcome is Outcome.WAITING else None

    async def give_back(self, fence: Fence) -> None:
        """Returns a lease without costing an attempt; a lost one is left alone, a cancelled one ends."""
        async with self.database.queue_transaction() as connection:
            result = await self.queue.give_back(connection, fence.export_id, fence.owner, fence.attempt)
            if result.outcome is not Outcome.LOST:
                after_commit(connection, lambda: self.changes.touch(fence.export_id))

    async def _record(
        self, connection: AsyncConnection, export: LeasedExport, failure: Failure, fence: Fence, spent: int
    ) -> None:
        await endings.fail(
            connection,
            export.owned,
            failure,
            attempt=fence.attempt,
            attempts=spent,
            started_at=export.started_at,
        )
        after_commit(connection, self.metrics.ended.labels("failed").inc)


def record_ends(
    changes: Changes, metrics: StorageMetrics
) -> Callable[[AsyncConnection, Ended], Awaitable[None]]:
    """What the queue calls when it has itself ended work, in that transaction and user's scope: the record follows."""

    async def record(connection: AsyncConnection, ended: Ended) -> None:
        owned = Owned(ended.tenant_id, ended.user_id, ended.id)
        if ended.outcome is Outcome.CANCELLED:
            await endings.cancel(connection, owned)
        else:
            attempts = await endings.max_attempts(connection, owned)
            await endings.fail(connection, owned, WORKER_LOST, attempt=ended.attempt, attempts=attempts)
            after_commit(connection, metrics.ended.labels("failed").inc)
        after_commit(connection, lambda: changes.touch(ended.id))

    return record
