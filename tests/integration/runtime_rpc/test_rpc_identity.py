"""Who may call, over the wire: every token that is not good gets the same vague answer."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import grpc
import jwt
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import CollectorRegistry

from services.runtime import auth
from services.runtime.auth import (
    NO_TENANT,
    Identity,
    InternalSigner,
    InternalVerifier,
    Role,
    authenticator,
    generate_key,
)
from services.runtime.client import as_service, forward_caller, open_channel, speaking_for_caller
from services.runtime.config import load
from services.runtime.errors import PermissionDenied, Unauthenticated
from services.runtime.server import build_server
from services.runtime.settings import ServerConfig
from tests.integration.runtime_rpc.probe import (
    PERSON,
    SERVICE,
    Answer,
    Ask,
    Probe,
    ProbeStub,
    Serving,
    add_probe_to_server,
    health_stub,
    serving,
)

RECRUITER = Identity(PERSON.tenant_id, PERSON.user_id, frozenset({Role.USER, Role.RECRUITER}))


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": "gateway",
        "aud": ["probe"],
        "sub": str(PERSON.user_id),
        "tenant": str(PERSON.tenant_id),
        "roles": ["user"],
        "iat": now,
        "exp": now + 60,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _signed(signer: InternalSigner, **changes: Any) -> str:
    return jwt.encode(_claims(**changes), signer.key, algorithm="EdDSA", headers={"kid": signer.kid})


def _with_public_key_as_secret(here: Serving) -> str:
    public = base64.urlsafe_b64decode(here.signer.jwk()["x"] + "=")
    return jwt.encode(_claims(), public, algorithm="HS256", headers={"kid": here.signer.kid})


def _without_signature(here: Serving) -> str:
    return jwt.encode(_claims(), "", algorithm="none", headers={"kid": here.signer.kid})


def _tampered(here: Serving) -> str:
    head, _, signature = here.token().split(".")
    body = base64.urlsafe_b64encode(json.dumps(_claims(roles=["operator"])).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


def _of_a_stranger(here: Serving) -> str:
    stranger = InternalSigner.from_pem(generate_key(), issuer="gateway")
    return jwt.encode(_claims(), stranger.key, algorithm="EdDSA", headers={"kid": here.signer.kid})


BAD: dict[str, Callable[[Serving], str]] = {
    "empty": lambda here: "",
    "garbage": lambda here: "not.a.token",
    "expired": lambda here: _signed(here.signer, iat=int(time.time()) - 120, exp=int(time.time()) - 60),
    "not yet issued": lambda here: _signed(
        here.signer, iat=int(time.time()) + 60, exp=int(time.time()) + 120
    ),
    "without expiry": lambda here: _signed(here.signer, exp=None),
    "lives too long": lambda here: _signed(here.signer, exp=int(time.time()) + 86_400),
    "for another service": lambda here: _signed(here.signer, aud=["storage"]),
    "without audience": lambda here: _signed(here.signer, aud=None),
    "of another issuer": lambda here: _signed(here.signer, iss="render-worker"),
    "user that is no id": lambda here: _signed(here.signer, sub="root"),
    "without tenant": lambda here: _signed(here.signer, tenant=None),
    "roles that are no list": lambda here: _signed(here.signer, roles="operator"),
    "unknown kid": lambda here: jwt.encode(
        _claims(), here.signer.key, algorithm="EdDSA", headers={"kid": "k"}
    ),
    "without kid": lambda here: jwt.encode(_claims(), here.signer.key, algorithm="EdDSA"),
    "signed by a stranger": _of_a_stranger,
    "HS256 with the public key": _with_public_key_as_secret,
    "algorithm none": _without_signature,
    "tampered": _tampered,
}


async def test_every_bad_token_gets_the_same_answer_and_never_reaches_the_handler() -> None:
    called: list[str] = []

    async def echo(request: Any, _: Any) -> Any:
        called.append(request.text)
        return Answer()

    async with serving(Probe(echo=echo)) as here:
        for name, make in BAD.items():
            channel = open_channel(here.target, token=lambda make=make: make(here))  # type: ignore[misc]
            try:
                with pytest.raises(Unauthenticated) as refused:
                    await ProbeStub(channel).Echo(Ask(text=name))
            finally:
                await channel.close()
            assert (name, refused.value.reason) == (name, "INVALID_TOKEN")
            assert refused.value.message == "The token is not valid or has expired."
    assert called == []


async def test_a_call_without_a_token_is_told_to_send_one() -> None:
    async with serving() as here:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await here.raw.Echo(Ask())
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "authorization" in (refused.value.details() or "")


async def test_two_tokens_are_refused_rather_than_one_of_them_chosen() -> None:
    async with serving() as here:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await here.raw.Echo(Ask(), metadata=(*here.bearer(), *here.bearer(RECRUITER)))
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_the_handler_sees_who_calls_in_every_kind_of_rpc() -> None:
    seen: list[Identity] = []

    async def one(_: Any, __: Any) -> Any:
        seen.append(auth.current_identity())
        return Answer()

    async def many(_: Any, __: Any) -> Any:
        seen.append(auth.current_identity())
        yield Answer()

    async with serving(Probe(echo=one, count=many, gather=one, talk=many)) as here:
        await here.stub.Echo(Ask())
        _ = [answer async for answer in here.stub.Count(Ask())]
        await here.stub.Gather(iter([Ask()]))
        _ = [answer async for answer in here.stub.Talk(iter([Ask()]))]
    assert seen == [PERSON] * 4


async def test_concurrent_calls_keep_their_callers_apart() -> None:
    async def who(_: Any, __: Any) -> Any:
        return Answer(text=str(auth.current_identity().user_id)[:8])

    others = [
        Identity(PERSON.tenant_id, UUID(int=number + 1), frozenset({Role.USER})) for number in range(20)
    ]
    async with serving(Probe(echo=who)) as here:
        calls = [here.raw.Echo(Ask(), metadata=here.bearer(each)) for each in others]
        answers = [(await call).text for call in calls]
    assert answers == [str(each.user_id)[:8] for each in others]


async def test_a_role_is_required_where_a_handler_says_so() -> None:
    async def recruiters_only(_: Any, __: Any) -> Any:
        auth.require_role(Role.RECRUITER, Role.TENANT_ADMIN)
        return Answer(text="welcome")

    async with serving(Probe(echo=recruiters_only)) as here:
        with pytest.raises(PermissionDenied) as refused:
            await here.stub.Echo(Ask())
        answer = await here.raw.Echo(Ask(), metadata=here.bearer(RECRUITER))
    assert refused.value.reason == "ROLE_REQUIRED"
    assert answer.text == "welcome"


async def test_a_process_calls_for_itself_and_is_no_user() -> None:
    async def worker_only(_: Any, __: Any) -> Any:
        identity = auth.require_service("render-worker")
        assert (identity.tenant_id, identity.user_id) == (NO_TENANT, None)
        return Answer(text=identity.service)

    async def users_only(_: Any, __: Any) -> Any:
        auth.require_user()

    worker = InternalSigner.from_pem(generate_key(), issuer="render-worker")
    async with serving(Probe(echo=worker_only, gather=users_only), signer=worker) as here:
        channel = open_channel(here.target, token=as_service(worker, ["probe"]))
        try:
            stub = ProbeStub(channel)
            assert (await stub.Echo(Ask())).text == "render-worker"
            with pytest.raises(PermissionDenied) as refused:
                await stub.Gather(iter([Ask()]))
            with pytest.raises(Unauthenticated):  # it may not speak for a user, however well it signs
                await here.stub.Echo(Ask())
        finally:
            await channel.close()
    assert refused.value.reason == "USER_REQUIRED"


async def test_a_person_is_no_process() -> None:
    async def worker_only(_: Any, __: Any) -> Any:
        auth.require_service("gateway", "render-worker")

    async with serving(Probe(echo=worker_only)) as here:
        with pytest.raises(PermissionDenied) as refused:
            await here.stub.Echo(Ask())
    assert refused.value.reason == "SERVICE_REQUIRED"


async def test_the_callers_token_is_forwarded_to_the_next_service() -> None:
    async def who(_: Any, __: Any) -> Any:
        return Answer(text=str(auth.require_user().user)[:8])

    async with serving(Probe(echo=who)) as back:
        onward = open_channel(back.target, token=forward_caller)

        async def forwards(request: Any, _: Any) -> Any:
            return await ProbeStub(onward).Echo(request)

        async with serving(Probe(echo=forwards), signer=back.signer) as front:
            answer = await front.stub.Echo(Ask())
        await onward.close()
    assert answer.text == str(PERSON.user_id)[:8]


async def test_forwarding_without_a_caller_fails_before_anything_is_sent() -> None:
    async with serving() as here:
        channel = open_channel(here.target, token=forward_caller)
        with pytest.raises(Unauthenticated):
            await ProbeStub(channel).Echo(Ask())
        await channel.close()
        assert (
            here.sample("vitae_rpc_handled_total", service=SERVICE, method="Echo", code="UNAUTHENTICATED")
            == 0
        )


async def test_the_gateway_speaks_for_the_identity_in_context() -> None:
    async def who(_: Any, __: Any) -> Any:
        return Answer(text=",".join(sorted(auth.current_identity().roles)))

    async with serving(Probe(echo=who)) as here:
        channel = open_channel(here.target, token=speaking_for_caller(here.signer, ["probe", "storage"]))
        with auth.acting_as(RECRUITER):
            answer = await ProbeStub(channel).Echo(Ask())
        await channel.close()
    assert answer.text == "recruiter,user"


async def test_health_needs_no_token_and_follows_the_server() -> None:
    async with serving() as here:
        health = health_stub(here.bare)
        for name in ("", SERVICE):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        await here.server.set_serving(False)
        answer = await health.Check(health_pb2.HealthCheckRequest(service=SERVICE))
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_a_server_that_only_listens_is_not_serving_yet() -> None:
    server = build_server(
        load(ServerConfig, {}, process="probe"),
        authenticate=authenticator(InternalVerifier("probe", {})),
        registry=CollectorRegistry(),
    )
    server.add(add_probe_to_server, Probe())
    port = await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for name in ("", SERVICE):
            answer = await health_stub(channel).Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
    await server.stop(0)


@pytest.mark.parametrize("reflection", [True, False])
async def test_reflection_answers_only_where_it_is_switched_on(reflection: bool) -> None:
    async with serving(reflection=reflection) as here:
        generated: Any = reflection_pb2_grpc
        ask = generated.ServerReflectionStub(here.bare).ServerReflectionInfo
        if reflection:
            answers = [
                answer
                async for answer in ask(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
            ]
            assert SERVICE in {each.name for each in answers[0].list_services_response.service}
        else:
            # Without a message: one that meets the refusal on its way is an error of the client's own.
            assert await ask().code() is grpc.StatusCode.UNAUTHENTICATED
