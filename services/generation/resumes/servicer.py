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
from services.generation.documents import serving, store
from services.generation.documents.grounds import grounds
from services.generation.documents.saving import Change
from services.generation.documents.store import DocumentRow
from services.generation.documents.versions import NewVersion
from services.generation.matching.ranking import rank
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
from services.runtime.db import Database, retrying
from services.runtime.errors import FieldError, InvalidArgument
from services.runtime.idempotency import RepeatableCall
from vitae.generation.v1 import documents_pb2, matching_pb2, postings_pb2, resumes_pb2, resumes_pb2_grpc
from vitae.resume.v1 import document_pb2, profile_pb2


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
        serving.refuse_model(request.options)
        call = RepeatableCall(idempotency_keys, identity, "GenerateResume", request.request_id, request)
        return await retrying(lambda: self._generate(identity, request, posting_id, call))

    async def GetResume(self, request: resumes_pb2.GetResumeRequest, context: Any) -> resumes_pb2.Resume:
        """One resume at its head version."""
        return resume_message(await serving.head(self._database, RESUME, request.id))

    async def ListResumes(
        self, request: resumes_pb2.ListResumesRequest, context: Any
    ) -> resumes_pb2.ListResumesResponse:
        """A page of resumes, newest first, without their contents."""
        rows, next_page, total = await serving.listed(self._database, RESUME, request)
        return resumes_pb2.ListResumesResponse(
            resumes=[_listed(row) for row in rows], next_page_token=next_page, total_size=total
        )

    async def UpdateResume(
        self, request: resumes_pb2.UpdateResumeRequest, context: Any
    ) -> resumes_pb2.Resume:
        """Saves the fields of the mask: a new version, unless only the title changes, or an autosave joins the last."""
        identity, mask = require_user(), writable(request.update_mask)
        resume_id = optional_id(request.resume.id, "resume.id")
        if resume_id is None:
            raise InvalidArgument(fields=[FieldError("resume.id", "must be the id of a resume")])
        origin = serving.origin_of(request)

        def make(row: DocumentRow, ground: Ground) -> Change | None:
            resume = merged(request.resume, mask, resumes_pb2.Resume(title=row.title, structure=ground.head))
            require_valid(resume)

            def made(note: str) -> tuple[NewVersion, bool]:
                version = edited(resume.structure, ground, origin, note)
                return version, version.document.resume == ground.head

            return serving.change(
                request,
                row,
                ground.number,
                title=resume.title,
                structural=changes_structure(mask),
                edited=made,
            )

        return resume_message(await self._writer.save(identity, resume_id, request.resume.etag, origin, make))

    async def DeleteResume(self, request: resumes_pb2.DeleteResumeRequest, context: Any) -> Empty:
        """Deletes a resume with its versions, and has storage follow."""
        await serving.deleted(self._database, RESUME, request, self._relay)
        return Empty()

    async def ExportResumeJson(
        self, request: resumes_pb2.ExportResumeJsonRequest, context: Any
    ) -> resumes_pb2.ExportResumeJsonResponse:
        """A resume as JSON Resume."""
        resume = resume_message(await serving.head(self._database, RESUME, request.id))
        value, report = export_resume(resume.structure)
        return resumes_pb2.ExportResumeJsonResponse(
            json_resume=ParseDict(value, Struct()), notes=[note(each) for each in report.findings]
        )

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
            generation = new.details.generation
            serving.record(generation, COMPOSER_VERSION, now, self._clock(), perf_counter() - started)
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
        title=request.title or serving.title_of(composition.structure.header.full_name, posting),
        full_name=composition.structure.header.full_name,
        profile_id=UUID(profile.id),
        job_posting_id=UUID(posting.id) if posting.id else None,
        job_title=posting.title,
        company=posting.company,
        job_keywords=serving.keywords_of(posting),
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


def resume_message(row: store.DocumentRow) -> resumes_pb2.Resume:
    """A resume at the version of the row."""
    resume = _headed(row)
    resume.structure.CopyFrom(document_pb2.Document.FromString(row.document).resume)
    resume.content_text = row.content_text
    return resume


def _listed(row: store.DocumentRow) -> resumes_pb2.Resume:
    """A resume as listings show it: no structure, no text, the match without its evidence."""
    resume = _headed(row)
    for field in ("components", "skill_comparison"):
        resume.match.ClearField(field)
    resume.ClearField("improvements")
    return resume


def _headed(row: store.DocumentRow) -> resumes_pb2.Resume:
    """What is known about a resume, without structure and text."""
    resume = resumes_pb2.Resume.FromString(row.details)
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
