"""The client's side: retries, balancing, TLS, abandoned streams."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client import CollectorRegistry

from services.runtime.auth import InternalSigner, InternalVerifier, authenticator, generate_key, key_set
from services.runtime.client import as_service, open_channel, service_config
from services.runtime.config import load
from services.runtime.errors import Aborted, NotFound, Unavailable, VitaeError
from services.runtime.server import build_server
from services.runtime.settings import ServerConfig, TlsConfig
from tests.integration.runtime_rpc.probe import Answer, Ask, Probe, ProbeStub, add_probe_to_server, serving


def _failing_first(times: int, error: VitaeError) -> tuple[Probe, list[int]]:
    attempts: list[int] = []

    async def answer(_: Any, __: Any) -> Any:
        attempts.append(1)
        if len(attempts) <= times:
            raise error
        return Answer(text="at last")

    return Probe(echo=answer, gather=answer), attempts


async def test_unavailable_is_tried_again_for_methods_named_idempotent() -> None:
    probe, attempts = _failing_first(2, Unavailable())
    async with serving(probe) as here:
        answer = await here.stub.Echo(Ask())
    assert answer.text == "at last"
    assert len(attempts) == 3


async def test_unavailable_is_not_tried_again_for_other_methods() -> None:
    probe, attempts = _failing_first(2, Unavailable())
    async with serving(probe) as here:
        with pytest.raises(Unavailable):
            await here.stub.Gather(iter([Ask()]))
    assert len(attempts) == 1


async def test_no_other_code_is_tried_again() -> None:
    probe, attempts = _failing_first(1, Aborted())
    async with serving(probe) as here:
        with pytest.raises(Aborted):
            await here.stub.Echo(Ask())
    assert len(attempts) == 1


def test_the_service_config_names_methods_and_whole_services() -> None:
    config = json.loads(service_config(["a.v1.Things/GetThing", "/b.v1.Others/ListOthers", "c.v1.Readers"]))
    (method_config,) = config["methodConfig"]
    assert method_config["name"] == [
        {"service": "a.v1.Things", "method": "GetThing"},
        {"service": "b.v1.Others", "method": "ListOthers"},
        {"service": "c.v1.Readers"},
    ]
    assert method_config["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]
    assert config["loadBalancingConfig"] == [{"round_robin": {}}]
    assert "methodConfig" not in json.loads(service_config([]))


async def test_calls_are_spread_over_the_addresses_of_a_name() -> None:
    async with serving() as one, serving(signer=one.signer) as two:
        channel = open_channel(f"ipv4:127.0.0.1:{one.port},127.0.0.1:{two.port}", token=one.token)
        stub = ProbeStub(channel)
        for _ in range(20):
            await stub.Echo(Ask())
        shares = [
            each.sample("vitae_rpc_seconds_count", service="vitae.probe.v1.Probe", method="Echo")
            for each in (one, two)
        ]
        await channel.close()
    assert sum(shares) == 20
    assert min(shares) >= 5


async def test_a_streams_messages_and_then_its_typed_error_arrive() -> None:
    async def count(_: Any, __: Any) -> Any:
        yield Answer(text="one")
        raise NotFound(reason="NO_MORE")

    seen: list[str] = []

    async def read(answers: Any) -> None:
        async for answer in answers:
            seen.append(answer.text)  # noqa: PERF401 - what came before the error counts

    async with serving(Probe(count=count)) as here:
        with pytest.raises(NotFound) as ended:
            await read(here.stub.Count(Ask()))
    assert seen == ["one"]
    assert ended.value.reason == "NO_MORE"


async def test_streams_of_all_kinds_carry_every_message() -> None:
    async def asks() -> Any:
        for letter in "abc":
            yield Ask(text=letter)

    async with serving() as here:
        assert [each.text async for each in here.stub.Count(Ask(number=3))] == ["0", "1", "2"]
        assert (await here.stub.Gather(asks())).text == "abc"
        assert [each.text async for each in here.stub.Talk(asks())] == ["a", "b", "c"]


async def test_a_handler_may_read_and_write_its_stream_itself() -> None:
    async def talk(requests: Any, context: Any) -> None:
        async for request in requests:
            await context.write(Answer(text=request.text.upper()))

    async with serving(Probe(talk=talk)) as here:
        assert [each.text async for each in here.stub.Talk(iter([Ask(text="a"), Ask(text="b")]))] == [
            "A",
            "B",
        ]


def _certificate(folder: Path, name: str, authority: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
    """A key and a certificate for 127.0.0.1, written as `name`.key and `name`.pem; without `authority` it is one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    issuer_key, issuer = authority or (key, None)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return key, certificate


async def test_with_an_authority_both_sides_have_to_prove_who_they_are(tmp_path: Path) -> None:
    authority = _certificate(tmp_path, "authority")
    _certificate(tmp_path, "peer", authority)
    environ = {
        "VITAE_TLS_CERT_FILE": str(tmp_path / "peer.pem"),
        "VITAE_TLS_KEY_FILE": str(tmp_path / "peer.key"),
        "VITAE_TLS_CA_FILE": str(tmp_path / "authority.pem"),
    }
    signer = InternalSigner.from_pem(generate_key(), issuer="gateway")
    verifier = InternalVerifier.from_jwks(key_set([signer]), audience="probe")
    server = build_server(
        load(ServerConfig, environ, process="probe"),
        authenticate=authenticator(verifier),
        registry=CollectorRegistry(),
    )
    server.add(add_probe_to_server, Probe())
    port = await server.start()
    token = as_service(signer, ["probe"])
    mutual = open_channel(f"localhost:{port}", token=token, tls=load(TlsConfig, environ, process="probe"))
    trusting = open_channel(
        f"localhost:{port}",
        token=token,
        tls=load(TlsConfig, {"VITAE_TLS_CA_FILE": environ["VITAE_TLS_CA_FILE"]}, process="probe"),
    )
    plain = grpc.aio.insecure_channel(f"localhost:{port}")
    try:
        assert (await ProbeStub(mutual).Echo(Ask(text="hello"))).text == "hello"
        with pytest.raises(Unavailable):
            await ProbeStub(trusting).Echo(Ask(), timeout=2)
        with pytest.raises(grpc.aio.AioRpcError):
            await ProbeStub(plain).Echo(Ask(), timeout=2)
    finally:
        for channel in (mutual, trusting, plain):
            await channel.close()
        await server.stop(0)


async def test_a_taken_port_is_an_error_that_names_the_address() -> None:
    async with serving() as here:
        second = build_server(
            load(ServerConfig, {"VITAE_PROBE_PORT": str(here.port)}, process="probe"),
            authenticate=authenticator(InternalVerifier("probe", {})),
            registry=CollectorRegistry(),
        )
        with pytest.raises(OSError, match=str(here.port)):
            await second.start()
        await second.stop(0)
