"""What goes when its time is over, and with documents, users and tenants."""

import pytest
from sqlalchemy import text

from services.runtime.auth import Role
from services.runtime.errors import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from tests.support.storage_service import (
    PDF,
    Caller,
    StorageHarness,
    Worker,
    completed,
    create_request,
    downloaded,
    no_objects_left,
    stored_keys,
)
from vitae.resume.v1.common_pb2 import WORK_STATUS_CANCELLED
from vitae.storage.v1 import admin_pb2, exports_pb2, usage_pb2

OPERATOR = frozenset({Role.USER, Role.OPERATOR})


async def test_expired_files_go_and_the_space_comes_back(storage: StorageHarness, worker: Worker) -> None:
    user, other = storage.user(), storage.user()
    gone = [await completed(user, worker, storage.document(user)) for _ in range(3)]
    waiting = await user.exports.CreateExport(create_request(storage.document(user)))
    await expire(storage, user)
    with pytest.raises(FailedPrecondition):
        await downloaded(user, gone[0].id)
    fresh = await other.exports.CreateExport(create_request(storage.document(other)))

    operator = storage.user(roles=OPERATOR)
    request = admin_pb2.CleanupExportsRequest(batch_size=2)
    cleaned = await operator.admin.CleanupExports(request)
    assert (cleaned.deleted_files, cleaned.deleted_records) == (3, 4)
    assert cleaned.freed_bytes == 3 * len(PDF)
    again = await operator.admin.CleanupExports(request)
    assert (again.deleted_files, again.deleted_records, again.deleted_orphans) == (0, 0, 0)
    assert await stored_keys(storage) == []
    for id in (gone[0].id, waiting.id):
        with pytest.raises(NotFound):
            await user.exports.GetExport(exports_pb2.GetExportRequest(id=id))
    usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
    assert (usage.used_bytes, usage.reserved_bytes) == (0, 0)
    [work] = await worker.lease(items=5)
    assert work.lease.export_id == fresh.id


async def test_a_tenant_admin_cleans_their_tenant_alone(storage: StorageHarness, worker: Worker) -> None:
    user, stranger = storage.user(), storage.user()
    for each in (user, stranger):
        await completed(each, worker, storage.document(each))
        await expire(storage, each)
    admin = storage.user(tenant=user.identity.tenant_id, roles=frozenset({Role.USER, Role.TENANT_ADMIN}))
    cleaned = await admin.admin.CleanupExports(admin_pb2.CleanupExportsRequest())
    assert cleaned.deleted_files == 1
    rest = await storage.process("storage").admin.CleanupExports(admin_pb2.CleanupExportsRequest())
    assert rest.deleted_files == 1


