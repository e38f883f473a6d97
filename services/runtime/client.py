"""Channels to other services (grpc.aio), with everything a call has to carry.

    channel = open_channel("dns:///generation:50051", token=forward_caller, idempotent=["vitae.generation.v1.Resumes/GetResume"])
    stub = ResumesStub(channel)
    resume = await stub.GetResume(request)                  # raises services.runtime.errors.NotFound, ...
    resume = await stub.GetResume(request, timeout=2.0)     # at most 2 s, less when the caller's deadline is nearer

Whose word a call carries is the channel's `token`, called for each RPC:

    forward_caller                              the internal token the present caller came with
    speaking_for_caller(signer, ["storage"])    a fresh internal token for the present identity (the gateway's way)
    as_service(signer, ["storage"])             this process itself (a worker's way)

Each call also carries the request id, the trace, and a deadline: what is left of the caller's, less one hop's margin, and at most
`default_timeout`. Calls fail with VitaeError subclasses. Only UNAVAILABLE is tried again, only for methods named `idempotent`
("package.Service" for all of one), and only while retries stay a small share of calls. Close with `await channel.close()`.
"""

from collections.abc import Callable, Iterable, Sequence

import grpc

from services.runtime.auth import InternalSigner, current_identity
from services.runtime.errors import Unauthenticated
from services.runtime.settings import TlsConfig

TokenSource = Callable[[], str]


def forward_caller() -> str:
    """The token of the present caller. Raises Unauthenticated when it did not come with an internal one."""
    token = current_identity().token
    if token is None:
        raise Unauthenticated
    return token


def speaking_for_caller(signer: InternalSigner, audience: Sequence[str]) -> TokenSource:
    """Mints a token for the present identity at each call."""
    return lambda: signer.for_user(current_identity(), audience=audience)


def as_service(signer: InternalSigner, audience: Sequence[str]) -> TokenSource:
    """Mints a token for this process at each call."""
    return lambda: signer.for_service(audience=audience)


def open_channel(
    target: str,
    *,
    token: TokenSource | None,
    default_timeout: float = 10.0,
    idempotent: Iterable[str] = (),
    tls: TlsConfig | None = None,
    keepalive: float = 30.0,
    max_message: int = 4 * 2**20,
) -> grpc.aio.Channel:
    """A channel to `target` ("host:port" or "dns:///name:port"). Times are seconds, sizes bytes."""
    raise NotImplementedError
