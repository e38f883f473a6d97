"""What goes when a document, a user or a tenant goes; generation's outbox calls until acknowledged (SPEC G16, G18).

Every call may be repeated: what is gone already is simply not found again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select, union

from services.runtime.db import Database, acting_as, after_commit
from services.runtime.queue import Queue
from services.storage.exports import endings
from services.storage.exports.endings import Owned
from services.storage.exports.waiting import Changes
from services.storage.objects.base import ObjectStore
from services.storage.objects.keys import prefixes
from services.storage.retention.deletions import Deletions
from services.storage.tables import exports, files, idempotency_keys, objects, tenant_settings, work_items

_NOBODY = UUID(int=0)
"""A user who owns nothing: the scope of what belongs to a tenant alone."""


@dataclass(frozen=True)
class Forgotten:
    """What went with documents."""

    cancelled: int
    files: int


@dataclass(frozen=True)
class Erased:
    """What went with an owner."""

    records: int
    files: int


@dataclass(frozen=True)
class Erasure:
    """Forgets documents and erases owners."""

    database: Database
    queue: Queue
    objects: ObjectStore
    deletions: Deletions
    changes: Changes

    async def forget_documents(
        self, tenant_id: UUID, document_ids: Sequence[UUID], *, delete_files: bool
    ) -> Forgotten:
        """Cancels what is queued of these documents and drops their snapshots; removes files too when asked."""
        cancelled = removed = 0
        async with self.database.queue_transaction() as connection:
            query = select(exports.c.id, exports.c.user_id, exports.c.status).where(
                exports.c.tenant_id == tenant_id, exports.c.document_id.in_(document_ids)
            )
            if not delete_files:
                query = query.where(exports.c.status.in_(("pending", "failed")))
            rows = (await connection.execute(query)).all()
            for row in sorted(rows, key=lambda each: (each.user_id, each.id)):
                owned = Owned(tenant_id, row.user_id, row.id)
                if row.status == "pending":
                    await self.queue.cancel(connection, row.id)
                async with acting_as(connection, tenant_id, row.user_id):
                    cancelled += await endings.cancel(connection, owned)
                    await endings.forget_snapshot(connection, owned)
                    if delete_files:
                        gone = await endings.remove(connection, owned)
                        removed += gone.file_bytes is not None
                after_commit(connection, lambda id=row.id: self.changes.touch(id))  # type: ignore[misc]
            after_commit(connection, self.deletions.wake)
        return Forgotten(cancelled, removed)

    async def erase(self, tenant_id: UUID, user_id: UUID | None) -> Erased:
        """Removes everything of a user, or of a whole tenant: records, work, files, and stray objects."""
        records = 0
        removed: set[str] = set()
        for user in [user_id] if user_id else await self._users(tenant_id):
            async with self.database.queue_transaction() as connection:
                await self.queue.forget(connection, tenant_id, user)
                async with acting_as(connection, tenant_id, user):
                    gone = await endings.remove_all(connection, tenant_id, user)
                    await connection.execute(
                        delete(idempotency_keys).where(
                            idempotency_keys.c.tenant_id == tenant_id, idempotency_keys.c.user_id == user
                        )
                    )
            records, removed = records + gone[0], removed | gone[1]
        if user_id is None:
            async with (
                self.database.queue_transaction() as connection,
                acting_as(connection, tenant_id, _NOBODY),
            ):
                await connection.execute(
                    delete(tenant_settings).where(tenant_settings.c.tenant_id == tenant_id)
                )
        await self.deletions.drain()
        for prefix in prefixes(tenant_id, user_id):
            async for entry in self.objects.list(prefix):
                await self.objects.delete(entry.key)
                removed.add(entry.key)
        return Erased(records, len(removed))

    async def _users(self, tenant_id: UUID) -> list[UUID]:
        owners = union(
            *(
                select(table.c.user_id).where(table.c.tenant_id == tenant_id)
                for table in (exports, files, objects, work_items, idempotency_keys)
            )
        )
        async with self.database.queue_transaction() as connection:
            return sorted((await connection.execute(owners)).scalars())
