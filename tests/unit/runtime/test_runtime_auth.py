"""Internal tokens and identities. That bad tokens are refused over the wire is tested with the identity stage."""

import json
import time
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.runtime import auth
from services.runtime.auth import (
    NO_TENANT,
    Identity,
    InternalSigner,
    InternalVerifier,
    Role,
    acting_as,
    generate_key,
    key_set,
    remembering,
)
from services.runtime.client import speaking_for_caller
from services.runtime.errors import PermissionDenied, Unauthenticated

PERSON = Identity(UUID(int=1), UUID(int=2), frozenset({Role.USER, Role.TENANT_ADMIN}))


def _signer(issuer: str = "gateway") -> InternalSigner:
    return InternalSigner.from_pem(generate_key(), issuer=issuer)


def test_a_person_comes_back_from_their_token_with_it_in_hand() -> None:
    signer = _signer()
    token = signer.for_user(PERSON, audience=["storage", "render"])
    for audience in ("storage", "render"):
        identity = InternalVerifier.from_jwks(key_set([signer]), audience=audience).verify(token)
        assert identity == PERSON
        assert identity.token == token


def test_the_token_says_what_the_contract_says_and_no_more() -> None:
    signer = InternalSigner.from_pem(generate_key(), issuer="gateway", clock=lambda: 1_000.0)
    token = signer.for_user(PERSON, audience=["storage"])
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": "JWT", "kid": signer.kid}
    assert jwt.decode(token, options={"verify_signature": False}) == {
        "iss": "gateway",
        "aud": ["storage"],
        "sub": str(UUID(int=2)),
        "tenant": str(UUID(int=1)),
        "roles": ["tenant_admin", "user"],
        "iat": 1000,
        "exp": 1060,
    }


def test_two_keys_of_one_issuer_are_good_while_rotating_and_one_after() -> None:
    old, new = _signer(), _signer()
    both = InternalVerifier.from_jwks(key_set([old, new]), audience="storage")
    after = InternalVerifier.from_jwks(key_set([new]), audience="storage")
    for signer in (old, new):
        assert both.verify(signer.for_user(PERSON, audience=["storage"])) == PERSON
    assert after.verify(new.for_user(PERSON, audience=["storage"])) == PERSON
    with pytest.raises(Unauthenticated):
        after.verify(old.for_user(PERSON, audience=["storage"]))


def test_a_key_belongs_to_one_issuer() -> None:
    """Whoever holds the worker's key cannot pass for the gateway."""
    worker = _signer("render-worker")
    verifier = InternalVerifier.from_jwks(key_set([worker, _signer()]), audience="storage")
    imposter = InternalSigner("gateway", worker.key, worker.kid)
    with pytest.raises(Unauthenticated):
        verifier.verify(imposter.for_user(PERSON, audience=["storage"]))
    with pytest.raises(Unauthenticated):
        verifier.verify(worker.for_user(PERSON, audience=["storage"]))
    own = verifier.verify(worker.for_service(audience=["storage"]))
    assert (own.service, own.tenant_id, own.user_id, own.roles) == (
        "render-worker",
        NO_TENANT,
        None,
        frozenset(),
    )


def test_clocks_may_differ_by_seconds_and_not_by_more() -> None:
    pem = generate_key()
    verifier = InternalVerifier.from_jwks(
        key_set([InternalSigner.from_pem(pem, issuer="gateway")]), audience="s"
    )
    for drift, good in ((4.0, True), (-63.0, True), (30.0, False), (-70.0, False)):
        signer = InternalSigner.from_pem(pem, issuer="gateway", clock=lambda drift=drift: time.time() + drift)
        token = signer.for_user(PERSON, audience=["s"])
        if good:
            assert verifier.verify(token) == PERSON
        else:
            with pytest.raises(Unauthenticated):
                verifier.verify(token)


def test_roles_of_a_newer_issuer_are_left_out() -> None:
    signer = _signer()
    verifier = InternalVerifier.from_jwks(key_set([signer]), audience="s")
    claims = jwt.decode(signer.for_user(PERSON, audience=["s"]), options={"verify_signature": False})
    token = jwt.encode(
        {**claims, "roles": ["emperor", "recruiter"]}, signer.key, "EdDSA", {"kid": signer.kid}
    )
    assert verifier.verify(token).roles == {Role.USER, Role.RECRUITER}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"keys": []}',
        '{"keys": [{"kid": "a"}]}',
        '{"keys": [{"kid": "a", "iss": "b", "kty": "oct", "k": "eA"}]}',
    ],
)
def test_a_key_set_that_proves_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="internal key set"):
        InternalVerifier.from_jwks(text, audience="storage")


def test_a_key_set_with_a_private_key_in_it_is_refused() -> None:
    signer = _signer()
    leaked = {**jwt.algorithms.OKPAlgorithm.to_jwk(signer.key, as_dict=True), "kid": "a", "iss": "gateway"}
    with pytest.raises(ValueError, match="internal key set"):
        InternalVerifier.from_jwks(json.dumps({"keys": [leaked]}), audience="storage")


