"""What wraps every request: request id and trace, access log and metrics, the last-resort 500, the body's limit."""

import asyncio
import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.problems import problem
from services.runtime import correlation
from services.runtime.errors import Internal, InvalidArgument, Unavailable
from services.runtime.logs import get_logger

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
"""Seconds; finer than the defaults below 10 ms, where most calls are."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
"""Sent with every answer: none is to be sniffed, framed, or named to other sites (a link carries its right)."""


class Observe:
    """Gives each request its id and trace, logs and counts it, and answers 500 for what nobody caught."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._log = get_logger(__name__)
        labels = ("method", "route", "status")
        self._requests = Counter("vitae_http_requests", "Requests answered.", labels, registry=registry)
        self._seconds = Histogram(
            "vitae_http_request_seconds",
            "Seconds from request to end of response.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "vitae_http_requests_in_flight", "Requests being answered.", registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        began, status, ended = time.perf_counter(), 0, False

        async def observed(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(
                    {"X-Request-Id": correlation.request_id(), **SECURITY_HEADERS}
                )
            await send(message)
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)

        with (
            correlation.correlated(
                headers.get("x-request-id", ""),
                headers.get("traceparent", ""),
                headers.get("tracestate", ""),
            ),
            self._in_flight.track_inprogress(),
        ):
            try:
                await self._app(scope, receive, observed)
            except asyncio.CancelledError:  # the server stops, and this request outlasted its grace
                if not status:
                    await problem(Unavailable(retry_after=1))(scope, receive, observed)
                raise
            except Exception:
                self._log.exception("http_failed", method=scope["method"], route=_route(scope))
                if not status:
                    await problem(Internal())(scope, receive, observed)
                elif not ended:
                    raise  # only breaking off an answer that has begun tells the client
            finally:
                seconds = time.perf_counter() - began
                self._requests.labels(scope["method"], _route(scope), str(status)).inc()
                self._seconds.labels(scope["method"], _route(scope)).observe(seconds)
                self._log.info(
                    "http",
                    method=scope["method"],
                    route=_route(scope),
                    status=status,
                    milliseconds=round(seconds * 1000, 1),
                )


class LimitBody:
    """Refuses bodies over the limit: at once when Content-Length says so, else when they get there."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._limit:
            await problem(_too_large(self._limit))(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise _too_large(self._limit)
            return message

        await self._app(scope, limited, send)


def _too_large(limit: int) -> InvalidArgument:
    return InvalidArgument(f"The body is larger than {limit} bytes.", reason="BODY_TOO_LARGE")


def _route(scope: Mapping[str, object]) -> str:
    """The route's pattern: paths hold ids, which are neither for metrics nor for logs."""
    return str(getattr(scope.get("route"), "path", "unmatched"))
