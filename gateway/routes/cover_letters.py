"""Cover letters: generated, read, listed, changed; and their versions."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from gateway import examples
from gateway.bodies import StrictRoute
from gateway.dependencies import (
    Backend,
    IdempotencyKey,
    IfMatch,
    PageSize,
    PageToken,
    UpdateMask,
    VersionNumber,
    Words,
)
from gateway.examples import json_body
from gateway.identity.bearer import SIGNED_IN
from gateway.masks import field_mask
from gateway.naming import KEY, told_as
from gateway.protojson import ProtoJson
from gateway.responses import created, with_etag
from vitae.generation.v1 import cover_letters_pb2, documents_pb2

router = APIRouter(
    prefix="/api/v1/cover-letters",
    tags=["cover-letters"],
    dependencies=SIGNED_IN,
    route_class=StrictRoute,
)

CoverLetter = Annotated[cover_letters_pb2.CoverLetter, ProtoJson()]
Version = Annotated[documents_pb2.DocumentVersion, ProtoJson()]


@router.post("", status_code=201, summary="Generate a cover letter for a job posting")
async def generate(
    backend: Backend,
    response: Response,
    body: Annotated[
        cover_letters_pb2.GenerateCoverLetterRequest, ProtoJson(), json_body(examples.COVER_LETTER)
    ],
    idempotency_key: IdempotencyKey = "",
) -> CoverLetter:
    """Composes a letter from what the profile proves, in the profile's language or the one asked for."""
    body.request_id = idempotency_key or body.request_id
    with told_as(KEY):
        made = await backend.cover_letters.GenerateCoverLetter(body)
        return created(response, "/api/v1/cover-letters", made)


@router.get("", summary="List cover letters, newest first")
async def list_(
    backend: Backend,
    page_size: PageSize = 0,
    page_token: PageToken = "",
    profile_id: Annotated[str, Query(description="Only of this profile.")] = "",
    job_posting_id: Annotated[str, Query(description="Only for this posting.")] = "",
) -> Annotated[cover_letters_pb2.ListCoverLettersResponse, ProtoJson()]:
    """The caller's letters, without their contents."""
    request = cover_letters_pb2.ListCoverLettersRequest(
        page_size=page_size, page_token=page_token, profile_id=profile_id, job_posting_id=job_posting_id
    )
    return await backend.cover_letters.ListCoverLetters(request)


@router.get("/{id}", summary="Get a cover letter")
async def get(backend: Backend, response: Response, id: str) -> CoverLetter:
    """One letter at its head version."""
    request = cover_letters_pb2.GetCoverLetterRequest(id=id)
    return with_etag(response, await backend.cover_letters.GetCoverLetter(request))


@router.patch("/{id}", summary="Save changes to a cover letter as a new version")
async def update(
    backend: Backend,
    response: Response,
    id: str,
    body: Annotated[CoverLetter, json_body(examples.COVER_LETTER_CHANGE)],
    update_mask: UpdateMask = "",
    note: Annotated[Words, Query(max_length=2000, description="What the person says about it.")] = "",
    autosave: Annotated[
        bool, Query(description="True to fold the change into the head version, unless that was exported.")
    ] = False,
    if_match: IfMatch = "",
) -> CoverLetter:
    """Changes what the body names. With If-Match (or an etag in the body) a stale write is refused."""
    mask = field_mask(update_mask, body)
    body.id, body.etag = id, if_match or body.etag
    request = cover_letters_pb2.UpdateCoverLetterRequest(
        cover_letter=body, update_mask=mask, note=note, autosave=autosave
    )
    with told_as({"cover_letter.": ""}):
        return with_etag(response, await backend.cover_letters.UpdateCoverLetter(request))


@router.delete("/{id}", status_code=204, summary="Delete a cover letter with its versions")
async def delete(backend: Backend, id: str, if_match: IfMatch = "") -> None:
    """Deletes a letter."""
    request = cover_letters_pb2.DeleteCoverLetterRequest(id=id, etag=if_match)
    await backend.cover_letters.DeleteCoverLetter(request)


@router.get("/{id}/versions", summary="List the versions of a cover letter, newest first")
async def versions(
    backend: Backend, id: str, page_size: PageSize = 0, page_token: PageToken = ""
) -> Annotated[documents_pb2.ListDocumentVersionsResponse, ProtoJson()]:
    """The versions without their contents."""
    request = documents_pb2.ListDocumentVersionsRequest(
        document_id=id, page_size=page_size, page_token=page_token
    )
    return await backend.documents.ListDocumentVersions(request)


@router.get("/{id}/versions/{version}", summary="Get one version of a cover letter")
async def version(backend: Backend, id: str, version: VersionNumber) -> Version:
    """One version with its content."""
    request = documents_pb2.GetDocumentVersionRequest(document_id=id, version=version)
    return await backend.documents.GetDocumentVersion(request)


@router.post("/{id}/versions/{version}/restore", summary="Go back to an old version of a cover letter")
async def restore(backend: Backend, id: str, version: VersionNumber, if_match: IfMatch) -> Version:
    """Makes a new version with the content of an old one."""
    request = documents_pb2.RestoreDocumentVersionRequest(document_id=id, version=version, etag=if_match)
    return await backend.documents.RestoreDocumentVersion(request)


@router.get("/{id}/diff", summary="Say how two versions of a cover letter differ")
async def diff(
    backend: Backend,
    id: str,
    base: Annotated[int, Query(ge=1, le=2**31 - 1, description="The older version.")],
    version: Annotated[int, Query(ge=0, le=2**31 - 1, description="The newer version; the head when 0.")] = 0,
) -> Annotated[documents_pb2.DocumentDiff, ProtoJson()]:
    """The differences in words."""
    request = documents_pb2.DiffDocumentVersionsRequest(document_id=id, base_version=base, version=version)
    return await backend.documents.DiffDocumentVersions(request)
