"""Typed errors as RFC 9457 problems: one mapping, complete."""

import json
import re
from collections.abc import Iterator
from inspect import getattr_static
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from gateway.problems import problem, status_of
from services.runtime import errors
from services.runtime.correlation import correlated
from services.runtime.errors import (
    Aborted,
    FailedPrecondition,
    FieldError,
    Internal,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    VitaeError,
)

STATUSES = {
    errors.InvalidArgument: 422,
    errors.Unauthenticated: 401,
    errors.PermissionDenied: 403,
    errors.NotFound: 404,
    errors.AlreadyExists: 409,
    errors.Aborted: 409,
    errors.FailedPrecondition: 409,
    errors.ResourceExhausted: 429,
    errors.Unavailable: 503,
    errors.Cancelled: 503,
    errors.DeadlineExceeded: 504,
    errors.Unimplemented: 501,
    errors.Internal: 500,
}


def body(response: JSONResponse) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(bytes(response.body))
    return value


def test_every_error_has_its_status() -> None:
    assert set(STATUSES) == set(VitaeError.__subclasses__())
    assert {kind: status_of(kind()) for kind in STATUSES} == STATUSES


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (FailedPrecondition(reason="EXPORT_EXPIRED"), 410),
        (InvalidArgument(reason="BODY_NOT_JSON"), 400),
        (InvalidArgument(reason="BODY_TOO_LARGE"), 413),
        (InvalidArgument(reason="METHOD_NOT_ALLOWED"), 405),
        (InvalidArgument(reason="IDEMPOTENCY_KEY_REUSED"), 422),
        (Aborted(reason="ETAG_MISMATCH"), 409),
    ],
)
def test_a_reason_may_have_a_better_word(error: VitaeError, status: int) -> None:
    assert status_of(error) == status


def test_a_problem_has_the_members_of_the_rfc_and_ours() -> None:
    error = InvalidArgument("Nope.", reason="BAD_THING", fields=[FieldError("a.b[2]", "must be blue")])
    with correlated("req-1"):
        response = problem(error)
    assert response.media_type == "application/problem+json"
    assert body(response) == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "Nope.",
        "code": "BAD_THING",
        "request_id": "req-1",
        "errors": [{"field": "a.b[2]", "detail": "must be blue"}],
    }


def test_a_server_error_tells_nothing_of_its_cause() -> None:
    error = Internal("disk /dev/sda1 on db-3 is full", reason="DISK_FULL", fields=[FieldError("a", "secret")])
    error.metadata["etag"] = "r1"
    told = body(problem(error))
    assert told["code"] == "INTERNAL"
    assert told["detail"] == "Something went wrong on our side."
    assert set(told) == {"type", "title", "status", "detail", "code", "request_id"}


def test_the_present_etag_is_told_with_a_stale_write() -> None:
    assert body(problem(Aborted(reason="ETAG_MISMATCH", metadata={"etag": "r7", "x": "y"})))["etag"] == "r7"


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (Unauthenticated(), "WWW-Authenticate", "Bearer"),
        (ResourceExhausted(retry_after=30), "Retry-After", "30"),
        (ResourceExhausted(retry_after=0.2), "Retry-After", "1"),
        (ResourceExhausted(), "Retry-After", "1"),
        (Unavailable(), "Retry-After", "1"),
    ],
)
def test_headers_say_what_to_do(error: VitaeError, header: str, value: str) -> None:
    assert problem(error).headers[header] == value


def test_other_problems_have_no_such_headers() -> None:
    headers = problem(NotFound()).headers
    assert "retry-after" not in headers
    assert "www-authenticate" not in headers


def test_more_can_stand_beside_the_standard_members() -> None:
    assert body(problem(NotFound(), extra={"export_id": "e"}))["export_id"] == "e"


ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| (\d{3}) \| ([A-Z_]*) \| (.*?) \|", re.MULTILINE)


def documented() -> Iterator[tuple[int, str, str]]:
    """(status, gRPC code, our code) of each row of docs/errors.md."""
    for status, code, reasons in ROW.findall((ROOT / "docs" / "errors.md").read_text(encoding="utf-8")):
        for reason in re.findall(r"`([A-Z_]+)`", reasons):
            yield int(status), code, reason


@pytest.mark.parametrize(("status", "code", "reason"), list(documented()))
def test_the_documented_status_is_the_one_sent(status: int, code: str, reason: str) -> None:
    kinds = {getattr_static(kind, "code").name: kind for kind in VitaeError.__subclasses__()}
    if code:
        assert status_of(kinds[code](reason=reason)) == status


def test_every_documented_code_is_one_of_the_sources() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8")
        for part in ("gateway", "services")
        for path in (ROOT / part).rglob("*.py")
    )
    defaults = {getattr_static(kind, "code").name for kind in VitaeError.__subclasses__()}
    codes = {reason for _, _, reason in documented()}
    assert len(codes) > 30
    assert {each for each in codes if f'"{each}"' not in sources} <= defaults
