"""The mobile client's exports: one call that answers the file, its templates, its history.

A `generation_id` is the id of a resume or cover letter and means its head version. Links to files are those of the
resource API, whose download path is the client's own.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from gateway.bodies import StrictRoute
from gateway.compat.options import render_options
from gateway.config import HttpConfig
from gateway.dependencies import Backend, Http, IdempotencyKey
from gateway.finished import awaited, failure
from gateway.identity.bearer import SIGNED_IN
from gateway.naming import KEY, told_as
from gateway.protojson import BodyInvalid, from_json, to_json
from gateway.services import Services
from services.runtime.errors import FieldError, InvalidArgument, VitaeError
from vitae.render.v1 import options_pb2, templates_pb2
from vitae.resume.v1 import common_pb2
from vitae.storage.v1 import exports_pb2

router = APIRouter(
    prefix="/api/v1/exports", tags=["mobile-client"], dependencies=SIGNED_IN, route_class=StrictRoute
)

_LINKS_AT_ONCE = 8
"""Links made at the same time for a page of files."""

EXAMPLE = {
    "A resume in the modern template": {
        "value": {
            "generation_id": "7f9c24e8-3b1a-4f5d-9a64-0d2c8f6b1e37",
            "template": "modern",
            "options": {"font_family": "Inter", "accent_color": "#2563EB", "spacing": 1.2, "margins": 18},
        }
    }
}


class MobileExportRequest(BaseModel):
    """A file to be made."""

    model_config = ConfigDict(extra="forbid")

    generation_id: str = Field(description="Id of a resume or cover letter.")
    template: str = Field("", max_length=64, description="Id of a template; the default when empty.")
    format: str = Field("", max_length=10, description="If given, the format the path names.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="Render options; spacing stands for line_spacing, a number of millimetres for all margins.",
    )


class MobileExport(BaseModel):
    """A file."""

    id: str = Field(description="Id of the export.")
    generation_id: str = Field(description="Id of the resume or cover letter.")
    job_id: str | None = Field(description="Id of the posting; null when there is none.")
    format: str = Field(description="pdf, docx, html, txt, markdown or png.")
    template: str = Field(description="Id of the template.")
    filename: str = Field(description="Name of the file; names repeat.")
    file_size_bytes: int = Field(description="Size.")
    page_count: int = Field(description="Pages; 0 for formats without.")
    download_url: str | None = Field(description="Signed link; null while the file is not there.")
    expires_at: str | None = Field(description="When the file goes, not the link.")
    created_at: str | None = Field(description="When it was asked for.")


class MobileFiles(BaseModel):
    """A page of files."""

    exports: list[MobileExport] = Field(description="Newest first.")
    total: int = Field(description="Files in all.")
    limit: int = Field(description="As asked.")
    offset: int = Field(description="As asked.")


class MobileJobFiles(BaseModel):
    """The files made for one posting."""

    job_id: str = Field(description="Id of the posting.")
    job_title: str = Field(description="Title of the job.")
    company: str = Field(description="Company.")
    exports_by_date: dict[str, list[MobileExport]] = Field(
        description='By day, such as "2025-12-12", newest first.'
    )
    total_exports: int = Field(description="Files in all.")
    total_size_bytes: int = Field(description="Bytes in all.")


class MobileTemplate(BaseModel):
    """A template."""

    id: str = Field(description="modern, classic, creative, ats_optimized ...")
    name: str = Field(description="Name.")
    description: str = Field(description="What it looks like.")
    audience: list[str] = Field(description="For whom it is made.")
    ats_score: float | None = Field(
        description="Measured parse fidelity of the PDF times 100; null when unmeasured."
    )


class MobileTemplates(BaseModel):
    """All templates."""

    templates: list[MobileTemplate] = Field(description="The default first.")


ExportBody = Annotated[MobileExportRequest, Body(openapi_examples=EXAMPLE)]


@router.post("/pdf", status_code=201, summary="Export a generation as PDF", response_model=MobileExport)
async def pdf(
    backend: Backend, http: Http, response: Response, body: ExportBody, idempotency_key: IdempotencyKey = ""
) -> MobileExport | JSONResponse:
    """Waits for the file; 202 without a link when it takes longer than the gateway waits."""
    return await _made(backend, http, response, body, "pdf", idempotency_key)


@router.post("/docx", status_code=201, summary="Export a generation as DOCX", response_model=MobileExport)
async def docx(
    backend: Backend, http: Http, response: Response, body: ExportBody, idempotency_key: IdempotencyKey = ""
) -> MobileExport | JSONResponse:
    """Waits for the file; 202 without a link when it takes longer than the gateway waits."""
    return await _made(backend, http, response, body, "docx", idempotency_key)


@router.get("/templates", summary="List templates for the mobile client", response_model=MobileTemplates)
async def templates(backend: Backend) -> MobileTemplates:
    """The templates with their measured parse fidelity."""
    listed = await backend.templates.ListTemplates(templates_pb2.ListTemplatesRequest())
    return MobileTemplates(templates=[_template(each) for each in listed.templates])


@router.get("/files", summary="List files for the mobile client", response_model=MobileFiles)
async def files(
    backend: Backend,
    limit: Annotated[int, Query(ge=1, le=100, description="Files wanted.")] = 20,
    offset: Annotated[int, Query(ge=0, le=100_000, description="Files to skip.")] = 0,
) -> MobileFiles:
    """The caller's finished files, newest first."""
    page = await backend.exports.ListExports(
        exports_pb2.ListExportsRequest(page_size=limit, skip=offset, status=common_pb2.WORK_STATUS_COMPLETED)
    )
    exports = await _linked(backend, page.exports)
    return MobileFiles(exports=exports, total=page.total_size, limit=limit, offset=offset)


