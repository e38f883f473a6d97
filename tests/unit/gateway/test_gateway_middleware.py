"""What wraps every request: ids, metrics, logs, the last-resort 500, the limit of bodies, headers, CORS."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from prometheus_client import CollectorRegistry
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.middleware import SECURITY_HEADERS, LimitBody, Observe
from tests.support.gateway import Gateway, gateway


@pytest.fixture
async def vitae() -> AsyncIterator[Gateway]:
    async with gateway(VITAE_GATEWAY_CORS_ORIGINS="https://app.example.org") as made:
        yield made


def client(app: ASGIApp, *, raises: bool = True) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=raises)
    return httpx.AsyncClient(transport=transport, base_url="http://vitae.test")


async def test_a_well_formed_request_id_is_echoed_and_a_bad_one_replaced(vitae: Gateway) -> None:
    async with client(vitae.app) as http:
        kept = await http.get("/health", headers={"X-Request-Id": "abc-1"})
        made = await http.get("/health", headers={"X-Request-Id": "no spaces, please"})
    assert kept.headers["X-Request-Id"] == "abc-1"
    assert len(made.headers["X-Request-Id"]) == 32


async def test_problems_carry_the_request_id_too(vitae: Gateway) -> None:
    async with client(vitae.app) as http:
        answer = await http.get("/api/v1/profiles", headers={"X-Request-Id": "abc-2"})
    assert answer.status_code == 401
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"] == "abc-2"


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/api/v1/profiles", "/docs", "/openapi.json"])
async def test_every_answer_has_the_security_headers(vitae: Gateway, path: str) -> None:
    async with client(vitae.app) as http:
        answer = await http.get(path)
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


async def test_metrics_name_routes_and_never_paths(vitae: Gateway) -> None:
    secret = "0f8fad5b-d9cb-469f-a165-70867728950e"
    async with client(vitae.app) as http:
        await http.get(f"/api/v1/exports/{secret}", headers=vitae.headers())
        await http.get(f"/{secret}")
    seen = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"])
        for metric in vitae.registry.collect()
        for sample in metric.samples
        if sample.name == "vitae_http_requests_total"
    }
    assert ("GET", "/api/v1/exports/{id}", "503") in seen
    assert ("GET", "unmatched", "404") in seen
    assert secret not in str(seen)


async def test_logs_name_routes_and_never_paths(vitae: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    secret = "0f8fad5b-d9cb-469f-a165-70867728950e"
    with caplog.at_level(logging.INFO, logger="gateway"):
        async with client(vitae.app) as http:
            await http.get(f"/api/v1/exports/{secret}?token=hush", headers=vitae.headers())
    assert "/api/v1/exports/{id}" in caplog.text
    assert secret not in caplog.text
    assert "hush" not in caplog.text


async def test_an_unknown_path_and_an_unknown_method_are_problems(vitae: Gateway) -> None:
    async with client(vitae.app) as http:
        nowhere = await http.get("/api/v2/profiles")
        wrong = await http.put("/health")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "PATH_NOT_FOUND")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["Allow"] == "GET"
    assert nowhere.headers["Content-Type"] == wrong.headers["Content-Type"] == "application/problem+json"


async def test_an_origin_of_the_configuration_may_read_answers_and_errors(vitae: Gateway) -> None:
    async with client(vitae.app) as http:
        asked = await http.options(
            "/api/v1/exports",
            headers={
                "Origin": "https://app.example.org",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization, idempotency-key, prefer",
            },
        )
        ours = await http.get("/api/v1/profiles", headers={"Origin": "https://app.example.org"})
        other = await http.get("/health", headers={"Origin": "https://evil.example.org"})
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert ours.status_code == 401
    assert ours.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
    exposed = {each.strip() for each in ours.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"ETag", "Location", "X-Request-Id", "Retry-After", "Preference-Applied"} <= exposed
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-credentials" not in ours.headers


async def test_without_configuration_no_origin_is_allowed() -> None:
    async with gateway() as plain, client(plain.app) as http:
        answer = await http.get("/health", headers={"Origin": "https://app.example.org"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_an_exception_nobody_caught_is_a_problem_without_its_text(
    vitae: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    application = _inside(vitae.app)

    @application.get("/fails/{id}")
    async def fails() -> None:
        raise RuntimeError("password is hunter2")

    async with client(vitae.app) as http:
        answer = await http.get("/fails/5", headers={"Origin": "https://app.example.org"})

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "Something went wrong on our side.",
        "code": "INTERNAL",
        "request_id": answer.headers["X-Request-Id"],
    }
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "hunter2" in caplog.text  # for operators


async def test_an_exception_below_the_application_is_a_problem_too() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("hunter2")

    async with client(Observe(broken, CollectorRegistry())) as http:
        answer = await http.get("/")
    assert answer.status_code == 500
    assert answer.json()["code"] == "INTERNAL"
    assert "hunter2" not in answer.text


async def test_an_answer_that_has_begun_is_broken_off() -> None:
    app = FastAPI()

    @app.get("/")
    async def half() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"half of it"
            raise RuntimeError("lost")

        return StreamingResponse(chunks())

    async with client(Observe(app, CollectorRegistry())) as http:
        with pytest.raises(RuntimeError, match="lost"):
            await http.get("/")


def echo(limit: int) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await Response(str(len(body)))(scope, receive, send)

    return LimitBody(app, limit)


@pytest.mark.parametrize(("size", "status"), [(0, 200), (1000, 200), (1001, 413), (20_000_000, 413)])
async def test_a_declared_body_over_the_limit_is_refused_unread(size: int, status: int) -> None:
    read = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal read
        read = len(await Request(scope, receive).body())
        await Response()(scope, receive, send)

    async with client(LimitBody(app, 1000)) as http:
        answer = await http.post("/", content=b"x" * size)
    assert answer.status_code == status
    assert read == (size if status == 200 else 0)


async def test_a_chunked_body_over_the_limit_is_refused_by_a_route(vitae: Gateway) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b'"' + b" " * 1_000_000

    for path in ("/api/v1/profiles", "/api/v1/profiles/import", "/api/v1/jobs", "/api/v1/exports"):
        async with client(vitae.app) as http:
            answer = await http.post(
                path, content=chunks(), headers={**vitae.headers(), "Content-Type": "application/json"}
            )
        assert (path, answer.status_code) == (path, 413)
        assert answer.json()["code"] == "BODY_TOO_LARGE"


async def test_a_body_that_lies_about_its_length_is_still_bounded() -> None:
    sent: list[Message] = []
    parts = [{"type": "http.request", "body": b"x" * 600, "more_body": True} for _ in range(2)]
    scope = {"type": "http", "method": "POST", "headers": [(b"content-length", b"10")], "path": "/"}

    async def receive() -> Message:
        await asyncio.sleep(0)
        return parts.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(Exception, match="larger than 1000 bytes"):
        await echo(1000)(scope, receive, send)
    assert not sent


BAD_BODIES: dict[str, tuple[bytes, int]] = {
    "syntax": (b'{"document_id": ', 400),
    "empty": (b"", 422),
    "no object": (b"[]", 422),
    "nested": (b"[" * 100_000, 400),
    "nested objects": (b'{"options":' * 5_000 + b"1" + b"}" * 5_000, 400),
    "twice": (b'{"format": "pdf", "format": "docx"}', 400),
    "digits": (b'{"document_version": ' + b"9" * 5000 + b"}", 400),
    "large": (b'{"document_version": 99999999999999999999}', 422),
    "infinite": (b'{"document_version": 1e999}', 422),
    "nan": (b'{"document_version": NaN}', 400),
    "surrogate": (b'{"template": "\\ud800"}', 422),
    "surrogate name": (b'{"\\ud800": 1}', 422),
    "nul": (b'{"template": "\\u0000"}', 422),
    "bytes": (b'{"template": "\xff"}', 400),
}


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_no_body_is_a_server_error(vitae: Gateway, name: str) -> None:
    content, status = BAD_BODIES[name]
    for path in ("/api/v1/exports", "/api/v1/jobs", "/api/v1/resumes"):
        async with client(vitae.app) as http:
            answer = await http.post(
                path, content=content, headers={**vitae.headers(), "Content-Type": "application/json"}
            )
        told = answer.json()
        expected = {status} if path.endswith("exports") else {400, 422}
        assert answer.status_code in expected, (path, told)
        assert told["code"] in {"BODY_NOT_JSON", "INVALID_ARGUMENT"}
        json.dumps(told).encode()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/exports?status=%00",
        "/api/v1/exports?page_size=99999999999999999999",
        "/api/v1/exports?format=clay",
        "/api/v1/exports/download/x.pdf?token=a&expires=99999999999999999999",
        "/api/v1/resumes/x/versions/99999999999",
        "/api/v1/resumes/x/versions/-1",
        "/api/v1/resumes/x/diff?base=99999999999",
        "/api/v1/templates/modern/preview.png?width=99999999999",
        "/api/v1/matches?profile_id=x",
    ],
)
async def test_no_parameter_is_a_server_error(vitae: Gateway, path: str) -> None:
    async with client(vitae.app) as http:
        answer = await http.get(path, headers=vitae.headers())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"]


async def test_parameters_that_are_kept_as_text_hold_no_nul(vitae: Gateway) -> None:
    async with client(vitae.app) as http:
        answer = await http.post(
            "/api/v1/profiles/import?display_name=a%00b", content=b"{}", headers=vitae.headers()
        )
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "display_name", "detail": "must not hold the character U+0000"}
    ]


def _inside(app: ASGIApp) -> FastAPI:
    inner: object = app
    while not isinstance(inner, FastAPI):
        inner = vars(inner).get("_app") or vars(inner)["app"]
    return inner
