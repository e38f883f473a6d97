"""The stage that bounds how many calls are served at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.runtime.errors import ResourceExhausted
from services.runtime.interceptors.chain import Call, Stage

RETRY_AFTER = 1.0
"""Seconds a refused caller is told to wait: several times the usual call, so that the peak can pass."""


def limit_concurrency(most: int) -> Stage:
    """Refuses calls while `most` are being served."""
    in_flight = 0

    @asynccontextmanager
    async def stage(call: Call) -> AsyncIterator[None]:
        nonlocal in_flight
        if call.exempt:
            yield
            return
        if in_flight >= most:
            raise ResourceExhausted(
                "The service is busy; try again shortly.", reason="SERVER_BUSY", retry_after=RETRY_AFTER
            )
        in_flight += 1
        try:
            yield
        finally:
            in_flight -= 1

    return stage
