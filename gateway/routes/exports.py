"""Exports: asked for (waiting or not), watched, listed, downloaded."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse, RedirectResponse, StreamingResponse

from gateway import examples
from gateway.bodies import StrictRoute
from gateway.dependencies import Backend, Http, IdempotencyKey, PageSize, PageToken
from gateway.examples import json_body
from gateway.files import streamed
from gateway.finished import awaited, duration, ended, failure
from gateway.identity.bearer import SIGNED_IN
from gateway.naming import KEY, told_as
from gateway.prefer import Preference
from gateway.protojson import PROTO_MARK, ProtoJson, enum_choices, enum_number
from gateway.sse import Events
from services.runtime.errors import FieldError, InvalidArgument
from vitae.render.v1 import options_pb2
from vitae.resume.v1 import common_pb2
from vitae.storage.v1 import exports_pb2

router = APIRouter(
    prefix="/api/v1/exports", tags=["exports"], dependencies=SIGNED_IN, route_class=StrictRoute
)
downloads = APIRouter(prefix="/api/v1/exports/download", tags=["exports"], route_class=StrictRoute)

Export = Annotated[exports_pb2.Export, ProtoJson()]
Prefer = Annotated[
    Sequence[str],
    Header(
        description="RFC 7240: respond-async answers 202 at once; wait=N waits at most N seconds for the file."
    ),
]


@router.post(
    "",
    status_code=201,
    response_model=Export,
    summary="Export a document as a file",
    responses={
        202: {
            "description": "Still at work; Location says where to look.",
            "content": {
                "application/json": {"schema": {PROTO_MARK: exports_pb2.Export.DESCRIPTOR.full_name}}
            },
        }
    },
)
async def create(
    backend: Backend,
    http: Http,
    response: Response,
    body: Annotated[exports_pb2.CreateExportRequest, ProtoJson(), json_body(examples.EXPORT)],
    prefer: Prefer = (),
    idempotency_key: IdempotencyKey = "",
) -> exports_pb2.Export | JSONResponse:
    """Waits for the file and answers 201 with its link; past the bound, or on Prefer: respond-async, 202.

    The same document, template and options again are answered from the file that is there.
    """
    body.request_id = idempotency_key or body.request_id
    preference = Preference.of(prefer)
    wait = preference.seconds(longest=http.export_wait)
    with told_as(KEY):
        export = await awaited(backend, body, wait=wait)
    if export.state.status in {common_pb2.WORK_STATUS_FAILED, common_pb2.WORK_STATUS_CANCELLED}:
        return failure(export)
    response.headers["Location"] = f"/api/v1/exports/{export.id}"
    if preference.applied:
        response.headers["Preference-Applied"] = preference.applied
    if not ended(export):
        response.status_code = 202
    return export


@router.post("/batch", status_code=202, summary="Export several documents or formats")
async def batch(
    backend: Backend,
    body: Annotated[exports_pb2.BatchCreateExportsRequest, ProtoJson(), json_body(examples.BATCH)],
    idempotency_key: IdempotencyKey = "",
) -> Annotated[exports_pb2.BatchCreateExportsResponse, ProtoJson()]:
    """Checks all of at most ten, then queues them; none is queued when one is refused."""
    body.request_id = idempotency_key or body.request_id
    with told_as(KEY):
        return await backend.exports.BatchCreateExports(body)


@router.get("", summary="List exports, newest first")
async def list_(
    backend: Backend,
    page_size: PageSize = 0,
    page_token: PageToken = "",
    limit: Annotated[
        int, Query(ge=0, le=100, description="The same as page_size, for clients that count.")
    ] = 0,
    offset: Annotated[int, Query(ge=0, le=100_000, description="Exports to skip.")] = 0,
    document_id: Annotated[str, Query(description="Only of this document.")] = "",
    job_posting_id: Annotated[str, Query(description="Only for this posting.")] = "",
    format: Annotated[str, Query(description="Only in this format.")] = "",
    status: Annotated[str, Query(description="Only with this status.")] = "",
) -> Annotated[exports_pb2.ListExportsResponse, ProtoJson()]:
    """The caller's exports."""
    problems: list[FieldError] = []
    request = exports_pb2.ListExportsRequest(
        page_size=page_size or limit,
        page_token=page_token,
        skip=offset,
        document_id=document_id,
        job_posting_id=job_posting_id,
        format=options_pb2.Format.ValueType(_choice("format", format, options_pb2.Format, problems)),
        status=common_pb2.WorkStatus.ValueType(_choice("status", status, common_pb2.WorkStatus, problems)),
    )
    if problems:
        raise InvalidArgument("Some parameters are not valid.", fields=problems)
    return await backend.exports.ListExports(request)


