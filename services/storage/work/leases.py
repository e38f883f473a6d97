"""Leases as workers name them, and what stands behind one.

Work is seen through the queue's role, which may read a few plain columns of export records: whose they are and how they
stand, never what is in them.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.runtime.db import Database
from services.runtime.errors import Aborted
from services.runtime.queue import Outcome, Queue
from services.storage.exports.endings import Owned
from services.storage.tables import exports
from vitae.storage.v1.work_pb2 import LeaseKey


@dataclass(frozen=True)
class Fence:
    """Export, owner and attempt: what every write of a worker is checked against."""

    export_id: UUID
    owner: UUID
    attempt: int

    @classmethod
    def of(cls, key: LeaseKey) -> "Fence":
        """The fence a worker named."""
        return cls(UUID(key.export_id), UUID(key.owner), key.attempt)


@dataclass(frozen=True)
class LeasedExport:
    """What a result needs to know of its export."""

    owned: Owned
    extension: str
    status: str
    last_attempt: int
    kills: int
    started_at: datetime | None
    running: bool


class KnownLeases:
    """What was handed out here and not handed back yet, so that a result need not look it up again.

    Known for one lease's length: a worker that takes longer may have lost it. It is never the last word: the queue's
    fence decides when a result is published.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: OrderedDict[Fence, tuple[LeasedExport, datetime]] = OrderedDict()

    def add(self, fence: Fence, export: LeasedExport, until: datetime) -> None:
        """An export was handed out."""
        self._known[fence] = (export, until)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def take(self, fence: Fence, now: datetime) -> LeasedExport | None:
        """The export handed out under this fence; from then on it is to be looked up."""
        export, until = self._known.pop(fence, (None, now))
        return export if now < until else None


_LOOKS = (0.05, 0.2, 0.75)
"""Seconds between looks for an export that is not there. Work is handed out while its transaction commits, and the
result of a short rendering may come to another replica before that is done."""


async def look_up(database: Database, queue: Queue, fence: Fence) -> LeasedExport | None:
    """The export behind a lease; None when it is gone. Whether the lease holds is decided by the queue, at the end."""
    for pause in _LOOKS:
        if (found := await _look(database, queue, fence)) is not None:
            return found
        await asyncio.sleep(pause)
    return await _look(database, queue, fence)


async def _look(database: Database, queue: Queue, fence: Fence) -> LeasedExport | None:
    query = select(
        exports.c.tenant_id,
        exports.c.user_id,
        exports.c.extension,
        exports.c.status,
        exports.c.last_attempt,
        exports.c.kills,
    ).where(exports.c.id == fence.export_id)
    async with database.queue_transaction() as connection:
        # In this order: work that ends in between is seen as running or with its record ended, never as lost.
        standing = (await queue.standing(connection, [fence.export_id])).get(fence.export_id)
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    running = (
        standing is not None and standing.outcome is Outcome.RUNNING and standing.attempt == fence.attempt
    )
    return LeasedExport(
        Owned(row.tenant_id, row.user_id, fence.export_id),
        row.extension,
        row.status,
        row.last_attempt,
        row.kills,
        standing.started_at if standing else None,
        running,
    )


def lease_lost() -> Aborted:
    """The answer to a worker whose work another one has, or nobody any more."""
    return Aborted("The lease is not yours any more; drop the work.", reason="LEASE_LOST")