def test_a_signing_key_of_another_kind_is_refused() -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="Ed25519"):
        InternalSigner.from_pem(pem.decode(), issuer="gateway")


def test_neither_key_nor_token_shows_in_a_repr() -> None:
    signer = _signer()
    token = signer.for_user(PERSON, audience=["s"])
    identity = InternalVerifier.from_jwks(key_set([signer]), audience="s").verify(token)
    assert token not in repr(identity)
    assert "PrivateKey" not in repr(signer)


def test_the_key_set_holds_public_halves_only() -> None:
    (entry,) = json.loads(key_set([_signer("render-worker")]))["keys"]
    assert set(entry) == {"kty", "crv", "x", "kid", "iss", "use", "alg"}
    assert entry["iss"] == "render-worker"


def test_requirements_name_what_is_missing_by_reason_only() -> None:
    with pytest.raises(Unauthenticated):
        auth.current_identity()
    assert auth.caller() is None
    with acting_as(PERSON):
        assert auth.require_user() is auth.require_role(Role.TENANT_ADMIN) is PERSON
        with pytest.raises(PermissionDenied) as no_role:
            auth.require_role(Role.OPERATOR)
        with pytest.raises(PermissionDenied) as no_service:
            auth.require_service("render-worker")
    with acting_as(Identity(NO_TENANT, service="render-worker")):
        assert auth.require_service("storage", "render-worker").service == "render-worker"
        with pytest.raises(PermissionDenied) as no_user:
            auth.require_user()
        with pytest.raises(PermissionDenied):
            _ = auth.current_identity().user
    reasons = [each.value.reason for each in (no_role, no_service, no_user)]
    assert reasons == ["ROLE_REQUIRED", "SERVICE_REQUIRED", "USER_REQUIRED"]
    assert auth.caller() is None


def test_a_process_cannot_be_made_to_speak_for_nobody_as_a_user() -> None:
    with pytest.raises(PermissionDenied):
        _signer().for_user(Identity(NO_TENANT, service="gateway"), audience=["storage"])


class Provider:
    """Counts what it is asked, and knows tokens until they are withdrawn."""

    def __init__(self, expires: float) -> None:
        self.asked, self.withdrawn, self.expires = 0, False, expires

    async def verify(self, token: str) -> Identity:
        self.asked += 1
        if self.withdrawn or token != "good":
            raise Unauthenticated
        return Identity(PERSON.tenant_id, PERSON.user_id, token=token, expires=self.expires)


async def test_an_accepted_token_is_checked_again_after_a_while_only() -> None:
    now = [1000.0]
    provider = Provider(expires=5000.0)
    authenticate = remembering(provider.verify, lambda: now[0])
    for _ in range(3):
        assert (await authenticate("good")).user_id == PERSON.user_id
    assert provider.asked == 1
    provider.withdrawn = True
    now[0] += auth.REMEMBERED
    with pytest.raises(Unauthenticated):
        await authenticate("good")


async def test_a_token_is_not_accepted_beyond_its_end_because_it_was_before() -> None:
    now = [1000.0]
    provider = Provider(expires=1003.0)
    authenticate = remembering(provider.verify, lambda: now[0])
    await authenticate("good")
    provider.withdrawn = True
    now[0] = 1003.0
    with pytest.raises(Unauthenticated):
        await authenticate("good")


async def test_a_refused_token_is_checked_every_time() -> None:
    provider = Provider(expires=5000.0)
    authenticate = remembering(provider.verify)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await authenticate("bad")
    assert provider.asked == 2


def test_what_is_verified_says_when_it_ends() -> None:
    signer = _signer()
    verifier = InternalVerifier.from_jwks(key_set([signer]), audience="storage")
    before = time.time()
    person = verifier.verify(signer.for_user(PERSON, audience=["storage"]))
    process = verifier.verify(signer.for_service(audience=["storage"]))
    assert before + 58 < person.expires <= time.time() + 60
    assert before + 58 < process.expires <= time.time() + 60


def test_a_minted_token_is_sent_again_while_most_of_its_life_is_left() -> None:
    now = [time.time()]
    signer = InternalSigner.from_pem(generate_key(), issuer="gateway", clock=lambda: now[0])
    token = speaking_for_caller(signer, ["storage"])
    with acting_as(PERSON):
        first = token()
        assert token() == first
    now[0] += 1  # so that another token would differ
    with acting_as(Identity(PERSON.tenant_id, PERSON.user_id, frozenset({Role.USER}))):
        assert token() != first, "other roles, another token"
    with acting_as(Identity(UUID(int=9), PERSON.user_id, PERSON.roles)):
        assert token() != first, "another tenant, another token"
    with acting_as(PERSON):
        assert token() == first
