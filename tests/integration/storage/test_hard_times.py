"""A disk that is full, a store that vanishes, a database that restarts, an outage of hours: each gives a clear error or
a wait, costs no attempt, and loses nothing.
"""

import asyncio
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from sqlalchemy.engine import make_url

from deploy.local.postgres import start
from services.runtime.errors import Unavailable
from services.runtime.migrate import upgrade
from tests.support.ceph import S3Endpoint
from tests.support.postgres import Databases
from tests.support.storage_fleet import Postgres
from tests.support.storage_service import (
    PDF,
    Caller,
    StorageHarness,
    Worker,
    completed,
    create_request,
    downloaded,
    running_storage,
)
from vitae.resume.v1.common_pb2 import WORK_STATUS_COMPLETED, WORK_STATUS_PENDING
from vitae.storage.v1 import exports_pb2, usage_pb2

TWO_HOURS, STEP = 7200, 600


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system of its own: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Leaves no room."""
    with pytest.raises(OSError, match="No space left"):
        (disk / "filler").write_bytes(bytes(4 * 2**20))


@dataclass
class Store:
    """A running service whose store can be taken away, or made full."""

    storage: StorageHarness
    take: "Action"
    bring: "Action"


class Action:
    """Something done to the store, off the event loop."""

    def __init__(self, *call: object) -> None:
        self._function, *self._arguments = call

    async def __call__(self) -> None:
        await asyncio.to_thread(self._function, *self._arguments)  # type: ignore[arg-type]


@pytest.fixture(params=["local", "s3"])
async def store(
    request: pytest.FixtureRequest, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Store]:
    """The service on a folder and on a bucket."""
    urls = databases.migrated("storage", "services.storage")
    if request.param == "local":
        root, away = tmp_path / "objects", tmp_path / "away"
        async with running_storage(urls, root) as storage:
            yield Store(storage, Action(root.rename, away), Action(away.rename, root))
        return
    endpoint: S3Endpoint = request.getfixturevalue("s3_endpoint")
    if endpoint.gateway is None:
        pytest.skip("the S3 server given is not ours to stop")
    async with on_bucket(databases, endpoint, monkeypatch, f"outage-{uuid.uuid4().hex[:12]}") as storage:
        yield Store(storage, Action(endpoint.gateway.end), Action(endpoint.gateway.start))


@pytest.fixture(params=["local", "s3"])
async def small_store(
    request: pytest.FixtureRequest, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Store]:
    """The service on a disk that can be filled, and on a bucket with a quota."""
    if request.param == "local":
        disk: Path = request.getfixturevalue("small_disk")
        urls = databases.migrated("storage", "services.storage")
        async with running_storage(urls, disk / "objects") as storage:
            yield Store(storage, Action(fill, disk), Action((disk / "filler").unlink))
        return
    endpoint: S3Endpoint = request.getfixturevalue("s3_endpoint")
    bucket = f"small-{uuid.uuid4().hex[:12]}"
    full = endpoint.full(bucket)
    async with on_bucket(databases, endpoint, monkeypatch, bucket) as storage:
        yield Store(storage, Action(full.__enter__), Action(full.__exit__, None, None, None))


@asynccontextmanager
async def on_bucket(
    databases: Databases, endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch, bucket: str
) -> AsyncIterator[StorageHarness]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", endpoint.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", endpoint.secret)
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(
        urls,
        Path("unused"),
        s3_bucket=bucket,
        s3_endpoint=endpoint.url,
        s3_path_style="true",
        s3_attempts="1",
    ) as storage:
        yield storage


@contextmanager
def operator(databases: Databases, storage: StorageHarness) -> Iterator[psycopg.Connection]:
    name = str(make_url(storage.owner_url).database)
    with psycopg.connect(databases.cluster.admin_url(name), autocommit=True) as connection:
        yield connection


async def finish(storage: StorageHarness, user: Caller, export_id: str) -> None:
    """The work is handed out again and done, and all of it has cost one attempt."""
    worker = Worker(storage.process("render-worker").work)
    ends = time.monotonic() + 20
    while not (work := await worker.lease(wait=1)):
        assert time.monotonic() < ends, "no work is handed out"
    assert work[0].lease.export_id == export_id
    await worker.complete(work[0], PDF)
    export = await user.exports.GetExport(exports_pb2.GetExportRequest(id=export_id))
    assert (export.state.status, export.attempts) == (WORK_STATUS_COMPLETED, 1)


async def test_a_full_store_pauses_work_until_there_is_room(small_store: Store) -> None:
    storage = small_store.storage
    user, worker = storage.user(), Worker(storage.process("render-worker").work)
    before = await completed(user, worker, storage.document(user))
    await small_store.take()
    waiting = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    with pytest.raises(Unavailable) as caught:
        await worker.complete(work, PDF)
    assert caught.value.reason == "STORE_UNAVAILABLE"
    assert await worker.lease(wait=1.5) == [], "no worker renders what cannot be kept"
    stands = await user.exports.GetExport(exports_pb2.GetExportRequest(id=waiting.id))
    assert (stands.state.status, stands.attempts) == (WORK_STATUS_PENDING, 0)
    assert (await downloaded(user, before.id))[1] == PDF
    checks = {each.name: each for each in await storage.service.doctor.run()}
    assert "full" in checks["write"].advice
    await small_store.bring()
    await finish(storage, user, waiting.id)
    assert (await storage.service.admin.audit.run()).findings == ()


async def test_a_service_starts_on_a_full_disk_and_hands_out_what_is_there(
    databases: Databases, small_disk: Path
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, small_disk / "objects") as storage:
        user = storage.user()
        kept = await completed(user, Worker(storage.process("render-worker").work), storage.document(user))
    fill(small_disk)
    async with running_storage(urls, small_disk / "objects") as storage:
        assert (await downloaded(storage.caller(user.identity), kept.id))[1] == PDF


async def test_no_room_to_receive_a_large_file_costs_no_attempt(
    databases: Databases, small_disk: Path, tmp_path: Path
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path / "objects", staging_folder=str(small_disk)) as storage:
        user, worker = storage.user(), Worker(storage.process("render-worker").work)
        waiting = await user.exports.CreateExport(create_request(storage.document(user)))
        [work] = await worker.lease()
        fill(small_disk)
        with pytest.raises(Unavailable) as caught:
            await worker.complete(work, bytes(3 * 2**20))
        assert caught.value.reason == "STORE_UNAVAILABLE"
        (small_disk / "filler").unlink()
        await finish(storage, user, waiting.id)


async def test_two_hours_without_the_store_cost_no_attempt(store: Store, databases: Databases) -> None:
    """The clock is moved by moving every time the queue knows back."""
    storage = store.storage
    user, worker = storage.user(), Worker(storage.process("render-worker").work)
    waiting = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    await store.take()
    with pytest.raises(Unavailable):
        await worker.complete(work, PDF)
    with operator(databases, storage) as admin:
        for _ in range(TWO_HOURS // STEP):
            assert await worker.lease(wait=0.1) == []
            step = timedelta(seconds=STEP)
            admin.execute(
                "update work_items set run_after = run_after - %(step)s::interval,"
                " enqueued_at = enqueued_at - %(step)s::interval,"
                " lease_expires_at = lease_expires_at - %(step)s::interval",
                {"step": step},
            )
            admin.execute("update user_slots set next_at = next_at - %s::interval", [step])
    stands = await user.exports.GetExport(exports_pb2.GetExportRequest(id=waiting.id))
    assert (stands.state.status, stands.attempts) == (WORK_STATUS_PENDING, 0)
    await store.bring()
    await finish(storage, user, waiting.id)
    assert (await downloaded(user, waiting.id))[1] == PDF
    report = await storage.service.admin.audit.run()
    assert report.findings == ()


async def test_a_bucket_that_vanishes_is_waited_for_and_its_loss_is_told(
    databases: Databases, s3_endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = f"vanishing-{uuid.uuid4().hex[:12]}"
    async with on_bucket(databases, s3_endpoint, monkeypatch, bucket) as storage:
        user, worker = storage.user(), Worker(storage.process("render-worker").work)
        kept = await completed(user, worker, storage.document(user))
        waiting = await user.exports.CreateExport(create_request(storage.document(user)))
        [work] = await worker.lease()
        client = boto3.client("s3", endpoint_url=s3_endpoint.url, region_name="us-east-1")
        for each in client.list_objects_v2(Bucket=bucket).get("Contents", ()):
            client.delete_object(Bucket=bucket, Key=each["Key"])
        client.delete_bucket(Bucket=bucket)
        with pytest.raises(Unavailable):
            await worker.complete(work, PDF)
        assert await worker.lease(wait=0.5) == []
        with pytest.raises(Unavailable):
            await storage.service.admin.audit.run(repair=True)
        client.create_bucket(Bucket=bucket)
        client.close()
        await finish(storage, user, waiting.id)
        report = await storage.service.admin.audit.run()
        assert [each.code for each in report.findings] == ["OBJECT_MISSING"]
        assert kept.id in report.findings[0].name


async def test_a_store_that_is_gone_at_the_start_is_not_made_anew(
    databases: Databases, tmp_path: Path
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path / "objects") as storage:
        user, worker = storage.user(), Worker(storage.process("render-worker").work)
        kept = await completed(user, worker, storage.document(user))
    (tmp_path / "objects").rename(tmp_path / "away")
    async with running_storage(urls, tmp_path / "objects") as storage:
        assert not (tmp_path / "objects").exists()
        with pytest.raises(Unavailable):
            await storage.objects.check()
        (tmp_path / "away").rename(tmp_path / "objects")
        await storage.objects.check()
        assert (await downloaded(storage.caller(user.identity), kept.id))[1] == PDF


async def test_a_database_that_restarts_is_waited_for_and_forgets_nothing(
    tmp_path: Path, store_settings: dict[str, Any]
) -> None:
    with start(tmp_path / "pg") as cluster:
        urls = cluster.prepare("storage")
        await asyncio.to_thread(upgrade, urls.owner_url, "services.storage")
        async with running_storage(urls, tmp_path / "objects", **store_settings) as storage:
            user, worker = storage.user(), Worker(storage.process("render-worker").work)
            kept = await completed(user, worker, storage.document(user))
            waiting = await user.exports.CreateExport(create_request(storage.document(user)))
            server = Postgres(cluster)
            await asyncio.to_thread(server.kill)
            with pytest.raises(Unavailable) as caught:
                await user.exports.GetExport(exports_pb2.GetExportRequest(id=kept.id))
            assert caught.value.reason == "DATABASE_UNAVAILABLE"
            assert caught.value.retry_after
            await asyncio.to_thread(server.start)
            # Every pooled connection is dead, and no call notices.
            calls = (user.usage.GetUsage(usage_pb2.GetUsageRequest()) for _ in range(8))
            assert {each.file_count for each in await asyncio.gather(*calls)} == {1}
            assert (await downloaded(user, kept.id))[1] == PDF
            await finish(storage, user, waiting.id)
