"""A worker may be done before the transaction that gave it its work has come to its end."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.runtime.errors import Aborted, Internal
from tests.support.commits import Commit
from tests.support.postgres import Databases
from tests.support.storage_service import (
    PDF,
    Caller,
    StorageHarness,
    Worker,
    create_request,
    downloaded,
    running_storage,
    stored_keys,
)
from vitae.resume.v1.common_pb2 import WORK_STATUS_FAILED
from vitae.storage.v1 import exports_pb2, work_pb2

Hold = Callable[[], Commit]


async def handed(
    storage: StorageHarness, worker: Worker, hold: Hold
) -> tuple[Caller, Commit, "asyncio.Future[exports_pb2.Export]", work_pb2.ExportWork]:
    """Work in a worker's hands whose transaction is still being committed."""
    user = storage.user()
    request = create_request(storage.document(user))
    leasing = asyncio.create_task(worker.lease(wait=20))
    await asyncio.sleep(0.5)  # it has looked and waits
    commit = hold()
    creating = asyncio.ensure_future(user.exports.CreateExport(request))
    [work] = await leasing
    assert not creating.done()
    return user, commit, creating, work


async def test_a_file_that_is_ready_first_waits_for_its_record(
    storage: StorageHarness, worker: Worker, hold_next_commit: Hold
) -> None:
    user, commit, creating, work = await handed(storage, worker, hold_next_commit)
    completing = asyncio.create_task(worker.complete(work, PDF))
    await asyncio.sleep(0.2)
    assert not completing.done()
    commit.go.set()
    await completing
    assert (await downloaded(user, (await creating).id))[1] == PDF


async def test_so_do_failures_returns_and_heartbeats(
    storage: StorageHarness, worker: Worker, hold_next_commit: Hold
) -> None:
    user, commit, creating, work = await handed(storage, worker, hold_next_commit)
    beating = asyncio.create_task(worker.beat(work, 10))
    failing = asyncio.create_task(worker.fail(work, "GLYPHS_MISSING", retryable=False))
    await asyncio.sleep(0.2)
    assert not beating.done()
    assert not failing.done()
    commit.go.set()
    assert list((await beating).lost_export_ids) == []
    await failing
    export = await user.exports.GetExport(exports_pb2.GetExportRequest(id=(await creating).id))
    assert export.state.status == WORK_STATUS_FAILED

    user, commit, creating, work = await handed(storage, worker, hold_next_commit)
    returning = asyncio.ensure_future(worker.stub.ReturnWork(work_pb2.ReturnWorkRequest(leases=[work.lease])))
    await asyncio.sleep(0.2)
    commit.go.set()
    await returning
    [again] = await worker.lease()
    assert (again.lease.export_id, again.lease.attempt) == ((await creating).id, 2)


async def test_a_file_that_comes_to_another_replica_finds_its_record_in_a_moment(
    databases: Databases, tmp_path: Path, store_settings: dict[str, Any], hold_next_commit: Hold
) -> None:
    urls, folder = databases.migrated("storage", "services.storage"), tmp_path / "objects"
    async with (
        running_storage(urls, folder, **store_settings) as storage,
        running_storage(urls, folder, **store_settings) as other,
    ):
        worker = Worker(storage.process("render-worker").work)
        elsewhere = Worker(other.process("render-worker").work, worker.owner)
        user, commit, creating, work = await handed(storage, worker, hold_next_commit)
        completing = asyncio.create_task(elsewhere.complete(work, PDF))
        await asyncio.sleep(0.1)
        assert not completing.done()
        commit.go.set()
        await completing
        assert (await downloaded(user, (await creating).id))[1] == PDF


async def test_a_file_whose_record_never_came_leaves_nothing(
    storage: StorageHarness, worker: Worker, hold_next_commit: Hold
) -> None:
    _, commit, creating, work = await handed(storage, worker, hold_next_commit)
    completing = asyncio.create_task(worker.complete(work, PDF))
    commit.fails = True
    commit.go.set()
    with pytest.raises(Aborted) as caught:
        await completing
    assert caught.value.reason == "LEASE_LOST"
    with pytest.raises(Internal):
        await creating
    assert await stored_keys(storage) == []
