"""Queries on documents and their versions, each within what the caller may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.documents.model import document_versions, documents
from services.generation.tables import check_etag, sees_tenant, visible
from services.runtime.auth import Identity
from services.runtime.errors import NotFound
from services.runtime.pages import Position, newest_first
from services.runtime.statements import Statement
from vitae.generation.v1 import documents_pb2, resumes_pb2
from vitae.resume.v1 import document_pb2

DocumentRow = Row[tuple[object, ...]]

_BOTH = documents.join(document_versions)


@dataclass(frozen=True)
class NewDocument:
    """A document at its first version."""

    document_type: document_pb2.DocumentType.ValueType
    title: str
    full_name: str
    profile_id: UUID
    job_posting_id: UUID | None
    job_title: str
    company: str
    job_keywords: Sequence[str]
    ranking_id: UUID | None
    document: document_pb2.Document
    content_text: str
    details: resumes_pb2.Resume
    """Match, improvements, quality, notices and generation record of this version."""
    origin: documents_pb2.VersionOrigin.ValueType
    change_summary: str


async def add(
    connection: AsyncConnection, identity: Identity, new: NewDocument, document_id: UUID, now: datetime
) -> DocumentRow:
    """Stores a document as version 1, in one statement; the document with that version."""
    owner = {"tenant_id": identity.tenant_id, "user_id": identity.user}
    document: dict[str, object] = {
        "id": document_id,
        **owner,
        "tenant_owned": sees_tenant(identity),
        "document_type": new.document_type,
        "title": new.title,
        "full_name": new.full_name,
        "profile_id": new.profile_id,
        "job_posting_id": new.job_posting_id,
        "job_title": new.job_title,
        "company": new.company,
        "job_keywords": list(new.job_keywords),
        "ranking_id": new.ranking_id,
        "head_version": 1,
        "revision": 1,
        "create_time": now,
        "update_time": now,
    }
    version: dict[str, object] = {
        "document_id": document_id,
        "version": 1,
        **owner,
        "origin": new.origin,
        "change_summary": new.change_summary,
        "note": "",
        "document": new.document.SerializeToString(deterministic=True),
        "content_text": new.content_text,
        "details": new.details.SerializeToString(deterministic=True),
        "exported": False,
        "create_time": now,
    }
    values: dict[str, Any] = {f"document_{name}": value for name, value in document.items()}
    values |= {f"version_{name}": value for name, value in version.items()}
    row: DocumentRow = (await _insertion().run(connection, values)).one()
    return row


@cache
def _insertion() -> Statement:
    """Both rows at once, by parameters named `document_<column>` and `version_<column>`. Made once: putting it together
    takes longer than running it.
    """
    document = insert(documents).values(_parameters(documents, "document")).returning(*documents.c)
    version = insert(document_versions).values(_parameters(document_versions, "version"))
    made = document.cte("document")
    first = version.returning(*document_versions.c).cte("version")
    return Statement(_with_versions(made, first, made.join(first, first.c.document_id == made.c.id)))


def _parameters(table: Table, prefix: str) -> dict[str, BindParameter[Any]]:
    return {column.name: bindparam(f"{prefix}_{column.name}") for column in table.c}


async def head(
    connection: AsyncConnection,
    identity: Identity,
    document_id: UUID,
    document_type: document_pb2.DocumentType.ValueType | None = None,
) -> DocumentRow:
    """A document with its head version. Raises NotFound for one that is not there or not the caller's."""
    asked: dict[str, object] = {"tenant_id": identity.tenant_id, "document_id": document_id}
    if not sees_tenant(identity):
        asked["user_id"] = identity.user
    if document_type is not None:
        asked["document_type"] = document_type
    row: DocumentRow | None = (await _head(frozenset(asked)).run(connection, asked)).one_or_none()
    if row is None:
        raise not_found(document_type)
    return row


async def at_version(
    connection: AsyncConnection, identity: Identity, document_id: UUID, version: int
) -> DocumentRow:
    """A document with one of its versions. Raises NotFound for either."""
    if version == 0:
        return await head(connection, identity, document_id)
    query = _with_versions().where(_is(identity, document_id, None), document_versions.c.version == version)
    row: DocumentRow | None = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("No document has this id and version.", reason="DOCUMENT_NOT_FOUND")
    return row


