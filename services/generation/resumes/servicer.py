"""Serves resumes: generated, read, listed."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct

from services.document.jsonresume import export_resume
from services.generation.composing.compose import COMPOSER_VERSION, Composition, compose
from services.generation.composing.memory import Memory
from services.generation.documents import store
from services.generation.documents.grounds import grounds
from services.generation.documents.saving import Change
from services.generation.documents.store import DocumentRow
from services.generation.matching.ranking import rank
from services.generation.outbox import store as outbox
from services.generation.outbox.relay import Relay
from services.generation.profiles import store as profiles
from services.generation.profiles.servicer import note
from services.generation.resumes.masks import changes_structure, merged, writable
from services.generation.resumes.revision import Ground, edited
from services.generation.resumes.saving import RESUME, ResumeWriter
from services.generation.resumes.structure import require_valid
from services.generation.skills.table import SkillTable
from services.generation.tables import Lock, etag_of, idempotency_keys, optional_id, sees_tenant, timestamp
from services.runtime.auth import Identity, require_user
from services.runtime.db import Database, after_commit, retrying
from services.runtime.errors import FieldError, InvalidArgument
from services.runtime.idempotency import RepeatableCall
from services.runtime.pages import after_token, next_token, page_size
from vitae.generation.v1 import documents_pb2, matching_pb2, postings_pb2, resumes_pb2, resumes_pb2_grpc
from vitae.resume.v1 import common_pb2, document_pb2, profile_pb2


class ResumeServicer(resumes_pb2_grpc.ResumeServiceServicer):
    """Makes and keeps resumes."""

    def __init__(
        self,
        database: Database,
        skills: SkillTable,
        clock: Callable[[], datetime],
        *,
        memory: Memory,
        writer: ResumeWriter,
        relay: Relay,
    ) -> None:
        self._database = database
        self._skills = skills
        self._memory = memory
        self._clock = clock
        self._writer = writer
        self._relay = relay

    async def GenerateResume(
        self, request: resumes_pb2.GenerateResumeRequest, context: Any
    ) -> resumes_pb2.Resume:
        """Composes a resume from what the profile proves and stores it as version 1."""
        identity = require_user()
        posting_id = optional_id(request.job_posting_id, "job_posting_id")
        if request.options.provider or request.options.model:
            problem = FieldError("options.provider", "must be empty: no model is configured")
            raise InvalidArgument(reason="MODEL_NOT_CONFIGURED", fields=[problem])
        call = RepeatableCall(idempotency_keys, identity, "GenerateResume", request.request_id, request)
        return await retrying(lambda: self._generate(identity, request, posting_id, call))

    async def GetResume(self, request: resumes_pb2.GetResumeRequest, context: Any) -> resumes_pb2.Resume:
        """One resume at its head version."""
        return await self._get(request.id)

    async def ListResumes(
        self, request: resumes_pb2.ListResumesRequest, context: Any
    ) -> resumes_pb2.ListResumesResponse:
        """A page of resumes, newest first, without their contents."""
        identity, size = require_user(), page_size(request.page_size)
        after = after_token(request.page_token)
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            rows, total = await store.page(
                connection,
                identity,
                RESUME,
                after,
                size,
                profile_id=optional_id(request.profile_id, "profile_id"),
                job_posting_id=optional_id(request.job_posting_id, "job_posting_id"),
            )
        return resumes_pb2.ListResumesResponse(
            resumes=[_listed(row) for row in rows[:size]],
            next_page_token=next_token(rows, size),
            total_size=total,
        )

    async def UpdateResume(
        self, request: resumes_pb2.UpdateResumeRequest, context: Any
    ) -> resumes_pb2.Resume:
        """Saves the fields of the mask: a new version, unless only the title changes, or an autosave joins the last."""
        identity, mask = require_user(), writable(request.update_mask)
        resume_id = optional_id(request.resume.id, "resume.id")
        if resume_id is None:
            raise InvalidArgument(fields=[FieldError("resume.id", "must be the id of a resume")])
        origin = (
            documents_pb2.VERSION_ORIGIN_AUTOSAVE
            if request.autosave
            else documents_pb2.VERSION_ORIGIN_USER_EDIT
        )

        def make(row: DocumentRow, ground: Ground) -> Change | None:
            head = resumes_pb2.Resume(title=row.title, structure=ground.head)
            resume = merged(request.resume, mask, head)
            require_valid(resume)
            if not changes_structure(mask) and not request.note:
                return Change(resume.title, None) if resume.title != row.title else None
            keeps_note = request.autosave and not request.note and ground.number == row.head_version
            note = row.note if keeps_note else request.note
            version = edited(resume.structure, ground, origin, note)
            unchanged = version.document.resume == ground.head and resume.title == row.title
            return (
                None if request.autosave and unchanged and note == row.note else Change(resume.title, version)
            )

        return resume_message(await self._writer.save(identity, resume_id, request.resume.etag, origin, make))

    async def DeleteResume(self, request: resumes_pb2.DeleteResumeRequest, context: Any) -> Empty:
        """Deletes a resume with its versions, and has storage follow."""
        identity, resume_id = require_user(), UUID(request.id)
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            await store.remove(connection, identity, resume_id, RESUME, request.etag)
            await outbox.note_forgotten(
                connection,
                identity.tenant_id,
                identity.user,
                [resume_id],
                delete_files=request.delete_files,
            )
            after_commit(connection, self._relay.wake)
        return Empty()

    async def ExportResumeJson(
        self, request: resumes_pb2.ExportResumeJsonRequest, context: Any
    ) -> resumes_pb2.ExportResumeJsonResponse:
        """A resume as JSON Resume."""
        resume = await self._get(request.id)
        value, report = export_resume(resume.structure)
        return resumes_pb2.ExportResumeJsonResponse(
            json_resume=ParseDict(value, Struct()), notes=[note(each) for each in report.findings]
        )

    async def _get(self, resume_id: str) -> resumes_pb2.Resume:
        identity = require_user()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            return resume_message(await store.head(connection, identity, UUID(resume_id), RESUME))

    async def _generate(
        self,
        identity: Identity,
        request: resumes_pb2.GenerateResumeRequest,
        posting_id: UUID | None,
        call: RepeatableCall,
    ) -> resumes_pb2.Resume:
        now, started = self._clock(), perf_counter()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            answer = await call.find(connection, now)
            if answer is not None:
                return resume_message(await store.head(connection, identity, UUID(bytes=answer), RESUME))
            profile_id, posting = UUID(request.profile_id), None
            if posting_id is None:
                profile = profiles.message(
                    await profiles.get(connection, identity, profile_id, lock=Lock.KEEP)
                )
                ranking = await asyncio.to_thread(rank, profile.content, None, now.date(), self._skills)
            else:
                found = await grounds(connection, identity, profile_id, posting_id, self._skills, now)
                profile, posting, ranking = found.profile, found.posting, found.ranking
            composition = await asyncio.to_thread(
                compose,
                profile.content,
                posting,
                ranking,
                request.options,
                now.date(),
                self._skills,
                self._memory,
            )
            new = _new_document(request, profile, posting, ranking, composition)
            _record(new.details, now, self._clock(), perf_counter() - started)
            document_id = uuid4()
            row = await store.add(connection, identity, new, document_id, now)
            await call.keep(connection, document_id.bytes, now)
            return resume_message(row)


def _new_document(
    request: resumes_pb2.GenerateResumeRequest,
    profile: profile_pb2.Profile,
    posting: postings_pb2.JobPosting | None,
    ranking: matching_pb2.Ranking,
    composition: Composition,
) -> store.NewDocument:
    posting = posting or postings_pb2.JobPosting()
    return store.NewDocument(
        document_type=RESUME,
        title=request.title or _title(posting, composition),
        full_name=composition.structure.header.full_name,
        profile_id=UUID(profile.id),
        job_posting_id=UUID(posting.id) if posting.id else None,
        job_title=posting.title,
        company=posting.company,
        job_keywords=[each.skill for each in posting.analysis.skills]
        + [each.text for each in posting.analysis.keywords],
        ranking_id=UUID(ranking.id) if ranking.id else None,
        document=document_pb2.Document(resume=composition.structure),
        content_text=composition.content_text,
        details=resumes_pb2.Resume(
            match=composition.match,
            improvements=composition.improvements,
            qa=composition.qa,
            notices=composition.notices,
        ),
        origin=documents_pb2.VERSION_ORIGIN_COMPOSED,
        change_summary="Composed from the profile.",
    )


def _title(posting: postings_pb2.JobPosting, composition: Composition) -> str:
    parts = (composition.structure.header.full_name, posting.title, posting.company)
    return " – ".join(part for part in parts if part)[:300]


def _record(details: resumes_pb2.Resume, started: datetime, ended: datetime, seconds: float) -> None:
    """Notes how the version was made: unaided, at once."""
    state = details.generation.state
    state.status, state.step, state.progress = common_pb2.WORK_STATUS_COMPLETED, "done", 100
    state.start_time.CopyFrom(timestamp(started))
    state.complete_time.CopyFrom(timestamp(ended))
    state.duration_seconds = round(seconds, 6)
    details.generation.composer_version = COMPOSER_VERSION


def resume_message(row: store.DocumentRow) -> resumes_pb2.Resume:
    """A resume at the version of the row."""
    resume = _listed(row)
    resume.structure.CopyFrom(document_pb2.Document.FromString(row.document).resume)
    resume.content_text = row.content_text
    details = resumes_pb2.Resume.FromString(row.details)
    resume.match.CopyFrom(details.match)
    resume.improvements.MergeFrom(details.improvements)
    return resume


def _listed(row: store.DocumentRow) -> resumes_pb2.Resume:
    """A resume as listings show it: no structure, no text, the match without its evidence."""
    resume = resumes_pb2.Resume.FromString(row.details)
    for field in ("components", "skill_comparison"):
        resume.match.ClearField(field)
    resume.ClearField("improvements")
    resume.id, resume.title, resume.profile_id = str(row.id), row.title, str(row.profile_id)
    resume.job_posting_id = str(row.job_posting_id or "")
    resume.job_title, resume.company = row.job_title, row.company
    resume.job_keywords.extend(row.job_keywords)
    resume.ranking_id = str(row.ranking_id or "")
    resume.version, resume.etag, resume.created_by = (
        row.head_version,
        etag_of(row.revision),
        str(row.user_id or ""),
    )
    resume.create_time.CopyFrom(timestamp(row.create_time))
    resume.update_time.CopyFrom(timestamp(row.update_time))
    return resume
