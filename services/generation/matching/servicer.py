"""Serves rankings and match scores."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.message import DecodeError
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.matching import kept, store
from services.generation.matching.batch import BatchScorer, Scored, ranked
from services.generation.matching.ranking import rank, ranking_key
from services.generation.matching.scoring import score
from services.generation.postings import store as postings
from services.generation.profiles import store as profiles
from services.generation.skills.table import SkillTable
from services.generation.tables import sees_tenant
from services.runtime.auth import Identity, require_user
from services.runtime.db import Database
from vitae.generation.v1 import match_readings_pb2, matching_pb2, matching_pb2_grpc, postings_pb2
from vitae.resume.v1 import profile_pb2

_PAGE = 500
"""Profiles fetched and scored at a time: some tens of milliseconds of work, some hundreds of kilobytes."""
_UNREAD = 25
"""Profiles read anew at a time, which takes milliseconds each."""
_NOT_FOUND = "No profile has this id."
_UNREADABLE = "Its content cannot be read; save it again."


class MatchServicer(matching_pb2_grpc.MatchServiceServicer):
    """Ranks and scores profiles against postings."""

    def __init__(self, database: Database, skills: SkillTable, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._skills = skills
        self._clock = clock

    async def GetRanking(self, request: matching_pb2.GetRankingRequest, context: Any) -> matching_pb2.Ranking:
        """The ranking of a profile for a posting, made anew only when one of them changed."""
        identity = require_user()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            profile = profiles.message(await profiles.get(connection, identity, UUID(request.profile_id)))
            posting = postings.message(await postings.get(connection, identity, UUID(request.job_posting_id)))
            return await get_or_rank(
                connection, identity, profile, posting, skills=self._skills, now=self._clock()
            )

    async def AnalyzeMatch(
        self, request: matching_pb2.AnalyzeMatchRequest, context: Any
    ) -> matching_pb2.MatchAnalysis:
        """The score of a profile as it is written."""
        identity, today = require_user(), self._clock().date()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            profile = profiles.message(await profiles.get(connection, identity, UUID(request.profile_id)))
            posting = postings.message(await postings.get(connection, identity, UUID(request.job_posting_id)))
        return await asyncio.to_thread(score, profile.content, posting, today, self._skills)

    async def MatchProfiles(
        self, request: matching_pb2.MatchProfilesRequest, context: Any
    ) -> AsyncIterator[matching_pb2.ProfileMatch]:
        """The scores of many profiles, best first; those that could not be scored come last."""
        identity = require_user()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            posting = postings.message(await postings.get(connection, identity, UUID(request.job_posting_id)))
        scorer = BatchScorer(posting, self._skills, self._clock().date())
        ids = [UUID(each) for each in request.profile_ids]
        scored: list[tuple[str, Scored]] = []
        failed: list[str] = []
        after: UUID | None = None
        # Each page has a transaction of its own, so that none lasts while profiles are scored or the caller reads.
        while stored := await self._page(identity, ids, after):
            after = stored[-1].id
            readings = await self._readings(identity, stored)
            scored += await asyncio.to_thread(_scores, scorer, readings)
            failed += [str(each.id) for each in stored if str(each.id) not in readings]
        found = {profile_id for profile_id, _ in scored}.union(failed)
        for match in ranked(scored):
            yield match
        for profile_id in failed:
            yield matching_pb2.ProfileMatch(profile_id=profile_id, error=_UNREADABLE)
        for profile_id in sorted({str(each) for each in ids} - found):
            yield matching_pb2.ProfileMatch(profile_id=profile_id, error=_NOT_FOUND)

    async def _page(
        self, identity: Identity, ids: Sequence[UUID], after: UUID | None
    ) -> list[kept.StoredProfile]:
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            return await kept.page(connection, identity, self._skills, ids=ids, after=after, size=_PAGE)

    async def _readings(self, identity: Identity, stored: Sequence[kept.StoredProfile]) -> dict[str, bytes]:
        """What is kept of each profile, by id, made where nothing good is; what cannot be read is left out."""
        found = {str(each.id): each.reading for each in stored if each.reading is not None}
        unread = [each for each in stored if each.reading is None]
        for begin in range(0, len(unread), _UNREAD):
            made = await asyncio.to_thread(_read, unread[begin : begin + _UNREAD], self._skills)
            async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
                await kept.keep(connection, self._skills, made)
            found.update((str(profile_id), reading) for profile_id, _, reading in made)
        return found


def _scores(scorer: BatchScorer, readings: dict[str, bytes]) -> list[tuple[str, Scored]]:
    return [
        (profile_id, scorer.score(match_readings_pb2.MatchReading.FromString(reading)))
        for profile_id, reading in readings.items()
    ]


def _read(unread: Sequence[kept.StoredProfile], skills: SkillTable) -> list[tuple[UUID, int, bytes]]:
    made = []
    for each in unread:
        try:
            content = profile_pb2.ProfileContent.FromString(each.content or b"")
        except DecodeError:
            continue
        made.append((each.id, each.revision, kept.read_for_matching(content, skills)))
    return made


async def get_or_rank(
    connection: AsyncConnection,
    identity: Identity,
    profile: profile_pb2.Profile,
    posting: postings_pb2.JobPosting,
    *,
    skills: SkillTable,
    now: datetime,
) -> matching_pb2.Ranking:
    """The kept ranking while profile, posting, method and month are the same; else a new one, kept in its place."""
    kept = await store.find(connection, identity, UUID(profile.id), UUID(posting.id))
    return await fresh_ranking(connection, identity, profile, posting, kept, skills=skills, now=now)


async def fresh_ranking(
    connection: AsyncConnection,
    identity: Identity,
    profile: profile_pb2.Profile,
    posting: postings_pb2.JobPosting,
    kept: Row[tuple[object, ...]] | None,
    *,
    skills: SkillTable,
    now: datetime,
) -> matching_pb2.Ranking:
    """As `get_or_rank`, for whoever has fetched what is kept."""
    today = now.date()
    key = ranking_key(profile.content, posting.analysis, today, skills)
    if kept is not None and kept.input_sha256 == key:
        return store.message(kept)
    ranking = await asyncio.to_thread(rank, profile.content, posting.analysis, today, skills)
    ranking.profile_id, ranking.job_posting_id, ranking.input_sha256 = profile.id, posting.id, key
    return await store.keep(connection, identity, ranking, uuid4(), now)
