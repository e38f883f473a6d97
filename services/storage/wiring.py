"""How the service's parts go together. __main__ gives it the outside; tests do the same with theirs."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.runtime.db import Database
from services.runtime.queue import Doorbell, Queue
from services.runtime.server import RpcServer
from services.storage.config import LimitsConfig, LocalObjectsConfig, S3Config, StorageConfig
from services.storage.exports.creation import KIND, CreationLimits, ExportCreation
from services.storage.exports.downloads import Downloads
from services.storage.exports.records import Bounds
from services.storage.exports.rounds import ExportRetry
from services.storage.exports.servicer import ExportServicer
from services.storage.exports.waiting import Changes
from services.storage.inspection.audit import Audit
from services.storage.inspection.doctor import Doctor
from services.storage.inspection.repairs import Repairs
from services.storage.links import LinkSigner
from services.storage.metrics import StorageMetrics
from services.storage.objects.base import ObjectStore
from services.storage.objects.local import LocalStore
from services.storage.objects.servicer import ObjectServicer
from services.storage.retention.cleanup import Cleanup
from services.storage.retention.deletions import Deletions
from services.storage.retention.erasure import Erasure
from services.storage.retention.servicer import AdminServicer
from services.storage.tenants.store import Tenants
from services.storage.usage.servicer import UsageServicer
from services.storage.usage.store import any_files
from services.storage.work.failing import Failing, record_ends
from services.storage.work.leases import KnownLeases
from services.storage.work.publishing import Publishing
from services.storage.work.servicer import WorkServicer
from services.storage.work.store_gate import StoreGate
from services.storage.work.sweeping import sweep_queue
from vitae.generation.v1.documents_pb2_grpc import DocumentServiceStub
from vitae.render.v1.render_pb2_grpc import RenderServiceStub
from vitae.storage.v1.admin_pb2_grpc import add_StorageAdminServiceServicer_to_server
from vitae.storage.v1.exports_pb2_grpc import add_ExportServiceServicer_to_server
from vitae.storage.v1.objects_pb2_grpc import add_ObjectServiceServicer_to_server
from vitae.storage.v1.usage_pb2_grpc import add_UsageServiceServicer_to_server
from vitae.storage.v1.work_pb2_grpc import add_WorkServiceServicer_to_server

if TYPE_CHECKING:
    from services.storage.objects.s3 import S3Settings


@dataclass(frozen=True)
class Outside:
    """What the service stands on."""

    database: Database
    doorbell: Doorbell
    objects: ObjectStore
    links: LinkSigner | None
    documents: DocumentServiceStub
    renderer: RenderServiceStub
    metrics: StorageMetrics
    stopping: asyncio.Event


@dataclass(frozen=True)
class StorageService:
    """The service's parts that the outside touches."""

    exports: ExportServicer
    work: WorkServicer
    usage: UsageServicer
    admin: AdminServicer
    objects: ObjectServicer
    changes: Changes
    doctor: Doctor
    background: dict[str, Coroutine[Any, Any, None]]
    """What has to run as long as the process, by name."""

    def add_to(self, server: RpcServer) -> None:
        """Registers every servicer."""
        server.add(add_ExportServiceServicer_to_server, self.exports)
        server.add(add_WorkServiceServicer_to_server, self.work)
        server.add(add_UsageServiceServicer_to_server, self.usage)
        server.add(add_StorageAdminServiceServicer_to_server, self.admin)
        server.add(add_ObjectServiceServicer_to_server, self.objects)


async def open_objects(
    s3: S3Config, local: LocalObjectsConfig, database: Database
) -> tuple[ObjectStore, LinkSigner | None]:
    """The configured store, and the signer of its links while it is the local one.

    A store that is absent is made, unless records speak of files: then it is not new but lost or not mounted, and an
    empty one in its place would hide that.
    """
    create = not await any_files(database)
    if s3.bucket:
        from services.storage.objects.s3 import S3Store  # here: boto3 is half a second of a start

        return S3Store(replace(_s3_settings(s3), create=create)), None
    if local.folder is None:
        raise ValueError("neither a bucket nor a folder is configured")
    links = LinkSigner(local.link_secrets, local.public_url)
    return LocalStore.open(local.folder, links=links, create=create), links


