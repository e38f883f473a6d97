"""Templates a document can be rendered through."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from gateway.bodies import StrictRoute
from gateway.dependencies import Backend
from gateway.identity.bearer import SIGNED_IN
from gateway.protojson import ProtoJson
from vitae.render.v1 import templates_pb2

router = APIRouter(
    prefix="/api/v1/templates", tags=["templates"], dependencies=SIGNED_IN, route_class=StrictRoute
)

PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "The picture."}}


@router.get("", summary="List the templates")
async def list_(backend: Backend) -> Annotated[templates_pb2.ListTemplatesResponse, ProtoJson()]:
    """All templates, the default first, each with its options and its measured parse fidelity."""
    return await backend.templates.ListTemplates(templates_pb2.ListTemplatesRequest())


@router.get("/{id}", summary="Get a template")
async def get(backend: Backend, id: str) -> Annotated[templates_pb2.Template, ProtoJson()]:
    """One template."""
    return await backend.templates.GetTemplate(templates_pb2.GetTemplateRequest(id=id))


@router.get(
    "/{id}/preview.png", summary="Get the picture of a template", response_class=Response, responses=PNG
)
async def preview(
    backend: Backend,
    id: str,
    width: Annotated[int, Query(ge=0, le=2400, description="Width in pixels; 816 when 0.")] = 0,
) -> Response:
    """A page of an invented person in this template."""
    request = templates_pb2.GetTemplatePreviewRequest(id=id, width_px=width)
    picture = await backend.templates.GetTemplatePreview(request)
    return Response(picture.png, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})
