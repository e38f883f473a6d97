"""Who is calling: identities, internal tokens, and the tokens of identity providers.

    Identity(tenant_id, user_id, roles, service)    what the identity interceptor puts in place for a call
    current_identity() -> Identity                  of the call being served; Unauthenticated when there is none
    require_user() -> Identity                      a person; `identity.user` is then their id
    require_role(Role.RECRUITER, ...) -> Identity   a person with any of these roles
    require_service("render-worker", ...) -> Identity   one of these processes, calling for itself
    acting_as(identity)                             context manager: work done for someone outside an RPC

    InternalSigner.from_pem(pem, issuer="gateway")
        .for_user(identity, audience=["storage", ...]) -> str    a token that speaks for a user
        .for_service(audience=["storage"]) -> str                a token that speaks for the process itself
        .jwk() -> dict                                           its public key, an entry of VITAE_INTERNAL_JWKS
    InternalVerifier.from_jwks(json_text, audience="storage").verify(token) -> Identity
    await ExternalVerifier(...).verify(token) -> Identity        (services/runtime/external_identity.py)
    authenticator(internal, external=None) -> Authenticate       what build_server takes
    remembering(authenticate) -> Authenticate                    the same, checking a token once in a while only

An internal token is an EdDSA (Ed25519) JWT: iss, aud (list), sub (user), tenant, roles, iat, exp (60 s), kid
in its header. The key a kid names decides the algorithm and the issuer; the token's header decides nothing.
Only issuers in `user_issuers` may speak for users.
"""

import base64
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self
from uuid import NAMESPACE_URL, UUID, uuid5

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

from services.runtime.errors import PermissionDenied, Unauthenticated
from services.runtime.recent import Recent

ID_NAMESPACE = uuid5(NAMESPACE_URL, "urn:vitae:identity")
"""Namespace of ids made from an identity provider's names. Changing it would orphan everything people own."""

DEFAULT_TENANT = uuid5(ID_NAMESPACE, "default-tenant")
"""The tenant of everyone whose tokens name none."""

NO_TENANT = UUID(int=0)
"""The tenant of a process that calls for itself: it matches no row."""

TOKEN_LIFETIME = 60.0
"""Seconds an internal token is good for; it is checked when a call (or stream) starts."""

LONGEST_LIFETIME = 300.0
"""Seconds between iat and exp beyond which an internal token is refused, whoever signed it."""

LEEWAY = 5.0
"""Seconds that two machines' clocks may differ."""

REMEMBERED = 10.0
"""Seconds for which a token that was checked is not checked again."""

_TOKENS = 2048
_ALGORITHM = "EdDSA"


class Role(StrEnum):
    """What a person may do beyond their own things."""

    USER = "user"
    RECRUITER = "recruiter"
    TENANT_ADMIN = "tenant_admin"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Identity:
    """The authenticated caller: a person of a tenant (`user_id` set) or a process (`service` set)."""

    tenant_id: UUID
    user_id: UUID | None = None
    roles: frozenset[Role] = frozenset()
    service: str | None = None
    token: str | None = field(default=None, repr=False, compare=False)
    """The token this identity came with, for forwarding to the next service, which checks it for itself."""
    expires: float = field(default=0.0, repr=False, compare=False)
    """When that token ends, in seconds since 1970; 0 when it is not known."""

    @property
    def user(self) -> UUID:
        """The person's id; PermissionDenied when a process calls for itself."""
        if self.user_id is None:
            raise PermissionDenied(reason="USER_REQUIRED")
        return self.user_id

    def has_role(self, *roles: Role) -> bool:
        """Whether the person has any of these roles."""
        return not self.roles.isdisjoint(roles)


Authenticate = Callable[[str], Awaitable[Identity]]
"""Turns a bearer token into an identity; raises Unauthenticated."""

_current: ContextVar[Identity | None] = ContextVar("vitae_identity", default=None)


def current_identity() -> Identity:
    """The caller of the RPC being served. Raises Unauthenticated when the call brought no identity."""
    identity = _current.get()
    if identity is None:
        raise Unauthenticated
    return identity


def caller() -> Identity | None:
    """The present identity, or None: for code that runs with and without a caller."""
    return _current.get()