def build(config: StorageConfig, outside: Outside) -> StorageService:
    """The service, not yet running."""
    database, metrics, objects = outside.database, outside.metrics, outside.objects
    changes = Changes()
    queue = Queue(
        on_ended=record_ends(changes, metrics),
        doorbell=outside.doorbell,
        waiting_limit=config.limits.waiting,
        running_limit=config.limits.running,
    )
    gate = StoreGate(objects, metrics, probe=config.work.store_probe)
    deletions = Deletions(database, objects, metrics, poll=config.work.deletion_poll)
    limits = _creation_limits(config.limits)
    leases = KnownLeases()
    failing = Failing(database, queue, changes, metrics)
    creation = ExportCreation(database, queue, outside.documents, outside.renderer, limits, metrics)
    publishing = Publishing(
        database,
        queue,
        objects,
        gate,
        changes,
        leases,
        failing,
        metrics,
        config.limits.max_file,
        config.limits.reservation,
        config.limits.quota,
        config.work.staging_folder,
    )
    downloads = Downloads(database, objects, outside.links, timedelta(seconds=config.limits.link_lifetime))
    doctor = doctor_of(config, database, objects, outside.links)
    return StorageService(
        exports=ExportServicer(
            database=database,
            queue=queue,
            creation=creation,
            retry=ExportRetry(queue, limits),
            downloads=downloads,
            changes=changes,
            deletions=deletions,
            metrics=metrics,
            clock=lambda: datetime.now(UTC),
        ),
        work=WorkServicer(
            database=database,
            queue=queue,
            gate=gate,
            publishing=publishing,
            failing=failing,
            changes=changes,
            leases=leases,
            metrics=metrics,
            lease_seconds=config.work.lease,
            max_file_bytes=config.limits.max_file,
            stopping=outside.stopping,
        ),
        usage=UsageServicer(database, config.limits.quota),
        admin=AdminServicer(
            Cleanup(database, queue, objects, deletions),
            Erasure(database, queue, objects, deletions, changes),
            Tenants(database),
            Audit(database, objects, Repairs(database, queue, objects, deletions)),
            doctor,
        ),
        objects=ObjectServicer(
            database=database,
            queue=queue,
            objects=objects,
            gate=gate,
            deletions=deletions,
            downloads=downloads,
            quota_bytes=config.limits.quota,
            max_file_bytes=config.limits.max_file,
            staging_folder=config.work.staging_folder,
        ),
        changes=changes,
        doctor=doctor,
        background={
            "watched exports": changes.poll(database, queue, every=config.work.watch_poll),
            "object deletions": deletions.run(),
            "object store probe": gate.run(),
            "queue sweep": sweep_queue(database, queue, metrics, KIND, every=config.work.lease),
        },
    )


def doctor_of(
    config: StorageConfig, database: Database, objects: ObjectStore, links: LinkSigner | None
) -> Doctor:
    """The doctor of the configured store."""
    encryption = config.s3.encryption.parameter if config.s3.bucket else ""
    return Doctor(database, objects, links, config.local.public_url, encryption)


def _creation_limits(limits: LimitsConfig) -> CreationLimits:
    return CreationLimits(
        Bounds(limits.quota, limits.reservation, timedelta(seconds=limits.retention)), limits.attempts
    )


def _s3_settings(config: S3Config) -> "S3Settings":
    from services.storage.objects.s3 import S3Settings

    return S3Settings(
        bucket=config.bucket,
        region=config.region,
        endpoint=config.endpoint,
        public_endpoint=config.public_endpoint,
        encryption=config.encryption.parameter,
        kms_key=config.kms_key,
        path_style=config.path_style,
        connect_timeout=config.connect_timeout,
        read_timeout=config.read_timeout,
        attempts=config.attempts,
        connections=config.connections,
    )
