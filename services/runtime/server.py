"""The gRPC server every service runs: options, interceptors, health, reflection in development, TLS.

    server = build_server(config.server, authenticate=authenticator(verifier), registry=process.registry, reflection=False)
    server.add(storage_pb2_grpc.add_ExportServiceServicer_to_server, servicer)
    port = await server.start()        # listens; health answers NOT_SERVING
    await server.set_serving(True)
    await server.stop(grace=25.0)      # not serving, refuses new calls, lets those under way finish for `grace` seconds

In a process, hand it to `process.serve(server)` instead of starting and stopping it (services/runtime/process.py).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry

from services.runtime.auth import Authenticate
from services.runtime.settings import ServerConfig

S = TypeVar("S")


class RpcServer:
    """A gRPC server with its health service."""

    def add(self, register: Callable[[S, Any], None], servicer: S) -> None:
        """Adds a servicer through its generated `add_..._to_server`; its service gets a health entry of its own."""
        raise NotImplementedError

    async def start(self) -> int:
        """Listens, still NOT_SERVING; the port it listens on. OSError when the address cannot be had."""
        raise NotImplementedError

    async def set_serving(self, serving: bool) -> None:
        """What grpc.health.v1 answers for the server and each of its services."""
        raise NotImplementedError

    async def stop(self, grace: float) -> None:
        """Refuses new calls and waits up to `grace` seconds for those under way, then cancels them."""
        raise NotImplementedError


def build_server(
    config: ServerConfig, *, authenticate: Authenticate, registry: CollectorRegistry, reflection: bool = False
) -> RpcServer:
    """A server, not yet listening. `authenticate` turns a bearer token into an identity."""
    raise NotImplementedError
