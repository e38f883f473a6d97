"""Serves versions and snapshots of documents."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.document.diff import Change, describe, diff
from services.generation.documents import store
from services.generation.tables import etag_of, sees_tenant, timestamp
from services.runtime.auth import require_user
from services.runtime.db import Database
from services.runtime.errors import FieldError, InvalidArgument
from services.runtime.pages import page_size
from vitae.generation.v1 import documents_pb2, documents_pb2_grpc, resumes_pb2
from vitae.resume.v1 import document_pb2


class DocumentServicer(documents_pb2_grpc.DocumentServiceServicer):
    """Versions and snapshots of resumes and cover letters alike."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def GetDocumentSnapshot(
        self, request: documents_pb2.GetDocumentSnapshotRequest, context: Any
    ) -> documents_pb2.DocumentSnapshot:
        """What an export needs of one version."""
        row = await self._at(request.document_id, request.version)
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
        row = await self._at(request.document_id, request.version)
        version = _version(row)
        version.document.ParseFromString(row.document)
        version.content_text = row.content_text
        return version

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
        """How two versions of a resume differ."""
        base = await self._at(request.document_id, request.base_version)
        other = await self._at(request.document_id, request.version)
        changes = diff(
            document_pb2.Document.FromString(base.document).resume,
            document_pb2.Document.FromString(other.document).resume,
        )
        return documents_pb2.DocumentDiff(
            changes=[_change(each) for each in changes], summary=_summary(changes)
        )

    async def _at(self, document_id: str, version: int) -> store.DocumentRow:
        identity = require_user()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            return await store.at_version(connection, identity, UUID(document_id), version)


def _version(row: store.DocumentRow) -> documents_pb2.DocumentVersion:
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


def _summary(changes: Sequence[Change]) -> str:
    """How many changes of each kind, such as "2 changed, 1 added."."""
    counted = Counter(change.kind for change in changes)
    return (
        ", ".join(f"{count} {kind}" for kind, count in counted.most_common()) + "."
        if counted
        else "No change."
    )
