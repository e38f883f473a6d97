"""Job postings, and the exports made for one."""

from email.message import Message
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from gateway.bodies import JSON, StrictRoute, parse
from gateway.dependencies import Backend, IdempotencyKey, IfMatch, PageSize, PageToken
from gateway.identity.bearer import SIGNED_IN
from gateway.naming import KEY, told_as
from gateway.protojson import BodyInvalid, ProtoJson, from_json
from gateway.responses import created, with_etag
from services.runtime.errors import FieldError, InvalidArgument
from vitae.generation.v1 import postings_pb2
from vitae.storage.v1 import exports_pb2

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], dependencies=SIGNED_IN, route_class=StrictRoute)

JobPosting = Annotated[postings_pb2.JobPosting, ProtoJson()]

_TEXTS = {"text/plain": "text", "text/html": "html"}
"""Media types of a posting sent as it is, and the source_format each stands for."""

EXAMPLE = (
    "Senior Backend Engineer\nNorthline Parcel\n\nRequirements: 6+ years of Python, PostgreSQL, Kubernetes."
)
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"x-vitae-message": "vitae.generation.v1.JobPosting"},
                "example": {"source_text": EXAMPLE},
            },
            "text/plain": {"schema": {"type": "string"}, "example": EXAMPLE},
            "text/html": {"schema": {"type": "string"}},
        },
    }
}


@router.post("", status_code=201, summary="Store a job posting and read its structure", openapi_extra=BODY)
async def create(
    backend: Backend,
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKey = "",
) -> JobPosting:
    """Takes JSON, or the posting itself as text or HTML. What the caller does not say is read from the text."""
    posting = await _posting(request)
    asked = postings_pb2.CreateJobPostingRequest(job_posting=posting, request_id=idempotency_key)
    with told_as({"job_posting.": "", **KEY}):
        return created(response, "/api/v1/jobs", await backend.postings.CreateJobPosting(asked))


@router.get("", summary="List job postings, newest first")
async def list_(
    backend: Backend, page_size: PageSize = 0, page_token: PageToken = ""
) -> Annotated[postings_pb2.ListJobPostingsResponse, ProtoJson()]:
    """The caller's postings."""
    request = postings_pb2.ListJobPostingsRequest(page_size=page_size, page_token=page_token)
    return await backend.postings.ListJobPostings(request)


@router.get("/{id}", summary="Get a job posting")
async def get(backend: Backend, response: Response, id: str) -> JobPosting:
    """One posting with what was read from it."""
    return with_etag(response, await backend.postings.GetJobPosting(postings_pb2.GetJobPostingRequest(id=id)))


@router.delete("/{id}", status_code=204, summary="Delete a job posting")
async def delete(backend: Backend, id: str, if_match: IfMatch = "") -> None:
    """Deletes a posting; resumes made for it stay and keep its title, company and keywords."""
    await backend.postings.DeleteJobPosting(postings_pb2.DeleteJobPostingRequest(id=id, etag=if_match))


@router.get("/{id}/exports", summary="List the exports made for a job posting, by day")
async def exports(backend: Backend, id: str) -> Annotated[exports_pb2.ListJobExportsResponse, ProtoJson()]:
    """The files made for one posting."""
    return await backend.exports.ListJobExports(exports_pb2.ListJobExportsRequest(job_posting_id=id))


async def _posting(request: Request) -> postings_pb2.JobPosting:
    body, content = await request.body(), Message()
    content["Content-Type"] = request.headers.get("content-type", JSON)
    media_type = content.get_content_type()
    if media_type in _TEXTS:
        text = _decoded(body, content.get_content_charset("utf-8"))
        return _checked({"source_text": text, "source_format": _TEXTS[media_type]})
    if media_type == JSON:
        return _checked(parse(body))
    problem = FieldError("Content-Type", f"must be {JSON}, {' or '.join(_TEXTS)}")
    raise InvalidArgument("A body of this type is not read.", fields=[problem])


def _decoded(body: bytes, charset: str) -> str:
    """The text; bytes that are none in this encoding become U+FFFD, as a browser would show them."""
    try:
        return body.decode(charset, errors="replace")
    except (LookupError, ValueError) as error:  # unknown, or no text encoding
        problem = FieldError("Content-Type", "must name a known charset, such as utf-8")
        raise InvalidArgument("The charset of the body is not known.", fields=[problem]) from error


def _checked(value: object) -> postings_pb2.JobPosting:
    try:
        return from_json(value, postings_pb2.JobPosting)
    except BodyInvalid as error:
        raise InvalidArgument("Some fields are not valid.", fields=error.fields) from error
