"""Queries on job postings, each within what the caller may see."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.postings.model import job_postings
from services.generation.tables import (
    Lock,
    check_etag,
    etag_of,
    locked,
    sees_tenant,
    timestamp,
    visible,
)
from services.runtime.auth import Identity
from services.runtime.errors import NotFound
from services.runtime.pages import Position, newest_first
from vitae.generation.v1 import postings_pb2


async def add(
    connection: AsyncConnection,
    identity: Identity,
    posting: postings_pb2.JobPosting,
    posting_id: UUID,
    now: datetime,
) -> Row[tuple[object, ...]]:
    """Stores a new posting with its analysis."""
    statement = insert(job_postings).values(
        id=posting_id,
        tenant_id=identity.tenant_id,
        user_id=identity.user,
        tenant_owned=sees_tenant(identity),
        title=posting.title,
        company=posting.company,
        posting=posting.SerializeToString(deterministic=True),
        revision=1,
        create_time=now,
        update_time=now,
    )
    return (await connection.execute(statement.returning(*job_postings.c))).one()


async def get(
    connection: AsyncConnection, identity: Identity, posting_id: UUID, *, lock: Lock | None = None
) -> Row[tuple[object, ...]]:
    """One posting. Raises NotFound for one that is not there and one the caller may not see."""
    query = select(job_postings).where(job_postings.c.id == posting_id, visible(job_postings, identity))
    row: Row[tuple[object, ...]] | None = (await connection.execute(locked(query, lock))).one_or_none()
    if row is None:
        raise NotFound("No job posting has this id.", reason="JOB_POSTING_NOT_FOUND")
    return row


async def page(
    connection: AsyncConnection, identity: Identity, after: Position | None, size: int
) -> tuple[Sequence[Row[tuple[object, ...]]], int]:
    """The rows of a page (one more than asked when another page follows) and the number of all postings."""
    mine = visible(job_postings, identity)
    rows = await connection.execute(newest_first(select(job_postings).where(mine), job_postings, after, size))
    total = await connection.execute(select(func.count()).select_from(job_postings).where(mine))
    return rows.all(), total.scalar_one()


async def remove(connection: AsyncConnection, identity: Identity, posting_id: UUID, etag: str) -> None:
    """Deletes a posting; rankings and documents made for it lose the reference and keep the rest."""
    row = await get(connection, identity, posting_id, lock=Lock.DELETE)
    check_etag(etag, row.revision)
    await connection.execute(delete(job_postings).where(job_postings.c.id == posting_id))


def message(row: Row[tuple[object, ...]]) -> postings_pb2.JobPosting:
    """The posting of a row."""
    posting = postings_pb2.JobPosting.FromString(row.posting)
    posting.id = str(row.id)
    posting.created_by = str(row.user_id or "")
    posting.etag = etag_of(row.revision)
    posting.create_time.CopyFrom(timestamp(row.create_time))
    posting.update_time.CopyFrom(timestamp(row.update_time))
    return posting
