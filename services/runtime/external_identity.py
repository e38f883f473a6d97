"""Identity providers: people's tokens, verified by a published key set (JWKS) or by a shared secret.

    external_verifier(config) -> ExternalVerifier | None    None when the configuration names no provider
    await verifier.verify(token) -> Identity
    stable_id(issuer, value) -> UUID                        the id of a provider's subject or tenant

The algorithm is fixed by configuration; a token's header never chooses it. Issuer, audience and times are
checked always.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from services.runtime.auth import (
    DEFAULT_TENANT,
    ID_NAMESPACE,
    LEEWAY,
    Identity,
    invalid_token,
    known_roles,
    token_kid,
)
from services.runtime.config import ConfigError
from services.runtime.keysets import KeySet
from services.runtime.settings import ExternalIdentityConfig

KeySource = Callable[[str], Awaitable[Any]]
"""From a token to the key that has to have signed it. Raises Unauthenticated when there is none."""

_SECRET_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
"""RFC 7518 section 3.2: an HMAC key is at least as long as the hash."""

_ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_RSA_BITS = 2048


@dataclass(frozen=True)
class ExternalVerifier:
    """Checks tokens of one issuer with one algorithm."""

    issuer: str
    audience: str
    algorithm: str
    key_for: KeySource = field(repr=False)
    tenant_claim: str = ""
    roles_claim: str = "vitae_roles"

    async def verify(self, token: str) -> Identity:
        """The person a valid token names. Raises Unauthenticated, vaguely, or Unavailable when keys cannot be had."""
        key = await self.key_for(token)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "aud", "iss", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise invalid_token() from error
        return Identity(
            self._tenant(claims),
            stable_id(self.issuer, _text(claims["sub"])),
            known_roles(_names(claim(claims, self.roles_claim))),
            token=token,
            expires=claims["exp"],
        )

    def _tenant(self, claims: Mapping[str, Any]) -> UUID:
        if not self.tenant_claim:
            return DEFAULT_TENANT
        return stable_id(self.issuer, _text(claim(claims, self.tenant_claim)))


def external_verifier(config: ExternalIdentityConfig) -> ExternalVerifier | None:
    """The verifier the configuration asks for. Raises ConfigError naming the variable that does not fit."""
    if not config.enabled:
        return None
    algorithm = config.algorithm or ("HS256" if config.secret else "RS256")
    key_for = (
        _shared_secret(config.secret, algorithm) if config.secret else _published(config.jwks, algorithm)
    )
    return ExternalVerifier(
        config.issuer, config.audience, algorithm, key_for, config.tenant_claim, config.roles_claim
    )


def stable_id(issuer: str, value: str) -> UUID:
    """A provider's name for someone as a UUID: itself when it is one, else always the same one made from it."""
    try:
        parsed = UUID(value)
    except ValueError:
        return uuid5(ID_NAMESPACE, f"{issuer}\n{value}")
    return parsed if str(parsed) == value.lower() else uuid5(ID_NAMESPACE, f"{issuer}\n{value}")


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this name, or at this dotted path (`realm_access.roles`); None when there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _shared_secret(secret: str, algorithm: str) -> KeySource:
    least = _SECRET_BYTES.get(algorithm)
    if least is None:
        raise ConfigError(
            [f"VITAE_IDENTITY_ALGORITHM: a shared secret goes with one of {', '.join(_SECRET_BYTES)}"]
        )
    key = secret.encode()
    if len(key) < least:
        raise ConfigError([f"VITAE_IDENTITY_SECRET: {algorithm} needs at least {least} bytes"])

    async def key_for(_: str) -> bytes:
        return key

    return key_for


def _published(location: str, algorithm: str) -> KeySource:
    if algorithm not in _ASYMMETRIC:
        raise ConfigError([f"VITAE_IDENTITY_ALGORITHM: a key set goes with one of {', '.join(_ASYMMETRIC)}"])
    keys = KeySet.at(location, usable=lambda entry: _public_key(entry, algorithm))

    async def key_for(token: str) -> Any:
        kid = token_kid(token)
        key = await keys.find(kid) if kid else None
        if key is None:
            raise invalid_token()
        return key

    return key_for


def _public_key(entry: Mapping[str, Any], algorithm: str) -> Any | None:
    """The entry's key when it is one to verify this algorithm with, else None."""
    if (
        entry.get("use", "sig") != "sig"
        or entry.get("alg", algorithm) != algorithm
        or entry.get("kty") == "oct"
    ):
        return None
    try:
        key = jwt.PyJWK(dict(entry), algorithm).key
    except jwt.PyJWTError:
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < _RSA_BITS:
        return None
    return key if hasattr(key, "public_bytes") and not hasattr(key, "private_bytes") else None


def _names(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise invalid_token()
    return value
