"""What routes ask for: the services, the configuration, request headers with a meaning of their own."""

from typing import Annotated

from fastapi import Depends, Header, Query, Request

from gateway.config import HttpConfig
from gateway.services import Services


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _http(request: Request) -> HttpConfig:
    config: HttpConfig = request.app.state.http
    return config


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
    Header(
        alias="If-Match", max_length=100, description="ETag the resource was read with; 412 when it is stale."
    ),
]
PageSize = Annotated[int, Query(ge=0, le=100, description="Entries of a page; 20 when 0.")]
PageToken = Annotated[str, Query(max_length=500, description="next_page_token of the page before.")]
Id = Annotated[str, "UUID of the resource"]
