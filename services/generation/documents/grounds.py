"""What a document is made from, fetched at once: a statement costs as much as composing a section."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, and_, bindparam, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.matching.model import rankings
from services.generation.matching.servicer import fresh_ranking
from services.generation.postings import store as postings
from services.generation.postings.model import job_postings
from services.generation.profiles import store as profiles
from services.generation.profiles.model import profiles as profile_table
from services.generation.skills.table import SkillTable
from services.generation.tables import Lock, locked, sees_tenant
from services.runtime.auth import Identity
from vitae.generation.v1 import matching_pb2, postings_pb2
from vitae.resume.v1 import profile_pb2


@dataclass(frozen=True, slots=True)
class Grounds:
    """A profile, a posting, and the ranking of the one for the other."""

    profile: profile_pb2.Profile
    posting: postings_pb2.JobPosting
    ranking: matching_pb2.Ranking


async def grounds(
    connection: AsyncConnection,
    identity: Identity,
    profile_id: UUID,
    posting_id: UUID,
    skills: SkillTable,
    now: datetime,
) -> Grounds:
    """Profile and posting, kept from being deleted until the document refers to them: a deletion sees every document
    it takes along. The ranking is made where there is none, or none that is fresh.

    Raises:
        NotFound: for a profile or a posting that is not there or that the caller may not see.
    """
    asked = {"profile_id": profile_id, "posting_id": posting_id, "tenant_id": identity.tenant_id}
    if not sees_tenant(identity):
        asked["user_id"] = identity.user
    row = (await connection.execute(_query(shared=sees_tenant(identity)), asked)).one_or_none()
    if row is None:
        # One of the two is missing; which one, its own query says.
        await profiles.get(connection, identity, profile_id)
        await postings.get(connection, identity, posting_id)
        raise RuntimeError("profile and posting are there one by one and not together")
    parts = _parts(row)
    profile, posting = profiles.message(parts[0]), postings.message(parts[1])
    kept = parts[2] if parts[2].id is not None else None
    ranking = await fresh_ranking(connection, identity, profile, posting, kept, skills=skills, now=now)
    return Grounds(profile, posting, ranking)


_TABLES = (profile_table, job_postings, rankings)


@cache
def _query(*, shared: bool) -> Select[Any]:
    """The columns of all three tables, of what one user sees or, where it is shared, their tenant. Made once: to make
    it takes longer than to run it.
    """

    def seen(table: Table) -> ColumnElement[bool]:
        own_tenant = table.c.tenant_id == bindparam("tenant_id")
        return own_tenant if shared else own_tenant & (table.c.user_id == bindparam("user_id"))

    ranked = and_(
        seen(rankings),
        rankings.c.profile_id == profile_table.c.id,
        rankings.c.job_posting_id == job_postings.c.id,
    )
    query = (
        select(*_TABLES)
        .select_from(profile_table.join(job_postings, true()).outerjoin(rankings, ranked))
        .where(
            profile_table.c.id == bindparam("profile_id"),
            seen(profile_table),
            job_postings.c.id == bindparam("posting_id"),
            seen(job_postings),
        )
    )
    return locked(query, Lock.KEEP, of=(profile_table, job_postings))


def _parts(row: Row[tuple[object, ...]]) -> list[Row[tuple[object, ...]]]:
    """The columns of each of the tables of a row, by their names there."""
    values = iter(row)
    return [
        cast("Row[tuple[object, ...]]", SimpleNamespace(**{column.name: next(values) for column in table.c}))
        for table in _TABLES
    ]