@router.get("/files/job/{job_id}", summary="List the files of a posting", response_model=MobileJobFiles)
async def job_files(backend: Backend, job_id: str) -> MobileJobFiles:
    """The files made for one posting, by day."""
    with told_as({"job_posting_id": "job_id"}):
        listed = await backend.exports.ListJobExports(
            exports_pb2.ListJobExportsRequest(job_posting_id=job_id)
        )
    return MobileJobFiles(
        job_id=listed.job_posting_id,
        job_title=listed.job_title,
        company=listed.company,
        exports_by_date={day.date: await _linked(backend, day.exports) for day in listed.days},
        total_exports=listed.total_exports,
        total_size_bytes=listed.total_size_bytes,
    )


async def _made(
    backend: Services,
    http: HttpConfig,
    response: Response,
    body: MobileExportRequest,
    format: str,
    idempotency_key: str,
) -> MobileExport | JSONResponse:
    if body.format not in {"", format}:
        problem = FieldError("format", f'must be "{format}", as the path says, or left out')
        raise InvalidArgument("The format is not the path's.", fields=[problem])
    with told_as({**KEY, "document_id": "generation_id"}):
        request = _request(body, format)
        request.request_id = idempotency_key
        made = await awaited(backend, request, wait=http.export_wait)
    if made.state.status in {common_pb2.WORK_STATUS_FAILED, common_pb2.WORK_STATUS_CANCELLED}:
        return failure(made)
    if made.state.status != common_pb2.WORK_STATUS_COMPLETED:
        response.status_code = 202
    response.headers["Location"] = f"/api/v1/exports/{made.id}"
    return _export(made, made.download_link.url)


def _request(body: MobileExportRequest, format: str) -> exports_pb2.CreateExportRequest:
    value = {"document_id": body.generation_id, "format": format, "template": body.template}
    try:
        return from_json({**value, "options": render_options(body.options)}, exports_pb2.CreateExportRequest)
    except BodyInvalid as error:
        raise InvalidArgument("Some fields are not valid.", fields=error.fields) from error


async def _linked(backend: Services, exports: Sequence[exports_pb2.Export]) -> list[MobileExport]:
    """Exports with a link each, for those whose file is there."""
    turns = asyncio.Semaphore(_LINKS_AT_ONCE)

    async def link(each: exports_pb2.Export) -> str:
        if each.state.status != common_pb2.WORK_STATUS_COMPLETED:
            return ""
        async with turns:
            try:
                made = await backend.exports.CreateDownloadLink(
                    exports_pb2.CreateDownloadLinkRequest(id=each.id)
                )
            except VitaeError:  # it expired or was deleted since it was listed
                return ""
        return str(made.url)

    urls = await asyncio.gather(*(link(each) for each in exports))
    return [_export(each, url) for each, url in zip(exports, urls, strict=True)]


def _export(export: exports_pb2.Export, url: str) -> MobileExport:
    told = to_json(export)
    return MobileExport(
        id=export.id,
        generation_id=export.document_id,
        job_id=export.job_posting_id or None,
        format=told["format"],
        template=export.template,
        filename=export.filename,
        file_size_bytes=export.file_size_bytes,
        page_count=export.page_count,
        download_url=url or None,
        expires_at=told.get("expire_time"),
        created_at=told.get("create_time"),
    )


def _template(template: templates_pb2.Template) -> MobileTemplate:
    scores = [each.score for each in template.fidelity if each.format == options_pb2.FORMAT_PDF]
    return MobileTemplate(
        id=template.id,
        name=template.name,
        description=template.description,
        audience=list(template.audience),
        ats_score=round(100 * scores[0], 1) if scores else None,
    )
