"""What is kept of each profile for scoring: made when the profile is saved, or when it is first asked for.

A kept reading is good for one revision of its profile, one way of reading and one table of skills; when any of them is
not the same another is made in its place, so a new release reads each profile once more and nothing is migrated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, case, null, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.matching.candidates import kept
from services.generation.matching.facts import profile_facts
from services.generation.matching.model import match_readings
from services.generation.matching.reading import Reading
from services.generation.matching.scoring import profile_candidate
from services.generation.profiles.model import profiles
from services.generation.skills.table import SkillTable
from services.generation.tables import visible
from services.runtime.auth import Identity
from vitae.resume.v1 import profile_pb2

_WAY_OF_READING = "3"
"""Another one whenever the code reads the same profile another way."""


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """A profile as it is stored for matching: what is kept of it where that is good, else its content."""

    id: UUID
    revision: int
    reading: bytes | None
    content: bytes | None


def reading_version(table: SkillTable) -> str:
    """What a kept reading depends on besides its profile."""
    return f"{_WAY_OF_READING}-{table.fingerprint}"


def read_for_matching(content: profile_pb2.ProfileContent, table: SkillTable) -> bytes:
    """Reads a profile, which takes milliseconds; the MatchReading, serialised."""
    reading = Reading(profile_facts(content), table)
    record = kept(profile_candidate(content, reading), reading)
    return record.SerializeToString(deterministic=True)


async def page(
    connection: AsyncConnection,
    identity: Identity,
    table: SkillTable,
    *,
    ids: Sequence[UUID],
    after: UUID | None,
    size: int,
) -> list[StoredProfile]:
    """Profiles in the order of their ids: those of `ids` that the caller sees, all they see when it is empty."""
    good = and_(
        match_readings.c.profile_id == profiles.c.id,
        match_readings.c.revision == profiles.c.revision,
        match_readings.c.version == reading_version(table),
    )
    query = (
        select(
            profiles.c.id,
            profiles.c.revision,
            match_readings.c.reading,
            # Contents are large; they are fetched only where nothing good is kept.
            case((match_readings.c.reading.is_(None), profiles.c.content), else_=null()),
        )
        .select_from(profiles.outerjoin(match_readings, good))
        .where(visible(profiles, identity))
        .order_by(profiles.c.id)
        .limit(size)
    )
    if ids:
        query = query.where(profiles.c.id.in_(ids))
    if after is not None:
        query = query.where(profiles.c.id > after)
    return [StoredProfile(*row) for row in await connection.execute(query)]


async def keep(
    connection: AsyncConnection, table: SkillTable, readings: Sequence[tuple[UUID, int, bytes]]
) -> None:
    """Keeps (profile, its revision, reading); one made of a newer revision meanwhile stays."""
    statement = insert(match_readings)
    statement = statement.on_conflict_do_update(
        index_elements=[match_readings.c.profile_id],
        set_={name: statement.excluded[name] for name in ("revision", "version", "reading")},
        where=match_readings.c.revision <= statement.excluded.revision,
    )
    rows = [
        {
            "profile_id": profile_id,
            "revision": revision,
            "version": reading_version(table),
            "reading": reading,
        }
        # In one order, so that two callers who keep the same profiles never wait for each other in a ring.
        for profile_id, revision, reading in sorted(readings)
    ]
    if rows:
        await connection.execute(statement, rows)
