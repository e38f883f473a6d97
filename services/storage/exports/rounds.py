"""Manual retries: one more round of attempts for an export that failed of something that may pass (SPEC S7)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.auth import Identity
from services.runtime.db import transaction_time
from services.runtime.errors import Aborted, FailedPrecondition
from services.runtime.queue import Queue, Work
from services.storage.exports import store
from services.storage.exports.creation import KIND, CreationLimits
from services.storage.tables import exports
from services.storage.usage.store import check_quota, space

MAX_ROUNDS = 2
"""The first one and the one a manual retry grants."""


@dataclass(frozen=True)
class ExportRetry:
    """Grants retries."""

    queue: Queue
    limits: CreationLimits

    async def again(self, connection: AsyncConnection, identity: Identity, export_id: UUID) -> None:
        """Queues a failed export anew, in the user's transaction.

        Raises FailedPrecondition: EXPORT_NOT_FAILED, EXPORT_ERROR_FINAL, ATTEMPTS_USED_UP, EXPORT_EXPIRED.
        """
        row = await store.get(connection, identity, export_id)
        _check(row)
        now = transaction_time(connection)
        if row.expire_time <= now:
            raise FailedPrecondition("The export has expired; make a new one.", reason="EXPORT_EXPIRED")
        work = Work(export_id, KIND, identity.tenant_id, identity.user, max_attempts=row.max_attempts)
        await self.queue.retry(connection, work, last_attempt=row.last_attempt)
        kept = await space(connection, identity)
        check_quota(kept, row.reserved_bytes, self.limits.bounds.quota_bytes)
        changed = await connection.execute(
            update(exports)
            .where(store.own(identity), exports.c.id == export_id, exports.c.status == "failed")
            .values(
                status="pending",
                rounds=exports.c.rounds + 1,
                kills=0,
                error_reason="",
                error_message="",
                error_retryable=False,
                start_time=None,
                complete_time=None,
            )
        )
        if changed.rowcount != 1:
            raise Aborted


def _check(row: Row[Any]) -> None:
    if row.status != "failed":
        raise FailedPrecondition("Only a failed export can be retried.", reason="EXPORT_NOT_FAILED")
    if not row.error_retryable:
        raise FailedPrecondition(
            f"Trying again cannot help ({row.error_reason}); correct the cause and make a new export.",
            reason="EXPORT_ERROR_FINAL",
        )
    if row.rounds >= MAX_ROUNDS:
        raise FailedPrecondition(
            "The export's attempts are used up; make a new one.", reason="ATTEMPTS_USED_UP"
        )
