"""A small service on the real runtime, over a real socket: what it does, a test says by replacing its behaviours."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    field_mask_pb2,
    message_factory,
    timestamp_pb2,
)
from grpc_health.v1 import health_pb2_grpc
from grpc_tools import protoc
from prometheus_client import CollectorRegistry

from buf.validate import validate_pb2
from services.runtime.auth import (
    Identity,
    InternalSigner,
    InternalVerifier,
    Role,
    authenticator,
    generate_key,
    key_set,
)
from services.runtime.client import open_channel
from services.runtime.config import load
from services.runtime.server import RpcServer, build_server
from services.runtime.settings import ServerConfig

SERVICE = "vitae.probe.v1.Probe"
PERSON = Identity(
    UUID("11111111-1111-4111-8111-111111111111"),
    UUID("22222222-2222-4222-8222-222222222222"),
    frozenset({Role.USER}),
)


def _messages() -> Mapping[str, Any]:
    pool = descriptor_pool.Default()
    foreign = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2, validate_pb2):
        module.DESCRIPTOR.CopyToProto(foreign.file.add())
    with tempfile.TemporaryDirectory() as scratch:
        known, compiled = Path(scratch) / "known.binpb", Path(scratch) / "probe.binpb"
        known.write_bytes(foreign.SerializeToString())
        folder = Path(__file__).parent
        arguments = [
            "protoc",
            f"-I{folder}",
            f"--descriptor_set_in={known}",
            f"--descriptor_set_out={compiled}",
        ]
        if protoc.main([*arguments, "probe.proto"]):
            raise RuntimeError("probe.proto does not compile")
        found = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes())
    pool.AddSerializedFile(found.file[0].SerializeToString())
    names = ("Ask", "Answer", "Item")
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"vitae.probe.v1.{name}"))
        for name in names
    }


_compiled = _messages()
Ask: Any = _compiled["Ask"]
Answer: Any = _compiled["Answer"]
Item: Any = _compiled["Item"]

Context = grpc.aio.ServicerContext[Any, Any]


async def _echo(request: Any, _: Context) -> Any:
    return Answer(text=request.text)


async def _count(request: Any, _: Context) -> AsyncIterator[Any]:
    for number in range(request.number):
        yield Answer(text=str(number))


async def _gather(requests: AsyncIterator[Any], _: Context) -> Any:
    return Answer(text="".join([request.text async for request in requests]))


async def _talk(requests: AsyncIterator[Any], _: Context) -> AsyncIterator[Any]:
    async for request in requests:
        yield Answer(text=request.text)


@dataclass
class Probe:
    """The servicer. Each behaviour is a plain handler of its kind."""

    echo: Callable[[Any, Context], Awaitable[Any]] = _echo
    count: Callable[[Any, Context], Any] = _count
    gather: Callable[[AsyncIterator[Any], Context], Awaitable[Any]] = _gather
    talk: Callable[[AsyncIterator[Any], Context], Any] = _talk


def add_probe_to_server(probe: Probe, server: Any) -> None:
    """Does what generated code does. Behaviours are looked up at each call."""
    wire: dict[str, Any] = {
        "request_deserializer": Ask.FromString,
        "response_serializer": Answer.SerializeToString,
    }

    def now(name: str) -> Any:
        def handler(request: Any, context: Context) -> Any:
            return getattr(probe, name)(request, context)

        return handler

    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(now("echo"), **wire),
        "Count": grpc.unary_stream_rpc_method_handler(now("count"), **wire),
        "Gather": grpc.stream_unary_rpc_method_handler(now("gather"), **wire),
        "Talk": grpc.stream_stream_rpc_method_handler(now("talk"), **wire),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))


class ProbeStub:
    """Does what a generated stub does."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        wire: dict[str, Any] = {
            "request_serializer": Ask.SerializeToString,
            "response_deserializer": Answer.FromString,
        }
        self.Echo: Any = channel.unary_unary(f"/{SERVICE}/Echo", **wire)
        self.Count: Any = channel.unary_stream(f"/{SERVICE}/Count", **wire)
        self.Gather: Any = channel.stream_unary(f"/{SERVICE}/Gather", **wire)
        self.Talk: Any = channel.stream_stream(f"/{SERVICE}/Talk", **wire)
        self.Missing: Any = channel.unary_unary(f"/{SERVICE}/Missing", **wire)


def health_stub(channel: grpc.aio.Channel) -> Any:
    """The stub of grpc.health.v1, whose types describe only the blocking one."""
    return health_pb2_grpc.HealthStub(channel)


async def awaited(call: Any) -> Any:
    """A call as a coroutine, to put into a task."""
    return await call


async def until(holds: Callable[[], object]) -> None:
    """Waits a few seconds for something that happens just after an answer, or fails."""
    async with asyncio.timeout(3):
        while not holds():  # noqa: ASYNC110 - metrics and the like have no event to wait for
            await asyncio.sleep(0.01)


@dataclass
class Serving:
    """A probe being served, and what a test needs to call it."""

    probe: Probe
    server: RpcServer
    port: int
    registry: CollectorRegistry
    signer: InternalSigner
    stub: ProbeStub
    channel: grpc.aio.Channel
    bare: grpc.aio.Channel = field(repr=False)
    """A channel that adds nothing to a call."""

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def raw(self) -> ProbeStub:
        """A stub that adds nothing and raises gRPC's own errors."""
        return ProbeStub(self.bare)

    def token(self, identity: Identity = PERSON) -> str:
        return self.signer.for_user(identity, audience=["probe"])

    def bearer(self, identity: Identity = PERSON) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.token(identity)}"),)

    def sample(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def serving(
    probe: Probe | None = None,
    *,
    signer: InternalSigner | None = None,
    reflection: bool = False,
    **settings: str,
) -> AsyncIterator[Serving]:
    """Serves a probe on a free port; `settings` are VITAE_PROBE_ variables by their last part (`max_in_flight="2"`)."""
    probe = probe or Probe()
    signer = signer or InternalSigner.from_pem(generate_key(), issuer="gateway")
    environ = {f"VITAE_PROBE_{name.upper()}": value for name, value in settings.items()}
    config = load(ServerConfig, environ, process="probe")
    verifier = InternalVerifier.from_jwks(key_set([signer]), audience="probe")
    registry = CollectorRegistry()
    server = build_server(
        config, authenticate=authenticator(verifier), registry=registry, reflection=reflection
    )
    server.add(add_probe_to_server, probe)
    port = await server.start()
    await server.set_serving(True)
    channel = open_channel(
        f"127.0.0.1:{port}",
        token=lambda: signer.for_user(PERSON, audience=["probe"]),
        idempotent=[f"{SERVICE}/Echo"],
    )
    bare = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    try:
        yield Serving(probe, server, port, registry, signer, ProbeStub(channel), channel, bare)
    finally:
        await channel.close()
        await bare.close()
        await server.stop(0)
