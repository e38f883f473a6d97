"""Channels to other services (grpc.aio), with everything a call has to carry.

    channel = open_channel("dns:///generation:50051", token=forward_caller,
                           idempotent=["vitae.generation.v1.Resumes/GetResume"])
    stub = ResumesStub(channel)
    resume = await stub.GetResume(request)                  # raises services.runtime.errors.NotFound, ...
    resume = await stub.GetResume(request, timeout=2.0)     # at most 2 s, less when the caller's deadline is nearer

Whose word a call carries is the channel's `token`, called for each RPC:

    forward_caller                              the token the present caller came with
    speaking_for_caller(signer, ["storage"])    an internal token for the present identity (the gateway's way)
    as_service(signer, ["storage"])             this process itself (a worker's way)

Each call also carries the request id, the trace, and a deadline: what is left of the caller's, less one
hop's margin, and at most `default_timeout`. Calls fail with VitaeError subclasses. Only UNAVAILABLE is tried
again, only for methods named `idempotent` ("package.Service" for all of one), and only while retries stay a
small share of calls. Close with `await channel.close()`.

A reader that stops a stream half way says `call.cancel()`; forgotten, the call goes on until its deadline.
In a process: `channel = await process.enter(open_channel(...))`.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import grpc

from services.runtime.auth import Identity, InternalSigner, current_identity
from services.runtime.errors import Unauthenticated
from services.runtime.interceptors.outgoing import Outgoing
from services.runtime.recent import Recent
from services.runtime.settings import TlsConfig

TokenSource = Callable[[], str]


def forward_caller() -> str:
    """The token of the present caller. Raises Unauthenticated when it came with none."""
    token = current_identity().token
    if token is None:
        raise Unauthenticated
    return token


REUSED = 0.25
"""Share of its lifetime for which a minted token is sent again: receivers then need not check each call's anew."""

_CALLERS = 1024


def speaking_for_caller(signer: InternalSigner, audience: Sequence[str]) -> TokenSource:
    """Mints a token for the present identity, and sends it again for a while."""
    minted: Recent[Identity, str] = Recent(most=_CALLERS, seconds=REUSED * signer.lifetime)

    def token() -> str:
        identity = current_identity()
        kept = minted.get(identity)
        if kept is None:
            kept = signer.for_user(identity, audience=audience)
            minted.put(identity, kept)
        return kept

    return token


def as_service(signer: InternalSigner, audience: Sequence[str]) -> TokenSource:
    """Mints a token for this process, and sends it again for a while."""
    minted: Recent[str, str] = Recent(most=1, seconds=REUSED * signer.lifetime)

    def token() -> str:
        kept = minted.get(signer.issuer)
        if kept is None:
            kept = signer.for_service(audience=audience)
            minted.put(signer.issuer, kept)
        return kept

    return token


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
    outgoing = Outgoing(token, default_timeout)
    options = _options(service_config(idempotent), keepalive, max_message)
    if tls is not None and tls.enabled:
        return grpc.aio.secure_channel(
            target, _credentials(tls), options, interceptors=outgoing.interceptors()
        )
    return grpc.aio.insecure_channel(target, options, interceptors=outgoing.interceptors())


def service_config(idempotent: Iterable[str]) -> str:
    """The channel's gRPC service config: round robin, and retries of UNAVAILABLE for the methods named."""
    names = [_method_name(each) for each in idempotent]
    policy = {
        "maxAttempts": 4,
        "initialBackoff": "0.05s",
        "maxBackoff": "1s",
        "backoffMultiplier": 3,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    config: dict[str, Any] = {
        "loadBalancingConfig": [{"round_robin": {}}],
        # After 5 failures more than a tenth of the successes, retries stop: a service in trouble gets no extra load.
        "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
    }
    if names:
        config["methodConfig"] = [{"name": names, "retryPolicy": policy}]
    return json.dumps(config)


def _method_name(name: str) -> dict[str, str]:
    service, _, method = name.strip("/").partition("/")
    return {"service": service, "method": method} if method else {"service": service}


def _options(config: str, keepalive: float, max_message: int) -> list[tuple[str, Any]]:
    return [
        ("grpc.service_config", config),
        # Retry and balancing are decided here, not by TXT records of whoever answers for the name.
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.max_receive_message_length", max_message),
        ("grpc.max_send_message_length", max_message),
        ("grpc.keepalive_time_ms", round(keepalive * 1000)),
        ("grpc.keepalive_timeout_ms", round(keepalive * 1000 / 3)),
        # A service that restarts is back within a second or two; the default would wait for up to two minutes.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2000),
    ]


def _credentials(tls: TlsConfig) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        root_certificates=tls.authority.read_bytes() if tls.authority else None,
        private_key=tls.key.read_bytes() if tls.key else None,
        certificate_chain=tls.certificate.read_bytes() if tls.certificate else None,
    )
