"""Saving changes of a document: read, make the next version, write it if nobody else wrote meanwhile (SPEC G12, G13).

The version is made outside of any transaction; the write is one short transaction that holds only while the document is
as it was read. So of any number of writers with one etag, on any number of replicas, exactly one wins.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.document.lines import content_of
from services.generation.documents import store, versions
from services.generation.documents.store import DocumentRow
from services.generation.documents.turns import Turns
from services.generation.documents.versions import NewVersion
from services.generation.postings import store as postings
from services.generation.profiles import store as profiles
from services.generation.skills.table import SkillTable
from services.generation.tables import check_etag, sees_tenant
from services.runtime.auth import Identity
from services.runtime.db import Database, retrying
from services.runtime.errors import Aborted, NotFound
from vitae.generation.v1 import documents_pb2, postings_pb2, resumes_pb2
from vitae.resume.v1 import document_pb2, profile_pb2, resume_pb2

_ROUNDS = 5
"""How often a save without an etag starts over because others wrote in between."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a save writes."""

    title: str
    version: NewVersion | None
    """None leaves the head as it is."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a version is made on."""

    head: document_pb2.Document
    details: resumes_pb2.Resume
    """Of the head."""
    before: document_pb2.Document
    """The version that the change is told against: the head, or the one before it when the head is rewritten."""
    profile: profile_pb2.ProfileContent
    posting: postings_pb2.JobPosting | None
    """None when there is none or it is gone."""
    number: int
    """Of the version being made."""
    today: date
    skills: SkillTable


GroundT = TypeVar("GroundT")
"""What was read, as one type of document sees it."""


@dataclass(frozen=True)
class DocumentWriter(Generic[GroundT]):
    """Writes changes to documents of one type."""

    document_type: document_pb2.DocumentType.ValueType
    ground: Callable[[Read], GroundT]
    database: Database
    skills: SkillTable
    clock: Callable[[], datetime]
    kept_versions: int
    _turns: Turns = field(default_factory=Turns)

    async def save(
        self,
        identity: Identity,
        document_id: UUID,
        etag: str,
        origin: documents_pb2.VersionOrigin.ValueType,
        make: Callable[[DocumentRow, GroundT], Change | None],
    ) -> DocumentRow:
        """The document at its head after the change.

        `make` makes the change of what was read, None when there is nothing to change; it runs in a thread.

        Raises:
            NotFound: RESUME_NOT_FOUND or COVER_LETTER_NOT_FOUND.
            Aborted: ETAG_MISMATCH with the current etag, when the one given (unchecked when empty) is stale.
        """
        async with self._turns.of(document_id):
            for _ in range(_ROUNDS):
                row, read = await retrying(partial(self._read, identity, document_id, etag, origin))
                change = await asyncio.to_thread(lambda: make(row, self.ground(read)))  # noqa: B023 - awaited
                if change is None:
                    return row
                written = await retrying(partial(self._write, identity, row, change, etag))
                if written is not None:
                    return written
        raise Aborted("Others change it at the same moment; try again.", reason="TRANSACTION_CONFLICT")

    async def _read(
        self, identity: Identity, document_id: UUID, etag: str, origin: documents_pb2.VersionOrigin.ValueType
    ) -> tuple[DocumentRow, Read]:
        async with self.database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            row = await store.head(connection, identity, document_id, self.document_type)
            check_etag(etag, row.revision)
            head = document_pb2.Document.FromString(row.document)
            profile, posting = await _origins(connection, identity, row)
            before, number = head, row.head_version + 1
            if versions.merges(row, origin):
                before = await versions.before(connection, row.id, row.head_version) or head
                number = row.head_version
        return row, Read(
            head=head,
            details=resumes_pb2.Resume.FromString(row.details),
            before=before,
            profile=profile,
            posting=posting,
            number=number,
            today=self.clock().date(),
            skills=self.skills,
        )

    async def _write(
        self, identity: Identity, row: DocumentRow, change: Change, etag: str
    ) -> DocumentRow | None:
        """The head after the change; None when it has to be made anew on what somebody else did meanwhile."""
        now = self.clock()
        try:
            async with self.database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
                await self._put(connection, identity, row, change, now)
                return await store.head(connection, identity, row.id, self.document_type)
        except _OvertakenError:
            async with self.database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
                present = await store.head(connection, identity, row.id, self.document_type)
            check_etag(etag, present.revision)
            return None

    async def _put(
        self, connection: AsyncConnection, identity: Identity, row: DocumentRow, change: Change, now: datetime
    ) -> None:
        new = change.version
        merges = new is not None and versions.merges(row, new.origin)
        held = await versions.touch(
            connection,
            identity,
            row,
            now,
            title=change.title,
            full_name=_full_name(new.document) if new is not None else row.full_name,
            head_version=row.head_version if new is None or merges else row.head_version + 1,
        )
        if not held:
            raise _OvertakenError
        if new is None:
            return
        if not merges:
            await versions.append(connection, row, new, now)
            await versions.prune(connection, row.id, self.kept_versions)
        elif not await versions.merge(connection, row, new, now):
            raise _OvertakenError


class _OvertakenError(Exception):
    """The document is no longer as it was read; what was written is rolled back."""


def _full_name(document: document_pb2.Document) -> str:
    content = content_of(document)
    return (
        content.header.full_name
        if isinstance(content, resume_pb2.StructuredResume)
        else content.sender.full_name
    )


async def _origins(
    connection: AsyncConnection, identity: Identity, row: DocumentRow
) -> tuple[profile_pb2.ProfileContent, postings_pb2.JobPosting | None]:
    """What a document was made from, as far as it is there and the caller may see it.

    A recruiter's document outlives the role: without a sight of the profile nothing typed is proved, no score changes.
    """
    try:
        profile = profiles.message(await profiles.get(connection, identity, row.profile_id)).content
    except NotFound:
        return profile_pb2.ProfileContent(), None
    if row.job_posting_id is None:
        return profile, None
    try:
        return profile, postings.message(await postings.get(connection, identity, row.job_posting_id))
    except NotFound:
        return profile, None
