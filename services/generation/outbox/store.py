"""Notes deletions for storage in the deleting transaction, and hands them to whoever relays them.

Due times are the database's clock, one for all replicas.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from google.protobuf.message import Message
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.outbox.model import outbox
from services.runtime.db import transaction_time
from vitae.storage.v1 import admin_pb2

FORGET_DOCUMENTS = "forget_documents"
ERASE_OWNER = "erase_owner"

_KINDS = (FORGET_DOCUMENTS, ERASE_OWNER)
"""What this version can relay; a note of a newer version's kind is left to it."""

_MOST_DOCUMENTS = 1000
"""Documents one ForgetDocuments call may name."""

_AT_ONCE = timedelta()


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deletion to be relayed."""

    id: UUID
    kind: str
    request: bytes
    tries: int
    """Deliveries begun so far."""


async def note_forgotten(
    connection: AsyncConnection,
    tenant_id: UUID,
    user_id: UUID,
    document_ids: Sequence[UUID],
    *,
    delete_files: bool,
    due_in: timedelta = _AT_ONCE,
) -> list[UUID]:
    """Notes that documents are gone, on behalf of a user; the ids of the notes."""
    noted = []
    for start in range(0, len(document_ids), _MOST_DOCUMENTS):
        request = admin_pb2.ForgetDocumentsRequest(
            tenant_id=str(tenant_id),
            document_ids=[str(each) for each in document_ids[start : start + _MOST_DOCUMENTS]],
            delete_files=delete_files,
        )
        noted.append(await _note(connection, tenant_id, user_id, FORGET_DOCUMENTS, request, due_in))
    return noted


async def note_erased(
    connection: AsyncConnection, tenant_id: UUID, user_id: UUID, *, due_in: timedelta = _AT_ONCE
) -> UUID:
    """Notes that a user is erased; the id of the note."""
    request = admin_pb2.EraseOwnerRequest(tenant_id=str(tenant_id), user_id=str(user_id))
    return await _note(connection, tenant_id, user_id, ERASE_OWNER, request, due_in)


async def unacknowledged(connection: AsyncConnection, tenant_id: UUID, user_id: UUID) -> list[str]:
    """The kinds of what is noted on behalf of a user and not acknowledged, each once."""
    query = (
        select(outbox.c.kind)
        .where(outbox.c.tenant_id == tenant_id, outbox.c.user_id == user_id)
        .distinct()
        .order_by(outbox.c.kind)
    )
    return list((await connection.execute(query)).scalars())


async def claim(connection: AsyncConnection, lease: timedelta) -> Deletion | None:
    """Takes the deletion that has been due longest; until the lease ends nobody else gets it. None when none is due."""
    now = transaction_time(connection)
    due = (
        select(outbox.c.id)
        .where(outbox.c.due_time <= now, outbox.c.kind.in_(_KINDS))
        .order_by(outbox.c.due_time)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(outbox)
        .where(outbox.c.id.in_(due))
        .values(due_time=now + lease, tries=outbox.c.tries + 1)
        .returning(outbox.c.id, outbox.c.kind, outbox.c.request, outbox.c.tries)
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Deletion(row.id, row.kind, bytes(row.request), row.tries)


async def read(connection: AsyncConnection, ids: Collection[UUID]) -> list[Deletion]:
    """These deletions, as far as they are not acknowledged."""
    query = select(outbox).where(outbox.c.id.in_(ids)).order_by(outbox.c.create_time, outbox.c.id)
    rows = (await connection.execute(query)).all()
    return [Deletion(row.id, row.kind, bytes(row.request), row.tries) for row in rows]


async def acknowledge(connection: AsyncConnection, deletion_id: UUID) -> None:
    """Storage has heard of it."""
    await connection.execute(delete(outbox).where(outbox.c.id == deletion_id))


async def postpone(connection: AsyncConnection, deletion_id: UUID, pause: timedelta) -> None:
    """Makes it due again after a pause."""
    due = transaction_time(connection) + pause
    await connection.execute(update(outbox).where(outbox.c.id == deletion_id).values(due_time=due))


async def depth(connection: AsyncConnection) -> tuple[int, float]:
    """How many deletions wait for their acknowledgement, and for how many seconds the oldest does."""
    query = select(func.count(), func.min(outbox.c.create_time))
    count, oldest = (await connection.execute(query)).one()
    return count, 0.0 if oldest is None else (transaction_time(connection) - oldest).total_seconds()


async def _note(
    connection: AsyncConnection,
    tenant_id: UUID,
    user_id: UUID,
    kind: str,
    request: Message,
    due_in: timedelta,
) -> UUID:
    deletion_id, now = uuid4(), transaction_time(connection)
    await connection.execute(
        insert(outbox).values(
            id=deletion_id,
            tenant_id=tenant_id,
            user_id=user_id,
            kind=kind,
            request=request.SerializeToString(),
            tries=0,
            create_time=now,
            due_time=now + due_in,
        )
    )
    return deletion_id
