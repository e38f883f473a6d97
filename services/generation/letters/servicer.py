"""Serves cover letters: generated, read, listed, changed, deleted."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask

from services.generation.composing.memory import Memory
from services.generation.documents import serving, store
from services.generation.documents.grounds import grounds
from services.generation.documents.saving import Change
from services.generation.documents.store import DocumentRow
from services.generation.documents.versions import NewVersion
from services.generation.letters.compose import LetterComposition, Wish, compose_letter
from services.generation.letters.revision import COVER_LETTER, LetterGround, LetterWriter, edited
from services.generation.matching.scoring import score
from services.generation.outbox.relay import Relay
from services.generation.resumes.masks import changes_structure, writable
from services.generation.resumes.structure import line_problems, refuse
from services.generation.skills.table import SkillTable
from services.generation.tables import etag_of, idempotency_keys, optional_id, sees_tenant, timestamp
from services.runtime.auth import Identity, require_user
from services.runtime.db import Database, retrying
from services.runtime.errors import FieldError, InvalidArgument
from services.runtime.idempotency import RepeatableCall
from services.runtime.validation import violations
from vitae.generation.v1 import (
    cover_letters_pb2,
    cover_letters_pb2_grpc,
    documents_pb2,
    matching_pb2,
    postings_pb2,
    resumes_pb2,
)
from vitae.resume.v1 import document_pb2, profile_pb2

LETTER_COMPOSER_VERSION = "1"

CoverLetter = cover_letters_pb2.CoverLetter


class CoverLetterServicer(cover_letters_pb2_grpc.CoverLetterServiceServicer):
    """Makes and keeps cover letters. Writing styles need a model and answer UNIMPLEMENTED."""

    def __init__(
        self,
        database: Database,
        skills: SkillTable,
        clock: Callable[[], datetime],
        *,
        memory: Memory,
        writer: LetterWriter,
        relay: Relay,
    ) -> None:
        self._database = database
        self._skills = skills
        self._memory = memory
        self._clock = clock
        self._writer = writer
        self._relay = relay

    async def GenerateCoverLetter(
        self, request: cover_letters_pb2.GenerateCoverLetterRequest, context: Any
    ) -> CoverLetter:
        """Composes a letter from what the profile proves and stores it as version 1."""
        identity = require_user()
        serving.refuse_model(request.options)
        call = RepeatableCall(idempotency_keys, identity, "GenerateCoverLetter", request.request_id, request)
        return await retrying(lambda: self._generate(identity, request, call))

    async def GetCoverLetter(
        self, request: cover_letters_pb2.GetCoverLetterRequest, context: Any
    ) -> CoverLetter:
        """One letter at its head version."""
        return letter_message(await serving.head(self._database, COVER_LETTER, request.id))

    async def ListCoverLetters(
        self, request: cover_letters_pb2.ListCoverLettersRequest, context: Any
    ) -> cover_letters_pb2.ListCoverLettersResponse:
        """A page of letters, newest first, without their contents."""
        rows, next_page, total = await serving.listed(self._database, COVER_LETTER, request)
        return cover_letters_pb2.ListCoverLettersResponse(
            cover_letters=[_listed(row) for row in rows], next_page_token=next_page, total_size=total
        )

    async def UpdateCoverLetter(
        self, request: cover_letters_pb2.UpdateCoverLetterRequest, context: Any
    ) -> CoverLetter:
        """Saves the fields of the mask: a new version, unless only the title changes, or an autosave joins the last."""
        identity, mask = require_user(), writable(request.update_mask, CoverLetter.DESCRIPTOR)
        letter_id = optional_id(request.cover_letter.id, "cover_letter.id")
        if letter_id is None:
            raise InvalidArgument(fields=[FieldError("cover_letter.id", "must be the id of a cover letter")])
        origin = serving.origin_of(request)

        def make(row: DocumentRow, ground: LetterGround) -> Change | None:
            head = CoverLetter(title=row.title, structure=ground.head)
            letter = _merged(request.cover_letter, mask, head)
            refuse("letter", [*violations(letter), *line_problems(letter.structure)])

            def made(note: str) -> tuple[NewVersion, bool]:
                version = edited(letter.structure, ground, origin, note)
                return version, version.document.cover_letter == ground.head

            return serving.change(
                request,
                row,
                ground.number,
                title=letter.title,
                structural=changes_structure(mask),
                edited=made,
            )

        etag = request.cover_letter.etag
        return letter_message(await self._writer.save(identity, letter_id, etag, origin, make))

    async def DeleteCoverLetter(
        self, request: cover_letters_pb2.DeleteCoverLetterRequest, context: Any
    ) -> Empty:
        """Deletes a letter with its versions, and has storage follow."""
        await serving.deleted(self._database, COVER_LETTER, request, self._relay)
        return Empty()

    async def _generate(
        self,
        identity: Identity,
        request: cover_letters_pb2.GenerateCoverLetterRequest,
        call: RepeatableCall,
    ) -> CoverLetter:
        now, started = self._clock(), perf_counter()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            answer = await call.find(connection, now)
            if answer is not None:
                return letter_message(
                    await store.head(connection, identity, UUID(bytes=answer), COVER_LETTER)
                )
            profile_id, posting_id = UUID(request.profile_id), UUID(request.job_posting_id)
            found = await grounds(connection, identity, profile_id, posting_id, self._skills, now)
            profile, posting, ranking = found.profile, found.posting, found.ranking
            wish = Wish(_tone(request.tone), request.recipient_name, request.options.locale)

            def compose() -> tuple[LetterComposition, float]:
                today = now.date()
                composition = compose_letter(
                    profile.content, posting, ranking, wish, today, self._skills, self._memory
                )
                return composition, score(profile.content, posting, today, self._skills).original_score

            composition, match_score = await asyncio.to_thread(compose)
            new = _new_document(profile, posting, ranking, composition, match_score)
            generation = new.details.generation
            generation.tone = wish.tone
            serving.record(generation, LETTER_COMPOSER_VERSION, now, self._clock(), perf_counter() - started)
            document_id = uuid4()
            row = await store.add(connection, identity, new, document_id, now)
            await call.keep(connection, document_id.bytes, now)
            return letter_message(row)


def _tone(tone: cover_letters_pb2.Tone.ValueType) -> str:
    return "warm" if tone == cover_letters_pb2.TONE_WARM else "professional"


def _merged(request: CoverLetter, mask: FieldMask, head: CoverLetter) -> CoverLetter:
    """Title and structure of the head with the fields of the mask replaced."""
    letter = CoverLetter(title=head.title, structure=head.structure)
    mask.MergeMessage(request, letter, replace_message_field=True, replace_repeated_field=True)
    return letter


def _new_document(
    profile: profile_pb2.Profile,
    posting: postings_pb2.JobPosting,
    ranking: matching_pb2.Ranking,
    composition: LetterComposition,
    match_score: float,
) -> store.NewDocument:
    name = composition.structure.sender.full_name
    return store.NewDocument(
        document_type=COVER_LETTER,
        title=serving.title_of(name, posting),
        full_name=name,
        profile_id=UUID(profile.id),
        job_posting_id=UUID(posting.id),
        job_title=posting.title,
        company=posting.company,
        job_keywords=serving.keywords_of(posting),
        ranking_id=UUID(ranking.id) if ranking.id else None,
        document=document_pb2.Document(cover_letter=composition.structure),
        content_text=composition.content_text,
        details=resumes_pb2.Resume(
            match=matching_pb2.MatchAnalysis(original_score=match_score),
            qa=composition.qa,
            notices=composition.notices,
        ),
        origin=documents_pb2.VERSION_ORIGIN_COMPOSED,
        change_summary="Composed from the profile.",
    )


def letter_message(row: DocumentRow) -> CoverLetter:
    """A letter at the version of the row."""
    letter = _listed(row)
    letter.structure.CopyFrom(document_pb2.Document.FromString(row.document).cover_letter)
    letter.content_text = row.content_text
    return letter


def _listed(row: DocumentRow) -> CoverLetter:
    """A letter as listings show it: no structure, no text."""
    details = resumes_pb2.Resume.FromString(row.details)
    letter = CoverLetter(
        id=str(row.id),
        title=row.title,
        profile_id=str(row.profile_id),
        job_posting_id=str(row.job_posting_id or ""),
        job_title=row.job_title,
        company=row.company,
        job_keywords=row.job_keywords,
        ranking_id=str(row.ranking_id or ""),
        version=row.head_version,
        etag=etag_of(row.revision),
        created_by=str(row.user_id or ""),
        qa=details.qa,
        generation=details.generation,
        notices=details.notices,
        create_time=timestamp(row.create_time),
        update_time=timestamp(row.update_time),
    )
    if details.HasField("match"):
        letter.match_score = details.match.original_score
    return letter
