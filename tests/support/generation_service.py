"""The generation service as it runs: real servicers on a real socket, a real PostgreSQL, a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import grpc
from prometheus_client import CollectorRegistry

from deploy.local.postgres import ServiceDatabase
from services.generation.outbox.relay import OutboxMetrics, Relay
from services.generation.wiring import add_services
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
from services.runtime.db import Database
from services.runtime.server import build_server
from services.runtime.settings import ServerConfig
from tests.support.skills import skill_table
from vitae.generation.v1 import (
    client_shapes_pb2_grpc,
    cover_letters_pb2_grpc,
    documents_pb2_grpc,
    matching_pb2_grpc,
    person_data_pb2_grpc,
    postings_pb2_grpc,
    profiles_pb2_grpc,
    resumes_pb2_grpc,
)
from vitae.storage.v1.admin_pb2_grpc import StorageAdminServiceStub

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Caller:
    """Stubs that speak for one person."""

    identity: Identity
    channel: grpc.aio.Channel
    profiles: profiles_pb2_grpc.ProfileServiceStub
    postings: postings_pb2_grpc.JobPostingServiceStub
    matches: matching_pb2_grpc.MatchServiceStub
    resumes: resumes_pb2_grpc.ResumeServiceStub
    letters: cover_letters_pb2_grpc.CoverLetterServiceStub
    documents: documents_pb2_grpc.DocumentServiceStub
    shapes: client_shapes_pb2_grpc.ClientShapeServiceStub
    persons: person_data_pb2_grpc.PersonDataServiceStub


class GenerationHarness:
    """A running service and those who call it."""

    def __init__(self, port: int, gateway: InternalSigner, database: Database) -> None:
        self.database = database
        self._port = port
        self._gateway = gateway
        self._channels: list[grpc.aio.Channel] = []

    def user(self, *, tenant: UUID | None = None, roles: frozenset[Role] = frozenset({Role.USER})) -> Caller:
        """A new person, of a new tenant unless told."""
        return self.caller(Identity(tenant or uuid4(), uuid4(), roles))

    def caller(self, identity: Identity) -> Caller:
        """Stubs that speak for a person, who may be known to another replica already."""
        channel = open_channel(
            f"127.0.0.1:{self._port}",
            token=lambda: self._gateway.for_user(identity, audience=["generation"]),
            default_timeout=60.0,  # two hundred calls at once take their time on a slow machine
        )
        self._channels.append(channel)
        return Caller(
            identity,
            channel,
            profiles_pb2_grpc.ProfileServiceStub(channel),
            postings_pb2_grpc.JobPostingServiceStub(channel),
            matching_pb2_grpc.MatchServiceStub(channel),
            resumes_pb2_grpc.ResumeServiceStub(channel),
            cover_letters_pb2_grpc.CoverLetterServiceStub(channel),
            documents_pb2_grpc.DocumentServiceStub(channel),
            client_shapes_pb2_grpc.ClientShapeServiceStub(channel),
            person_data_pb2_grpc.PersonDataServiceStub(channel),
        )

    async def close(self) -> None:
        """Closes the callers' channels."""
        for channel in self._channels:
            await channel.close()


@asynccontextmanager
async def running_generation(
    urls: ServiceDatabase, *, storage: StorageAdminServiceStub | None = None, kept_versions: int = 50
) -> AsyncIterator[GenerationHarness]:
    """One replica on a free port; with a storage, deletions are relayed to it."""
    gateway = InternalSigner.from_pem(generate_key(), issuer="gateway")
    verifier = InternalVerifier.from_jwks(key_set([gateway]), audience="generation")
    server = build_server(
        load(ServerConfig, {}, process="generation"),
        authenticate=authenticator(verifier),
        registry=CollectorRegistry(),
    )
    async with Database(urls.login_url, application="generation-test") as database:
        relay = Relay(database, storage, OutboxMetrics.register(CollectorRegistry()), poll=0.1)
        add_services(server, database, skill_table(), lambda: NOW, relay=relay, kept_versions=kept_versions)
        relaying = asyncio.create_task(relay.run()) if storage is not None else None
        port = await server.start()
        harness = GenerationHarness(port, gateway, database)
        try:
            yield harness
        finally:
            await harness.close()
            await server.stop(grace=1)
            if relaying is not None:
                relaying.cancel()
                await asyncio.wait([relaying])