@router.get("/{id}", summary="Get an export")
async def get(backend: Backend, id: str) -> Export:
    """One export with its state, and its link once completed."""
    return await backend.exports.GetExport(exports_pb2.GetExportRequest(id=id))


@router.delete("/{id}", status_code=204, summary="Delete an export with its file")
async def delete(backend: Backend, id: str) -> None:
    """Deletes an export; one at work is cancelled first."""
    await backend.exports.DeleteExport(exports_pb2.DeleteExportRequest(id=id))


@router.post("/{id}/cancel", summary="Stop an export")
async def cancel(backend: Backend, id: str) -> Export:
    """Stops a pending or processing export."""
    return await backend.exports.CancelExport(exports_pb2.CancelExportRequest(id=id))


@router.post("/{id}/retry", summary="Try a failed export again")
async def retry(backend: Backend, id: str) -> Export:
    """Grants one more round where the error may pass."""
    return await backend.exports.RetryExport(exports_pb2.RetryExportRequest(id=id))


@router.get(
    "/{id}/events",
    summary="Watch an export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "An event at every change."}},
)
async def events(backend: Backend, id: str) -> StreamingResponse:
    """Server-sent events: the present state at once, one at every change, the last when the export has ended."""
    await backend.exports.GetExport(
        exports_pb2.GetExportRequest(id=id)
    )  # a 404 has to come before the stream
    watched = backend.exports.WatchExport(exports_pb2.WatchExportRequest(id=id), timeout=3600)
    return Events("export", watched).response()


@router.get("/{id}/download", summary="Download the file of an export", status_code=302)
async def download(backend: Backend, http: Http, id: str) -> RedirectResponse:
    """Redirects to a link that works for some minutes; 410 once the file has expired."""
    link = await backend.exports.CreateDownloadLink(
        exports_pb2.CreateDownloadLinkRequest(
            id=id, lifetime=duration(http.link_lifetime), count_download=True
        )
    )
    return RedirectResponse(link.url, status_code=302, headers={"Cache-Control": "no-store"})


@downloads.get(
    "/{filename}",
    summary="Follow a download link",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "The file, in its own type."}
    },
)
async def follow(
    backend: Backend,
    filename: str,
    token: Annotated[str, Query(max_length=2000, description="The link's signature.")],
    expires: Annotated[int, Query(ge=0, le=2**53, description="End of the link, in seconds since 1970 UTC.")],
) -> StreamingResponse:
    """The file behind a signed link; the link itself is the right to read it."""
    request = exports_pb2.OpenDownloadLinkRequest(token=token, expires=expires, filename=filename)
    return await streamed(backend.links.OpenDownloadLink(request, timeout=300))


def _choice(name: str, value: str, enum: type, problems: list[FieldError]) -> int:
    if not value:
        return 0
    descriptor = enum.DESCRIPTOR  # type: ignore[attr-defined]
    number = enum_number(descriptor, value)
    if not number:
        problems.append(FieldError(name, f"must be one of {', '.join(enum_choices(descriptor))}"))
        return 0
    return number
