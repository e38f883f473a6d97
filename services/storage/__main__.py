"""The storage process: `python -m services.storage`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from services.runtime.auth import InternalVerifier, authenticator
from services.runtime.client import forward_caller, open_channel
from services.runtime.db import Database
from services.runtime.external_identity import external_verifier
from services.runtime.migrate import require_schema
from services.runtime.process import Process, run
from services.runtime.queue import Doorbell
from services.runtime.server import build_server
from services.storage.config import StorageConfig
from services.storage.metrics import StorageMetrics
from services.storage.objects.base import ObjectStore
from services.storage.wiring import Outside, StorageService, build, open_objects
from vitae.generation.v1.documents_pb2_grpc import DocumentServiceStub
from vitae.render.v1.render_pb2_grpc import RenderServiceStub

NAME = "storage"
GET_SNAPSHOT = "vitae.generation.v1.DocumentService/GetDocumentSnapshot"
PLAN_EXPORT = "vitae.render.v1.RenderService/PlanExport"
PACKAGE = "services.storage"


async def start(process: Process, config: StorageConfig) -> None:
    """Wires the process."""
    internal = InternalVerifier.from_jwks(config.keys.jwks, audience=NAME)
    external = external_verifier(config.identity)
    database = await process.enter(_open_database(config))
    await require_schema(database, PACKAGE)
    objects, links = open_objects(config.s3, config.local)
    await process.enter(_closing(objects))
    doorbell = Doorbell(database, listen=config.database.listen, poll=config.work.poll)
    await process.enter(doorbell.connected())
    documents = await process.enter(_channel(config.generation, GET_SNAPSHOT, config))
    renderer = await process.enter(_channel(config.render, PLAN_EXPORT, config))
    service = build(
        config,
        Outside(
            database=database,
            doorbell=doorbell,
            objects=objects,
            links=links,
            documents=DocumentServiceStub(documents),
            renderer=RenderServiceStub(renderer),
            metrics=StorageMetrics.register(process.registry),
            stopping=process.stopping,
        ),
    )
    process.check("database", database.check)
    process.check("objects", objects.check)
    server = build_server(
        config.server,
        authenticate=authenticator(internal, external.verify if external else None),
        registry=process.registry,
        reflection=process.development,
    )
    service.add_to(server)
    process.serve(server)
    for name, work in service.background.items():
        process.background(name, work)
    process.background("end of waiting", _end_waiting(process.stopping, service), finishes=True)


def main() -> int:
    """The exit code of the process."""
    return run(NAME, StorageConfig, start)


@asynccontextmanager
async def _open_database(config: StorageConfig) -> AsyncIterator[Database]:
    database = Database.from_config(config.database, application=NAME)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _closing(objects: ObjectStore) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await objects.close()


@asynccontextmanager
async def _channel(target: str, method: str, config: StorageConfig) -> AsyncIterator[grpc.aio.Channel]:
    channel = open_channel(
        target,
        token=forward_caller,
        idempotent=[method],
        tls=config.server.tls,
        keepalive=config.server.keepalive,
        max_message=config.server.max_message,
    )
    try:
        yield channel
    finally:
        await channel.close()


async def _end_waiting(stopping: asyncio.Event, service: StorageService) -> None:
    await stopping.wait()
    service.changes.stop()


if __name__ == "__main__":
    sys.exit(main())
