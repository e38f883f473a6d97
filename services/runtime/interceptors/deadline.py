"""The stage that knows how long a call may take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.runtime import deadlines
from services.runtime.errors import DeadlineExceeded
from services.runtime.interceptors.chain import Call, Stage


def apply_deadline(default: float) -> Stage:
    """Puts the remaining time in context and refuses a call with less than `deadlines.MINIMUM`.

    A call without a deadline gets `default` seconds; past them its handler is cancelled and it ends with
    DEADLINE_EXCEEDED. gRPC itself cancels the handler of a call that brought one.
    """

    @asynccontextmanager
    async def stage(call: Call) -> AsyncIterator[None]:
        if call.exempt:
            yield
            return
        left = call.time_left
        with deadlines.limit(default if left is None else left):
            deadlines.require()
            if left is not None:
                yield
                return
            timeout = asyncio.timeout(default)
            try:
                async with timeout:
                    yield
            except TimeoutError:
                if timeout.expired():
                    raise DeadlineExceeded from None
                raise

    return stage
