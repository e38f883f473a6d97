"""What a security walk needs: calls of any RPC, answers in a form two of which can be compared, and bad tokens."""

import base64
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from string import Template
from typing import Any, cast
from uuid import uuid4

import grpc
import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from gateway.protojson import from_json, to_json
from services.runtime.auth import InternalSigner, Role, generate_key
from services.runtime.errors import STATUS_KEY
from tests.support.messages import files
from tests.support.rest import PROFILE, Json
from tests.support.system import TENANT_CLAIM, LiveSystem

MARK = "Quillfeather"
"""A word that stands only in the victim's things."""


NAMES = ("profile", "posting", "document", "letter", "export", "user")


@dataclass(frozen=True)
class Ids:
    """One of each thing a person owns."""

    profile: str
    posting: str
    document: str
    letter: str
    export: str
    user: str
    link: str = ""

    @classmethod
    def unheard_of(cls) -> "Ids":
        """Ids nobody has."""
        return cls(*(str(uuid4()) for _ in range(6)))

    def fill(self, template: str, mine: "Ids") -> str:
        """The template with $profile ... from here, and $my_profile ... from `mine`."""
        own = {f"my_{name}": getattr(mine, name) for name in NAMES}
        return Template(template).substitute({name: getattr(self, name) for name in NAMES}, **own)

    def hidden(self, text: str) -> str:
        """The text without these ids, so that answers about different ids can be compared."""
        for name in NAMES:
            text = text.replace(getattr(self, name), f"<{name}>")
        return text


def belongings(system: LiveSystem, user: str, *, mark: str = "", **who: Any) -> Ids:
    """One of each thing, made for a person; `mark` is written into all of it."""
    profile = json.loads(PROFILE)
    if mark:
        profile["basics"]["name"] = f"Maya {mark}"
    with system.rest(user, **who) as rest:
        stored = rest.imported(profile)
        posting = rest.posting(
            f"{mark} Engineer\n{mark} Ltd\n\nRequirements: Python, PostgreSQL and Kubernetes."
        )
        body = {"profile_id": stored["id"], "job_posting_id": posting["id"], "title": f"{mark} resume"}
        resume = rest.call("POST", "/resumes", 201, json=body)
        letter = rest.call(
            "POST", "/cover-letters", 201, json={k: body[k] for k in ("profile_id", "job_posting_id")}
        )
        export = rest.export(resume["id"], "txt")
    put_object(system, user, f"{export['id']}.1.txt", f"{mark} notes".encode(), **who)
    user_id = str(system.identity(user).user)
    return Ids(
        stored["id"], posting["id"], resume["id"], letter["id"], export["id"], user_id, rest.link(export)
    )


def put_object(system: LiveSystem, user: str, key: str, data: bytes, **who: Any) -> None:
    """Stores an object of a person's own."""
    header = {"key": key, "size_bytes": len(data), "sha256": sha256(data).hexdigest()}
    chunk = {"chunk": base64.b64encode(data).decode()}
    roles = tuple(Role(each) for each in who.pop("roles", ()))
    with system.channel("storage") as channel:
        token = system.internal(user, roles=roles, **who)
        answer = called(
            channel, "vitae.storage.v1.ObjectService/PutObject", [{"header": header}, chunk], token
        )
    assert answer["code"] == "OK", answer


@cache
def rpcs() -> Mapping[str, MethodDescriptor]:
    """Every RPC of the contracts by its name, such as vitae.storage.v1.ExportService/GetExport."""
    services = [each for file in files() for each in file.services_by_name.values()]
    return {
        f"{service.full_name}/{method.name}": method for service in services for method in service.methods
    }


def called(channel: grpc.Channel, name: str, requests: Sequence[Json], token: str | None) -> Json:
    """How an RPC answers: {"code": "OK", "answer": [...]} or {"code", "message", "reason", "fields"}."""
    method = rpcs()[name]
    inbound = GetMessageClass(method.input_type)
    outbound = GetMessageClass(method.output_type)
    messages = [from_json(each, inbound) for each in requests]
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    call = getattr(channel, kind)(
        f"/{name}", request_serializer=inbound.SerializeToString, response_deserializer=outbound.FromString
    )
    metadata = [("authorization", f"Bearer {token}")] if token is not None else []
    try:
        answer = call(
            iter(messages) if method.client_streaming else messages[0], metadata=metadata, timeout=20
        )
        found = list(answer) if method.server_streaming else [answer]
    except grpc.RpcError as error:
        return _failure(error)
    return {"code": "OK", "answer": [to_json(each) for each in cast(list[Message], found)]}


