"""Serves rankings and match scores."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.matching import store
from services.generation.matching.ranking import rank, ranking_key
from services.generation.matching.scoring import score
from services.generation.postings import store as postings
from services.generation.profiles import store as profiles
from services.generation.skills.table import SkillTable
from services.generation.tables import sees_tenant
from services.runtime.auth import Identity, require_user
from services.runtime.db import Database
from vitae.generation.v1 import matching_pb2, matching_pb2_grpc, postings_pb2
from vitae.resume.v1 import profile_pb2


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
    today = now.date()
    key = ranking_key(profile.content, posting.analysis, today)
    kept = await store.find(connection, identity, UUID(profile.id), UUID(posting.id))
    if kept is not None and kept.input_sha256 == key:
        return store.message(kept)
    ranking = await asyncio.to_thread(rank, profile.content, posting.analysis, today, skills)
    ranking.profile_id, ranking.job_posting_id, ranking.input_sha256 = profile.id, posting.id, key
    return await store.keep(connection, identity, ranking, uuid4(), now)
