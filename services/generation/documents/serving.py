"""What serving resumes and cover letters have in common: listing, deleting, edits, the record of a generation."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from services.generation.documents import store
from services.generation.documents.saving import Change
from services.generation.documents.store import DocumentRow
from services.generation.documents.versions import NewVersion
from services.generation.outbox import store as outbox
from services.generation.outbox.relay import Relay
from services.generation.tables import optional_id, sees_tenant, timestamp
from services.runtime.auth import require_user
from services.runtime.db import Database, after_commit
from services.runtime.errors import FieldError, InvalidArgument
from services.runtime.pages import after_token, next_token, page_size
from vitae.generation.v1 import cover_letters_pb2, documents_pb2, postings_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, document_pb2

ListRequest = resumes_pb2.ListResumesRequest | cover_letters_pb2.ListCoverLettersRequest
DeleteRequest = resumes_pb2.DeleteResumeRequest | cover_letters_pb2.DeleteCoverLetterRequest
UpdateRequest = resumes_pb2.UpdateResumeRequest | cover_letters_pb2.UpdateCoverLetterRequest


def refuse_model(options: resumes_pb2.TailoringOptions) -> None:
    """Raises InvalidArgument (MODEL_NOT_CONFIGURED) for options that ask for a language model."""
    if options.provider or options.model:
        problem = FieldError("options.provider", "must be empty: no model is configured")
        raise InvalidArgument(reason="MODEL_NOT_CONFIGURED", fields=[problem])


async def listed(
    database: Database, document_type: document_pb2.DocumentType.ValueType, request: ListRequest
) -> tuple[list[DocumentRow], str, int]:
    """A page of the caller's documents, newest first; the token of the next page; how many there are."""
    identity, size = require_user(), page_size(request.page_size)
    after = after_token(request.page_token)
    async with database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
        rows, total = await store.page(
            connection,
            identity,
            document_type,
            after,
            size,
            profile_id=optional_id(request.profile_id, "profile_id"),
            job_posting_id=optional_id(request.job_posting_id, "job_posting_id"),
        )
    return list(rows[:size]), next_token(rows, size), total


async def deleted(
    database: Database,
    document_type: document_pb2.DocumentType.ValueType,
    request: DeleteRequest,
    relay: Relay,
) -> None:
    """Deletes a document with its versions, and has storage follow. Raises NotFound, Aborted."""
    identity, document_id = require_user(), UUID(request.id)
    async with database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
        await store.remove(connection, identity, document_id, document_type, request.etag)
        await outbox.note_forgotten(
            connection,
            identity.tenant_id,
            identity.user,
            [document_id],
            delete_files=request.delete_files,
        )
        after_commit(connection, relay.wake)


async def head(
    database: Database, document_type: document_pb2.DocumentType.ValueType, document_id: str
) -> DocumentRow:
    """A document at its head version. Raises NotFound."""
    identity = require_user()
    async with database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
        return await store.head(connection, identity, UUID(document_id), document_type)


def origin_of(request: UpdateRequest) -> documents_pb2.VersionOrigin.ValueType:
    """How a version made by this request came about."""
    return (
        documents_pb2.VERSION_ORIGIN_AUTOSAVE if request.autosave else documents_pb2.VERSION_ORIGIN_USER_EDIT
    )


def change(
    request: UpdateRequest,
    row: DocumentRow,
    number: int,
    *,
    title: str,
    structural: bool,
    edited: Callable[[str], tuple[NewVersion, bool]],
) -> Change | None:
    """What an edit writes, None when nothing: a new version, unless only the title changes.

    `number` is that of the version being made; `edited` makes it with a note and tells whether it holds what the head
    holds. An autosave that joins the last version keeps its note, and is nothing when nothing is different.
    """
    if not structural and not request.note:
        return Change(title, None) if title != row.title else None
    keeps_note = request.autosave and not request.note and number == row.head_version
    note = row.note if keeps_note else request.note
    version, same = edited(note)
    idle = request.autosave and same and title == row.title and note == row.note
    return None if idle else Change(title, version)


def title_of(name: str, posting: postings_pb2.JobPosting) -> str:
    """The title of a document nobody gave one: who, as what, where."""
    return " – ".join(part for part in (name, posting.title, posting.company) if part)[:300]


def keywords_of(posting: postings_pb2.JobPosting) -> list[str]:
    """The words a posting is found by: its skills, then its keywords."""
    analysis = posting.analysis
    return [each.skill for each in analysis.skills] + [each.text for each in analysis.keywords]


def record(
    generation: resumes_pb2.GenerationRecord,
    composer_version: str,
    started: datetime,
    ended: datetime,
    seconds: float,
) -> None:
    """Notes how a document was made: unaided, at once."""
    state = generation.state
    state.status, state.step, state.progress = common_pb2.WORK_STATUS_COMPLETED, "done", 100
    state.start_time.CopyFrom(timestamp(started))
    state.complete_time.CopyFrom(timestamp(ended))
    state.duration_seconds = round(seconds, 6)
    generation.composer_version = composer_version