def _failure(error: Any) -> Json:
    info, fields = ErrorInfo(), BadRequest()
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_KEY:
            for detail in Status.FromString(value).details:
                detail.Unpack(info)
                detail.Unpack(fields)
    return {
        "code": error.code().name,
        "message": error.details(),
        "reason": info.reason,
        "metadata": dict(info.metadata),
        "fields": [(each.field, each.description) for each in fields.field_violations],
    }


def bad_external_tokens(system: LiveSystem) -> dict[str, str | None]:
    """Tokens that no provider of ours issued, or that hold no more."""
    now = int(time.time())
    claims = {
        "iss": "vitae",
        "aud": "vitae",
        "sub": "maya",
        TENANT_CLAIM: "acme",
        "iat": now - 60,
        "exp": now + 3600,
    }

    def signed(key: Any = system.secret, algorithm: str = "HS256", **changes: Any) -> str:
        changed = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return jwt.encode(changed, key, algorithm=algorithm)

    good = signed()
    head, body, mac = good.split(".")
    other = _encoded(json.dumps({**claims, "sub": "root"}).encode())
    return {
        "none": None,
        "empty": "",
        "noise": "not.a.token",
        "expired": signed(exp=now - 60, iat=now - 120),
        "never expires": signed(exp=None),
        "not yet": signed(nbf=now + 3600),
        "other secret": signed("another secret, just as long as ours is"),
        "other algorithm": signed(algorithm="HS512"),
        "algorithm none": jwt.encode(claims, "", algorithm="none"),
        "signature cut off": f"{head}.{body}.",
        "other body": f"{head}.{other}.{mac}",
        "other issuer": signed(iss="evil"),
        "other audience": signed(aud="evil"),
        "no subject": signed(sub=None),
        "no tenant": signed(org=None),
    }


def bad_internal_tokens(system: LiveSystem) -> dict[str, str | None]:
    """Tokens that look like the processes' own."""
    signer, worker = system.signer("gateway"), system.signer("render-worker")
    maya, everywhere = system.identity("maya"), ["storage", "generation", "render"]
    now = int(time.time())
    claims = {
        "iss": "gateway",
        "aud": everywhere,
        "sub": str(maya.user),
        "tenant": str(maya.tenant_id),
        "roles": ["operator"],
        "iat": now,
        "exp": now + 60,
    }
    stranger = InternalSigner.from_pem(generate_key(), issuer="gateway")
    forger = InternalSigner(signer.issuer, stranger.key, signer.kid)
    public = signer.jwk()
    raw = base64.urlsafe_b64decode(public["x"] + "==")
    pem = signer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"kid": signer.kid}
    late = InternalSigner(signer.issuer, signer.key, signer.kid, clock=lambda: now - 3600)
    lasting = InternalSigner(signer.issuer, signer.key, signer.kid, lifetime=86_400)
    posing = InternalSigner("gateway", worker.key, worker.kid)
    return {
        "algorithm none": jwt.encode(claims, "", algorithm="none", headers=header),
        "HS256 with the public key": _hs256(claims, signer.kid, raw),
        "HS256 with the public key as PEM": _hs256(claims, signer.kid, pem),
        "HS256 with the public JWK": _hs256(claims, signer.kid, json.dumps(public).encode()),
        "HS256 with the provider's secret": _hs256(claims, signer.kid, system.secret.encode()),
        "another key under our kid": forger.for_user(maya, audience=everywhere),
        "another key under its own kid": stranger.for_user(maya, audience=everywhere),
        "expired": late.for_user(maya, audience=everywhere),
        "too long a life": lasting.for_user(maya, audience=everywhere),
        "for nobody here": signer.for_user(maya, audience=["elsewhere"]),
        "a worker that speaks for a user": worker.for_user(maya, audience=everywhere),
        "a worker that poses as the gateway": posing.for_user(maya, audience=everywhere),
        "without a tenant": jwt.encode(
            {**claims, "tenant": "acme"}, signer.key, algorithm="EdDSA", headers=header
        ),
    }


def _hs256(claims: Mapping[str, Any], kid: str, key: bytes) -> str:
    """A token as an attacker signs it: no library of ours would take a public key for a secret."""
    parts = [
        _encoded(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT", "kid": kid}, claims)
    ]
    signed = ".".join(parts)
    return f"{signed}.{_encoded(hmac.digest(key, signed.encode(), 'sha256'))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
