"""The gateway's application as it runs, its services wherever a test has them; by default nowhere."""

import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import jwt
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from gateway.app import build_app
from gateway.config import GatewayConfig
from gateway.services import connected
from services.runtime.auth import InternalSigner, generate_key, key_set
from services.runtime.config import load
from services.runtime.external_identity import external_verifier

NOWHERE = "dns:///127.0.0.1:1"


@dataclass
class Gateway:
    """An application and what a caller of it needs."""

    app: ASGIApp
    secret: str
    signer: InternalSigner
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def token(self, user: str = "maya", **claims: object) -> str:
        """A person's token."""
        now = int(time.time())
        full = {"iss": "vitae", "aud": "vitae", "sub": user, "iat": now, "exp": now + 300, **claims}
        return jwt.encode(full, self.secret, algorithm="HS256")

    def headers(self, user: str = "maya") -> dict[str, str]:
        """The headers of a person's request."""
        return {"Authorization": f"Bearer {self.token(user)}"}

    @property
    def internal_keys(self) -> str:
        """What services have to believe to serve this gateway."""
        return key_set([self.signer])


@asynccontextmanager
async def gateway(
    targets: Mapping[str, str] | None = None, key: str | None = None, **environ: str
) -> AsyncIterator[Gateway]:
    """The application; `targets` by service name, `environ` more variables of the gateway."""
    key, secret = key or generate_key(), secrets.token_hex(32)
    signer = InternalSigner.from_pem(key, issuer="gateway")
    addresses = {
        f"VITAE_GATEWAY_{service.upper()}_ADDRESS": (targets or {}).get(service, NOWHERE)
        for service in ("generation", "render", "storage")
    }
    told = {**addresses, "VITAE_GATEWAY_SIGNING_KEY": key, "VITAE_IDENTITY_SECRET": secret, **environ}
    config = load(GatewayConfig, told, process="gateway")
    verifier = external_verifier(config.external_identity)
    assert verifier is not None
    registry = CollectorRegistry()
    async with connected(config.targets, config.tls) as services:
        app = build_app(services=services, authenticate=verifier.verify, http=config.http, registry=registry)
        yield Gateway(app, secret, signer, registry)