async def test_exports_follow_their_document(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    document = storage.document(user)
    done = await completed(user, worker, document)
    queued = await user.exports.CreateExport(create_request(document, template="classic"))
    generation = storage.process("generation")
    request = admin_pb2.ForgetDocumentsRequest(
        tenant_id=str(user.identity.tenant_id), document_ids=[document], request_id="outbox-1"
    )
    answer = await generation.admin.ForgetDocuments(request)
    assert (answer.cancelled_exports, answer.deleted_files) == (1, 0)
    cancelled = await user.exports.GetExport(exports_pb2.GetExportRequest(id=queued.id))
    assert cancelled.state.status == WORK_STATUS_CANCELLED
    assert (await downloaded(user, done.id))[1] == PDF
    assert (await generation.admin.ForgetDocuments(request)).cancelled_exports == 0
    assert await worker.lease(wait=0) == []

    request.delete_files = True
    assert (await generation.admin.ForgetDocuments(request)).deleted_files == 1
    with pytest.raises(NotFound):
        await downloaded(user, done.id)
    await no_objects_left(storage)
    assert (await generation.admin.ForgetDocuments(request)).deleted_files == 0


async def test_a_failed_export_of_a_forgotten_document_cannot_be_had_again(
    storage: StorageHarness, worker: Worker
) -> None:
    user = storage.user()
    document = storage.document(user)
    created = await user.exports.CreateExport(create_request(document))
    [work] = await worker.lease()
    await worker.fail(work, "RENDER_KILLED", retryable=True, killed=True)
    await user.exports.CancelExport(exports_pb2.CancelExportRequest(id=created.id))
    request = admin_pb2.ForgetDocumentsRequest(
        tenant_id=str(user.identity.tenant_id), document_ids=[document]
    )
    await storage.process("generation").admin.ForgetDocuments(request)
    async with storage.database.user_transaction(user.identity) as connection:
        kept = await connection.execute(text("select count(*) from exports where document is not null"))
        assert kept.scalar_one() == 0


@pytest.mark.parametrize("whole_tenant", [False, True])
async def test_an_erased_owner_leaves_nothing(
    storage: StorageHarness, worker: Worker, whole_tenant: bool
) -> None:
    user = storage.user()
    colleague = storage.user(tenant=user.identity.tenant_id)
    stranger = storage.user()
    for each in (user, colleague, stranger):
        await completed(each, worker, storage.document(each))
    for each in (user, colleague, stranger):
        await each.exports.CreateExport(create_request(storage.document(each), request_id="key"))
    [running] = await worker.lease()
    request = admin_pb2.EraseOwnerRequest(
        tenant_id=str(user.identity.tenant_id), user_id="" if whole_tenant else str(user.identity.user)
    )
    generation = storage.process("generation")
    erased = await generation.admin.EraseOwner(request)
    people = 2 if whole_tenant else 1
    assert (erased.deleted_records, erased.deleted_files) == (2 * people, people)
    assert (await generation.admin.EraseOwner(request)).deleted_records == 0
    assert len(await stored_keys(storage)) == 3 - people
    for table in ("exports", "files", "idempotency_keys", "work_items", "user_slots", "object_deletions"):
        async with storage.database.user_transaction(user.identity) as connection:
            rows = await connection.execute(text(f"select count(*) from {table}"))
            assert rows.scalar_one() == 0, table
    assert (await stranger.exports.ListExports(exports_pb2.ListExportsRequest())).total_size == 2
    if running.lease.export_id not in await ids(stranger, *([] if whole_tenant else [colleague])):
        with pytest.raises(Exception, match="not yours"):
            await worker.complete(running, PDF)


async def test_an_operator_sets_what_a_tenant_gets(storage: StorageHarness, worker: Worker) -> None:
    operator, user = storage.user(roles=OPERATOR), storage.user()
    settings = admin_pb2.TenantSettings(tenant_id=str(user.identity.tenant_id), quota_bytes=5_000_000)
    settings.retention.FromSeconds(7 * 86400)
    put = admin_pb2.UpdateTenantSettingsRequest(settings=settings)
    assert await operator.admin.UpdateTenantSettings(put) == settings
    get = admin_pb2.GetTenantSettingsRequest(tenant_id=settings.tenant_id)
    assert await operator.admin.GetTenantSettings(get) == settings
    export = await user.exports.CreateExport(create_request(storage.document(user)))
    assert (export.expire_time.ToDatetime() - export.create_time.ToDatetime()).days == 7
    await user.exports.CreateExport(create_request(storage.document(user)))
    with pytest.raises(ResourceExhausted) as caught:
        await user.exports.CreateExport(create_request(storage.document(user)))
    assert (caught.value.reason, caught.value.metadata["quota_bytes"]) == ("QUOTA_EXCEEDED", "5000000")
    assert len(await worker.lease(items=5)) == 2
    put.settings.retention.FromSeconds(1)
    with pytest.raises(InvalidArgument):
        await operator.admin.UpdateTenantSettings(put)


async def expire(storage: StorageHarness, user: Caller) -> None:
    async with storage.database.user_transaction(user.identity) as connection:
        await connection.execute(text("update exports set expire_time = now() - interval '1 second'"))


async def ids(*users: Caller) -> set[str]:
    found = set()
    for user in users:
        page = await user.exports.ListExports(exports_pb2.ListExportsRequest(page_size=100))
        found |= {each.id for each in page.exports}
    return found
