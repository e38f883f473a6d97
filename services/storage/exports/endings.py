"""How export records end, in the transaction in which their work ends, and what goes when they are deleted.

Every function runs in the user's own scope. A record ends once: one that is no longer pending stays as it is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.db import transaction_time
from services.runtime.statements import Statement
from services.storage.exports.messages import Found
from services.storage.tables import exports, files, object_deletions, objects
from vitae.render.v1.render_pb2 import RenderedFile

_PUBLISH = Statement(
    """
    with target as (
        select id from exports
        where tenant_id = :tenant_id and user_id = :user_id and id = :id and status = 'pending'
        for update
    ), file as (
        insert into files (id, tenant_id, user_id, object_key, size_bytes, sha256, create_time)
        select cast(:file_id as uuid), cast(:tenant_id as uuid), cast(:user_id as uuid), :object_key,
            cast(:size_bytes as bigint), :sha256, cast(:now as timestamptz)
        from target
        returning id, object_key
    )
    update exports e
    set status = 'completed', file_id = file.id, result = :result, render_seconds = :render_seconds, document = null,
        attempts = :attempts, last_attempt = :attempt, start_time = :started_at, complete_time = :now
    from target cross join file
    where e.id = target.id
    returning e.*, file.object_key
    """
)


@dataclass(frozen=True)
class Owned:
    """One export and whose it is."""

    tenant_id: UUID
    user_id: UUID
    export_id: UUID


@dataclass(frozen=True)
class Failure:
    """Why an export failed."""

    reason: str
    message: str
    retryable: bool


async def complete(
    connection: AsyncConnection,
    export: Owned,
    *,
    object_key: str,
    result: RenderedFile,
    attempt: int,
    attempts: int,
    started_at: datetime | None,
) -> Found | None:
    """Record and file become visible together; None when the record has ended already (then nothing changed)."""
    now = transaction_time(connection)
    values = {
        "id": export.export_id,
        "tenant_id": export.tenant_id,
        "user_id": export.user_id,
        "file_id": uuid4(),
        "object_key": object_key,
        "size_bytes": result.size_bytes,
        "sha256": result.sha256,
        "result": result.SerializeToString(deterministic=True),
        "render_seconds": result.render_seconds,
        "attempts": attempts,
        "attempt": attempt,
        "started_at": started_at,
        "now": now,
    }
    row = (await _PUBLISH.run(connection, values)).one_or_none()
    return None if row is None else Found.of(row, None, now)


async def fail(
    connection: AsyncConnection,
    export: Owned,
    failure: Failure,
    *,
    attempt: int,
    attempts: int,
    started_at: datetime | None = None,
) -> None:
    """The record has failed. The snapshot is kept only where another round could use it."""
    await connection.execute(
        update(exports)
        .where(_pending(export))
        .values(
            status="failed",
            error_reason=failure.reason,
            error_message=failure.message,
            error_retryable=failure.retryable,
            attempts=attempts,
            last_attempt=attempt,
            start_time=started_at,
            complete_time=transaction_time(connection),
            **({} if failure.retryable else {"document": None}),
        )
    )


async def cancel(connection: AsyncConnection, export: Owned) -> bool:
    """The record is cancelled; False when it has ended already."""
    changed = await connection.execute(
        update(exports)
        .where(_pending(export))
        .values(status="cancelled", document=None, complete_time=transaction_time(connection))
    )
    return bool(changed.rowcount)


async def max_attempts(connection: AsyncConnection, export: Owned) -> int:
    """How many attempts the record's rounds have; 0 when it is gone."""
    query = select(exports.c.max_attempts).where(_this(export))
    return (await connection.execute(query)).scalar_one_or_none() or 0


@dataclass(frozen=True)
class Removed:
    """What went with a record."""

    record: bool
    """False when there was none."""
    file_bytes: int | None = None
    """Size of the file that went too; None when another record has it, or there was none."""


async def remove(connection: AsyncConnection, export: Owned) -> Removed:
    """Deletes a record, and its file when no other record has it.

    The object itself is left to `Deletions`, which removes it after the commit.
    """
    gone = await connection.execute(delete(exports).where(_this(export)).returning(exports.c.file_id))
    row = gone.one_or_none()
    if row is None:
        return Removed(record=False)
    return Removed(
        record=True, file_bytes=await _release_file(connection, row.file_id) if row.file_id else None
    )


async def remove_all(connection: AsyncConnection, tenant_id: UUID, user_id: UUID) -> tuple[int, set[str]]:
    """Deletes everything of a user; how many records, and the keys of the files."""
    gone = await connection.execute(
        delete(exports).where(exports.c.tenant_id == tenant_id, exports.c.user_id == user_id)
    )
    found: set[str] = set()
    for table in (files, objects):
        keys = await connection.execute(
            delete(table)
            .where(table.c.tenant_id == tenant_id, table.c.user_id == user_id)
            .returning(table.c.object_key)
        )
        found |= set(keys.scalars())
    for key in sorted(found):
        await discard(connection, tenant_id, user_id, key)
    return gone.rowcount, found


async def forget_snapshot(connection: AsyncConnection, export: Owned) -> None:
    """Drops the snapshot a failed record kept for another round, which is thereby ruled out."""
    await connection.execute(
        update(exports)
        .where(_this(export), exports.c.status == "failed")
        .values(document=None, error_retryable=False)
    )


async def _release_file(connection: AsyncConnection, file_id: UUID) -> int | None:
    file = (
        await connection.execute(select(files).where(files.c.id == file_id).with_for_update())
    ).one_or_none()
    if file is None:
        return None
    shared = select(exists().where(exports.c.file_id == file_id))
    if (await connection.execute(shared)).scalar_one():
        return None
    await connection.execute(delete(files).where(files.c.id == file_id))
    await discard(connection, file.tenant_id, file.user_id, file.object_key)
    return int(file.size_bytes)


async def discard(connection: AsyncConnection, tenant_id: UUID, user_id: UUID, object_key: str) -> None:
    """Notes an object that nothing refers to, for removal after the commit."""
    values: dict[str, Any] = {
        "object_key": object_key,
        "tenant_id": tenant_id,
        "user_id": user_id,
        "due_time": transaction_time(connection),
    }
    await connection.execute(upsert(object_deletions).values(values).on_conflict_do_nothing())


def _this(export: Owned) -> ColumnElement[bool]:
    return and_(
        exports.c.tenant_id == export.tenant_id,
        exports.c.user_id == export.user_id,
        exports.c.id == export.export_id,
    )


def _pending(export: Owned) -> ColumnElement[bool]:
    return and_(_this(export), exports.c.status == "pending")
