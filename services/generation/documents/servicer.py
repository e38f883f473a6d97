"""Serves versions and snapshots of documents."""

from typing import Any
from uuid import UUID

from services.document.diff import Change, describe, diff
from services.generation.documents import store, versions
from services.generation.documents.saving import Change as Save
from services.generation.documents.store import DocumentRow
from services.generation.documents.summary import counts
from services.generation.letters import revision as letters
from services.generation.resumes import revision as resumes
from services.generation.resumes.saving import ResumeWriter
from services.generation.tables import etag_of, sees_tenant, timestamp
from services.runtime.auth import require_user
from services.runtime.db import Database
from services.runtime.errors import FieldError, InvalidArgument
from services.runtime.pages import page_size
from vitae.generation.v1 import documents_pb2, documents_pb2_grpc, resumes_pb2
from vitae.resume.v1 import document_pb2


class DocumentServicer(documents_pb2_grpc.DocumentServiceServicer):
    """Versions and snapshots of resumes and cover letters alike."""

    def __init__(
        self, database: Database, resume_writer: ResumeWriter, letter_writer: letters.LetterWriter
    ) -> None:
        self._database = database
        self._resume_writer = resume_writer
        self._letter_writer = letter_writer

    async def GetDocumentSnapshot(
        self, request: documents_pb2.GetDocumentSnapshotRequest, context: Any
    ) -> documents_pb2.DocumentSnapshot:
        """What an export needs of one version, which is marked as exported.

        Storage tells nothing back, but asks for this only when it creates an export, so here generation learns of it:
        from now on no autosave rewrites the version and no pruning removes it. Were the export to fail after all, a
        version would be kept that need not be; the other way round a file would have no version.
        """
        row = await self._at(request.document_id, request.version, exported=True)
        return documents_pb2.DocumentSnapshot(
            document_id=str(row.id),
            document_type=row.document_type,
            version=row.version,
            title=row.title,
            job_posting_id=str(row.job_posting_id or ""),
            job_title=row.job_title,
            company=row.company,
            document=document_pb2.Document.FromString(row.document),
            etag=etag_of(row.revision),
            full_name=row.full_name,
        )

    async def GetDocumentVersion(
        self, request: documents_pb2.GetDocumentVersionRequest, context: Any
    ) -> documents_pb2.DocumentVersion:
        """One version with its content."""
        return _full(await self._at(request.document_id, request.version))

    async def ListDocumentVersions(
        self, request: documents_pb2.ListDocumentVersionsRequest, context: Any
    ) -> documents_pb2.ListDocumentVersionsResponse:
        """A page of versions, newest first; its token is the number of the last version shown."""
        if request.page_token and not request.page_token.isdecimal():
            problem = FieldError("page_token", "must be a next_page_token of this listing, or empty")
            raise InvalidArgument(reason="PAGE_TOKEN_INVALID", fields=[problem])
        identity, size = require_user(), page_size(request.page_size)
        below = int(request.page_token) if request.page_token else None
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            rows, total = await store.versions(connection, identity, UUID(request.document_id), below, size)
        return documents_pb2.ListDocumentVersionsResponse(
            versions=[_version(row) for row in rows[:size]],
            next_page_token=str(rows[size - 1].version) if len(rows) > size else "",
            total_size=total,
        )

    async def DiffDocumentVersions(
        self, request: documents_pb2.DiffDocumentVersionsRequest, context: Any
    ) -> documents_pb2.DocumentDiff:
        """How two versions of a document differ."""
        base = await self._at(request.document_id, request.base_version)
        other = await self._at(request.document_id, request.version)
        changes = diff(_document(base), _document(other))
        return documents_pb2.DocumentDiff(
            changes=[_change(each) for each in changes], summary=counts(changes)
        )

    async def RestoreDocumentVersion(
        self, request: documents_pb2.RestoreDocumentVersionRequest, context: Any
    ) -> documents_pb2.DocumentVersion:
        """Makes a new version with the content of an old one, and with today's scores."""
        wanted = await self._at(request.document_id, request.version)
        document, details = _document(wanted), resumes_pb2.Resume.FromString(wanted.details)
        identity, origin = require_user(), documents_pb2.VERSION_ORIGIN_RESTORED

        def resume(row: DocumentRow, ground: resumes.Ground) -> Save:
            return Save(row.title, resumes.restored(document.resume, details, ground, wanted.version))

        def letter(row: DocumentRow, ground: letters.LetterGround) -> Save:
            return Save(row.title, letters.restored(document.cover_letter, details, ground, wanted.version))

        if document.WhichOneof("content") == "cover_letter":
            row = await self._letter_writer.save(identity, wanted.id, request.etag, origin, letter)
        else:
            row = await self._resume_writer.save(identity, wanted.id, request.etag, origin, resume)
        return _full(row)

    async def _at(self, document_id: str, version: int, *, exported: bool = False) -> DocumentRow:
        identity = require_user()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            row = await store.at_version(connection, identity, UUID(document_id), version)
            if not exported or row.exported:
                return row
            await versions.mark_exported(connection, row.id, row.version)
            # Read again: an autosave may have rewritten it before it was marked.
            return await store.at_version(connection, identity, row.id, row.version)


def _document(row: DocumentRow) -> document_pb2.Document:
    return document_pb2.Document.FromString(row.document)


def _full(row: DocumentRow) -> documents_pb2.DocumentVersion:
    version = _version(row)
    version.document.ParseFromString(row.document)
    version.content_text = row.content_text
    return version


def _version(row: DocumentRow) -> documents_pb2.DocumentVersion:
    details = resumes_pb2.Resume.FromString(row.details)
    version = documents_pb2.DocumentVersion(
        version=row.version,
        change_summary=row.change_summary,
        note=row.note,
        origin=row.origin,
        create_time=timestamp(row.version_create_time),
        qa=details.qa,
        exported=row.exported,
    )
    if details.match.HasField("tailored_score"):
        version.match_score = details.match.tailored_score
    return version


def _change(change: Change) -> documents_pb2.DocumentChange:
    return documents_pb2.DocumentChange(
        kind=change.kind,
        place=change.subject,
        before=change.before,
        after=change.after,
        message=describe(change),
    )
