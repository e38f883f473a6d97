"""The gateway before a real gRPC service that fails in every way: what clients then see."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest
from google.protobuf.duration_pb2 import Duration
from prometheus_client import CollectorRegistry

from services.runtime import correlation
from services.runtime.auth import (
    Identity,
    InternalVerifier,
    Role,
    authenticator,
    current_identity,
    generate_key,
    key_set,
)
from services.runtime.auth import InternalSigner as Signer
from services.runtime.config import load
from services.runtime.errors import (
    Aborted,
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    FieldError,
    Internal,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unavailable,
    Unimplemented,
    VitaeError,
)
from services.runtime.server import build_server
from services.runtime.settings import ServerConfig
from tests.support.gateway import Gateway, gateway
from vitae.resume.v1 import common_pb2
from vitae.storage.v1 import exports_pb2, exports_pb2_grpc, usage_pb2, usage_pb2_grpc

ID = str(uuid4())
SECRET = "hunter2 at db-3.internal:5432"


@dataclass
class Storage(exports_pb2_grpc.ExportServiceServicer, usage_pb2_grpc.UsageServiceServicer):
    """Answers as a test wants; remembers who called."""

    answer: Callable[[], Any]
    calls: int = 0
    caller: Identity | None = None
    request_id: str = ""
    asked: Any = None

    async def GetUsage(self, request: Any, context: Any) -> usage_pb2.Usage:
        self.calls += 1
        self.caller, self.request_id = current_identity(), correlation.request_id()
        answer: usage_pb2.Usage = self.answer()
        return answer

    async def CreateExport(self, request: Any, context: Any) -> exports_pb2.Export:
        self.calls, self.asked = self.calls + 1, request
        answer: exports_pb2.Export = self.answer()
        return answer

    async def CreateDownloadLink(self, request: Any, context: Any) -> exports_pb2.DownloadLink:
        self.asked = request
        answer: exports_pb2.DownloadLink = self.answer()
        return answer

    async def OpenDownloadLink(self, request: Any, context: Any) -> AsyncIterator[exports_pb2.FileChunk]:
        self.caller = current_identity()
        for part in self.answer():
            if isinstance(part, Exception):
                raise part
            yield part


def failing(error: Exception) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


@dataclass
class Stand:
    """A gateway and the service behind it."""

    gateway: Gateway
    storage: Storage
    http: httpx.AsyncClient

    async def usage(self, **headers: str) -> httpx.Response:
        return await self.http.get("/api/v1/usage", headers={**self.gateway.headers(), **headers})

    async def export(self, **headers: str) -> httpx.Response:
        body = {"document_id": ID, "format": "pdf"}
        return await self.http.post(
            "/api/v1/exports", json=body, headers={**self.gateway.headers(), **headers}
        )


@asynccontextmanager
async def standing(answer: Callable[[], Any]) -> AsyncIterator[Stand]:
    key = generate_key()
    keys = key_set([Signer.from_pem(key, issuer="gateway")])
    config = load(ServerConfig, {}, process="storage")
    verifier = InternalVerifier.from_jwks(keys, audience="storage")
    server = build_server(config, authenticate=authenticator(verifier), registry=CollectorRegistry())
    storage = Storage(answer)
    server.add(exports_pb2_grpc.add_ExportServiceServicer_to_server, storage)
    server.add(usage_pb2_grpc.add_UsageServiceServicer_to_server, storage)
    port = await server.start()
    await server.set_serving(True)
    try:
        async with gateway({"storage": f"dns:///127.0.0.1:{port}"}, key) as made:
            transport = httpx.ASGITransport(made.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://vitae.test") as http:
                yield Stand(made, storage, http)
    finally:
        await server.stop(0)


async def test_the_service_learns_who_calls_and_for_which_request() -> None:
    async with standing(usage_pb2.Usage) as stand:
        answer = await stand.usage(**{"X-Request-Id": "request-7"})
    assert answer.status_code == 200
    assert answer.json()["used_bytes"] == 0
    assert stand.storage.request_id == "request-7"
    assert stand.storage.caller is not None
    assert stand.storage.caller.user_id is not None
    assert stand.storage.caller.roles == {Role.USER}
    assert stand.storage.caller.service is None


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (InvalidArgument(fields=[FieldError("format", "must be one of pdf")]), 422, {}),
        (PermissionDenied(), 403, {}),
        (NotFound("No export has this id.", reason="EXPORT_NOT_FOUND"), 404, {}),
        (AlreadyExists(), 409, {}),
        (Aborted(reason="TRANSACTION_CONFLICT"), 409, {}),
        (FailedPrecondition(reason="EXPORT_NOT_COMPLETED"), 409, {}),
        (FailedPrecondition(reason="EXPORT_EXPIRED"), 410, {}),
        (ResourceExhausted("Too many are waiting.", retry_after=30), 429, {"retry-after": "30"}),
        (Unavailable(retry_after=2.5), 503, {"retry-after": "3"}),
        (DeadlineExceeded(), 504, {}),
        (Unimplemented("Not offered yet."), 501, {}),
    ],
    ids=lambda value: getattr(value, "reason", None),
)
async def test_typed_errors_become_problems_in_the_services_words(
    error: VitaeError, status: int, headers: dict[str, str]
) -> None:
    async with standing(failing(error)) as stand:
        answer = await stand.export()
    told = answer.json()
    assert (answer.status_code, told["code"], told["detail"]) == (status, error.reason, error.message)
    assert told.get("errors", []) == [
        {"field": each.field, "detail": each.description} for each in error.fields
    ]
    assert headers.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    "error",
    [RuntimeError(SECRET), KeyError(SECRET), Internal(SECRET), UnicodeError(SECRET), ValueError(SECRET)],
)
async def test_an_uncaught_exception_of_a_service_is_a_500_without_its_text(error: Exception) -> None:
    async with standing(failing(error)) as stand:
        answer = await stand.export()
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == "INTERNAL"
    assert told["detail"] == "Something went wrong on our side."
    assert "hunter2" not in answer.text
    assert told["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (grpc.StatusCode.UNKNOWN, 500),
        (grpc.StatusCode.INTERNAL, 500),
        (grpc.StatusCode.DATA_LOSS, 500),
        (grpc.StatusCode.UNAVAILABLE, 503),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 429),
        (grpc.StatusCode.NOT_FOUND, 404),
    ],
)
async def test_the_words_of_strangers_are_not_passed_on(code: grpc.StatusCode, status: int) -> None:
    """A proxy or another program answers where our service should."""

    class Stranger(exports_pb2_grpc.ExportServiceServicer):
        async def CreateExport(self, request: Any, context: Any) -> exports_pb2.Export:
            await context.abort(code, SECRET)
            raise AssertionError

    server = grpc.aio.server()
    exports_pb2_grpc.add_ExportServiceServicer_to_server(Stranger(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with gateway({"storage": f"dns:///127.0.0.1:{port}"}) as made:
        transport = httpx.ASGITransport(made.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://vitae.test") as http:
            stand = Stand(made, Storage(usage_pb2.Usage), http)
            answer = await stand.export()
    await server.stop(0)
    assert answer.status_code == status, answer.text
    assert "hunter2" not in answer.text


async def test_a_service_that_is_away_is_a_503_that_says_when_to_come_again() -> None:
    async with gateway() as made:
        transport = httpx.ASGITransport(made.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://vitae.test") as http:
            answer = await http.get("/api/v1/usage", headers=made.headers())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["code"] == "UNAVAILABLE"
    assert "127.0.0.1" not in answer.text


async def test_reads_are_tried_again_and_writes_are_not() -> None:
    async with standing(failing(Unavailable())) as stand:
        assert (await stand.usage()).status_code == 503
        reads, stand.storage.calls = stand.storage.calls, 0
        assert (await stand.export()).status_code == 503
    assert reads > 1
    assert stand.storage.calls == 1


async def test_the_idempotency_key_is_the_request_id_of_the_call() -> None:
    def refused() -> Any:
        fields = [FieldError("request_id", "must be new")]
        raise InvalidArgument(reason="IDEMPOTENCY_KEY_REUSED", fields=fields)

    async with standing(refused) as stand:
        answer = await stand.export(**{"Idempotency-Key": "key-1"})
    assert stand.storage.asked.request_id == "key-1"
    assert answer.json()["errors"] == [{"field": "Idempotency-Key", "detail": "must be new"}]


def ended(status: common_pb2.WorkStatus.ValueType, **error: Any) -> exports_pb2.Export:
    state = common_pb2.WorkState(status=status, error=common_pb2.WorkError(**error) if error else None)
    return exports_pb2.Export(id=ID, state=state)


@pytest.mark.parametrize(
    ("export", "status", "code"),
    [
        (
            ended(common_pb2.WORK_STATUS_FAILED, reason="DOES_NOT_FIT", message="It is too long."),
            422,
            "DOES_NOT_FIT",
        ),
        (
            ended(common_pb2.WORK_STATUS_FAILED, reason="RENDER_TIMEOUT", message="Slow.", retryable=True),
            502,
            "RENDER_TIMEOUT",
        ),
        (ended(common_pb2.WORK_STATUS_CANCELLED), 409, "EXPORT_CANCELLED"),
    ],
)
async def test_work_that_failed_is_a_problem_that_names_the_export(
    export: exports_pb2.Export, status: int, code: str
) -> None:
    async with standing(lambda: export) as stand:
        answer = await stand.export()
    told = answer.json()
    assert (answer.status_code, told["code"], told["export_id"]) == (status, code, ID)
    assert "location" not in answer.headers


async def test_a_download_asks_for_a_short_link_and_counts() -> None:
    link = exports_pb2.DownloadLink(url="https://files.example.org/x?token=abc")
    async with standing(lambda: link) as stand:
        answer = await stand.http.get(f"/api/v1/exports/{ID}/download", headers=stand.gateway.headers())
    assert (answer.status_code, answer.headers["Location"]) == (302, link.url)
    assert answer.headers["Cache-Control"] == "no-store"
    assert stand.storage.asked.count_download
    assert stand.storage.asked.lifetime == Duration(seconds=300)


def parts(*chunks: bytes | Exception) -> list[Any]:
    header = exports_pb2.FileHeader(
        filename="Lebenslauf ü.pdf", content_type="application/pdf", size_bytes=6, sha256="ab"
    )
    return [
        exports_pb2.FileChunk(header=header),
        *(each if isinstance(each, Exception) else exports_pb2.FileChunk(chunk=each) for each in chunks),
    ]


async def test_a_file_is_passed_on_in_the_gateways_own_name() -> None:
    async with standing(lambda: parts(b"abc", b"def")) as stand:
        answer = await stand.http.get("/api/v1/exports/download/x.pdf?token=t&expires=9")
    assert answer.content == b"abcdef"
    assert answer.headers["Content-Length"] == "6"
    assert answer.headers["ETag"] == '"ab"'
    assert "filename*=UTF-8''Lebenslauf%20%C3%BC.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert stand.storage.caller is not None
    assert (stand.storage.caller.service, stand.storage.caller.user_id) == ("gateway", None)


async def test_a_link_that_does_not_hold_is_refused_before_any_byte() -> None:
    refused = PermissionDenied("The link is not valid or has expired.", reason="INVALID_LINK")
    async with standing(lambda: [refused]) as stand:
        answer = await stand.http.get("/api/v1/exports/download/x.pdf?token=t&expires=9")
    assert (answer.status_code, answer.json()["code"]) == (403, "INVALID_LINK")


async def test_a_file_that_breaks_off_does_not_end_as_if_it_were_whole() -> None:
    async with standing(lambda: parts(b"abc", Unavailable())) as stand:
        with pytest.raises(RuntimeError, match="response already started"):
            await stand.http.get("/api/v1/exports/download/x.pdf?token=t&expires=9")
