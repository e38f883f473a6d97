"""What is held about a person, by kind: one list for taking along, counting and erasing.

A person's own are the rows they made. About them are also the documents that a recruiter made from their profile.
What they made as a recruiter belongs to the tenant (`tenant_owned`): it stays when they are erased, without their id.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, false, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.documents.model import document_versions, documents
from services.generation.matching.model import rankings
from services.generation.postings.model import job_postings
from services.generation.profiles.model import profiles
from services.generation.tables import idempotency_keys
from vitae.resume.v1 import document_pb2

_TABLES = (profiles, job_postings, rankings, documents, document_versions, idempotency_keys)
_DOCUMENT_KINDS = {
    "resumes": document_pb2.DOCUMENT_TYPE_RESUME,
    "cover_letters": document_pb2.DOCUMENT_TYPE_COVER_LETTER,
}


@dataclass(frozen=True)
class Holding:
    """One kind of thing."""

    kind: str
    table: Table
    made: ColumnElement[bool]
    """Rows the person made."""
    about: ColumnElement[bool]
    """Rows that others made from the person's profile."""
    goes: ColumnElement[bool]
    """Rows that an erasure removes."""

    @property
    def held(self) -> ColumnElement[bool]:
        """Everything of the kind that is held about the person."""
        return self.made | self.about

    @property
    def stays(self) -> ColumnElement[bool]:
        """What the person made and the tenant keeps."""
        return self.made & ~self.goes


def holdings(tenant_id: UUID, user_id: UUID) -> list[Holding]:
    """Everything held about a person, what refers to something before what it refers to."""
    made = {table: (table.c.tenant_id == tenant_id) & (table.c.user_id == user_id) for table in _TABLES}
    own = {table: made[table] & ~table.c.tenant_owned for table in (profiles, job_postings, documents)}

    def of_profiles(table: Table, wanted: ColumnElement[bool]) -> ColumnElement[bool]:
        return (table.c.tenant_id == tenant_id) & table.c.profile_id.in_(select(profiles.c.id).where(wanted))

    about = of_profiles(documents, made[profiles])
    gone = own[documents] | of_profiles(documents, own[profiles])
    kinds = {kind: documents.c.document_type == type_ for kind, type_ in _DOCUMENT_KINDS.items()}
    return [
        Holding(
            "versions",
            document_versions,
            made[document_versions],
            _of_documents(about),
            _of_documents(gone),
        ),
        *(
            Holding(kind, documents, made[documents] & is_kind, about & is_kind, gone & is_kind)
            for kind, is_kind in kinds.items()
        ),
        Holding(
            "rankings",
            rankings,
            made[rankings],
            of_profiles(rankings, made[profiles]),
            of_profiles(rankings, own[profiles]),
        ),
        Holding("job_postings", job_postings, made[job_postings], false(), own[job_postings]),
        Holding("profiles", profiles, made[profiles], false(), own[profiles]),
        Holding("request_ids", idempotency_keys, made[idempotency_keys], false(), made[idempotency_keys]),
    ]


async def count(connection: AsyncConnection, table: Table, condition: ColumnElement[bool]) -> int:
    """How many rows."""
    query = select(func.count()).select_from(table).where(condition)
    return int((await connection.execute(query)).scalar_one())


async def lock_profiles(connection: AsyncConnection, tenant_id: UUID, user_id: UUID) -> None:
    """Keeps anything new from being made from the person's profiles until the transaction ends."""
    theirs = (profiles.c.tenant_id == tenant_id) & (profiles.c.user_id == user_id)
    query = select(profiles.c.id).where(theirs).order_by(profiles.c.id)
    await connection.execute(query.with_for_update())


async def gone_document_ids(connection: AsyncConnection, held: list[Holding]) -> list[UUID]:
    """The ids of the documents that go."""
    ids: set[UUID] = set()
    for each in held:
        if each.table is documents:
            ids.update((await connection.execute(select(documents.c.id).where(each.goes))).scalars())
    return sorted(ids)


async def remove(connection: AsyncConnection, holding: Holding) -> int:
    """Removes what goes; how many rows."""
    return (await connection.execute(delete(holding.table).where(holding.goes))).rowcount


async def disown(connection: AsyncConnection, holding: Holding) -> int:
    """Takes the person's id off what stays, once the rest is gone; from how many rows."""
    statement = update(holding.table).where(holding.made).values(user_id=None)
    return (await connection.execute(statement)).rowcount


def _of_documents(wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    return document_versions.c.document_id.in_(select(documents.c.id).where(wanted))
