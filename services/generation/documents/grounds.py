"""What a document is made from, fetched at once: a statement costs as much as composing a section."""

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from sqlalchemy import Row, RowMapping, Table, and_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.matching.model import rankings
from services.generation.matching.servicer import fresh_ranking
from services.generation.postings import store as postings
from services.generation.postings.model import job_postings
from services.generation.profiles import store as profiles
from services.generation.profiles.model import profiles as profile_table
from services.generation.skills.table import SkillTable
from services.generation.tables import Lock, locked, visible
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
    ranked = and_(
        visible(rankings, identity),
        rankings.c.profile_id == profile_table.c.id,
        rankings.c.job_posting_id == job_postings.c.id,
    )
    query = (
        select(profile_table, job_postings, rankings)
        .select_from(profile_table.join(job_postings, true()).outerjoin(rankings, ranked))
        .where(
            profile_table.c.id == profile_id,
            visible(profile_table, identity),
            job_postings.c.id == posting_id,
            visible(job_postings, identity),
        )
    )
    query = locked(query, Lock.KEEP, of=(profile_table, job_postings))
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        # One of the two is missing; which one, its own query says.
        await profiles.get(connection, identity, profile_id)
        await postings.get(connection, identity, posting_id)
        raise RuntimeError("profile and posting are there one by one and not together")
    profile = profiles.message(_part(row, profile_table))
    posting = postings.message(_part(row, job_postings))
    kept = _part(row, rankings) if row[rankings.c.id] is not None else None
    ranking = await fresh_ranking(connection, identity, profile, posting, kept, skills=skills, now=now)
    return Grounds(profile, posting, ranking)


def _part(row: RowMapping, table: Table) -> Row[tuple[object, ...]]:
    """The columns of one table of a row, by their names there."""
    values = {column.name: row[column] for column in table.c}
    return cast("Row[tuple[object, ...]]", SimpleNamespace(**values))
