"""Serves job postings: text in, structure out."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.empty_pb2 import Empty

from services.generation.postings import store
from services.generation.postings.analysis import analyze
from services.generation.skills.table import SkillTable
from services.generation.tables import idempotency_keys, sees_tenant
from services.runtime.auth import require_user
from services.runtime.db import Database, retrying
from services.runtime.idempotency import RepeatableCall
from services.runtime.pages import after_token, next_token, page_size
from vitae.generation.v1 import postings_pb2, postings_pb2_grpc


class JobPostingServicer(postings_pb2_grpc.JobPostingServiceServicer):
    """Keeps and reads job postings."""

    def __init__(self, database: Database, skills: SkillTable, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._skills = skills
        self._clock = clock

    async def CreateJobPosting(
        self, request: postings_pb2.CreateJobPostingRequest, context: Any
    ) -> postings_pb2.JobPosting:
        """Reads a posting and stores it with what was read."""
        identity, now = require_user(), self._clock()
        call = RepeatableCall(idempotency_keys, identity, "CreateJobPosting", request.request_id, request)
        posting = await asyncio.to_thread(self._read, request.job_posting)

        async def attempt() -> postings_pb2.JobPosting:
            async with self._database.user_transaction(identity) as connection:
                answer = await call.find(connection, now)
                if answer is not None:
                    return store.message(await store.get(connection, identity, UUID(bytes=answer)))
                posting_id = uuid4()
                row = await store.add(connection, identity, posting, posting_id, now)
                await call.keep(connection, posting_id.bytes, now)
                return store.message(row)

        return await retrying(attempt)

    async def GetJobPosting(
        self, request: postings_pb2.GetJobPostingRequest, context: Any
    ) -> postings_pb2.JobPosting:
        """One posting."""
        identity = require_user()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            return store.message(await store.get(connection, identity, UUID(request.id)))

    async def ListJobPostings(
        self, request: postings_pb2.ListJobPostingsRequest, context: Any
    ) -> postings_pb2.ListJobPostingsResponse:
        """A page of postings, newest first."""
        identity, size = require_user(), page_size(request.page_size)
        after = after_token(request.page_token)
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            rows, total = await store.page(connection, identity, after, size)
        return postings_pb2.ListJobPostingsResponse(
            job_postings=[store.message(row) for row in rows[:size]],
            next_page_token=next_token(rows, size),
            total_size=total,
        )

    async def DeleteJobPosting(self, request: postings_pb2.DeleteJobPostingRequest, context: Any) -> Empty:
        """Deletes a posting; what was made for it stays."""
        identity = require_user()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            await store.remove(connection, identity, UUID(request.id), request.etag)
        return Empty()

    def _read(self, given: postings_pb2.JobPosting) -> postings_pb2.JobPosting:
        """The posting to store: what the caller said, and where they said nothing, what the text says."""
        reading = analyze(given, self._skills)
        return postings_pb2.JobPosting(
            source_text=given.source_text,
            source_format=given.source_format,
            title=given.title or reading.title,
            company=given.company or reading.company,
            location=given.location or reading.location,
            url=given.url,
            locale=given.locale or reading.locale,
            analysis=reading.analysis,
        )
