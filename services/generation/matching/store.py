"""Queries on rankings."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.matching.model import rankings
from services.generation.tables import timestamp, visible
from services.runtime.auth import Identity
from vitae.generation.v1 import matching_pb2


async def find(
    connection: AsyncConnection, identity: Identity, profile_id: UUID, posting_id: UUID
) -> Row[tuple[object, ...]] | None:
    """The ranking kept for a profile and a posting, fresh or stale."""
    query = select(rankings).where(
        visible(rankings, identity),
        rankings.c.profile_id == profile_id,
        rankings.c.job_posting_id == posting_id,
    )
    return (await connection.execute(query)).one_or_none()


async def keep(
    connection: AsyncConnection,
    identity: Identity,
    ranking: matching_pb2.Ranking,
    ranking_id: UUID,
    now: datetime,
) -> matching_pb2.Ranking:
    """Stores a ranking in place of the one kept before; the row keeps its id, so references to it hold."""
    values = {
        "input_sha256": ranking.input_sha256,
        "ranking": ranking.SerializeToString(deterministic=True),
        "create_time": now,
    }
    statement = (
        insert(rankings)
        .values(
            id=ranking_id,
            tenant_id=identity.tenant_id,
            user_id=identity.user,
            profile_id=UUID(ranking.profile_id),
            job_posting_id=UUID(ranking.job_posting_id),
            **values,
        )
        .on_conflict_do_update(constraint="uq_rankings_profile_id_job_posting_id", set_=values)
    )
    return message((await connection.execute(statement.returning(*rankings.c))).one())


def message(row: Row[tuple[object, ...]]) -> matching_pb2.Ranking:
    """The ranking of a row."""
    ranking = matching_pb2.Ranking.FromString(row.ranking)
    ranking.id = str(row.id)
    ranking.job_posting_id = str(row.job_posting_id or "")
    ranking.create_time.CopyFrom(timestamp(row.create_time))
    return ranking
