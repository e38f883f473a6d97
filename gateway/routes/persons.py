"""Everything held about a person: taken along, counted, erased."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from gateway.bodies import StrictRoute
from gateway.dependencies import Backend
from gateway.files import archive
from gateway.identity.bearer import SIGNED_IN
from gateway.protojson import ProtoJson
from vitae.generation.v1 import person_data_pb2

router = APIRouter(prefix="/api/v1", tags=["persons"], dependencies=SIGNED_IN, route_class=StrictRoute)

Report = Annotated[person_data_pb2.ErasureReport, ProtoJson()]
ValidateOnly = Annotated[bool, Query(description="True to count what would go, and erase nothing.")]
ARCHIVE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/zip": {}},
        "description": "A ZIP archive; README.txt in it explains the rest.",
    }
}

_WHOLE = 300
"""Seconds an archive or an erasure may take."""


@router.get(
    "/me/data",
    summary="Download everything held about you",
    response_class=StreamingResponse,
    responses=ARCHIVE,
)
async def take_along(backend: Backend) -> StreamingResponse:
    """Profiles, postings, rankings and documents with every version, those included that a recruiter made from your
    profile. Files are downloaded through their exports.
    """
    request = person_data_pb2.ExportPersonDataRequest()
    return await archive(backend.persons.ExportPersonData(request, timeout=_WHOLE), "my-data.zip")


@router.delete("/me/data", summary="Erase everything held about you")
async def erase_own(backend: Backend, validate_only: ValidateOnly = False) -> Report:
    """Erases you from all services and reports what went. `pending` lists what is still being relayed; calling again
    tells where that stands. There is no way back.
    """
    request = person_data_pb2.ErasePersonDataRequest(validate_only=validate_only)
    return await backend.persons.ErasePersonData(request, timeout=_WHOLE)


@router.delete("/users/{user_id}/data", summary="Erase everything held about a user of the tenant")
async def erase_user(backend: Backend, user_id: str, validate_only: ValidateOnly = False) -> Report:
    """For the tenant's admin: erases a user by the UUID that `created_by` shows, as they could themselves."""
    request = person_data_pb2.ErasePersonDataRequest(user_id=user_id, validate_only=validate_only)
    return await backend.persons.ErasePersonData(request, timeout=_WHOLE)
