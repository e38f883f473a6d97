"""The secrets of a one-machine system: made once, kept readable by their owner only."""

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import jwt

from services.runtime.auth import InternalSigner, generate_key, key_set

DEVELOPER = "5b0cf4c4-7f1e-4d5f-9f0e-3c1d2a6b8e90"
"""The user a development token speaks for."""

TOKEN_LIFETIME = 12 * 3600
"""Seconds a development token is good for."""


@dataclass(frozen=True)
class Credentials:
    """Signing keys of the processes that call for themselves or for users, and the shared secrets."""

    gateway_key: str
    worker_key: str
    identity_secret: str
    link_secret: str

    @classmethod
    def kept_in(cls, folder: Path) -> "Credentials":
        """Those of the data folder, made with it when there are none."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "credentials.json"
        if path.exists():
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        made = cls(generate_key(), generate_key(), secrets.token_hex(32), secrets.token_hex(32))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(made), file)
        return made

    def public_keys(self) -> str:
        """The value of VITAE_INTERNAL_JWKS."""
        return key_set(
            [
                InternalSigner.from_pem(self.gateway_key, issuer="gateway"),
                InternalSigner.from_pem(self.worker_key, issuer="render-worker"),
            ]
        )

    def token(
        self, user: str = DEVELOPER, *, roles: tuple[str, ...] = (), lifetime: int = TOKEN_LIFETIME
    ) -> str:
        """A user's token, as an identity provider with the shared secret would issue it."""
        now = int(time.time())
        claims = {"iss": "vitae", "aud": "vitae", "sub": user, "iat": now, "exp": now + lifetime}
        return jwt.encode({**claims, "vitae_roles": list(roles)}, self.identity_secret, algorithm="HS256")
