"""The audit: it finds what was broken on purpose, mends it, and says nothing where nothing is wrong."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

from services.runtime.auth import Role
from services.runtime.errors import FailedPrecondition, PermissionDenied, Unavailable
from services.storage.inspection.findings import Code, Report
from services.storage.objects.base import ObjectStore, StagedFile, exists, unavailable
from tests.support.postgres import Databases
from tests.support.storage_service import (
    PDF,
    Caller,
    StorageHarness,
    Worker,
    completed,
    create_request,
    downloaded,
)
from vitae.storage.v1 import admin_pb2, exports_pb2, usage_pb2

AT_ONCE = timedelta(0)


@contextmanager
def operator(databases: Databases, storage: StorageHarness) -> Iterator[psycopg.Connection]:
    """A connection past every wall, to break things with."""
    name = make_url(storage.owner_url).database
    with psycopg.connect(databases.cluster.admin_url(str(name)), autocommit=True) as connection:
        yield connection


async def audited(storage: StorageHarness, *, repair: bool = False) -> Report:
    return await storage.service.admin.audit.run(repair=repair, orphan_age=AT_ONCE)


def found(report: Report) -> list[tuple[Code, str]]:
    return [(each.code, each.name) for each in report.findings]


async def mended(storage: StorageHarness, expected: list[tuple[Code, str]]) -> None:
    """The audit finds exactly this, mends it, and then nothing is left to find."""
    assert found(await audited(storage)) == expected
    repaired = await audited(storage, repair=True)
    assert found(repaired) == expected
    assert repaired.clean
    assert found(await audited(storage)) == []


def key_of(caller: Caller, id: str) -> str:
    """The key of the bytes of an export's first attempt."""
    return f"exports/{caller.identity.tenant_id}/{caller.identity.user_id}/{id}.1.pdf"


async def overwrite(storage: StorageHarness, key: str, data: bytes, told: bytes | None = None) -> None:
    """Bytes put past the service, described by the store as those of `told`, as damage on a disk is."""
    sha256 = hashlib.sha256(data if told is None else told).hexdigest()
    await storage.objects.put(key, StagedFile(io.BytesIO(data), len(data), sha256), content_type="a/b")


