"""The secrets of a one-machine system: made once, kept readable by their owner only."""

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, fields
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
    generation_key: str
    identity_secret: str
    link_secret: str

    @classmethod
    def kept_in(cls, folder: Path) -> "Credentials":
        """Those of the data folder, made with it when there are none; what an older version did not have is added."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "credentials.json"
        held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        names = {each.name for each in fields(cls)}
        kept = cls(**{**cls._fresh(), **{name: value for name, value in held.items() if name in names}})
        if not names <= held.keys():
            written = folder / f"credentials.json.{os.getpid()}"
            descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({**held, **asdict(kept)}, file)
            written.replace(path)
        return kept

    @staticmethod
    def _fresh() -> dict[str, str]:
        return {
            "gateway_key": generate_key(),
            "worker_key": generate_key(),
            "generation_key": generate_key(),
            "identity_secret": secrets.token_hex(32),
            "link_secret": secrets.token_hex(32),
        }

    def public_keys(self) -> str:
        """The value of VITAE_INTERNAL_JWKS."""
        return key_set(
            [
                InternalSigner.from_pem(self.gateway_key, issuer="gateway"),
                InternalSigner.from_pem(self.worker_key, issuer="render-worker"),
                InternalSigner.from_pem(self.generation_key, issuer="generation"),
            ]
        )

    def token(
        self, user: str = DEVELOPER, *, roles: tuple[str, ...] = (), lifetime: int = TOKEN_LIFETIME
    ) -> str:
        """A user's token, as an identity provider with the shared secret would issue it."""
        now = int(time.time())
        claims = {"iss": "vitae", "aud": "vitae", "sub": user, "iat": now, "exp": now + lifetime}
        return jwt.encode({**claims, "vitae_roles": list(roles)}, self.identity_secret, algorithm="HS256")
