"""The outermost stage: which request and trace a call belongs to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.runtime import correlation
from services.runtime.interceptors.chain import Call


@asynccontextmanager
async def correlate(call: Call) -> AsyncIterator[None]:
    """Takes the caller's request id and trace or makes them, and echoes both in trailing metadata."""
    with correlation.correlated(
        call.header(correlation.REQUEST_ID),
        call.header(correlation.TRACEPARENT),
        call.header(correlation.TRACESTATE),
    ):
        call.context.set_trailing_metadata(correlation.outgoing())
        yield