async def test_nothing_is_wrong_in_a_working_system(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    document = storage.document(user)
    first = await completed(user, worker, document)
    await user.exports.CreateExport(create_request(document))
    await user.exports.DeleteExport(exports_pb2.DeleteExportRequest(id=first.id))
    await user.exports.CreateExport(create_request(storage.document(user)))
    [leased] = await worker.lease()
    await user.exports.CreateExport(create_request(storage.document(user)))
    failed = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    await worker.fail(work, "OPTIONS_INVALID", retryable=False)
    assert failed.id != leased.lease.export_id
    report = await audited(storage)
    assert (found(report), report.records, report.objects) == ([], 1, 1)


async def test_lost_and_damaged_files_are_found_and_given_up(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    document = storage.document(user)
    lost = await completed(user, worker, document)
    shared = await user.exports.CreateExport(create_request(document))
    short = await completed(user, worker, storage.document(user))
    changed = await completed(user, worker, storage.document(user))
    sound = await completed(user, worker, storage.document(user))
    assert await storage.objects.delete(key_of(user, lost.id))
    await overwrite(storage, key_of(user, short.id), PDF[:-1], told=PDF)
    await overwrite(storage, key_of(user, changed.id), b"!" + PDF[1:], told=PDF)
    skimmed = await storage.service.admin.audit.run(read_bytes=False)
    assert len(skimmed.findings) == 2

    expected = [
        (Code.OBJECT_MISSING, key_of(user, lost.id)),
        (Code.OBJECT_DAMAGED, key_of(user, short.id)),
        (Code.OBJECT_DAMAGED, key_of(user, changed.id)),
    ]
    report = await audited(storage)
    assert sorted(found(report)) == sorted(expected)
    assert not report.clean
    assert (await audited(storage, repair=True)).clean
    assert found(await audited(storage)) == []
    for id in (lost.id, shared.id, short.id, changed.id):
        export = await user.exports.GetExport(exports_pb2.GetExportRequest(id=id))
        assert (export.state.error.reason, export.state.error.retryable) == ("FILE_LOST", False)
        with pytest.raises(FailedPrecondition):
            await downloaded(user, id)
    assert (await downloaded(user, sound.id))[1] == PDF
    usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
    assert (usage.used_bytes, usage.file_count) == (len(PDF), 1)
    assert not (await user.exports.CreateExport(create_request(document))).from_cache


async def test_objects_without_a_record_go_and_an_upload_in_flight_stays(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    await completed(user, worker, storage.document(user))
    await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    uploaded, stray = key_of(user, work.lease.export_id), key_of(user, str(uuid4()))
    await overwrite(storage, uploaded, b"bytes whose record follows")
    await overwrite(storage, stray, b"bytes nobody knows of")
    assert found(await storage.service.admin.audit.run()) == []  # young enough to get a record
    await mended(storage, [(Code.OBJECT_ORPHANED, stray)])
    assert await exists(storage.objects, uploaded)
    assert not await exists(storage.objects, stray)


async def test_disagreeing_records_are_found_and_mended(
    storage: StorageHarness, worker: Worker, databases: Databases
) -> None:
    user = storage.user()
    done = await completed(user, worker, storage.document(user))
    waiting = await user.exports.CreateExport(create_request(storage.document(user)))
    owner = user.identity
    with operator(databases, storage) as admin:
        admin.execute("delete from work_items where id = %s", [waiting.id])
        admin.execute("update user_slots set waiting = 0, next_at = null")
        await mended(storage, [(Code.WORK_MISSING, waiting.id)])
        [work] = await worker.lease()
        assert work.lease.export_id == waiting.id
        await worker.complete(work, PDF)

        admin.execute("update user_slots set waiting = 7")
        await mended(storage, [(Code.SLOT_MISMATCH, str(owner.user_id))])

        key, file = uuid4(), uuid4()
        admin.execute(
            "insert into files values (%s, %s, %s, %s, 5, 'x', now())",
            [file, owner.tenant_id, owner.user_id, f"exports/{owner.tenant_id}/{owner.user_id}/{key}.1.pdf"],
        )
        report = await audited(storage)
        assert {each.code for each in report.findings} == {
            Code.OBJECT_MISSING,
            Code.FILE_UNREFERENCED,
            Code.USAGE_MISMATCH,
        }
        await audited(storage, repair=True)
        assert found(await audited(storage)) == []

        [row] = admin.execute("select object_key from files limit 1").fetchall()
        admin.execute(
            "insert into object_deletions values (%s, %s, %s, now() + interval '1 day', 0)",
            [row[0], owner.tenant_id, owner.user_id],
        )
        await mended(storage, [(Code.DELETION_OF_LIVE_OBJECT, row[0])])

        gone = await user.exports.CreateExport(create_request(storage.document(user)))
        admin.execute("delete from exports where id = %s", [gone.id])
        await mended(storage, [(Code.WORK_ORPHANED, gone.id)])

        admin.execute("update exports set attempts = 9 where id = %s", [done.id])
        report = await audited(storage, repair=True)
        assert found(report) == [(Code.ATTEMPTS_OUT_OF_BOUNDS, done.id)]
        assert not report.clean


async def test_operators_and_the_services_own_jobs_may_audit(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    await completed(user, worker, storage.document(user))
    request = admin_pb2.AuditStorageRequest(repair=True)
    for caller in (
        storage.user(roles=frozenset({Role.USER, Role.OPERATOR})),
        storage.process("storage"),
    ):
        answer = await caller.admin.AuditStorage(request)
        assert (answer.records_checked, answer.objects_checked, list(answer.findings)) == (1, 1, [])
        assert (await caller.admin.DiagnoseStorage(admin_pb2.DiagnoseStorageRequest())).healthy
    admin = storage.user(roles=frozenset({Role.USER, Role.TENANT_ADMIN}))
    for caller in (user, admin, storage.process("render-worker")):
        with pytest.raises(PermissionDenied):
            await caller.admin.AuditStorage(request)


@pytest.mark.parametrize("store_settings", ["local"], indirect=True)
async def test_a_store_that_is_away_is_not_taken_for_one_that_lost_everything(
    storage: StorageHarness, worker: Worker, tmp_path: Path
) -> None:
    user = storage.user()
    await completed(user, worker, storage.document(user))
    root = tmp_path / "objects"
    root.rename(tmp_path / "elsewhere")
    with pytest.raises(Unavailable):
        await audited(storage, repair=True)
    (tmp_path / "elsewhere").rename(root)
    assert found(await audited(storage)) == []


async def test_an_export_whose_content_is_gone_fails_instead_of_waiting_for_ever(
    storage: StorageHarness, databases: Databases
) -> None:
    user = storage.user()
    waiting = await user.exports.CreateExport(create_request(storage.document(user)))
    with operator(databases, storage) as admin:
        admin.execute("delete from work_items where id = %s", [UUID(waiting.id)])
        admin.execute("update user_slots set waiting = 0, next_at = null")
        admin.execute("update exports set document = null where id = %s", [UUID(waiting.id)])
    await mended(storage, [(Code.WORK_MISSING, waiting.id)])
    export = await user.exports.GetExport(exports_pb2.GetExportRequest(id=waiting.id))
    assert export.state.error.reason == "FILE_LOST"


class Vanishing:
    """A store that is there at first."""

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner
        self.checks = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def check(self) -> None:
        self.checks += 1
        if self.checks > 1:
            raise unavailable()

    async def stat(self, key: str) -> None:
        """What a bucket that was removed answers to a HEAD."""


async def test_a_store_that_vanishes_during_an_audit_costs_no_record(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    kept = await completed(user, worker, storage.document(user))
    audit = storage.service.admin.audit
    with pytest.raises(Unavailable):
        await replace(audit, objects=Vanishing(storage.objects)).run(repair=True)
    assert (await downloaded(user, kept.id))[1] == PDF
    assert found(await audited(storage)) == []
