"""Cover letters: generated, read, listed, changed; and their versions."""

from typing import Annotated

from fastapi import APIRouter, Response

from gateway import examples
from gateway.bodies import StrictRoute
from gateway.dependencies import (
    Autosave,
    Backend,
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
from vitae.generation.v1 import cover_letters_pb2

router = APIRouter(
    prefix="/api/v1/cover-letters",
    tags=["cover-letters"],
    dependencies=SIGNED_IN,
    route_class=StrictRoute,
)

CoverLetter = Annotated[cover_letters_pb2.CoverLetter, ProtoJson()]


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
    profile_id: OfProfile = "",
    job_posting_id: ForPosting = "",
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
    note: Note = "",
    autosave: Autosave = False,
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


add_versions(router, "a cover letter")
