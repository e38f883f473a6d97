"""Bearer tokens: each is checked by the configured provider's verifier, and the person becomes the present caller."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.runtime.auth import Identity, acting_as
from services.runtime.errors import Unauthenticated

bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="A token of the identity provider.")


async def authenticated(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> AsyncIterator[Identity]:
    """The caller, for as long as the request lasts. Raises Unauthenticated, vaguely, without a good token."""
    if credentials is None:
        raise Unauthenticated
    identity = await request.app.state.authenticate(credentials.credentials)
    with acting_as(identity):
        yield identity


SIGNED_IN = [Depends(authenticated)]
"""Dependencies of a router whose routes need a caller."""
