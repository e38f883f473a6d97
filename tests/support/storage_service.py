"""The storage service as it runs: real servicers on a real socket, real PostgreSQL, files in a temporary folder.

Only the two neighbours are stood in for, by small servers of their own on real sockets: generation's snapshots and
render's plans. They answer from what a test puts into `Neighbours`.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID, uuid4

import grpc
import httpx
from prometheus_client import CollectorRegistry

from deploy.local.postgres import ServiceDatabase
from services.runtime.auth import (
    Identity,
    InternalSigner,
    InternalVerifier,
    Role,
    authenticator,
    current_identity,
    generate_key,
    key_set,
)
from services.runtime.client import forward_caller, open_channel
from services.runtime.config import load
from services.runtime.db import Database
from services.runtime.errors import InvalidArgument, NotFound
from services.runtime.queue import Doorbell
from services.runtime.server import build_server
from services.storage.config import StorageConfig
from services.storage.metrics import StorageMetrics
from services.storage.objects.base import ObjectStore
from services.storage.wiring import Outside, StorageService, build, open_objects
from vitae.generation.v1 import documents_pb2, documents_pb2_grpc
from vitae.render.v1 import render_pb2, render_pb2_grpc
from vitae.render.v1.options_pb2 import FORMAT_DOCX, FORMAT_PDF
from vitae.resume.v1 import common_pb2, document_pb2
from vitae.storage.v1 import (
    admin_pb2_grpc,
    exports_pb2,
    exports_pb2_grpc,
    objects_pb2_grpc,
    usage_pb2_grpc,
    work_pb2,
    work_pb2_grpc,
)

SECRET = "a secret of download links that is long enough"
EVERYWHERE = ["storage", "generation", "render"]
PDF = b"%PDF-1.7 " + bytes(range(256)) * 900
MEDIA_TYPES = {FORMAT_PDF: ("application/pdf", "pdf"), FORMAT_DOCX: ("application/docx", "docx")}


@dataclass
class Neighbours(documents_pb2_grpc.DocumentServiceServicer, render_pb2_grpc.RenderServiceServicer):
    """Documents by (tenant, user, id), and plans that differ with all they are made from."""

    documents: dict[tuple[UUID, UUID, str], documents_pb2.DocumentSnapshot] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    async def GetDocumentSnapshot(
        self, request: documents_pb2.GetDocumentSnapshotRequest, context: Any
    ) -> documents_pb2.DocumentSnapshot:
        self.calls.append("snapshot")
        caller = current_identity()
        found = self.documents.get((caller.tenant_id, caller.user, request.document_id))
        if found is None:
            raise NotFound("There is no document with this id.", reason="DOCUMENT_NOT_FOUND")
        return found

    async def PlanExport(self, request: render_pb2.PlanExportRequest, context: Any) -> render_pb2.ExportPlan:
        self.calls.append("plan")
        if request.template == "unknown":
            raise InvalidArgument("There is no template unknown.", reason="UNKNOWN_TEMPLATE")
        media_type, extension = MEDIA_TYPES[request.format]
        everything = request.SerializeToString(deterministic=True)
        return render_pb2.ExportPlan(
            format=request.format,
            template=request.template or "modern",
            template_version="1",
            options=request.options,
            content_type=media_type,
            file_extension=extension,
            cache_key=hashlib.sha256(everything).hexdigest(),
        )


@dataclass(frozen=True)
class Caller:
    """Stubs that speak for one identity."""

    identity: Identity
    exports: exports_pb2_grpc.ExportServiceStub
    usage: usage_pb2_grpc.UsageServiceStub
    admin: admin_pb2_grpc.StorageAdminServiceStub
    objects: objects_pb2_grpc.ObjectServiceStub
    work: work_pb2_grpc.WorkServiceStub


@dataclass
class StorageHarness:
    """One running replica and those who call it."""

    service: StorageService
    database: Database
    objects: ObjectStore
    neighbours: Neighbours
    owner_url: str
    channel: Callable[[Callable[[], str]], grpc.aio.Channel]
    gateway: InternalSigner
    services: dict[str, InternalSigner]
    registry: CollectorRegistry

    def user(self, *, tenant: UUID | None = None, roles: frozenset[Role] = frozenset({Role.USER})) -> Caller:
        """A new person, of a new tenant unless told."""
        identity = Identity(tenant or uuid4(), uuid4(), roles)
        return self.caller(identity)

    def caller(self, identity: Identity) -> Caller:
        """Stubs that speak for this person."""
        return self._caller(identity, lambda: self.gateway.for_user(identity, audience=EVERYWHERE))

    def process(self, name: str) -> Caller:
        """Stubs that speak for a process itself."""
        signer = self.services[name]
        return self._caller(Identity(uuid4(), service=name), lambda: signer.for_service(audience=["storage"]))

    def document(self, caller: Caller, *, text: str = "", job: str = "", version: int = 1) -> str:
        """Gives this person a resume; its id."""
        return give_document(self.neighbours, caller.identity, text=text, job=job, version=version)

    def _caller(self, identity: Identity, token: Callable[[], str]) -> Caller:
        channel = self.channel(token)
        return Caller(
            identity,
            exports_pb2_grpc.ExportServiceStub(channel),
            usage_pb2_grpc.UsageServiceStub(channel),
            admin_pb2_grpc.StorageAdminServiceStub(channel),
            objects_pb2_grpc.ObjectServiceStub(channel),
            work_pb2_grpc.WorkServiceStub(channel),
        )


@dataclass
class Worker:
    """A render worker without a renderer: it leases, and hands back the bytes a test gives."""

    stub: work_pb2_grpc.WorkServiceStub
    owner: str = field(default_factory=lambda: str(uuid4()))

    async def lease(self, *, wait: float = 2.0, items: int = 1) -> list[work_pb2.ExportWork]:
        """Up to `items` pieces of work."""
        request = work_pb2.LeaseWorkRequest(owner=self.owner, max_items=items)
        request.wait.FromMilliseconds(round(wait * 1000))
        return list((await self.stub.LeaseWork(request)).work)

    async def complete(self, work: work_pb2.ExportWork, data: bytes, **changes: Any) -> float:
        """Hands a file back; `changes` falsify its description."""
        about = {
            "content_type": work.plan.content_type,
            "size_bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "page_count": 1,
            "render_seconds": 0.5,
            **changes,
        }
        header = work_pb2.CompleteWorkHeader(lease=work.lease, file=render_pb2.RenderedFile(**about))

        async def parts() -> AsyncIterator[work_pb2.CompleteWorkRequest]:
            yield work_pb2.CompleteWorkRequest(header=header)
            for start in range(0, len(data), 65536):
                yield work_pb2.CompleteWorkRequest(chunk=data[start : start + 65536])

        return (await self.stub.CompleteWork(parts())).publish_seconds

    async def beat(self, work: work_pb2.ExportWork, progress: int) -> work_pb2.HeartbeatWorkResponse:
        """Says how far the work is."""
        item = work_pb2.WorkProgress(lease=work.lease, progress=progress, step="rendered")
        return await self.stub.HeartbeatWork(work_pb2.HeartbeatWorkRequest(items=[item]))

    async def fail(
        self, work: work_pb2.ExportWork, reason: str, *, retryable: bool, killed: bool = False
    ) -> work_pb2.FailWorkResponse:
        """Reports a failure."""
        error = common_pb2.WorkError(reason=reason, message=f"{reason} happened", retryable=retryable)
        return await self.stub.FailWork(
            work_pb2.FailWorkRequest(lease=work.lease, error=error, killed=killed)
        )


@asynccontextmanager
async def running_storage(
    urls: ServiceDatabase,
    folder: Path,
    *,
    objects: Callable[[ObjectStore], ObjectStore] = lambda store: store,
    **settings: str,
) -> AsyncIterator[StorageHarness]:
    """A replica of the service; `settings` are variables without their VITAE_STORAGE_ prefix, in lower case.

    `objects` may wrap the store, to make it fail.
    """
    signers = {
        name: InternalSigner.from_pem(generate_key(), issuer=name)
        for name in ("gateway", "render-worker", "generation", "storage")
    }
    jwks = key_set(signers.values())
    async with AsyncExitStack() as stack:
        neighbours = Neighbours()
        neighbour = await neighbour_server(stack, neighbours, jwks)
        environ = {
            "VITAE_INTERNAL_JWKS": jwks,
            "VITAE_STORAGE_DATABASE_URL": urls.login_url,
            "VITAE_STORAGE_OBJECTS_FOLDER": str(folder),
            "VITAE_STORAGE_LINK_SECRETS": SECRET,
            "VITAE_STORAGE_GENERATION_ADDRESS": neighbour,
            "VITAE_STORAGE_RENDER_ADDRESS": neighbour,
            "VITAE_STORAGE_WATCH_POLL": "50ms",
            "VITAE_STORAGE_STORE_PROBE": "50ms",
            "VITAE_STORAGE_DELETION_POLL": "1s",
            **{f"VITAE_STORAGE_{name.upper()}": value for name, value in settings.items()},
        }
        config = load(StorageConfig, environ, process="storage")
        registry = CollectorRegistry()
        database = Database.from_config(config.database, application="storage test")
        stack.push_async_callback(database.close)
        doorbell = Doorbell(database, listen=False, poll=config.work.poll)
        await stack.enter_async_context(doorbell.connected())
        store, links = await open_objects(config.s3, config.local, database)
        stack.push_async_callback(store.close)
        store = objects(store)
        channels: list[grpc.aio.Channel] = []

        def opened(target: str, token: Callable[[], str]) -> grpc.aio.Channel:
            channels.append(open_channel(target, token=token))
            return channels[-1]

        to_neighbour = opened(neighbour, forward_caller)
        service = build(
            config,
            Outside(
                database,
                doorbell,
                store,
                links,
                documents_pb2_grpc.DocumentServiceStub(to_neighbour),
                render_pb2_grpc.RenderServiceStub(to_neighbour),
                StorageMetrics.register(registry),
                asyncio.Event(),
            ),
        )
        server = build_server(
            config.server,
            authenticate=authenticator(InternalVerifier.from_jwks(jwks, audience="storage")),
            registry=registry,
        )
        service.add_to(server)
        port = await server.start()
        await server.set_serving(True)
        tasks = [asyncio.create_task(work) for work in service.background.values()]
        try:
            yield StorageHarness(
                service,
                database,
                store,
                neighbours,
                urls.owner_url,
                lambda token: opened(f"127.0.0.1:{port}", token),
                signers["gateway"],
                signers,
                registry,
            )
        finally:
            for channel in channels:
                await channel.close()
            service.changes.stop()
            await server.stop(1.0)
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        failed = [each for each in ends if isinstance(each, Exception)]
        if failed:
            raise failed[0]


def create_request(document_id: str, **changes: Any) -> exports_pb2.CreateExportRequest:
    """A request for a PDF of a document."""
    return exports_pb2.CreateExportRequest(**{"document_id": document_id, "format": FORMAT_PDF, **changes})


async def completed(user: Caller, worker: Worker, document: str, data: bytes = PDF) -> exports_pb2.Export:
    """An export of the document with these bytes, through the worker."""
    created = await user.exports.CreateExport(create_request(document))
    [work] = await worker.lease()
    assert work.lease.export_id == created.id, "another export was waiting"
    await worker.complete(work, data)
    return await user.exports.GetExport(exports_pb2.GetExportRequest(id=created.id))


async def downloaded(user: Caller, id: str) -> tuple[str, bytes]:
    """Name and bytes of an export, as its owner gets them."""
    parts = [each async for each in user.exports.DownloadExport(exports_pb2.DownloadExportRequest(id=id))]
    return parts[0].header.filename, b"".join(each.chunk for each in parts[1:])


async def stored_keys(storage: StorageHarness) -> list[str]:
    """Keys of all objects."""
    return [entry.key async for entry in storage.objects.list("exports/")]


async def followed(storage: StorageHarness, link: exports_pb2.DownloadLink) -> bytes | None:
    """What anybody gets who follows a link: the bytes, or None where they are gone."""
    if storage.service.exports.downloads.links is None:
        async with httpx.AsyncClient() as client:
            answer = await client.get(link.url)
        assert answer.status_code in {200, 404}, answer.text
        return answer.content if answer.status_code == 200 else None
    parts = urlsplit(link.url)
    query = parse_qs(parts.query)
    request = exports_pb2.OpenDownloadLinkRequest(
        token=query["token"][0],
        expires=int(query["expires"][0]),
        filename=unquote(parts.path.rsplit("/", 1)[1]),
    )
    try:
        opened = [each async for each in storage.user().exports.OpenDownloadLink(request)]
    except NotFound:
        return None
    assert opened[0].header.filename == link.filename
    return b"".join(each.chunk for each in opened[1:])


async def no_objects_left(storage: StorageHarness) -> None:
    """Waits until the store is empty; fails when it stays otherwise."""
    for _ in range(1000):
        if not await stored_keys(storage):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"objects left: {await stored_keys(storage)}")


def give_document(
    neighbours: Neighbours, owner: Identity, *, text: str = "", job: str = "", version: int = 1
) -> str:
    """Gives a person a resume; its id."""
    id = str(uuid4())
    document = document_pb2.Document()
    document.resume.header.full_name = text or f"document {id}"
    neighbours.documents[owner.tenant_id, owner.user, id] = documents_pb2.DocumentSnapshot(
        document_id=id,
        document_type=document_pb2.DOCUMENT_TYPE_RESUME,
        version=version,
        title="A resume",
        job_posting_id=job,
        job_title="Engineer" if job else "",
        company="Acme" if job else "",
        document=document,
    )
    return id


async def neighbour_server(stack: AsyncExitStack, neighbours: Neighbours, jwks: str) -> str:
    """The address of a server that stands in for generation and render."""
    config = load(StorageConfig, _minimal(jwks), process="storage")
    verifiers = {name: InternalVerifier.from_jwks(jwks, audience=name) for name in ("generation", "render")}
    server = build_server(
        replace(config.server, port=0),
        authenticate=authenticator(verifiers["generation"]),
        registry=CollectorRegistry(),
    )
    server.add(documents_pb2_grpc.add_DocumentServiceServicer_to_server, neighbours)
    server.add(render_pb2_grpc.add_RenderServiceServicer_to_server, neighbours)
    port = await server.start()
    stack.push_async_callback(server.stop, 0.5)
    return f"127.0.0.1:{port}"


def _minimal(jwks: str) -> dict[str, str]:
    return {
        "VITAE_INTERNAL_JWKS": jwks,
        "VITAE_STORAGE_DATABASE_URL": "postgresql://unused",
        "VITAE_STORAGE_OBJECTS_FOLDER": "/unused",
        "VITAE_STORAGE_LINK_SECRETS": SECRET,
        "VITAE_STORAGE_GENERATION_ADDRESS": "unused:1",
        "VITAE_STORAGE_RENDER_ADDRESS": "unused:1",
    }
