"""Writing versions: appended, merged into the head by autosaves, marked as exported, pruned (SPEC G13).

A version is immutable with one exception: an autosave rewrites the head while that is itself an autosave and not
exported. What a person saved on purpose, what was composed and what was restored is never rewritten.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.documents.model import document_versions, documents
from services.generation.documents.store import DocumentRow
from services.generation.tables import visible
from services.runtime.auth import Identity
from vitae.generation.v1 import documents_pb2, resumes_pb2
from vitae.resume.v1 import document_pb2

AUTOSAVE = documents_pb2.VERSION_ORIGIN_AUTOSAVE


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to be written."""

    document: document_pb2.Document
    content_text: str
    details: resumes_pb2.Resume
    """Match, improvements, quality, notices and generation record of this version."""
    origin: documents_pb2.VersionOrigin.ValueType
    change_summary: str
    note: str


def merges(row: DocumentRow, origin: documents_pb2.VersionOrigin.ValueType) -> bool:
    """Whether a save of this origin is merged into the head that `row` is."""
    return origin == AUTOSAVE and row.origin == AUTOSAVE and not row.exported


async def touch(
    connection: AsyncConnection,
    identity: Identity,
    row: DocumentRow,
    now: datetime,
    *,
    title: str,
    full_name: str,
    head_version: int,
) -> bool:
    """Takes the document from the state that was read to the next. False when somebody else changed it meanwhile."""
    statement = (
        update(documents)
        .where(visible(documents, identity), documents.c.id == row.id, documents.c.revision == row.revision)
        .values(
            title=title,
            full_name=full_name,
            head_version=head_version,
            revision=documents.c.revision + 1,
            update_time=now,
        )
    )
    return (await connection.execute(statement)).rowcount == 1


async def append(connection: AsyncConnection, row: DocumentRow, new: NewVersion, now: datetime) -> None:
    """Writes the version after the head. It belongs to whom the document belongs, whoever saves."""
    await connection.execute(
        insert(document_versions).values(
            document_id=row.id,
            version=row.head_version + 1,
            tenant_id=row.tenant_id,
            user_id=row.user_id,
            exported=False,
            **_content(new, now),
        )
    )


async def merge(connection: AsyncConnection, row: DocumentRow, new: NewVersion, now: datetime) -> bool:
    """Rewrites the head. False when it was exported meanwhile."""
    statement = (
        update(document_versions)
        .where(
            document_versions.c.document_id == row.id,
            document_versions.c.version == row.head_version,
            document_versions.c.exported.is_(False),
        )
        .values(**_content(new, now))
    )
    return (await connection.execute(statement)).rowcount == 1


async def prune(connection: AsyncConnection, document_id: UUID, kept: int) -> int:
    """Removes all but the newest `kept` versions and the exported ones; how many."""
    of_document = document_versions.c.document_id == document_id
    newest = (
        select(document_versions.c.version)
        .where(of_document)
        .order_by(document_versions.c.version.desc())
        .limit(kept)
    )
    statement = delete(document_versions).where(
        of_document, document_versions.c.exported.is_(False), document_versions.c.version.not_in(newest)
    )
    return (await connection.execute(statement)).rowcount


async def mark_exported(connection: AsyncConnection, document_id: UUID, version: int) -> None:
    """Keeps a version for good. Writes nothing when it is kept already."""
    await connection.execute(
        update(document_versions)
        .where(
            document_versions.c.document_id == document_id,
            document_versions.c.version == version,
            document_versions.c.exported.is_(False),
        )
        .values(exported=True)
    )


async def before(
    connection: AsyncConnection, document_id: UUID, version: int
) -> document_pb2.Document | None:
    """The content of the version before this one; None for the first that is kept."""
    query = (
        select(document_versions.c.document)
        .where(document_versions.c.document_id == document_id, document_versions.c.version < version)
        .order_by(document_versions.c.version.desc())
        .limit(1)
    )
    held = (await connection.execute(query)).scalar_one_or_none()
    return None if held is None else document_pb2.Document.FromString(held)


def _content(new: NewVersion, now: datetime) -> dict[str, object]:
    return {
        "origin": new.origin,
        "change_summary": new.change_summary,
        "note": new.note,
        "document": new.document.SerializeToString(deterministic=True),
        "content_text": new.content_text,
        "details": new.details.SerializeToString(deterministic=True),
        "create_time": now,
    }
