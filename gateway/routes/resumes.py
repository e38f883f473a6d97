"""Resumes: generated, read, listed, changed; and their versions."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from gateway import examples
from gateway.bodies import StrictRoute
from gateway.dependencies import (
    Backend,
    DeleteFiles,
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
from vitae.generation.v1 import documents_pb2, resumes_pb2

router = APIRouter(
    prefix="/api/v1/resumes", tags=["resumes"], dependencies=SIGNED_IN, route_class=StrictRoute
)

Resume = Annotated[resumes_pb2.Resume, ProtoJson()]
Version = Annotated[documents_pb2.DocumentVersion, ProtoJson()]


@router.post("", status_code=201, summary="Generate a resume for a job posting")
async def generate(
    backend: Backend,
    response: Response,
    body: Annotated[resumes_pb2.GenerateResumeRequest, ProtoJson(), json_body(examples.RESUME)],
    idempotency_key: IdempotencyKey = "",
) -> Resume:
    """Composes a resume from what the profile proves. Without a posting it is a general one."""
    body.request_id = idempotency_key or body.request_id
    with told_as(KEY):
        return created(response, "/api/v1/resumes", await backend.resumes.GenerateResume(body))


@router.get("", summary="List resumes, newest first")
async def list_(
    backend: Backend,
    page_size: PageSize = 0,
    page_token: PageToken = "",
    profile_id: Annotated[str, Query(description="Only of this profile.")] = "",
    job_posting_id: Annotated[str, Query(description="Only for this posting.")] = "",
) -> Annotated[resumes_pb2.ListResumesResponse, ProtoJson()]:
    """The caller's resumes, without their contents."""
    request = resumes_pb2.ListResumesRequest(
        page_size=page_size, page_token=page_token, profile_id=profile_id, job_posting_id=job_posting_id
    )
    return await backend.resumes.ListResumes(request)


@router.get("/{id}", summary="Get a resume")
async def get(backend: Backend, response: Response, id: str) -> Resume:
    """One resume at its head version."""
    return with_etag(response, await backend.resumes.GetResume(resumes_pb2.GetResumeRequest(id=id)))


@router.patch("/{id}", summary="Save changes to a resume as a new version")
async def update(
    backend: Backend,
    response: Response,
    id: str,
    body: Annotated[Resume, json_body(examples.RESUME_CHANGE)],
    update_mask: UpdateMask = "",
    note: Annotated[Words, Query(max_length=2000, description="What the person says about it.")] = "",
    autosave: Annotated[
        bool, Query(description="True to fold the change into the head version, unless that was exported.")
    ] = False,
    if_match: IfMatch = "",
) -> Resume:
    """Changes what the body names. With If-Match (or an etag in the body) a stale write is refused."""
    mask = field_mask(update_mask, body)
    body.id, body.etag = id, if_match or body.etag
    request = resumes_pb2.UpdateResumeRequest(resume=body, update_mask=mask, note=note, autosave=autosave)
    with told_as({"resume.": ""}):
        return with_etag(response, await backend.resumes.UpdateResume(request))


@router.delete("/{id}", status_code=204, summary="Delete a resume with its versions")
async def delete(
    backend: Backend, id: str, delete_files: DeleteFiles = False, if_match: IfMatch = ""
) -> None:
    """Deletes a resume, and cancels its queued exports."""
    await backend.resumes.DeleteResume(
        resumes_pb2.DeleteResumeRequest(id=id, etag=if_match, delete_files=delete_files)
    )


@router.get("/{id}/json-resume", summary="Get a resume as JSON Resume")
async def json_resume(
    backend: Backend, id: str
) -> Annotated[resumes_pb2.ExportResumeJsonResponse, ProtoJson()]:
    """The resume as a JSON Resume document, and what that could not carry."""
    return await backend.resumes.ExportResumeJson(resumes_pb2.ExportResumeJsonRequest(id=id))


@router.get("/{id}/versions", summary="List the versions of a resume, newest first")
async def versions(
    backend: Backend, id: str, page_size: PageSize = 0, page_token: PageToken = ""
) -> Annotated[documents_pb2.ListDocumentVersionsResponse, ProtoJson()]:
    """The versions without their contents."""
    request = documents_pb2.ListDocumentVersionsRequest(
        document_id=id, page_size=page_size, page_token=page_token
    )
    return await backend.documents.ListDocumentVersions(request)


@router.get("/{id}/versions/{version}", summary="Get one version of a resume")
async def version(backend: Backend, id: str, version: VersionNumber) -> Version:
    """One version with its content."""
    request = documents_pb2.GetDocumentVersionRequest(document_id=id, version=version)
    return await backend.documents.GetDocumentVersion(request)


@router.post("/{id}/versions/{version}/restore", summary="Go back to an old version")
async def restore(backend: Backend, id: str, version: VersionNumber, if_match: IfMatch) -> Version:
    """Makes a new version with the content of an old one."""
    request = documents_pb2.RestoreDocumentVersionRequest(document_id=id, version=version, etag=if_match)
    return await backend.documents.RestoreDocumentVersion(request)


@router.get("/{id}/diff", summary="Say how two versions differ")
async def diff(
    backend: Backend,
    id: str,
    base: Annotated[int, Query(ge=1, le=2**31 - 1, description="The older version.")],
    version: Annotated[int, Query(ge=0, le=2**31 - 1, description="The newer version; the head when 0.")] = 0,
) -> Annotated[documents_pb2.DocumentDiff, ProtoJson()]:
    """The differences in words."""
    request = documents_pb2.DiffDocumentVersionsRequest(document_id=id, base_version=base, version=version)
    return await backend.documents.DiffDocumentVersions(request)
