"""Queries over export records, always within one user's space; row-level security is the second wall."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.auth import Identity
from services.runtime.errors import NotFound
from services.runtime.pages import Position, newest_first
from services.runtime.statements import Statement
from services.storage.exports.messages import STATUS
from services.storage.tables import exports, files, work_items
from vitae.resume.v1.common_pb2 import WORK_STATUS_PENDING, WORK_STATUS_PROCESSING

SHOWN = tuple(column for column in exports.c if column.name != "document")
"""What a message is made of: all but the snapshot, which only workers need."""

_WITH_FILE: Select[Any] = select(*SHOWN, files.c.object_key).select_from(exports.outerjoin(files))

_ONE = Statement(
    _WITH_FILE.where(*(exports.c[name] == bindparam(name) for name in ("tenant_id", "user_id", "id")))
)

_STORED: dict[int, str] = {status: text for text, status in STATUS.items()}


def own(identity: Identity) -> ColumnElement[bool]:
    """The records of this user."""
    return and_(exports.c.tenant_id == identity.tenant_id, exports.c.user_id == identity.user)


def not_found() -> NotFound:
    """The answer for an export that is not there, and for another's: exactly the same."""
    return NotFound("There is no export with this id.", reason="EXPORT_NOT_FOUND")


@dataclass(frozen=True)
class Filter:
    """What a listing is narrowed to; None and 0 leave it open."""

    document_id: UUID | None = None
    job_posting_id: UUID | None = None
    format: int = 0
    status: int = 0


async def get(connection: AsyncConnection, identity: Identity, export_id: UUID) -> Row[Any]:
    """One record, with the key of its file. Raises NotFound."""
    asked = {"tenant_id": identity.tenant_id, "user_id": identity.user, "id": export_id}
    row: Row[Any] | None = (await _ONE.run(connection, asked)).one_or_none()
    if row is None:
        raise not_found()
    return row


async def get_all(
    connection: AsyncConnection, identity: Identity, ids: Sequence[UUID]
) -> dict[UUID, Row[Any]]:
    """The records among these ids, each with the key of its file."""
    query = _WITH_FILE.where(own(identity), exports.c.id.in_(ids))
    return {row.id: row for row in await connection.execute(query)}


async def page(
    connection: AsyncConnection,
    identity: Identity,
    wanted: Filter,
    *,
    after: Position | None,
    size: int,
    skip: int,
) -> Sequence[Row[Any]]:
    """One page, newest first, and one row more when another page follows."""
    query = newest_first(_matching(_WITH_FILE, identity, wanted), exports, after, size, skip)
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


async def count(connection: AsyncConnection, identity: Identity, wanted: Filter) -> int:
    """How many records match."""
    query = _matching(select(func.count()).select_from(exports), identity, wanted)
    return int((await connection.execute(query)).scalar_one())


async def of_job(
    connection: AsyncConnection, identity: Identity, job_posting_id: UUID, limit: int
) -> Sequence[Row[Any]]:
    """The exports made for one posting, newest first."""
    query = (
        _WITH_FILE.where(own(identity), exports.c.job_posting_id == job_posting_id)
        .order_by(exports.c.create_time.desc(), exports.c.id.desc())
        .limit(limit)
    )
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


async def job_totals(
    connection: AsyncConnection, identity: Identity, job_posting_id: UUID
) -> tuple[int, int]:
    """(completed exports, bytes of their files, a shared file once) of one posting."""
    completed = and_(
        own(identity), exports.c.job_posting_id == job_posting_id, exports.c.status == "completed"
    )
    number = select(func.count()).select_from(exports).where(completed).scalar_subquery()
    kept = select(func.coalesce(func.sum(files.c.size_bytes), 0)).where(
        files.c.id.in_(select(exports.c.file_id).where(completed))
    )
    row = (await connection.execute(select(number, kept.scalar_subquery()))).one()
    return int(row[0]), int(row[1])


async def count_download(connection: AsyncConnection, identity: Identity, export_id: UUID) -> None:
    """One download more."""
    await connection.execute(
        update(exports)
        .where(own(identity), exports.c.id == export_id)
        .values(download_count=exports.c.download_count + 1)
    )


def _matching(query: Select[Any], identity: Identity, wanted: Filter) -> Select[Any]:
    query = query.where(own(identity))
    if wanted.document_id is not None:
        query = query.where(exports.c.document_id == wanted.document_id)
    if wanted.job_posting_id is not None:
        query = query.where(exports.c.job_posting_id == wanted.job_posting_id)
    if wanted.format:
        query = query.where(exports.c.format == wanted.format)
    if not wanted.status:
        return query
    running = exists().where(work_items.c.id == exports.c.id, work_items.c.owner.is_not(None))
    if wanted.status == WORK_STATUS_PROCESSING:
        return query.where(exports.c.status == "pending", running)
    if wanted.status == WORK_STATUS_PENDING:
        return query.where(exports.c.status == "pending", ~running)
    return query.where(exports.c.status == _STORED[wanted.status])
