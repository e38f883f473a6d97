"""An export from its creation to its deletion, over real sockets and a real database."""

import asyncio
import hashlib
import io
import os
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.runtime.errors import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from services.storage.objects.base import ObjectStore
from tests.support.postgres import Databases
from tests.support.sent_statements import sent_statements
from tests.support.storage_service import (
    PDF,
    StorageHarness,
    Worker,
    completed,
    create_request,
    downloaded,
    no_objects_left,
    running_storage,
)
from vitae.resume.v1.common_pb2 import (
    WORK_STATUS_CANCELLED,
    WORK_STATUS_COMPLETED,
    WORK_STATUS_PENDING,
    WORK_STATUS_PROCESSING,
)
from vitae.storage.v1 import exports_pb2, usage_pb2


async def test_an_export_goes_from_queue_to_file(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    assert created.state.status == WORK_STATUS_PENDING
    assert created.filename.startswith("resume_modern_2")
    assert created.filename.endswith(".pdf")

    waiting = asyncio.ensure_future(user.exports.WaitExport(exports_pb2.WaitExportRequest(id=created.id)))
    [work] = await worker.lease()
    assert work.document.resume.header.full_name.startswith("document")
    running = await user.exports.GetExport(exports_pb2.GetExportRequest(id=created.id))
    assert (running.state.status, running.state.progress) == (WORK_STATUS_PROCESSING, 10)
    await worker.complete(work, PDF)

    done = await waiting
    assert done.state.status == WORK_STATUS_COMPLETED
    assert (done.state.progress, done.file_size_bytes, done.attempts) == (100, len(PDF), 1)
    assert done.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (done.expire_time.ToDatetime() - done.create_time.ToDatetime()).days == 30
    name, data = await downloaded(user, created.id)
    assert (name, data) == (created.filename, PDF)
    usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
    assert (usage.used_bytes, usage.reserved_bytes, usage.file_count) == (len(PDF), 0, 1)


async def test_an_identical_export_is_answered_at_once_and_shares_the_file(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    document = storage.document(user)
    first = await completed(user, worker, document)
    again = await user.exports.CreateExport(create_request(document))
    assert (again.state.status, again.from_cache) == (WORK_STATUS_COMPLETED, True)
    assert again.id != first.id
    assert (again.sha256, again.page_count) == (first.sha256, 1)
    usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
    assert (usage.used_bytes, usage.file_count) == (len(PDF), 1)

    await user.exports.DeleteExport(exports_pb2.DeleteExportRequest(id=first.id))
    assert (await downloaded(user, again.id))[1] == PDF
    await user.exports.DeleteExport(exports_pb2.DeleteExportRequest(id=again.id))
    usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
    assert (usage.used_bytes, usage.file_count) == (0, 0)
    await no_objects_left(storage)


async def test_an_identical_request_is_planned_once_and_another_one_anew(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    document = storage.document(user)
    for _ in range(2):
        await user.exports.CreateExport(create_request(document))
    assert storage.neighbours.calls == ["snapshot", "plan", "snapshot"]
    changed = create_request(document)
    changed.options.accent_color = "#123456"
    await user.exports.CreateExport(changed)
    assert storage.neighbours.calls[3:] == ["snapshot", "plan"]


async def test_the_cache_is_of_one_user_alone(storage: StorageHarness, worker: Worker) -> None:
    first = storage.user()
    second = storage.user(tenant=first.identity.tenant_id)
    one = storage.document(first, text="same")
    other = storage.document(second, text="same")
    await completed(first, worker, one)
    assert not (await second.exports.CreateExport(create_request(other))).from_cache


async def test_a_waiting_export_is_cancelled_at_once(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    cancelled = await user.exports.CancelExport(exports_pb2.CancelExportRequest(id=created.id))
    assert cancelled.state.status == WORK_STATUS_CANCELLED
    assert await worker.lease(wait=0) == []
    usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
    assert usage.reserved_bytes == 0


async def test_deleting_a_running_export_makes_its_result_unwelcome(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    await user.exports.DeleteExport(exports_pb2.DeleteExportRequest(id=created.id))
    with pytest.raises(Exception, match="not yours"):
        await worker.complete(work, PDF)
    await no_objects_left(storage)
    async with storage.database.queue_transaction() as connection:
        assert await storage.service.exports.queue.depths(connection) == []


async def test_a_repeated_request_id_answers_the_same_export(storage: StorageHarness) -> None:
    user = storage.user()
    request = create_request(storage.document(user), request_id="key-1")
    first, second = await asyncio.gather(*(user.exports.CreateExport(request) for _ in range(2)))
    third = await user.exports.CreateExport(request)
    assert first.id == second.id == third.id
    other = create_request(storage.document(user), request_id="key-1")
    with pytest.raises(InvalidArgument) as caught:
        await user.exports.CreateExport(other)
    assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_batch_is_checked_whole_before_anything_is_queued(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    good = [create_request(storage.document(user)) for _ in range(2)]
    batch = exports_pb2.BatchCreateExportsRequest(requests=[good[0], create_request(str(uuid4()))])
    with pytest.raises(NotFound) as caught:
        await user.exports.BatchCreateExports(batch)
    assert caught.value.fields[0].field == "requests[1]"
    assert await worker.lease(wait=0) == []

    made = await user.exports.BatchCreateExports(exports_pb2.BatchCreateExportsRequest(requests=good))
    assert [each.document_id for each in made.exports] == [each.document_id for each in good]
    assert len(await worker.lease(items=5)) == 2


async def test_errors_of_document_and_options_come_at_once(storage: StorageHarness) -> None:
    user = storage.user()
    with pytest.raises(NotFound):
        await user.exports.CreateExport(create_request(str(uuid4())))
    with pytest.raises(InvalidArgument) as caught:
        await user.exports.CreateExport(create_request(storage.document(user), template="unknown"))
    assert caught.value.reason == "UNKNOWN_TEMPLATE"


async def test_at_most_three_run_and_others_get_their_turn(storage: StorageHarness, worker: Worker) -> None:
    busy, quiet = storage.user(), storage.user()
    for _ in range(5):
        await busy.exports.CreateExport(create_request(storage.document(busy)))
    mine = await quiet.exports.CreateExport(create_request(storage.document(quiet)))
    leased = await worker.lease(items=10)
    assert len(leased) == 4
    assert mine.id in [each.lease.export_id for each in leased]


async def test_listing_is_newest_first_in_pages_with_filters(storage: StorageHarness, worker: Worker) -> None:
    user, job = storage.user(), str(uuid4())
    ids = [
        (await user.exports.CreateExport(create_request(storage.document(user, job=job if n % 2 else "")))).id
        for n in range(5)
    ]
    page = await user.exports.ListExports(exports_pb2.ListExportsRequest(page_size=2))
    assert ([each.id for each in page.exports], page.total_size) == ([ids[4], ids[3]], 5)
    rest = await user.exports.ListExports(
        exports_pb2.ListExportsRequest(page_size=10, page_token=page.next_page_token)
    )
    assert ([each.id for each in rest.exports], rest.next_page_token) == ([ids[2], ids[1], ids[0]], "")
    skipped = await user.exports.ListExports(exports_pb2.ListExportsRequest(page_size=2, skip=3))
    assert [each.id for each in skipped.exports] == [ids[1], ids[0]]
    of_job = await user.exports.ListExports(exports_pb2.ListExportsRequest(job_posting_id=job))
    assert {each.id for each in of_job.exports} == {ids[1], ids[3]}

    [work] = await worker.lease()
    running = await user.exports.ListExports(exports_pb2.ListExportsRequest(status=WORK_STATUS_PROCESSING))
    assert [each.id for each in running.exports] == [work.lease.export_id]
    waiting = await user.exports.ListExports(exports_pb2.ListExportsRequest(status=WORK_STATUS_PENDING))
    assert waiting.total_size == 4

    by_day = await user.exports.ListJobExports(exports_pb2.ListJobExportsRequest(job_posting_id=job))
    assert (by_day.job_title, by_day.company, len(by_day.days)) == ("Engineer", "Acme", 1)
    assert [each.id for each in by_day.days[0].exports] == [ids[3], ids[1]]
    with pytest.raises(InvalidArgument):
        await user.exports.ListExports(exports_pb2.ListExportsRequest(page_token="not a token"))


async def test_a_watcher_sees_every_step_until_the_end(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    seen: list[int] = []

    async def watch() -> None:
        watched = user.exports.WatchExport(exports_pb2.WatchExportRequest(id=created.id))
        seen.extend([each.state.progress async for each in watched])

    watching = asyncio.create_task(watch())
    [work] = await worker.lease()
    await worker.beat(work, 60)
    await asyncio.sleep(0.2)
    await worker.complete(work, PDF)
    await asyncio.wait_for(watching, 5)
    assert seen[-1] == 100
    assert 60 in seen
    assert seen == sorted(seen)


async def test_an_archive_holds_every_file_under_its_own_name(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    made = [await completed(user, worker, storage.document(user)) for _ in range(2)]
    request = exports_pb2.DownloadExportArchiveRequest(ids=[each.id for each in made])
    parts = [each async for each in user.exports.DownloadExportArchive(request)]
    assert parts[0].header.filename.endswith(".zip")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(each.chunk for each in parts[1:])))
    assert archive.testzip() is None
    names = archive.namelist()
    assert (len(set(names)), archive.read(names[1])) == (2, PDF)
    pending = await user.exports.CreateExport(create_request(storage.document(user)))
    with pytest.raises(FailedPrecondition):
        async for _ in user.exports.DownloadExportArchive(
            exports_pb2.DownloadExportArchiveRequest(ids=[pending.id])
        ):
            pass


class Counting:
    """A store that counts the bytes read from it."""

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def get(self, key: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        async for chunk in self.inner.get(key, offset=offset, length=length):
            self.read += len(chunk)
            yield chunk


async def test_an_archive_is_read_as_fast_as_it_is_taken(
    databases: Databases, tmp_path: Path, store_settings: dict[str, Any]
) -> None:
    """Nothing is held in memory beyond what travels: 60 MB are asked for and a first part is taken."""
    stores: list[Counting] = []

    def counting(store: ObjectStore) -> Any:
        stores.append(Counting(store))
        return stores[0]

    urls, size = databases.migrated("storage", "services.storage"), 20_000_000
    async with running_storage(urls, tmp_path, objects=counting, **store_settings) as storage:
        user, worker = storage.user(), Worker(storage.process("render-worker").work)
        made = [await completed(user, worker, storage.document(user), os.urandom(size)) for _ in range(3)]
        request = exports_pb2.DownloadExportArchiveRequest(ids=[each.id for each in made])
        taking = user.exports.DownloadExportArchive(request)
        parts = aiter(taking)
        archive = [await anext(parts), await anext(parts)]
        for _ in range(20):  # as long as more is read
            before = stores[0].read
            await asyncio.sleep(0.1)
            if stores[0].read == before:
                break
        assert stores[0].read < size
        archive += [part async for part in parts]
        assert stores[0].read == 3 * size
        data = b"".join(each.chunk for each in archive[1:])
        assert max(len(each.chunk) for each in archive) <= 65536
        assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


def looked_at(sent: list[tuple[str, Any]]) -> list[int]:
    """How many exports each statement asks for by their ids; 0 for one that asks in another way."""
    return [len(values.get("ids", ())) for sql, values in sent if "from exports" in sql.lower()]


async def test_many_watchers_cost_the_database_no_more_than_one(storage: StorageHarness) -> None:
    user = storage.user()
    ids = [(await user.exports.CreateExport(create_request(storage.document(user)))).id for _ in range(10)]
    first = asyncio.Semaphore(0)

    async def watch(id: str) -> list[exports_pb2.Export]:
        seen = []
        async for each in user.exports.WatchExport(exports_pb2.WatchExportRequest(id=id)):
            seen.append(each)
            first.release()
        return seen

    watching = [asyncio.create_task(watch(id)) for id in ids for _ in range(8)]
    for _ in watching:
        await first.acquire()
    # The first poll wakes every watcher once, who then looks; from then on a poll is one statement for all.
    with sent_statements() as sent:
        async with asyncio.timeout(30):
            while looked_at(sent)[-3:] != [len(ids)] * 3:  # noqa: ASYNC110 - statements have no event to wait for
                await asyncio.sleep(0.02)
    for id in ids:
        await user.exports.CancelExport(exports_pb2.CancelExportRequest(id=id))
    for seen in await asyncio.wait_for(asyncio.gather(*watching), 20):
        assert seen[-1].state.status == WORK_STATUS_CANCELLED


async def test_the_fifty_first_waiting_export_is_refused(storage: StorageHarness) -> None:
    user = storage.user()
    for _ in range(50):
        await user.exports.CreateExport(create_request(storage.document(user)))
    with pytest.raises(ResourceExhausted) as caught:
        await user.exports.CreateExport(create_request(storage.document(user)))
    assert caught.value.reason == "QUEUE_FULL"
    usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
    assert (usage.waiting, usage.reserved_bytes) == (50, 50 * 2_000_000)