async def remove(
    connection: AsyncConnection,
    identity: Identity,
    document_id: UUID,
    document_type: document_pb2.DocumentType.ValueType,
    etag: str,
) -> None:
    """Deletes a document with its versions. Raises NotFound, and Aborted when the etag is stale."""
    query = select(documents.c.revision).where(_is(identity, document_id, document_type)).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise not_found(document_type)
    check_etag(etag, row.revision)
    await connection.execute(delete(documents).where(documents.c.id == document_id))


async def page(
    connection: AsyncConnection,
    identity: Identity,
    document_type: document_pb2.DocumentType.ValueType,
    after: Position | None,
    size: int,
    *,
    profile_id: UUID | None = None,
    job_posting_id: UUID | None = None,
) -> tuple[Sequence[DocumentRow], int]:
    """The documents of a page with their heads' details, one more than asked when a page follows; and the total."""
    wanted = visible(documents, identity) & (documents.c.document_type == document_type)
    if profile_id is not None:
        wanted &= documents.c.profile_id == profile_id
    if job_posting_id is not None:
        wanted &= documents.c.job_posting_id == job_posting_id
    query = (
        select(documents, document_versions.c.details)
        .join(document_versions, document_versions.c.document_id == documents.c.id)
        .where(wanted, document_versions.c.version == documents.c.head_version)
    )
    rows = await connection.execute(newest_first(query, documents, after, size))
    total = await connection.execute(select(func.count()).select_from(documents).where(wanted))
    return rows.all(), total.scalar_one()


async def versions(
    connection: AsyncConnection, identity: Identity, document_id: UUID, below: int | None, size: int
) -> tuple[Sequence[DocumentRow], int]:
    """Versions newest first, from the one below `below`, and the number of all. Raises NotFound."""
    total = (
        await connection.execute(
            select(func.count())
            .select_from(document_versions.join(documents))
            .where(_is(identity, document_id, None))
        )
    ).scalar_one()
    if total == 0:
        raise NotFound("No document has this id.", reason="DOCUMENT_NOT_FOUND")
    query = _with_versions().where(_is(identity, document_id, None))
    if below is not None:
        query = query.where(document_versions.c.version < below)
    rows = await connection.execute(query.order_by(document_versions.c.version.desc()).limit(size + 1))
    return rows.all(), total


@cache
def _head(asked: frozenset[str]) -> Statement:
    """The query for head versions, by what is asked of them: made once, for to make it takes longer than to run it."""
    columns = {**{name: documents.c[name] for name in asked - {"document_id"}}, "document_id": documents.c.id}
    return Statement(
        _with_versions().where(
            document_versions.c.version == documents.c.head_version,
            *(column == bindparam(name) for name, column in sorted(columns.items())),
        )
    )


def _with_versions(
    document: FromClause = documents,
    version: FromClause = document_versions,
    both: FromClause = _BOTH,
) -> Select[Any]:
    return select(
        *document.c,
        *(column for column in version.c if column.name not in document.c),
        version.c.create_time.label("version_create_time"),
    ).select_from(both)


def _is(
    identity: Identity, document_id: UUID, document_type: document_pb2.DocumentType.ValueType | None
) -> ColumnElement[bool]:
    condition = visible(documents, identity) & (documents.c.id == document_id)
    return condition if document_type is None else condition & (documents.c.document_type == document_type)


def not_found(document_type: document_pb2.DocumentType.ValueType | None) -> NotFound:
    """What everybody hears of a document that is not there or not theirs."""
    if document_type == document_pb2.DOCUMENT_TYPE_RESUME:
        return NotFound("No resume has this id.", reason="RESUME_NOT_FOUND")
    if document_type == document_pb2.DOCUMENT_TYPE_COVER_LETTER:
        return NotFound("No cover letter has this id.", reason="COVER_LETTER_NOT_FOUND")
    return NotFound("No document has this id.", reason="DOCUMENT_NOT_FOUND")
