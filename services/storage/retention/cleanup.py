"""Removing what has expired, and objects nobody refers to (SPEC S8). Safe to repeat and to run twice at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.db import Database, acting_as, transaction_time
from services.runtime.idempotency import KEPT_FOR
from services.runtime.queue import Queue
from services.storage.exports import endings
from services.storage.exports.endings import Owned
from services.storage.objects.base import ObjectStore
from services.storage.objects.keys import key_owner, prefixes
from services.storage.retention.deletions import Deletions
from services.storage.tables import exports, files, idempotency_keys, objects

BATCH = 50
"""Records removed in one transaction (SPEC S8)."""

ORPHAN_AGE = timedelta(hours=1)
"""Age below which an object without a record may still get one: far above the longest upload."""

_KEYS_AT_ONCE = 500


@dataclass(frozen=True)
class Cleaned:
    """What a run removed."""

    files: int = 0
    records: int = 0
    freed_bytes: int = 0
    orphans: int = 0


async def expired(
    connection: AsyncConnection, size: int, tenant_id: UUID | None = None
) -> Sequence[Row[Any]]:
    """Ids and owners of records past their time, the longest first; of one tenant when given."""
    query: Select[Any] = (
        select(exports.c.id, exports.c.tenant_id, exports.c.user_id)
        .where(exports.c.expire_time <= transaction_time(connection))
        .order_by(exports.c.expire_time)
        .limit(size)
    )
    if tenant_id is not None:
        query = query.where(exports.c.tenant_id == tenant_id)
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


@dataclass(frozen=True)
class Cleanup:
    """Runs cleanups."""

    database: Database
    queue: Queue
    objects: ObjectStore
    deletions: Deletions

    async def run(
        self, *, batch_size: int = BATCH, max_batches: int | None = None, tenant_id: UUID | None = None
    ) -> Cleaned:
        """Removes expired records with their files, then orphaned objects; of one tenant when given."""
        records = removed_files = freed = batches = 0
        while max_batches is None or batches < max_batches:
            removed = await self._batch(batch_size, tenant_id)
            if not removed:
                break
            batches += 1
            records += len(removed)
            sizes = [each.file_bytes for each in removed if each.file_bytes is not None]
            removed_files += len(sizes)
            freed += sum(sizes)
        await self._forget_answers()
        await self.deletions.drain()
        orphans = sum([await self._sweep(prefix) for prefix in prefixes(tenant_id)])
        if tenant_id is None:
            orphans += await self.objects.drop_unfinished(datetime.now(UTC) - ORPHAN_AGE)
        return Cleaned(removed_files, records, freed, orphans)

    async def _batch(self, size: int, tenant_id: UUID | None) -> list[endings.Removed]:
        async with self.database.queue_transaction() as connection:
            rows = await expired(connection, size, tenant_id)
            removed = []
            for row in sorted(rows, key=lambda each: (each.tenant_id, each.user_id, each.id)):
                await self.queue.cancel(connection, row.id)
                async with acting_as(connection, row.tenant_id, row.user_id):
                    owned = Owned(row.tenant_id, row.user_id, row.id)
                    removed.append(await endings.remove(connection, owned))
            return [each for each in removed if each.record]

    async def _forget_answers(self) -> None:
        async with self.database.queue_transaction() as connection:
            outdated = idempotency_keys.c.create_time <= transaction_time(connection) - KEPT_FOR
            await connection.execute(delete(idempotency_keys).where(outdated))

    async def _sweep(self, prefix: str) -> int:
        newest = datetime.now(UTC) - ORPHAN_AGE
        removed = 0
        keys: list[str] = []
        async for entry in self.objects.list(prefix):
            if entry.stored_at < newest and key_owner(entry.key) is not None:
                keys.append(entry.key)
            if len(keys) >= _KEYS_AT_ONCE:
                removed += await self._remove_orphans(keys)
                keys.clear()
        return removed + await self._remove_orphans(keys)

    async def _remove_orphans(self, keys: list[str]) -> int:
        if not keys:
            return 0
        async with self.database.queue_transaction() as connection:
            known = await connection.execute(
                union(
                    *(
                        select(table.c.object_key).where(table.c.object_key.in_(keys))
                        for table in (files, objects)
                    )
                )
            )
            orphans = set(keys) - set(known.scalars())
        return sum([await self.objects.delete(key) for key in sorted(orphans)])
