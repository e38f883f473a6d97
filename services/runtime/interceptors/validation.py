"""The innermost stage: inbound messages against the rules of their protos."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.runtime.interceptors.chain import Call
from services.runtime.validation import validate


@asynccontextmanager
async def validate_messages(call: Call) -> AsyncIterator[None]:
    """Checks every message the handler receives through its arguments, each one of a stream as it arrives."""
    call.checks.append(validate)
    yield
