"""The stage that establishes who calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.runtime.auth import Authenticate, acting_as, invalid_token
from services.runtime.errors import Unauthenticated
from services.runtime.interceptors.chain import Call, Stage

_SCHEME = "bearer "


def identify(authenticate: Authenticate) -> Stage:
    """Every call but health and reflection has to bring a bearer token that `authenticate` accepts."""

    @asynccontextmanager
    async def stage(call: Call) -> AsyncIterator[None]:
        if call.exempt:
            yield
            return
        identity = await authenticate(bearer_token(call))
        with acting_as(identity):
            yield

    return stage


def bearer_token(call: Call) -> str:
    """The token in the call's one `authorization` entry. Raises Unauthenticated without one."""
    values = call.headers("authorization")
    if not values:
        raise Unauthenticated("Send a token as `authorization: Bearer ...`.", reason="TOKEN_REQUIRED")
    if len(values) > 1 or not values[0].lower().startswith(_SCHEME):
        raise invalid_token()
    return values[0][len(_SCHEME) :].strip()
