"""What routes ask for: the services, the configuration, request headers with a meaning of their own."""

from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from gateway.bodies import unsafe
from gateway.config import HttpConfig
from gateway.services import Services

# Coroutines although they await nothing: FastAPI sends plain functions to a thread, which costs more than the call.


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _http(request: Request) -> HttpConfig:
    config: HttpConfig = request.app.state.http
    return config


def _storable(text: str) -> str:
    if wrong := unsafe(text):
        raise PydanticCustomError("unsafe_text", "{wrong}", {"wrong": wrong})
    return text


def _etag(header: str) -> str:
    """The etag as services write it, without the header's quotes; "*" asks for nothing that a write does not check."""
    return "" if header.strip() == "*" else header.strip().strip('"')


Backend = Annotated[Services, Depends(_services)]
Http = Annotated[HttpConfig, Depends(_http)]

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description="Makes the call safe to repeat for 24 hours; the same key with another body is refused.",
    ),
]
IfMatch = Annotated[
    str,
    AfterValidator(_etag),
    Header(
        alias="If-Match", max_length=100, description="ETag the resource was read with; 412 when it is stale."
    ),
]
PageSize = Annotated[int, Query(ge=0, le=100, description="Entries of a page; 20 when 0.")]
PageToken = Annotated[str, Query(max_length=500, description="next_page_token of the page before.")]
UpdateMask = Annotated[
    str,
    Query(
        max_length=2000,
        description='Fields to change, comma-separated, such as "content.summary"; "*" for all. When empty, what the '
        "body names. A field is cleared by naming it here and leaving it out of the body.",
    ),
]
Words = Annotated[str, AfterValidator(_storable)]
"""A parameter that is kept as text."""
Note = Annotated[Words, Query(max_length=2000, description="What the person says about it.")]
Autosave = Annotated[
    bool, Query(description="True to fold the change into the head version, unless that was exported.")
]
OfProfile = Annotated[str, Query(description="Only of this profile.")]
ForPosting = Annotated[str, Query(description="Only for this posting.")]
VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the version.")]
DeleteFiles = Annotated[
    bool, Query(description="True to delete the finished files too; they otherwise live to their expiry.")
]
