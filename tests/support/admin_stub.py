"""Storage's admin service on a real socket, as far as generation's outbox sees it: it notes calls and fails on demand.

Storage itself is tried in tests/integration/storage; a failure at a chosen moment is easier to have here.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry

from services.runtime.auth import InternalSigner, InternalVerifier, authenticator, key_set, require_service
from services.runtime.client import as_service, open_channel
from services.runtime.config import load
from services.runtime.errors import Unavailable
from services.runtime.server import build_server
from services.runtime.settings import ServerConfig
from vitae.storage.v1 import admin_pb2
from vitae.storage.v1.admin_pb2_grpc import (
    StorageAdminServiceServicer,
    StorageAdminServiceStub,
    add_StorageAdminServiceServicer_to_server,
)


@dataclass
class AdminStub(StorageAdminServiceServicer):
    """What generation calls."""

    failures: int = 0
    """Calls still to be refused, as while storage is restarting."""
    forgotten: list[admin_pb2.ForgetDocumentsRequest] = field(default_factory=list)
    erased: list[admin_pb2.EraseOwnerRequest] = field(default_factory=list)
    refused: int = 0

    async def ForgetDocuments(
        self, request: admin_pb2.ForgetDocumentsRequest, context: Any
    ) -> admin_pb2.ForgetDocumentsResponse:
        self._admit()
        self.forgotten.append(request)
        return admin_pb2.ForgetDocumentsResponse(cancelled_exports=1, deleted_files=2)

    async def EraseOwner(
        self, request: admin_pb2.EraseOwnerRequest, context: Any
    ) -> admin_pb2.EraseOwnerResponse:
        self._admit()
        self.erased.append(request)
        return admin_pb2.EraseOwnerResponse(deleted_records=4, deleted_files=3)

    def _admit(self) -> None:
        require_service("generation")
        if self.failures:
            self.failures -= 1
            self.refused += 1
            raise Unavailable


@asynccontextmanager
async def running_admin(stub: AdminStub, signer: InternalSigner, *, port: int = 0) -> AsyncIterator[int]:
    """Serves the stub to whoever `signer` speaks for; its port."""
    verifier = InternalVerifier.from_jwks(key_set([signer]), audience="storage")
    server = build_server(
        load(ServerConfig, {"VITAE_STORAGE_PORT": str(port)}, process="storage"),
        authenticate=authenticator(verifier),
        registry=CollectorRegistry(),
    )
    server.add(add_StorageAdminServiceServicer_to_server, stub)
    port = await server.start()
    try:
        yield port
    finally:
        await server.stop(grace=1)


@asynccontextmanager
async def admin_client(port: int, signer: InternalSigner) -> AsyncIterator[StorageAdminServiceStub]:
    """Calls to it as generation makes them."""
    channel = open_channel(f"127.0.0.1:{port}", token=as_service(signer, ["storage"]))
    try:
        yield StorageAdminServiceStub(channel)
    finally:
        await channel.close()


async def eventually(condition: Any, *, within: float = 10.0) -> None:
    """Returns once the condition, an async function, holds."""
    end = asyncio.get_running_loop().time() + within
    while not await condition():
        assert asyncio.get_running_loop().time() < end, "it did not come to pass"
        await asyncio.sleep(0.02)
