"""Errors as RFC 9457 problem+json: one mapping from typed errors to HTTP.

    {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "No export has this id.",
     "code": "EXPORT_NOT_FOUND", "request_id": "...", "errors": [{"field": "...", "detail": "..."}]}

`code` is the stable reason clients program against. `errors` is there for failing fields only.
"""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

import grpc
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from services.runtime import correlation
from services.runtime.errors import FieldError, Internal, InvalidArgument, VitaeError

MEDIA_TYPE = "application/problem+json"

_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: 422,
    grpc.StatusCode.OUT_OF_RANGE: 422,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNAVAILABLE: 503,
    # A service that stops ends the calls that outlast its grace so.
    grpc.StatusCode.CANCELLED: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.UNIMPLEMENTED: 501,
}

_STATUS_BY_REASON = {
    "EXPORT_EXPIRED": 410,
    "BODY_NOT_JSON": 400,
    "BODY_TOO_LARGE": 413,
    "METHOD_NOT_ALLOWED": 405,
}
"""Reasons for which HTTP has a better word than their gRPC code has."""

RETRY_AFTER = 1
"""Seconds told with 429 and 503 when the error itself does not say."""


def status_of(error: VitaeError) -> int:
    """The HTTP status of an error."""
    return _STATUS_BY_REASON.get(error.reason) or _STATUS.get(error.code, 500)


def problem(
    error: VitaeError, *, status: int | None = None, extra: Mapping[str, Any] | None = None
) -> JSONResponse:
    """The response for an error; `extra` members stand beside the standard ones. A 500 says nothing of its cause."""
    status = status or status_of(error)
    told: VitaeError = Internal() if status == HTTPStatus.INTERNAL_SERVER_ERROR else error
    request_id = correlation.request_id() or error.request_id
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": told.message,
        "code": told.reason,
        "request_id": request_id,
        **(extra or {}),
    }
    if told.fields:
        body["errors"] = [{"field": each.field, "detail": each.description} for each in told.fields]
    if "etag" in told.metadata:
        body["etag"] = told.metadata["etag"]
    return JSONResponse(body, status, headers=_headers(error, status), media_type=MEDIA_TYPE)


async def on_vitae_error(request: Request, error: Exception) -> JSONResponse:
    """Answers a typed error raised by a route or a service."""
    if not isinstance(error, VitaeError):
        raise TypeError(f"registered for VitaeError, got {type(error).__name__}")
    stale = error.reason == "ETAG_MISMATCH" and "if-match" in request.headers
    return problem(error, status=412 if stale else None)


async def on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    """Answers a body or parameter that FastAPI refused, field by field."""
    if not isinstance(error, RequestValidationError):
        raise TypeError(f"registered for RequestValidationError, got {type(error).__name__}")
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return problem(InvalidArgument("The body is not JSON.", reason="BODY_NOT_JSON"))
    fields = [field for each in error.errors() for field in _fields(each)]
    return problem(InvalidArgument("Some fields are not valid.", reason="INVALID_ARGUMENT", fields=fields))


def _fields(error: Mapping[str, Any]) -> list[FieldError]:
    if error["type"] == "proto_json":
        return list(error["ctx"]["fields"])
    place = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
    return [FieldError(place, error["msg"])]


def _headers(error: VitaeError, status: int) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return {"Retry-After": str(ceil(error.retry_after or RETRY_AFTER))}
    return {}
