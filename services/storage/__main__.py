"""The storage process: `python -m services.storage`."""

import gc

gc.disable()  # while code is loaded, all of which stays: a tenth of a start. Process turns it on again

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import grpc

from services.runtime.auth import InternalVerifier, authenticator
from services.runtime.client import forward_caller, open_channel
from services.runtime.db import Database
from services.runtime.errors import VitaeError
from services.runtime.external_identity import external_verifier
from services.runtime.logs import get_logger
from services.runtime.process import Process, run
from services.runtime.queue import Doorbell
from services.runtime.schema import require_schema
from services.runtime.server import build_server
from services.storage.config import StorageConfig
from services.storage.inspection.doctor import Doctor
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
    await require_schema(database, PACKAGE, wait=config.database.start_wait)
    objects, links = await open_objects(config.s3, config.local, database)
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
    process.check("objects", _once(objects.check))
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
    process.background("diagnosis of the store", _diagnose(process.stopping, service.doctor), finishes=True)
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


async def _diagnose(stopping: asyncio.Event, doctor: Doctor) -> None:
    """Says at start-up what would only be seen when somebody follows a link; the process serves meanwhile."""
    log = get_logger(__name__)
    try:
        for each in await doctor.run():
            if not each.passed and not each.optional:
                log.error("the store is not set up well", check=each.name, advice=each.advice)
    except VitaeError as error:
        log.warning("the store was not diagnosed", reason=error.reason)
    await stopping.wait()


def _once(check: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """A check of how the process is set up: once passed, it holds.

    An outage of the store would otherwise take every replica away, and with them all that can go on: asking for files,
    which then wait, and looking at them.
    """
    passed = False

    async def checked() -> None:
        nonlocal passed
        if not passed:
            await check()
            passed = True

    return checked


async def _end_waiting(stopping: asyncio.Event, service: StorageService) -> None:
    await stopping.wait()
    service.changes.stop()


if __name__ == "__main__":
    sys.exit(main())
