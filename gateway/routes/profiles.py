"""Profiles: stored, imported, exported, changed."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

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
    Words,
)
from gateway.examples import json_body
from gateway.identity.bearer import SIGNED_IN
from gateway.masks import field_mask, replaces
from gateway.naming import KEY, told_as
from gateway.protojson import ProtoJson, enum_number
from gateway.responses import created, with_etag
from services.runtime.errors import FieldError, InvalidArgument
from vitae.generation.v1 import profiles_pb2
from vitae.resume.v1 import profile_pb2

router = APIRouter(
    prefix="/api/v1/profiles", tags=["profiles"], dependencies=SIGNED_IN, route_class=StrictRoute
)

Profile = Annotated[profile_pb2.Profile, ProtoJson()]
FormatName = Annotated[str, Query(description="Format of the file; json_resume so far.")]
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "The file."}
}
RAW_FILE = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "examples": {
                    "JSON Resume": {
                        "value": {"basics": {"name": "Maya Okonkwo", "email": "maya@example.com"}}
                    }
                },
            }
        },
    }
}


@router.post("", status_code=201, summary="Store a profile")
async def create(
    backend: Backend,
    response: Response,
    body: Annotated[Profile, json_body(examples.PROFILE)],
    idempotency_key: IdempotencyKey = "",
) -> Profile:
    """Stores a profile. Every fact without an id gets one."""
    request = profiles_pb2.CreateProfileRequest(profile=body, request_id=idempotency_key)
    with told_as({"profile.": "", **KEY}):
        return created(response, "/api/v1/profiles", await backend.profiles.CreateProfile(request))


@router.post("/import", status_code=201, summary="Store a profile read from a file", openapi_extra=RAW_FILE)
async def import_(
    backend: Backend,
    request: Request,
    response: Response,
    format: FormatName = "json_resume",
    display_name: Annotated[
        Words, Query(max_length=200, description="Name for lists; the person's when empty.")
    ] = "",
    locale: Annotated[
        Words,
        Query(max_length=35, description="BCP 47 tag of the file's language; read from the file when empty."),
    ] = "",
    validate_only: Annotated[bool, Query(description="True to read the file and store nothing.")] = False,
    idempotency_key: IdempotencyKey = "",
) -> Annotated[profiles_pb2.ImportProfileResponse, ProtoJson()]:
    """Reads the body, a file as it is, and stores the profile in it. `notes` say what was changed or kept aside."""
    asked = profiles_pb2.ImportProfileRequest(
        format=_format(format),
        data=await request.body(),
        display_name=display_name,
        locale=locale,
        validate_only=validate_only,
        request_id=idempotency_key,
    )
    with told_as({"data": "body", **KEY}):
        result = await backend.profiles.ImportProfile(asked)
    if not validate_only:
        created(response, "/api/v1/profiles", result.profile)
    return result


@router.get("", summary="List profiles, newest first")
async def list_(
    backend: Backend, page_size: PageSize = 0, page_token: PageToken = ""
) -> Annotated[profiles_pb2.ListProfilesResponse, ProtoJson()]:
    """The caller's profiles."""
    request = profiles_pb2.ListProfilesRequest(page_size=page_size, page_token=page_token)
    return await backend.profiles.ListProfiles(request)


@router.get("/{id}", summary="Get a profile")
async def get(backend: Backend, response: Response, id: str) -> Profile:
    """One profile."""
    return with_etag(response, await backend.profiles.GetProfile(profiles_pb2.GetProfileRequest(id=id)))


@router.patch("/{id}", summary="Change a profile")
async def update(
    backend: Backend,
    response: Response,
    id: str,
    body: Annotated[Profile, json_body(examples.PROFILE_CHANGE)],
    update_mask: UpdateMask = "",
    if_match: IfMatch = "",
) -> Profile:
    """Changes what the body names. With If-Match (or an etag in the body) a stale write is refused."""
    mask = field_mask(update_mask, body, inner=["content"])
    body.id, body.etag = id, if_match or body.etag
    if not replaces(mask, "content"):
        body.content.SetInParent()  # a profile has to have it, also where it stays as it is
    request = profiles_pb2.UpdateProfileRequest(profile=body, update_mask=mask)
    with told_as({"profile.": ""}):
        return with_etag(response, await backend.profiles.UpdateProfile(request))


@router.get("/{id}/export", summary="Download a profile as a file", response_class=Response, responses=FILE)
async def export(backend: Backend, id: str, format: FormatName = "json_resume") -> Response:
    """The profile in another format; importing the file gives the same profile back."""
    request = profiles_pb2.ExportProfileRequest(id=id, format=_format(format))
    file = await backend.profiles.ExportProfile(request)
    headers = {"Content-Disposition": f'attachment; filename="profile.{format}.json"'}
    return Response(file.data, media_type=file.content_type, headers=headers)


@router.delete("/{id}", status_code=204, summary="Delete a profile and everything made from it")
async def delete(
    backend: Backend, id: str, delete_files: DeleteFiles = False, if_match: IfMatch = ""
) -> None:
    """Deletes a profile with its rankings and every document made from it, and cancels their queued exports."""
    await backend.profiles.DeleteProfile(
        profiles_pb2.DeleteProfileRequest(id=id, etag=if_match, delete_files=delete_files)
    )


def _format(name: str) -> profiles_pb2.ProfileFormat.ValueType:
    number = enum_number(profiles_pb2.ProfileFormat.DESCRIPTOR, name)
    if not number:
        problem = FieldError("format", "must be json_resume")
        raise InvalidArgument("This format is not known.", fields=[problem])
    return profiles_pb2.ProfileFormat.ValueType(number)
