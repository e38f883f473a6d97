"""Identity providers' tokens: key sets over a real socket and from files, and shared secrets."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.warnings import InsecureKeyLengthWarning

from services.runtime import keysets
from services.runtime.auth import (
    DEFAULT_TENANT,
    InternalSigner,
    InternalVerifier,
    Role,
    authenticator,
    generate_key,
    key_set,
)
from services.runtime.config import ConfigError, load
from services.runtime.errors import Unauthenticated, Unavailable
from services.runtime.external_identity import ExternalVerifier, external_verifier, stable_id
from services.runtime.keysets import KeySet
from services.runtime.settings import ExternalIdentityConfig

ISSUER = "https://login.example"
SECRET = "s" * 32
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def _verifier(**settings: str) -> ExternalVerifier:
    environ = {
        "VITAE_IDENTITY_ISSUER": ISSUER,
        "VITAE_IDENTITY_AUDIENCE": "vitae-api",
        **{f"VITAE_IDENTITY_{name.upper()}": value for name, value in settings.items()},
    }
    verifier = external_verifier(load(ExternalIdentityConfig, environ, process="gateway"))
    assert verifier is not None
    return verifier


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "vitae-api", "sub": "auth0|42", "iat": now, "exp": now + 60, **changes}
    return {name: value for name, value in claims.items() if value is not None}


def _shared(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(_claims(**changes), secret, algorithm=algorithm)


def _hmac_with(key: bytes, kid: str) -> str:
    """A token whose HMAC key is whatever an attacker may know: PyJWT itself would not make it."""
    parts = ({"alg": "HS256", "typ": "JWT", "kid": kid}, _claims())
    signed = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{_base64(hmac.digest(key, signed.encode(), 'sha256'))}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _published(**keys: Any) -> str:
    entries = []
    for kid, key in keys.items():
        form = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
        entries.append({**form.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"})
    return json.dumps({"keys": entries})


@asynccontextmanager
async def _provider(answer: Callable[[], bytes]) -> AsyncIterator[tuple[str, list[str]]]:
    """An HTTP server that answers every request with `answer()`; its address and the requests it got."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[0])
        writer.write(answer())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys", asked
    finally:
        server.close()
        await server.wait_closed()


def _http(body: str, status: str = "200 OK", header: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{header}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


async def test_a_provider_that_is_not_configured_is_none() -> None:
    assert external_verifier(load(ExternalIdentityConfig, {}, process="gateway")) is None


async def test_names_of_a_provider_become_lasting_ids() -> None:
    token = _shared()
    identity = await _verifier(secret=SECRET).verify(token)
    assert identity.user_id == stable_id(ISSUER, "auth0|42") == UUID("f7de8e6f-ecd9-5ae6-a52f-5e5a2a46b174")
    assert identity.tenant_id == DEFAULT_TENANT == UUID("1872e17e-8d48-57e2-a300-c80f69ec7006")
    assert (identity.roles, identity.service, identity.token) == (frozenset({Role.USER}), None, token)


def test_ids_that_are_uuids_stay_and_others_depend_on_the_issuer() -> None:
    known = "0b4f3a2c-1111-4222-8333-444455556666"
    assert stable_id("a", known) == stable_id("b", known.upper()) == UUID(known)
    assert stable_id("a", "7") != stable_id("b", "7")
    assert stable_id("a", known.replace("-", "")) != UUID(known)


async def test_tenant_and_roles_come_from_the_claims_named() -> None:
    verifier = _verifier(secret=SECRET, tenant_claim="org.id", roles_claim="realm_access.roles")
    token = _shared(org={"id": "acme"}, realm_access={"roles": ["recruiter", "offline_access"]})
    identity = await verifier.verify(token)
    assert identity.tenant_id == stable_id(ISSUER, "acme")
    assert identity.roles == {Role.USER, Role.RECRUITER}


@pytest.mark.parametrize("tenant", [None, "", 7, ["a"]])
async def test_a_token_without_the_tenant_it_should_name_is_refused(tenant: Any) -> None:
    with pytest.raises(Unauthenticated):
        await _verifier(secret=SECRET, tenant_claim="org").verify(_shared(org=tenant))


async def test_a_claim_called_roles_alone_makes_nobody_an_operator() -> None:
    assert (await _verifier(secret=SECRET).verify(_shared(roles=["operator"]))).roles == {Role.USER}
    assert (
        Role.OPERATOR in (await _verifier(secret=SECRET).verify(_shared(vitae_roles="operator user"))).roles
    )


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x.y.z",
        _shared("t" * 32),
        _shared(secret="s" * 64, algorithm="HS512"),
        _shared(iss="https://other.example"),
        _shared(aud="another-api"),
        _shared(exp=int(time.time()) - 60),
        _shared(exp=None),
        _shared(sub=None),
        jwt.encode(_claims(), "", algorithm="none"),
    ],
)
async def test_a_bad_token_of_a_shared_secret_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        await _verifier(secret=SECRET).verify(token)


