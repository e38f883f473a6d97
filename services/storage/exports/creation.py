"""Creating exports: snapshot and plan first, then everything in one transaction (SPEC S5, S6, S7, S11).

The cache key is the render service's, over content, template, options and renderer (R9); a caller never gives one. With
equal keys the bytes are equal, so a user who has them already gets a record that shares the stored file, at once.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from google.protobuf.message import Message
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime import correlation
from services.runtime.auth import Identity
from services.runtime.db import Database, after_commit, retrying, transaction_time
from services.runtime.errors import Aborted, FieldError, VitaeError
from services.runtime.idempotency import RepeatableCall
from services.runtime.queue import Queue, Work
from services.runtime.recent import Recent
from services.storage.exports import records, store
from services.storage.exports.messages import Found, export_message
from services.storage.exports.naming import checked_extension, export_filename
from services.storage.exports.records import Bounds
from services.storage.metrics import StorageMetrics
from services.storage.tables import idempotency_keys
from vitae.generation.v1.documents_pb2 import DocumentSnapshot, GetDocumentSnapshotRequest
from vitae.generation.v1.documents_pb2_grpc import DocumentServiceStub
from vitae.render.v1.render_pb2 import ExportPlan, PlanExportRequest
from vitae.render.v1.render_pb2_grpc import RenderServiceStub
from vitae.storage.v1.exports_pb2 import CreateExportRequest, Export

KIND = "export"
"""Kind of our work in the queue."""

R = TypeVar("R", bound=VitaeError)


@dataclass(frozen=True)
class CreationLimits:
    """What creating obeys: bytes, attempts, and how long files are kept."""

    bounds: Bounds
    max_attempts: int


@dataclass(frozen=True)
class WorkContent:
    """What a worker gets of a new record, named as the columns it is otherwise read from."""

    document: bytes
    plan: bytes
    traceparent: str
    request_id: str
    status: str
    extension: str
    kills: int


@dataclass(frozen=True)
class Planned:
    """One request with all that decides its bytes."""

    snapshot: DocumentSnapshot
    plan: ExportPlan


def _recent_plans() -> Recent[bytes, ExportPlan]:
    return Recent(most=512, seconds=30.0)


@dataclass(frozen=True)
class ExportCreation:
    """Creates exports for the caller, whose token the two stubs carry on."""

    database: Database
    queue: Queue
    documents: DocumentServiceStub
    renderer: RenderServiceStub
    limits: CreationLimits
    metrics: StorageMetrics
    new_id: Callable[[], UUID] = uuid4
    plans: Recent[bytes, ExportPlan] = field(default_factory=_recent_plans)
    """By the hash of what was asked. A plan depends on that and on the renderer's version alone, so one that is some
    seconds old is at worst as old as the plan of an export that waits for its turn."""

    async def create(self, identity: Identity, request: CreateExportRequest) -> Found:
        """One export. Errors of the document and of the options come as generation and render gave them."""
        call = self._call(identity, "CreateExport", request)
        created = await self._answered(identity, call)
        if created is None:
            created = await self._store(identity, [await self._planned(request)], call)
        return created[0]

    async def create_batch(
        self, identity: Identity, requests: Sequence[CreateExportRequest], call_request: Message
    ) -> list[Found]:
        """Several exports, all checked before any is queued; an error names the request it is about."""
        call = self._call(identity, "BatchCreateExports", call_request)
        created = await self._answered(identity, call)
        if created is not None:
            return created
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._caught(index, each)) for index, each in enumerate(requests)]
        planned = []
        for task in tasks:
            outcome = task.result()
            if isinstance(outcome, VitaeError):
                raise outcome
            planned.append(outcome)
        return await self._store(identity, planned, call)

    async def _planned(self, request: CreateExportRequest) -> Planned:
        snapshot = await self.documents.GetDocumentSnapshot(
            GetDocumentSnapshotRequest(document_id=request.document_id, version=request.document_version)
        )
        asked = PlanExportRequest(
            document=snapshot.document,
            format=request.format,
            template=request.template,
            options=request.options,
        )
        key = hashlib.sha256(asked.SerializeToString(deterministic=True)).digest()
        plan = self.plans.get(key)
        if plan is None:
            plan = await self.renderer.PlanExport(asked)
            self.plans.put(key, plan)
        return Planned(snapshot, plan)

    async def _caught(self, index: int, request: CreateExportRequest) -> Planned | VitaeError:
        try:
            return await self._planned(request)
        except VitaeError as error:
            return _in_batch(error, index)

    async def _answered(self, identity: Identity, call: RepeatableCall) -> list[Found] | None:
        """What this request id was answered before, as it stands now."""
        if not call.request_id:
            return None
        async with self.database.user_transaction(identity) as connection:
            return await self._found(connection, identity, call)

    async def _found(
        self, connection: AsyncConnection, identity: Identity, call: RepeatableCall
    ) -> list[Found] | None:
        answer = await call.find(connection, transaction_time(connection))
        if answer is None:
            return None
        ids = [UUID(bytes=answer[start : start + 16]) for start in range(0, len(answer), 16)]
        rows = await store.get_all(connection, identity, ids)
        if any(each not in rows for each in ids):
            raise store.not_found()  # deleted since
        standings = await self.queue.standing(connection, ids)
        now = transaction_time(connection)
        return [Found.of(rows[each], standings.get(each), now) for each in ids]

    async def _store(
        self, identity: Identity, planned: Sequence[Planned], call: RepeatableCall
    ) -> list[Found]:
        async def attempt() -> list[Found]:
            try:
                async with self.database.user_transaction(identity) as connection:
                    found = await self._found(connection, identity, call)
                    return found or await self._insert(connection, identity, planned, call)
            except IntegrityError as error:  # the file to share was deleted meanwhile
                raise Aborted(reason="TRANSACTION_CONFLICT") from error

        return await retrying(attempt)

    async def _insert(
        self,
        connection: AsyncConnection,
        identity: Identity,
        planned: Sequence[Planned],
        call: RepeatableCall,
    ) -> list[Found]:
        now = transaction_time(connection)
        bounds = self.limits.bounds
        made: dict[UUID, Found] = {}
        fresh: list[tuple[dict[str, Any], Planned]] = []
        for each in planned:
            record = self._record(identity, each, now)
            made[record["id"]] = Found(Export(), now)  # keeps the order of the requests
            shared = await records.add_shared(connection, record, bounds)
            if shared is None:
                fresh.append((record, each))
            else:
                row, object_key = shared
                made[record["id"]] = Found(export_message(row, None, now), now, object_key)
        for record, each in fresh:
            document = each.snapshot.document.SerializeToString(deterministic=True)
            # Takes the user's slot, which makes the sums that follow those of the whole user.
            await self.queue.enqueue(
                connection,
                Work(
                    record["id"],
                    KIND,
                    identity.tenant_id,
                    identity.user,
                    max_attempts=self.limits.max_attempts,
                ),
                content=WorkContent(
                    document,
                    record["plan"],
                    record["traceparent"],
                    record["request_id"],
                    "pending",
                    record["extension"],
                    0,
                ),
            )
            row = await records.add_pending(connection, record, document, bounds)
            made[record["id"]] = Found(export_message(row, None, now), now)
        await call.keep(connection, b"".join(id.bytes for id in made), now)
        queued = len(fresh)
        after_commit(connection, lambda: self.metrics.created(queued=queued, cached=len(made) - queued))
        return list(made.values())

    def _record(self, identity: Identity, planned: Planned, now: datetime) -> dict[str, Any]:
        snapshot, plan = planned.snapshot, planned.plan
        extension = checked_extension(plan.file_extension)
        return {
            "id": self.new_id(),
            "tenant_id": identity.tenant_id,
            "user_id": identity.user,
            "document_id": UUID(snapshot.document_id),
            "document_type": snapshot.document_type,
            "document_version": snapshot.version,
            "document_title": snapshot.title,
            "job_posting_id": UUID(snapshot.job_posting_id) if snapshot.job_posting_id else None,
            "job_title": snapshot.job_title,
            "company": snapshot.company,
            "format": plan.format,
            "template": plan.template,
            "filename": export_filename(snapshot.document_type, plan.template, extension, now),
            "extension": extension,
            "cache_key": plan.cache_key,
            "plan": plan.SerializeToString(deterministic=True),
            "max_attempts": self.limits.max_attempts,
            "request_id": correlation.request_id(),
            "traceparent": dict(correlation.outgoing()).get(correlation.TRACEPARENT, ""),
            "create_time": now,
        }

    def _call(self, identity: Identity, method: str, request: Any) -> RepeatableCall:
        return RepeatableCall(idempotency_keys, identity, method, request.request_id, request)


def _in_batch(error: R, index: int) -> R:
    """The same error, its fields named from the batch's point of view."""
    place = f"requests[{index}]"
    fields = [FieldError(f"{place}.{each.field}", each.description) for each in error.fields]
    if not fields:
        fields = [FieldError(place, error.message)]
    return type(error)(
        error.message,
        reason=error.reason,
        fields=fields,
        metadata=error.metadata,
        retry_after=error.retry_after,
    )
