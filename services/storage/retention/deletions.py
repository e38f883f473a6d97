"""Removing objects that no record refers to any more.

The transaction that drops the last reference notes the object in `object_deletions`; the object goes after the commit
and the note after the object, so a crash between any two of them only repeats a removal. `run` is the process's
background task; any replica does the work of all.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, update

from services.runtime.db import Database, transaction_time
from services.runtime.errors import VitaeError
from services.runtime.logs import get_logger
from services.storage.metrics import StorageMetrics
from services.storage.objects.base import ObjectStore
from services.storage.tables import object_deletions

BATCH = 50
"""Objects removed in one transaction (SPEC S8)."""

_PAUSE = timedelta(seconds=10)
"""After a refusal of the store, doubling with each further one."""

_LONGEST_PAUSE = timedelta(hours=1)


class Deletions:
    """Takes noted objects out of the store."""

    def __init__(
        self, database: Database, objects: ObjectStore, metrics: StorageMetrics, *, poll: float
    ) -> None:
        self._database = database
        self._objects = objects
        self._metrics = metrics
        self._poll = poll
        self._noted = asyncio.Event()
        self._log = get_logger(__name__)

    def wake(self) -> None:
        """Something was noted."""
        self._noted.set()

    async def run(self) -> None:
        """Removes what is noted, when woken and every poll; never returns."""
        while True:
            try:
                await self.drain()
            except VitaeError as error:
                self._log.warning("objects left for later", reason=error.reason)
            try:
                async with asyncio.timeout(self._poll):
                    await self._noted.wait()
            except TimeoutError:
                continue
            self._noted.clear()

    async def drain(self) -> int:
        """Removes everything that is due; how many objects went."""
        removed = 0
        while batch := await self._batch():
            removed += batch
        return removed

    async def _batch(self) -> int:
        async with self._database.queue_transaction() as connection:
            now = transaction_time(connection)
            due = (
                select(object_deletions)
                .where(object_deletions.c.due_time <= now)
                .order_by(object_deletions.c.due_time)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
            rows = (await connection.execute(due)).all()
            removed = 0
            for row in rows:
                try:
                    existed = await self._objects.delete(row.object_key)
                except VitaeError as error:
                    self._log.warning("objects left for later", reason=error.reason)
                    break
                removed += 1
                if existed:
                    self._metrics.deletions.inc()
            gone, left = rows[:removed], rows[removed:]
            await connection.execute(delete(object_deletions).where(_among(gone)))
            for row in left:  # all of them, for what refused one is likely to refuse the next
                pause = min(_PAUSE * 2 ** min(row.tries, 10), _LONGEST_PAUSE)
                later = {"due_time": now + pause, "tries": row.tries + 1}
                await connection.execute(update(object_deletions).where(_among([row])).values(later))
            return removed


def _among(rows: Sequence[Row[Any]]) -> ColumnElement[bool]:
    return object_deletions.c.object_key.in_([row.object_key for row in rows])