@pytest.mark.parametrize(("algorithm", "length"), [("HS256", 31), ("HS384", 47), ("HS512", 63)])
def test_a_secret_shorter_than_its_hash_is_refused_by_name(algorithm: str, length: int) -> None:
    with pytest.raises(
        ConfigError, match=f"VITAE_IDENTITY_SECRET: {algorithm} needs at least {length + 1} bytes"
    ):
        _verifier(secret="s" * length, algorithm=algorithm)
    assert _verifier(secret="s" * (length + 1), algorithm=algorithm).algorithm == algorithm


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"secret": SECRET, "algorithm": "RS256"}, "VITAE_IDENTITY_ALGORITHM"),
        ({"secret": SECRET, "algorithm": "none"}, "VITAE_IDENTITY_ALGORITHM"),
        ({"jwks": "/keys.json", "algorithm": "HS256"}, "VITAE_IDENTITY_ALGORITHM"),
        ({"jwks": "http://login.example/keys"}, "VITAE_IDENTITY_JWKS"),
        ({"jwks": "ftp://login.example/keys"}, "VITAE_IDENTITY_JWKS"),
        ({"jwks": "/keys.json", "secret": SECRET}, "VITAE_IDENTITY_SECRET"),
    ],
)
def test_settings_that_do_not_go_together_name_the_variable(settings: dict[str, str], variable: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        _verifier(**settings)


async def test_the_old_names_of_secret_and_algorithm_are_read() -> None:
    environ = {"SECRET_KEY": "s" * 64, "ALGORITHM": "HS512", "VITAE_IDENTITY_ISSUER": ISSUER}
    verifier = external_verifier(load(ExternalIdentityConfig, environ, process="gateway"))
    assert verifier is not None
    token = _shared("s" * 64, "HS512", aud="vitae")
    assert (await verifier.verify(token)).user_id == stable_id(ISSUER, "auth0|42")


async def test_a_published_key_is_fetched_once_and_kept() -> None:
    async with _provider(lambda: _http(_published(one=RSA))) as (address, asked):
        verifier = _verifier(jwks=address)
        token = jwt.encode(_claims(), RSA, algorithm="RS256", headers={"kid": "one"})
        identities = await asyncio.gather(*(verifier.verify(token) for _ in range(10)))
    assert {each.user_id for each in identities} == {stable_id(ISSUER, "auth0|42")}
    assert asked == ["GET /keys HTTP/1.1"]


async def test_made_up_kids_do_not_become_requests() -> None:
    async with _provider(lambda: _http(_published(one=RSA))) as (address, asked):
        verifier = _verifier(jwks=address)
        for kid in ("a", "b", "c", "d"):
            token = jwt.encode(_claims(), RSA, algorithm="RS256", headers={"kid": kid})
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)
    assert len(asked) == 1


async def test_a_key_set_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(_published(one=EC))
    token = jwt.encode(_claims(), EC, algorithm="ES256", headers={"kid": "one"})
    for location in (str(file), file.as_uri()):
        assert (await _verifier(jwks=location, algorithm="ES256").verify(token)).user_id