def require_user() -> Identity:
    """The calling person. Raises Unauthenticated without identity, PermissionDenied for a process."""
    identity = current_identity()
    if identity.user_id is None:
        raise PermissionDenied(reason="USER_REQUIRED")
    return identity


def require_role(*roles: Role) -> Identity:
    """The calling person, who has to have one of these roles; PermissionDenied otherwise."""
    identity = require_user()
    if not identity.has_role(*roles):
        raise PermissionDenied(reason="ROLE_REQUIRED")
    return identity


def require_service(*services: str) -> Identity:
    """The calling process, which has to be one of these; PermissionDenied otherwise."""
    identity = current_identity()
    if identity.service is None or identity.service not in services:
        raise PermissionDenied(reason="SERVICE_REQUIRED")
    return identity


@contextmanager
def acting_as(identity: Identity) -> Iterator[None]:
    """Inside, `identity` is the caller."""
    token = _current.set(identity)
    try:
        yield
    finally:
        _current.reset(token)


@dataclass(frozen=True)
class InternalSigner:
    """Mints internal tokens with one Ed25519 key. Its kid is the key's RFC 7638 thumbprint."""

    issuer: str
    key: Ed25519PrivateKey = field(repr=False)
    kid: str
    lifetime: float = TOKEN_LIFETIME
    clock: Callable[[], float] = time.time

    @classmethod
    def from_key(cls, key: Ed25519PrivateKey, *, issuer: str, **options: Any) -> Self:
        """A signer for `key`; `options` are `lifetime` and `clock`."""
        return cls(issuer, key, thumbprint(key.public_key()), **options)

    @classmethod
    def from_pem(cls, pem: str, *, issuer: str, **options: Any) -> Self:
        """A signer for an unencrypted PEM private key; ValueError when it is not an Ed25519 one."""
        key = serialization.load_pem_private_key(pem.encode(), password=None)
        if isinstance(key, Ed25519PrivateKey):
            return cls.from_key(key, issuer=issuer, **options)
        raise ValueError("the internal signing key is not an Ed25519 private key")

    def for_user(self, identity: Identity, *, audience: Sequence[str]) -> str:
        """A token that speaks for the person `identity` to the services named."""
        return self._sign(
            {
                "sub": str(identity.user),
                "tenant": str(identity.tenant_id),
                "roles": sorted(identity.roles),
                "aud": list(audience),
            }
        )

    def for_service(self, *, audience: Sequence[str]) -> str:
        """A token that speaks for this process itself."""
        return self._sign({"aud": list(audience)})

    def jwk(self) -> dict[str, str]:
        """The public half, as one entry of VITAE_INTERNAL_JWKS."""
        return {
            **_public_jwk(self.key.public_key()),
            "kid": self.kid,
            "iss": self.issuer,
            "use": "sig",
            "alg": _ALGORITHM,
        }

    def _sign(self, claims: Mapping[str, Any]) -> str:
        now = int(self.clock())
        full = {"iss": self.issuer, "iat": now, "exp": now + int(self.lifetime), **claims}
        return jwt.encode(full, self.key, algorithm=_ALGORITHM, headers={"kid": self.kid})


@dataclass(frozen=True)
class _InternalKey:
    issuer: str
    key: Ed25519PublicKey


