"""Live previews: a page of a document as a picture, nothing stored."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from gateway import examples
from gateway.bodies import StrictRoute
from gateway.dependencies import Backend
from gateway.examples import json_body
from gateway.identity.bearer import SIGNED_IN
from gateway.protojson import ProtoJson
from gateway.routes.templates import PNG
from gateway.streams import hang_up
from services.runtime.errors import NotFound
from vitae.render.v1 import render_pb2

router = APIRouter(
    prefix="/api/v1/previews", tags=["previews"], dependencies=SIGNED_IN, route_class=StrictRoute
)


@router.post("", summary="Render a page as a picture", response_class=Response, responses=PNG)
async def create(
    backend: Backend,
    body: Annotated[render_pb2.PreviewPagesRequest, ProtoJson(), json_body(examples.PREVIEW)],
    page: Annotated[int, Query(ge=1, le=200, description="Number of the page.")] = 1,
) -> Response:
    """The page as PNG; the header X-Page-Count says how many there are."""
    body.first_page, body.page_limit = page, 1
    pages = backend.render.PreviewPages(body)
    try:
        async for picture in pages:
            count = {"X-Page-Count": str(picture.page_count)}
            return Response(picture.png, media_type="image/png", headers=count)
    finally:
        hang_up(pages)
    raise NotFound("The document has no such page.", reason="PAGE_NOT_FOUND")
