"""Whatever happens to workers and to the store, an export is completed once or not at all, and shown whole."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.errors import (
    Aborted,
    FailedPrecondition,
    InvalidArgument,
    ResourceExhausted,
    Unavailable,
)
from services.runtime.queue import Queue
from services.storage.objects import base
from services.storage.objects.base import ObjectStore, StagedFile
from services.storage.work.leases import Fence
from tests.support.postgres import Databases
from tests.support.storage_service import (
    PDF,
    StorageHarness,
    Worker,
    completed,
    create_request,
    downloaded,
    no_objects_left,
    running_storage,
    stored_keys,
)
from vitae.render.v1 import render_pb2
from vitae.resume.v1.common_pb2 import (
    WORK_STATUS_CANCELLED,
    WORK_STATUS_COMPLETED,
    WORK_STATUS_FAILED,
    WORK_STATUS_PENDING,
    WORK_STATUS_PROCESSING,
)
from vitae.storage.v1 import exports_pb2, usage_pb2, work_pb2


async def test_a_late_worker_cannot_publish_over_its_successor(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [late] = await worker.lease()
    await _expire_leases(storage)
    successor = Worker(worker.stub)
    [work] = await successor.lease()
    assert (work.lease.export_id, work.lease.attempt) == (created.id, 2)

    with pytest.raises(Aborted) as caught:
        await worker.complete(late, b"late bytes")
    assert caught.value.reason == "LEASE_LOST"
    await successor.complete(work, PDF)
    with pytest.raises(Aborted):
        await worker.complete(late, b"later still")
    with pytest.raises(Aborted):
        await worker.fail(late, "RENDER_TIMEOUT", retryable=True)
    assert (await downloaded(user, created.id))[1] == PDF
    assert [key.rsplit("/", 1)[1] for key in await stored_keys(storage)] == [f"{created.id}.2.pdf"]


def _parts(
    work: work_pb2.ExportWork, *last: work_pb2.CompleteWorkRequest, gone: bool = False
) -> AsyncIterator[work_pb2.CompleteWorkRequest]:
    """A file whose bytes come before all is known of it; with `gone`, from a worker that then says nothing more."""

    async def parts() -> AsyncIterator[work_pb2.CompleteWorkRequest]:
        yield work_pb2.CompleteWorkRequest(
            header=work_pb2.CompleteWorkHeader(lease=work.lease, file=_described())
        )
        for start in range(0, len(PDF), 65536):
            yield work_pb2.CompleteWorkRequest(chunk=PDF[start : start + 65536])
        for each in last:
            yield each
        if gone:
            await asyncio.sleep(60)

    return parts()


def _described(**changes: Any) -> render_pb2.RenderedFile:
    known = {
        "content_type": "application/pdf",
        "size_bytes": len(PDF),
        "sha256": hashlib.sha256(PDF).hexdigest(),
    }
    return render_pb2.RenderedFile(**{**known, **changes})


async def test_the_description_may_follow_the_bytes(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    last = work_pb2.CompleteWorkRequest(file=_described(page_count=7, render_seconds=1.5))
    await worker.stub.CompleteWork(_parts(work, last))
    export = await user.exports.GetExport(exports_pb2.GetExportRequest(id=created.id))
    assert (export.state.status, export.page_count) == (WORK_STATUS_COMPLETED, 7)


@pytest.mark.parametrize(
    "last",
    [
        [work_pb2.CompleteWorkRequest(file=_described(sha256="0" * 64))],
        [work_pb2.CompleteWorkRequest(file=_described(size_bytes=1))],
        [work_pb2.CompleteWorkRequest(file=_described(content_type="text/html"))],
        [work_pb2.CompleteWorkRequest(chunk=b"more")],
        [work_pb2.CompleteWorkRequest(file=_described()), work_pb2.CompleteWorkRequest(file=_described())],
        [work_pb2.CompleteWorkRequest(file=_described()), work_pb2.CompleteWorkRequest(chunk=b"more")],
    ],
    ids=["hash", "size", "type", "more bytes", "twice", "bytes after it"],
)
async def test_a_last_word_that_contradicts_the_first_publishes_nothing(
    storage: StorageHarness, worker: Worker, last: list[work_pb2.CompleteWorkRequest]
) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    with pytest.raises(InvalidArgument):
        await worker.stub.CompleteWork(_parts(work, *last))
    export = await user.exports.GetExport(exports_pb2.GetExportRequest(id=created.id))
    assert export.state.status == WORK_STATUS_PROCESSING
    await worker.complete(work, PDF)  # the lease is still good
    assert (await downloaded(user, created.id))[1] == PDF


async def test_bytes_sent_ahead_of_a_failure_do_not_stay(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    upload = asyncio.ensure_future(_completed(worker, work))
    async with asyncio.timeout(10):
        while not await stored_keys(storage):  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.02)
    upload.cancel()
    await worker.fail(work, "FIDELITY_BELOW_MINIMUM", retryable=False)
    await no_objects_left(storage)


async def _completed(worker: Worker, work: work_pb2.ExportWork) -> None:
    await worker.stub.CompleteWork(_parts(work, gone=True))


async def test_a_lease_lost_during_the_upload_leaves_no_object(
    databases: Databases, tmp_path: Path, store_settings: dict[str, Any]
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path, objects=Slow, **store_settings) as storage:
        worker = Worker(storage.process("render-worker").work)
        user = storage.user()
        await user.exports.CreateExport(create_request(storage.document(user)))
        [work] = await worker.lease()
        slow = storage.objects
        assert isinstance(slow, Slow)
        slow.go.clear()
        publishing = asyncio.create_task(worker.complete(work, PDF))
        await asyncio.wait_for(slow.putting.wait(), 5)
        await _expire_leases(storage)
        successor = Worker(worker.stub)
        [again] = await successor.lease()
        slow.go.set()
        with pytest.raises(Aborted):
            await publishing
        assert await stored_keys(storage) == []
        await successor.complete(again, PDF)
        assert len(await stored_keys(storage)) == 1


async def test_a_crash_between_object_and_record_shows_nothing_and_the_orphan_is_swept(
    storage: StorageHarness, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    publishing = storage.service.work.publishing

    async def crash(*_: object) -> bool:
        raise Unavailable(reason="DATABASE_UNAVAILABLE")

    with monkeypatch.context() as patched:
        patched.setattr(type(publishing), "_commit", crash)
        with pytest.raises(Unavailable):
            await worker.complete(work, PDF)
    half = await user.exports.GetExport(exports_pb2.GetExportRequest(id=created.id))
    assert (half.state.status != WORK_STATUS_COMPLETED, half.file_size_bytes) == (True, 0)
    with pytest.raises(FailedPrecondition):
        await downloaded(user, created.id)
    assert len(await stored_keys(storage)) == 1

    await _expire_leases(storage)
    [again] = await Worker(worker.stub).lease()
    await worker.complete(again, PDF)
    assert len(await stored_keys(storage)) == 2
    cleanup = storage.service.admin.cleanup
    assert (await cleanup.run()).orphans == 0  # too young to tell from an upload under way
    monkeypatch.setattr("services.storage.retention.cleanup.ORPHAN_AGE", timedelta(minutes=-1))
    assert (await cleanup.run()).orphans == 1
    assert (await downloaded(user, created.id))[1] == PDF


async def test_a_worker_may_repeat_what_it_completed(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    await asyncio.gather(*(worker.complete(work, PDF) for _ in range(3)))
    await worker.complete(work, PDF)
    assert (await downloaded(user, created.id))[1] == PDF
    usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
    assert (usage.used_bytes, usage.file_count) == (len(PDF), 1)


async def test_a_repeated_completion_that_overtakes_the_first_is_no_lost_lease(
    storage: StorageHarness, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    storage.service.work.leases.take(Fence.of(work.lease), datetime.now(UTC))  # so that each call looks it up
    standing = Queue.standing

    async def overtaken(queue: Queue, connection: AsyncConnection, ids: list[UUID]) -> Any:
        monkeypatch.setattr(Queue, "standing", standing)
        await worker.complete(work, PDF)
        return await standing(queue, connection, ids)

    monkeypatch.setattr(Queue, "standing", overtaken)
    await worker.complete(work, PDF)
    assert (await downloaded(user, created.id))[1] == PDF


async def test_bytes_that_are_not_what_was_announced_are_refused(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    for change in ({"sha256": "0" * 64}, {"size_bytes": len(PDF) + 1}, {"size_bytes": len(PDF) - 1}):
        with pytest.raises(InvalidArgument):
            await worker.complete(work, PDF, **change)
    assert await stored_keys(storage) == []
    await worker.complete(work, PDF)  # the lease is still good
    assert (await downloaded(user, created.id))[1] == PDF


async def test_a_file_above_the_limit_fails_the_export_for_good(
    databases: Databases, tmp_path: Path, store_settings: dict[str, Any]
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path, max_file="1000", **store_settings) as storage:
        worker = Worker(storage.process("render-worker").work)
        user = storage.user()
        created = await user.exports.CreateExport(create_request(storage.document(user)))
        [work] = await worker.lease()
        assert work.max_file_bytes == 1000
        with pytest.raises(ResourceExhausted):
            await worker.complete(work, PDF)
        failed = await user.exports.GetExport(exports_pb2.GetExportRequest(id=created.id))
        assert (failed.state.error.reason, failed.state.error.retryable) == ("FILE_TOO_LARGE", False)


async def test_failures_back_off_then_end_and_one_more_round_may_be_had(
    databases: Databases, tmp_path: Path, store_settings: dict[str, Any]
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path, max_attempts="2", **store_settings) as storage:
        worker = Worker(storage.process("render-worker").work)
        user = storage.user()
        created = await user.exports.CreateExport(create_request(storage.document(user)))
        request = exports_pb2.RetryExportRequest(id=created.id)
        for round_number in (1, 2):
            first = await worker.fail(await _leased(storage, worker), "RENDER_TIMEOUT", retryable=True)
            assert first.will_retry
            assert await worker.lease(wait=0) == []  # it backs off
            second = await worker.fail(await _leased(storage, worker), "RENDER_TIMEOUT", retryable=True)
            assert not second.will_retry
            failed = await user.exports.GetExport(exports_pb2.GetExportRequest(id=created.id))
            assert (failed.state.status, failed.attempts) == (WORK_STATUS_FAILED, 2)
            assert (failed.state.error.reason, failed.state.error.retryable) == ("RENDER_TIMEOUT", True)
            if round_number == 1:
                retried = await user.exports.RetryExport(request)
                assert retried.state.status == WORK_STATUS_PENDING
        with pytest.raises(FailedPrecondition) as caught:
            await user.exports.RetryExport(request)
        assert caught.value.reason == "ATTEMPTS_USED_UP"


async def test_a_final_error_is_not_tried_again(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    assert not (await worker.fail(work, "GLYPHS_MISSING", retryable=True)).will_retry
    with pytest.raises(FailedPrecondition) as caught:
        await user.exports.RetryExport(exports_pb2.RetryExportRequest(id=created.id))
    assert caught.value.reason == "EXPORT_ERROR_FINAL"
    usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
    assert usage.reserved_bytes == 0


async def test_a_killed_render_is_tried_once_more_and_no_further(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    assert (await worker.fail(work, "RENDER_KILLED", retryable=True, killed=True)).will_retry
    work = await _leased(storage, worker)
    assert not (await worker.fail(work, "RENDER_KILLED", retryable=True, killed=True)).will_retry


async def test_work_whose_workers_are_lost_too_often_fails_with_its_record(
    databases: Databases, tmp_path: Path, store_settings: dict[str, Any]
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path, max_attempts="2", **store_settings) as storage:
        worker = Worker(storage.process("render-worker").work)
        user = storage.user()
        created = await user.exports.CreateExport(create_request(storage.document(user)))
        for _ in range(2):
            await _leased(storage, worker)
            await _expire_leases(storage)
        assert await worker.lease(wait=0) == []
        failed = await user.exports.GetExport(exports_pb2.GetExportRequest(id=created.id))
        assert (failed.state.status, failed.state.error.reason) == (WORK_STATUS_FAILED, "WORKER_LOST")


async def test_a_running_export_is_cancelled_through_its_heartbeat(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    cancelled = await user.exports.CancelExport(exports_pb2.CancelExportRequest(id=created.id))
    assert cancelled.state.status == WORK_STATUS_CANCELLED
    assert list((await worker.beat(work, 60)).cancelled_export_ids) == [created.id]
    await worker.stub.ReturnWork(work_pb2.ReturnWorkRequest(leases=[work.lease]))
    assert list((await worker.beat(work, 60)).lost_export_ids) == [created.id]
    assert await worker.lease(wait=0) == []


async def test_returned_work_costs_no_attempt(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    for _ in range(3):
        [work] = await worker.lease()
        await worker.stub.ReturnWork(work_pb2.ReturnWorkRequest(leases=[work.lease]))
    [work] = await worker.lease()
    assert work.lease.attempt == 4
    assert (await user.exports.GetExport(exports_pb2.GetExportRequest(id=created.id))).attempts == 1


async def test_while_the_store_is_down_nothing_is_leased_and_nothing_is_lost(
    databases: Databases, tmp_path: Path, store_settings: dict[str, Any]
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path, objects=Failing, **store_settings) as storage:
        worker = Worker(storage.process("render-worker").work)
        user = storage.user()
        created = await user.exports.CreateExport(create_request(storage.document(user)))
        failing = storage.objects
        assert isinstance(failing, Failing)
        failing.down = True
        [work] = await worker.lease()
        with pytest.raises(Unavailable) as caught:
            await worker.complete(work, PDF)
        assert caught.value.reason == "STORE_UNAVAILABLE"
        assert await worker.lease(wait=0.3) == []
        waiting = await user.exports.GetExport(exports_pb2.GetExportRequest(id=created.id))
        assert (waiting.state.status, waiting.attempts) == (WORK_STATUS_PENDING, 0)

        failing.down = False
        [again] = await worker.lease(wait=5)
        await worker.complete(again, PDF)
        assert (await downloaded(user, created.id))[1] == PDF


async def test_work_is_handed_out_as_soon_as_it_is_queued(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    documents = [storage.document(user) for _ in range(6)]
    await completed(user, worker, documents.pop())
    seconds = []
    for document in documents:
        leasing = asyncio.create_task(worker.lease(wait=5))
        await asyncio.sleep(0.05)
        await user.exports.CreateExport(create_request(document))
        began = asyncio.get_running_loop().time()
        [work] = await leasing
        seconds.append(asyncio.get_running_loop().time() - began)
        await worker.complete(work, PDF)
    assert sorted(seconds)[len(seconds) // 2] < 0.1


class Wrapped:
    """A store that passes everything on."""

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def put(self, key: str, file: StagedFile, *, content_type: str, exclusive: bool = False) -> None:
        await self.inner.put(key, file, content_type=content_type, exclusive=exclusive)


class Slow(Wrapped):
    """Puts that wait for permission."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner)
        self.go = asyncio.Event()
        self.go.set()
        self.putting = asyncio.Event()

    async def put(self, key: str, file: StagedFile, *, content_type: str, exclusive: bool = False) -> None:
        self.putting.set()
        await self.go.wait()
        await super().put(key, file, content_type=content_type, exclusive=exclusive)


class Failing(Wrapped):
    """A store that can go down."""

    down = False

    async def put(self, key: str, file: StagedFile, *, content_type: str, exclusive: bool = False) -> None:
        await self.check()
        await super().put(key, file, content_type=content_type, exclusive=exclusive)

    async def check(self) -> None:
        if self.down:
            raise base.unavailable()


async def _expire_leases(storage: StorageHarness) -> None:
    await _change_work(storage, "lease_expires_at = now() - interval '1 second' where owner is not null")


async def _leased(storage: StorageHarness, worker: Worker) -> work_pb2.ExportWork:
    """The one piece of work, its back-off over."""
    await _change_work(storage, "run_after = now() where owner is null")
    async with storage.database.queue_transaction() as connection:
        await connection.execute(text("update user_slots set next_at = now() where next_at is not null"))
    [work] = await worker.lease()
    return work


async def _change_work(storage: StorageHarness, change: str) -> None:
    async with storage.database.queue_transaction() as connection:
        await connection.execute(text(f"update work_items set {change}"))
