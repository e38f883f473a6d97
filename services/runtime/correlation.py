"""The request id and the trace a piece of work belongs to, in context variables.

    correlated(request_id, traceparent, tracestate)   context manager; makes whatever is missing or malformed
    request_id() -> str     "" outside any request
    trace_id() -> str       32 hex digits, "" outside any request
    outgoing() -> tuple[tuple[str, str], ...]   metadata (or headers) that carry both on, under a new span

Trace context is W3C's (https://www.w3.org/TR/trace-context/): version 00, 16-byte trace id, 8-byte parent
id, flags.
"""

import re
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

REQUEST_ID = "x-request-id"
TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}")
_NOT_SAMPLED = "00"


@dataclass(frozen=True)
class Correlation:
    """What ties log lines, calls and errors of one request together."""

    request_id: str
    trace_id: str
    flags: str = _NOT_SAMPLED
    tracestate: str = ""

    @property
    def traceparent(self) -> str:
        """This trace with a new span id of ours as parent."""
        return f"00-{self.trace_id}-{_span_id()}-{self.flags}"


_current: ContextVar[Correlation | None] = ContextVar("vitae_correlation", default=None)


@contextmanager
def correlated(request_id: str = "", traceparent: str = "", tracestate: str = "") -> Iterator[Correlation]:
    """Inside, work belongs to this request and trace. What a caller sent is taken when well-formed, else made anew."""
    present = correlation_from(request_id, traceparent, tracestate)
    token = _current.set(present)
    try:
        yield present
    finally:
        _current.reset(token)


def correlation_from(request_id: str, traceparent: str, tracestate: str = "") -> Correlation:
    """The correlation a caller's headers ask for, with fresh ids for what is missing or malformed."""
    kept = request_id if _REQUEST_ID.fullmatch(request_id) else uuid.uuid4().hex
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None or not int(match[1], 16) or not int(match[2], 16):
        return Correlation(kept, uuid.uuid4().hex)
    return Correlation(kept, match[1], match[3], tracestate if _TRACESTATE.fullmatch(tracestate) else "")


def request_id() -> str:
    """The present request's id, "" outside any."""
    present = _current.get()
    return present.request_id if present else ""


def trace_id() -> str:
    """The present trace's id, "" outside any."""
    present = _current.get()
    return present.trace_id if present else ""


def outgoing() -> tuple[tuple[str, str], ...]:
    """Metadata that carries the present request and trace to the next hop; empty outside any request."""
    present = _current.get()
    if present is None:
        return ()
    pairs = ((REQUEST_ID, present.request_id), (TRACEPARENT, present.traceparent))
    return (*pairs, (TRACESTATE, present.tracestate)) if present.tracestate else pairs


def _span_id() -> str:
    return f"{secrets.randbits(64) or 1:016x}"
