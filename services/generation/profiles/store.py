"""Queries on profiles, each within what the caller may see."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.documents.model import documents
from services.generation.profiles.model import profiles
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
from vitae.resume.v1 import profile_pb2


async def add(
    connection: AsyncConnection,
    identity: Identity,
    profile: profile_pb2.Profile,
    profile_id: UUID,
    now: datetime,
) -> Row[tuple[object, ...]]:
    """Stores a new profile."""
    statement = insert(profiles).values(
        id=profile_id,
        tenant_id=identity.tenant_id,
        user_id=identity.user,
        tenant_owned=sees_tenant(identity),
        display_name=profile.display_name or profile.content.personal.full_name,
        content=profile.content.SerializeToString(deterministic=True),
        revision=1,
        create_time=now,
        update_time=now,
    )
    return (await connection.execute(statement.returning(*profiles.c))).one()


async def get(
    connection: AsyncConnection, identity: Identity, profile_id: UUID, *, lock: Lock | None = None
) -> Row[tuple[object, ...]]:
    """One profile. Raises NotFound for one that is not there and one the caller may not see."""
    query = select(profiles).where(profiles.c.id == profile_id, visible(profiles, identity))
    row: Row[tuple[object, ...]] | None = (await connection.execute(locked(query, lock))).one_or_none()
    if row is None:
        raise NotFound("No profile has this id.", reason="PROFILE_NOT_FOUND")
    return row


async def page(
    connection: AsyncConnection, identity: Identity, after: Position | None, size: int
) -> tuple[Sequence[Row[tuple[object, ...]]], int]:
    """The rows of a page (one more than asked when another page follows) and the number of all profiles."""
    mine = visible(profiles, identity)
    rows = await connection.execute(newest_first(select(profiles).where(mine), profiles, after, size))
    total = await connection.execute(select(func.count()).select_from(profiles).where(mine))
    return rows.all(), total.scalar_one()


async def change(
    connection: AsyncConnection, profile_id: UUID, profile: profile_pb2.Profile, now: datetime
) -> Row[tuple[object, ...]]:
    """Writes a profile whose row the transaction has locked."""
    statement = (
        update(profiles)
        .where(profiles.c.id == profile_id)
        .values(
            display_name=profile.display_name or profile.content.personal.full_name,
            content=profile.content.SerializeToString(deterministic=True),
            revision=profiles.c.revision + 1,
            update_time=now,
        )
    )
    return (await connection.execute(statement.returning(*profiles.c))).one()


async def remove(connection: AsyncConnection, identity: Identity, profile_id: UUID, etag: str) -> list[UUID]:
    """Deletes a profile with its rankings and with every document made from it, whoever made it; their ids.

    The transaction has to see the whole tenant: a recruiter's documents go with the profile they were made from.
    Raises NotFound, and Aborted when the etag is stale.
    """
    row = await get(connection, identity, profile_id, lock=Lock.DELETE)
    check_etag(etag, row.revision)
    made = await connection.execute(select(documents.c.id).where(documents.c.profile_id == profile_id))
    document_ids = sorted(made.scalars())
    await connection.execute(delete(profiles).where(profiles.c.id == profile_id))
    return document_ids


def message(row: Row[tuple[object, ...]]) -> profile_pb2.Profile:
    """The profile of a row."""
    return profile_pb2.Profile(
        id=str(row.id),
        display_name=row.display_name,
        content=profile_pb2.ProfileContent.FromString(row.content),
        created_by=str(row.user_id or ""),
        etag=etag_of(row.revision),
        create_time=timestamp(row.create_time),
        update_time=timestamp(row.update_time),
    )
