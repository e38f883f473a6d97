"""Resumes: generated, read, listed, changed; and their versions."""

from typing import Annotated

from fastapi import APIRouter, Response

from gateway import examples
from gateway.bodies import StrictRoute
from gateway.dependencies import (
    Autosave,
    Backend,
    DeleteFiles,
    ForPosting,
    IdempotencyKey,
    IfMatch,
    Note,
    OfProfile,
    PageSize,
    PageToken,
    UpdateMask,
)
from gateway.examples import json_body
from gateway.identity.bearer import SIGNED_IN
from gateway.masks import field_mask
from gateway.naming import KEY, told_as
from gateway.protojson import ProtoJson
from gateway.responses import created, with_etag
from gateway.routes.versions import add_versions
from vitae.generation.v1 import resumes_pb2

router = APIRouter(
    prefix="/api/v1/resumes", tags=["resumes"], dependencies=SIGNED_IN, route_class=StrictRoute
)

Resume = Annotated[resumes_pb2.Resume, ProtoJson()]


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
    profile_id: OfProfile = "",
    job_posting_id: ForPosting = "",
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
    note: Note = "",
    autosave: Autosave = False,
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


add_versions(router, "a resume")