async def test_the_algorithm_is_the_configured_one_whatever_the_key_set_and_header_say(
    tmp_path: Path,
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(_published(one=RSA, two=EC))
    verifier = _verifier(jwks=str(file), algorithm="RS256")
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for token in (
        jwt.encode(_claims(), EC, algorithm="ES256", headers={"kid": "two"}),
        jwt.encode(_claims(), RSA, algorithm="PS256", headers={"kid": "one"}),
        _hmac_with(public, kid="one"),
        jwt.encode(_claims(), "", algorithm="none", headers={"kid": "one"}),
        jwt.encode(_claims(), RSA, algorithm="RS256"),
    ):
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)


async def test_keys_for_encryption_symmetric_keys_and_short_ones_are_no_use(tmp_path: Path) -> None:
    short = rsa.generate_private_key(65537, 1024)
    entries = json.loads(_published(short=short, enc=RSA, other=RSA))["keys"]
    entries[1]["use"] = "enc"
    entries[2]["alg"] = "RS512"
    entries.append({"kty": "oct", "k": "c2VjcmV0", "kid": "symmetric"})
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": entries}))
    verifier = _verifier(jwks=str(file))
    with pytest.warns(InsecureKeyLengthWarning):
        tokens = [jwt.encode(_claims(), short, algorithm="RS256", headers={"kid": "short"})]
    tokens += [
        jwt.encode(_claims(), RSA, algorithm="RS256", headers={"kid": kid}) for kid in ("enc", "other")
    ]
    tokens.append(_hmac_with(b"secret", kid="symmetric"))
    for token in tokens:
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)


@pytest.mark.parametrize(
    "answer",
    [
        _http("{", "200 OK"),
        _http("{}", "200 OK"),
        _http("oops", "500 Internal Server Error"),
        _http("", "302 Found", "Location: http://127.0.0.1:1/keys\r\n"),
    ],
)
async def test_without_any_keys_the_answer_is_unavailable_not_a_refusal(answer: bytes) -> None:
    async with _provider(lambda: answer) as (address, _):
        with pytest.raises(Unavailable):
            await _verifier(jwks=address).verify(jwt.encode(_claims(), RSA, "RS256", {"kid": "one"}))


async def test_a_rotated_key_is_found_and_a_failing_provider_is_outlived() -> None:
    now = [0.0]
    published: list[Any] = [b'{"keys": [{"kid": "a"}]}']

    async def fetch() -> bytes:
        if isinstance(published[0], Exception):
            raise published[0]
        return bytes(published[0])

    keys = KeySet(fetch, lambda entry: entry["kid"], clock=lambda: now[0])
    assert await keys.find("a") == "a"
    published[0] = b'{"keys": [{"kid": "b"}]}'
    assert await keys.find("b") is None  # just read: a made-up kid looks the same
    now[0] += keysets.PAUSE + 1
    assert await keys.find("b") == "b"
    assert await keys.find("a") is None
    published[0] = OSError("provider down")
    now[0] += keysets.FRESH + 1
    assert await keys.find("b") == "b"
    now[0] += keysets.STALE
    with pytest.raises(Unavailable):
        await keys.find("b")


async def test_a_set_too_large_to_be_one_is_not_read() -> None:
    body = '{"keys": [' + " " * keysets.SIZE_LIMIT + "]}"
    async with _provider(lambda: _http(body)) as (address, _):
        with pytest.raises(Unavailable):
            await _verifier(jwks=address).verify(jwt.encode(_claims(), RSA, "RS256", {"kid": "one"}))


async def test_internal_tokens_come_first_and_are_never_shown_to_the_provider() -> None:
    signer = InternalSigner.from_pem(generate_key(), issuer="gateway")
    internal = InternalVerifier.from_jwks(key_set([signer]), audience="storage")
    external = _verifier(secret=SECRET)
    authenticate = authenticator(internal, external.verify)
    person = await authenticate(_shared())
    assert person.user_id == stable_id(ISSUER, "auth0|42")
    forwarded = await authenticate(signer.for_user(person, audience=["storage"]))
    assert forwarded == person
    with pytest.raises(Unauthenticated):  # our kid decides: a bad internal token is not tried elsewhere
        await authenticate(jwt.encode(_claims(), SECRET, algorithm="HS256", headers={"kid": signer.kid}))