@dataclass(frozen=True)
class InternalVerifier:
    """Checks internal tokens meant for one service."""

    audience: str
    keys: Mapping[str, _InternalKey]
    user_issuers: frozenset[str] = frozenset({"gateway"})

    @classmethod
    def from_jwks(cls, text: str, *, audience: str, user_issuers: Iterable[str] = ("gateway",)) -> Self:
        """A verifier from a JSON Web Key Set whose entries carry kid and iss; ValueError says what is wrong."""
        return cls(audience, _internal_keys(text), frozenset(user_issuers))

    def recognises(self, token: str) -> bool:
        """Whether the token names one of our keys, so that this verifier decides about it."""
        return token_kid(token) in self.keys

    def verify(self, token: str) -> Identity:
        """The identity a valid token speaks for. Raises Unauthenticated, vaguely, for every other one."""
        known = self.keys.get(token_kid(token))
        if known is None:
            raise invalid_token()
        try:
            claims = jwt.decode(
                token,
                known.key,
                algorithms=[_ALGORITHM],
                audience=self.audience,
                issuer=known.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise invalid_token() from error
        if claims["exp"] - claims["iat"] > LONGEST_LIFETIME:
            raise invalid_token()
        if "sub" not in claims:
            return Identity(NO_TENANT, service=known.issuer, token=token, expires=claims["exp"])
        if known.issuer not in self.user_issuers:
            raise invalid_token()
        return _person(claims, token)


def authenticator(internal: InternalVerifier, external: Authenticate | None = None) -> Authenticate:
    """Internal tokens first; one that names none of the internal keys goes to the provider's verifier, if any."""

    async def authenticate(token: str) -> Identity:
        if external is None or internal.recognises(token):
            return internal.verify(token)
        return await external(token)

    return remembering(authenticate)


def remembering(authenticate: Authenticate, clock: Callable[[], float] = time.time) -> Authenticate:
    """Takes a token's word for REMEMBERED seconds after it was checked, never beyond its end.

    Checking one costs about half of what a whole call does, and callers send the same one again and again. A key that
    is withdrawn is believed for as long after the fact.
    """
    accepted: Recent[str, Identity] = Recent(most=_TOKENS, seconds=REMEMBERED, clock=clock)

    async def known(token: str) -> Identity:
        identity = accepted.get(token)
        if identity is None:
            identity = await authenticate(token)
            accepted.put(token, identity, until=identity.expires)
        return identity

    return known


def generate_key() -> str:
    """A fresh Ed25519 private key as PEM, for `InternalSigner.from_pem`."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


def key_set(signers: Iterable[InternalSigner]) -> str:
    """The value of VITAE_INTERNAL_JWKS that makes these signers believed."""
    return json.dumps({"keys": [signer.jwk() for signer in signers]})


def thumbprint(key: Ed25519PublicKey) -> str:
    """The RFC 7638 thumbprint of a public key, base64url."""
    canonical = json.dumps(_public_jwk(key), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def token_kid(token: str) -> str:
    """The key id a token's (unverified) header names, or an empty text."""
    try:
        kid = jwt.get_unverified_header(token).get("kid", "")
    except jwt.PyJWTError:
        return ""
    return kid if isinstance(kid, str) else ""


def invalid_token() -> Unauthenticated:
    """The one answer to every bad token: it does not help whoever probes."""
    return Unauthenticated("The token is not valid or has expired.", reason="INVALID_TOKEN")


def known_roles(names: Collection[object]) -> frozenset[Role]:
    """The roles among these names, and always user. Others are left out, so that a newer issuer may name more."""
    return frozenset({Role.USER, *(role for role in Role if role.value in names)})


def _person(claims: Mapping[str, Any], token: str) -> Identity:
    roles = claims.get("roles", [])
    try:
        tenant, user = UUID(claims["tenant"]), UUID(claims["sub"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise invalid_token() from error
    if not isinstance(roles, list):
        raise invalid_token()
    return Identity(tenant, user, known_roles(roles), token=token, expires=claims["exp"])


def _public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    jwk: dict[str, str] = OKPAlgorithm.to_jwk(key, as_dict=True)
    return {name: jwk[name] for name in ("crv", "kty", "x")}


def _internal_keys(text: str) -> dict[str, _InternalKey]:
    try:
        entries = json.loads(text)["keys"]
        keys = {each["kid"]: _InternalKey(each["iss"], _public_key(each)) for each in entries}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            "the internal key set is not a JSON Web Key Set whose keys have kid and iss"
        ) from error
    except jwt.PyJWTError as error:
        raise ValueError("the internal key set holds a key that is not a public Ed25519 key") from error
    if not keys:
        raise ValueError("the internal key set holds no key")
    return keys


def _public_key(entry: Mapping[str, Any]) -> Ed25519PublicKey:
    key = OKPAlgorithm.from_jwk(dict(entry))
    if not isinstance(key, Ed25519PublicKey):
        raise jwt.InvalidKeyError("not a public Ed25519 key")
    return key
