"""Saving changes of a resume: read, make the next version, write it if nobody else wrote meanwhile (SPEC G12, G13).

The version is made outside of any transaction; the write is one short transaction that holds only while the document is
as it was read. So of any number of writers with one etag, on any number of replicas, exactly one wins.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.generation.documents import store, versions
from services.generation.documents.store import DocumentRow
from services.generation.documents.turns import Turns
from services.generation.documents.versions import NewVersion
from services.generation.postings import store as postings
from services.generation.profiles import store as profiles
from services.generation.resumes.revision import Ground
from services.generation.skills.table import SkillTable
from services.generation.tables import check_etag, sees_tenant
from services.runtime.auth import Identity
from services.runtime.db import Database, retrying
from services.runtime.errors import Aborted, NotFound
from vitae.generation.v1 import documents_pb2, postings_pb2, resumes_pb2
from vitae.resume.v1 import document_pb2, profile_pb2

RESUME = document_pb2.DOCUMENT_TYPE_RESUME

_ROUNDS = 5
"""How often a save without an etag starts over because others wrote in between."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a save writes."""

    title: str
    version: NewVersion | None
    """None leaves the head as it is."""


Make = Callable[[DocumentRow, Ground], Change | None]
"""Makes the change of what was read; None when there is nothing to change. Runs in a thread."""


@dataclass(frozen=True)
class ResumeWriter:
    """Writes changes to resumes."""

    database: Database
    skills: SkillTable
    clock: Callable[[], datetime]
    kept_versions: int
    _turns: Turns = field(default_factory=Turns)

    async def save(
        self,
        identity: Identity,
        resume_id: UUID,
        etag: str,
        origin: documents_pb2.VersionOrigin.ValueType,
        make: Make,
    ) -> DocumentRow:
        """The resume at its head after the change.

        Raises:
            NotFound: RESUME_NOT_FOUND.
            Aborted: ETAG_MISMATCH with the current etag, when the one given (unchecked when empty) is stale.
        """
        async with self._turns.of(resume_id):
            for _ in range(_ROUNDS):
                row, ground = await retrying(partial(self._read, identity, resume_id, etag, origin))
                change = await asyncio.to_thread(make, row, ground)
                if change is None:
                    return row
                written = await retrying(partial(self._write, identity, row, change, etag))
                if written is not None:
                    return written
        raise Aborted("Others change it at the same moment; try again.", reason="TRANSACTION_CONFLICT")

    async def _read(
        self, identity: Identity, resume_id: UUID, etag: str, origin: documents_pb2.VersionOrigin.ValueType
    ) -> tuple[DocumentRow, Ground]:
        async with self.database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            row = await store.head(connection, identity, resume_id, RESUME)
            check_etag(etag, row.revision)
            head = document_pb2.Document.FromString(row.document).resume
            profile, posting = await _origins(connection, identity, row)
            ground = Ground(
                head=head,
                details=resumes_pb2.Resume.FromString(row.details),
                before=head,
                profile=profile,
                posting=posting,
                number=row.head_version + 1,
                today=self.clock().date(),
                skills=self.skills,
            )
            if versions.merges(row, origin):
                earlier = await versions.before(connection, row.id, row.head_version)
                ground = replace(
                    ground, number=row.head_version, before=earlier.resume if earlier is not None else head
                )
        return row, ground

    async def _write(
        self, identity: Identity, row: DocumentRow, change: Change, etag: str
    ) -> DocumentRow | None:
        """The head after the change; None when it has to be made anew on what somebody else did meanwhile."""
        now = self.clock()
        try:
            async with self.database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
                await self._put(connection, identity, row, change, now)
                return await store.head(connection, identity, row.id, RESUME)
        except _OvertakenError:
            async with self.database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
                present = await store.head(connection, identity, row.id, RESUME)
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
            full_name=new.document.resume.header.full_name if new is not None else row.full_name,
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


async def _origins(
    connection: AsyncConnection, identity: Identity, row: DocumentRow
) -> tuple[profile_pb2.ProfileContent, postings_pb2.JobPosting | None]:
    """What a resume was made from, as far as it is there and the caller may see it.

    A recruiter's resume outlives the role: without a sight of the profile nothing typed is proved and no score changes.
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
