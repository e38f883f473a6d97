"""The queue's side of handing work over (handover.py): to whom, under which lease, and from when its reports count."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.db import after_commit, after_rollback, before_commit
from services.runtime.queue import sql
from services.runtime.queue.doorbell import Doorbell
from services.runtime.queue.handover import Handed
from services.runtime.queue.work import Lease, Work


class Handing:
    """Queues work as leased by a worker that waits here, and knows which of it is still being committed."""

    def __init__(self, doorbell: Doorbell, running_limit: int) -> None:
        self._doorbell = doorbell
        self._running_limit = running_limit
        self._settling: dict[UUID, asyncio.Event] = {}

    async def hand(
        self,
        connection: AsyncConnection,
        work: Work,
        values: Mapping[str, Any],
        content: object,
        *,
        now: datetime,
    ) -> bool:
        """Queues it and hands it over. False, and nothing done, where no worker waits here or the user may run no more.

        `values` are ENQUEUE's.
        """
        seat = self._doorbell.seat(work.kind) if work.delay <= 0 else None
        if seat is None:
            return False
        after_rollback(connection, seat.free)
        offer, expires_at = seat.offer, now + timedelta(seconds=seat.offer.lease)
        held = {"owner": offer.owner, "expires_at": expires_at, "running_limit": self._running_limit}
        row = (await sql.ENQUEUE_LEASED.run(connection, {**values, **held})).one_or_none()
        if row is None:
            after_commit(connection, seat.free)
            return False
        lease = Lease(
            id=work.id,
            kind=work.kind,
            tenant_id=work.tenant_id,
            user_id=work.user_id,
            owner=offer.owner,
            attempt=row.attempt,
            spent=1,
            max_attempts=work.max_attempts,
            started_at=now,
            expires_at=expires_at,
            enqueued_at=now,
        )
        settling = asyncio.Event()

        def give() -> None:
            self._settling[work.id] = settling
            seat.give(Handed(lease, content))

        def settle() -> None:
            self._settling.pop(work.id, None)
            settling.set()

        before_commit(connection, give)
        after_commit(connection, settle)
        after_rollback(connection, settle)
        return True

    async def settled(self, ids: Iterable[UUID]) -> None:
        """Returns when the transactions that hand these over have come to their ends, well or badly."""
        for id in ids:
            if (settling := self._settling.get(id)) is not None:
                await settling.wait()
