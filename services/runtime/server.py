"""The gRPC server every service runs: options, interceptors, health, reflection in development, TLS.

    server = build_server(config.server, authenticate=authenticator(verifier), registry=process.registry)
    server.add(storage_pb2_grpc.add_ExportServiceServicer_to_server, servicer)
    port = await server.start()        # listens; health answers NOT_SERVING
    await server.set_serving(True)
    await server.stop(grace=25.0)      # not serving, refuses new calls, lets those under way finish

In a process, hand it to `process.serve(server)` instead of starting and stopping it
(services/runtime/process.py).
"""

from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection as grpc_reflection
from prometheus_client import CollectorRegistry

from services.runtime.auth import Authenticate
from services.runtime.interceptors import Chain, stages
from services.runtime.metrics import RpcMetrics
from services.runtime.settings import ServerConfig, TlsConfig

S = TypeVar("S")

CONNECTION_GRACE = 10.0
"""Seconds calls get to finish on a connection that has reached its age."""

METADATA_LIMIT = 16 * 2**10
"""Bytes of request metadata accepted: tokens of identity providers with many claims reach 8 KiB."""


class RpcServer:
    """A gRPC server with its health service."""

    def __init__(self, config: ServerConfig, chain: Chain, *, reflection: bool) -> None:
        self._config = config
        self._reflection = reflection
        self._health = health_aio.HealthServicer()
        self._server = grpc.aio.server(interceptors=[chain], options=_options(config))
        self._services: list[str] = []

    def add(self, register: Callable[[S, Any], None], servicer: S) -> None:
        """Adds a servicer through its generated `add_..._to_server`; its service gets a health entry of its own."""
        recorder = _Recorder(self._server)
        register(servicer, recorder)
        self._services.extend(recorder.names)

    async def start(self) -> int:
        """Listens, still NOT_SERVING; the port it listens on. OSError when the address cannot be had."""
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if self._reflection:
            names = (*self._services, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name)
            grpc_reflection.enable_server_reflection((*names, grpc_reflection.SERVICE_NAME), self._server)
        await self.set_serving(False)
        port = self._listen(f"{self._config.host}:{self._config.port}")
        await self._server.start()
        return port

    async def set_serving(self, serving: bool) -> None:
        """What grpc.health.v1 answers for the server and each of its services."""
        answers = health_pb2.HealthCheckResponse
        status = answers.SERVING if serving else answers.NOT_SERVING
        for name in ("", *self._services):
            await self._health.set(name, status)

    async def stop(self, grace: float) -> None:
        """Refuses new calls and waits up to `grace` seconds for those under way, then cancels them."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace)

    def _listen(self, address: str) -> int:
        try:
            if self._config.tls.certificate is None:
                port = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, _credentials(self._config.tls))
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}: {error}") from error
        if not port:
            raise OSError(f"cannot listen on {address}")
        return port


def build_server(
    config: ServerConfig, *, authenticate: Authenticate, registry: CollectorRegistry, reflection: bool = False
) -> RpcServer:
    """A server, not yet listening. `authenticate` turns a bearer token into an identity."""
    chain = Chain(
        stages(
            metrics=RpcMetrics.register(registry),
            authenticate=authenticate,
            max_in_flight=config.max_in_flight,
            default_deadline=config.default_deadline,
        )
    )
    return RpcServer(config, chain, reflection=reflection)


class _Recorder:
    """Stands in for a server while a generated function registers a servicer, and notes the service's name."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server
        self.names: list[str] = []

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        self.names.extend(each.service_name() for each in handlers)
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service_name: str, handlers: Any) -> None:
        self._server.add_registered_method_handlers(service_name, handlers)


def _options(config: ServerConfig) -> list[tuple[str, Any]]:
    keepalive = round(config.keepalive * 1000)
    return [
        ("grpc.max_receive_message_length", config.max_message),
        ("grpc.max_send_message_length", config.max_message),
        ("grpc.max_metadata_size", METADATA_LIMIT),
        ("grpc.max_connection_age_ms", round(config.max_connection_age * 1000)),
        ("grpc.max_connection_age_grace_ms", round(CONNECTION_GRACE * 1000)),
        ("grpc.keepalive_time_ms", keepalive),
        ("grpc.keepalive_timeout_ms", keepalive // 3),
        ("grpc.keepalive_permit_without_calls", 1),
        # Clients of ours ping every `keepalive`; a server that allowed less would call that abuse.
        ("grpc.http2.min_ping_interval_without_data_ms", keepalive // 2),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", keepalive // 2),
        # Two servers on one port would share its calls by chance.
        ("grpc.so_reuseport", 0),
    ]


def _credentials(tls: TlsConfig) -> grpc.ServerCredentials:
    certificate, key = tls.certificate, tls.key
    if certificate is None or key is None:
        raise ValueError("VITAE_TLS_CERT_FILE and VITAE_TLS_KEY_FILE are needed to serve TLS")
    return grpc.ssl_server_credentials(
        [(key.read_bytes(), certificate.read_bytes())],
        root_certificates=tls.authority.read_bytes() if tls.authority else None,
        require_client_auth=tls.authority is not None,
    )
