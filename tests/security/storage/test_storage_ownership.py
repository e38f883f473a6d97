"""Nobody reads, lists, changes, downloads or infers another's anything."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from services.runtime.auth import Identity, Role
from services.runtime.errors import NotFound, PermissionDenied, Unauthenticated, VitaeError
from services.storage.tables import exports, files, metadata
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
from vitae.storage.v1 import admin_pb2, exports_pb2, objects_pb2, usage_pb2, work_pb2

BY_ID: dict[str, Any] = {
    "GetExport": exports_pb2.GetExportRequest,
    "WaitExport": exports_pb2.WaitExportRequest,
    "WatchExport": exports_pb2.WatchExportRequest,
    "CancelExport": exports_pb2.CancelExportRequest,
    "RetryExport": exports_pb2.RetryExportRequest,
    "DeleteExport": exports_pb2.DeleteExportRequest,
    "CreateDownloadLink": exports_pb2.CreateDownloadLinkRequest,
    "DownloadExport": exports_pb2.DownloadExportRequest,
}
ELSEWHERE = {
    "CreateExport",
    "BatchCreateExports",
    "ListExports",
    "ListJobExports",
    "OpenDownloadLink",
    "DownloadExportArchive",
}


def test_every_call_of_the_service_is_walked() -> None:
    service = exports_pb2.DESCRIPTOR.services_by_name["ExportService"]
    assert {each.name for each in service.methods} == set(BY_ID) | ELSEWHERE


@pytest.mark.parametrize("name", BY_ID)
async def test_anothers_export_answers_exactly_as_none_does(
    storage: StorageHarness, worker: Worker, name: str
) -> None:
    owner = storage.user()
    export = await completed(owner, worker, storage.document(owner))
    colleague = storage.user(tenant=owner.identity.tenant_id)
    recruiter = storage.user(tenant=owner.identity.tenant_id, roles=frozenset({Role.USER, Role.RECRUITER}))
    operator = storage.user(roles=frozenset({Role.USER, Role.OPERATOR, Role.TENANT_ADMIN}))
    answers = set()
    for caller in (colleague, recruiter, operator, storage.user()):
        for id in (export.id, str(uuid4())):
            answers.add(_words(await _refused(caller, name, BY_ID[name](id=id))))
    assert len(answers) == 1
    unchanged = await owner.exports.GetExport(exports_pb2.GetExportRequest(id=export.id))
    for each in (unchanged, export):
        each.ClearField("download_link")  # signed anew each time
    assert unchanged == export


async def test_anothers_documents_files_and_listings_are_closed(
    storage: StorageHarness, worker: Worker
) -> None:
    owner, job = storage.user(), str(uuid4())
    document = storage.document(owner, job=job)
    export = await completed(owner, worker, document)
    other = storage.user(tenant=owner.identity.tenant_id)
    with pytest.raises(NotFound):
        await other.exports.CreateExport(create_request(document))
    with pytest.raises(NotFound):
        await other.exports.BatchCreateExports(
            exports_pb2.BatchCreateExportsRequest(requests=[create_request(document)])
        )
    listed = await other.exports.ListExports(exports_pb2.ListExportsRequest(document_id=document))
    assert (list(listed.exports), listed.total_size) == ([], 0)
    by_job = await other.exports.ListJobExports(exports_pb2.ListJobExportsRequest(job_posting_id=job))
    assert by_job == exports_pb2.ListJobExportsResponse(job_posting_id=job)
    mine = await completed(other, worker, storage.document(other))
    with pytest.raises(NotFound):
        await _drain(
            other.exports.DownloadExportArchive(
                exports_pb2.DownloadExportArchiveRequest(ids=[mine.id, export.id])
            )
        )
    usage = await other.usage.GetUsage(usage_pb2.GetUsageRequest())
    assert usage.file_count == 1
    owners = await owner.exports.ListExports(exports_pb2.ListExportsRequest())
    token = (await owner.exports.ListExports(exports_pb2.ListExportsRequest(page_size=1))).next_page_token
    stolen = await other.exports.ListExports(exports_pb2.ListExportsRequest(page_token=token))
    assert {each.id for each in stolen.exports}.isdisjoint({each.id for each in owners.exports})


async def test_without_a_token_nothing_is_served(storage: StorageHarness) -> None:
    nobody = storage._caller(Identity(uuid4()), lambda: "")
    calls: list[Any] = [
        nobody.exports.ListExports(exports_pb2.ListExportsRequest()),
        nobody.usage.GetUsage(usage_pb2.GetUsageRequest()),
        nobody.work.LeaseWork(work_pb2.LeaseWorkRequest(owner=str(uuid4()))),
        nobody.admin.CleanupExports(admin_pb2.CleanupExportsRequest()),
        nobody.objects.StatObject(objects_pb2.StatObjectRequest(key="a")),
    ]
    for call in calls:
        with pytest.raises(Unauthenticated):
            await call


async def test_work_is_for_render_workers_alone(storage: StorageHarness) -> None:
    user = storage.user(roles=frozenset(Role))
    await user.exports.CreateExport(create_request(storage.document(user)))
    for caller in (user, storage.process("generation"), storage.process("storage")):
        key = work_pb2.LeaseKey(export_id=str(uuid4()), owner=str(uuid4()), attempt=1)
        header = work_pb2.CompleteWorkRequest(header=work_pb2.CompleteWorkHeader(lease=key))
        header.header.file.size_bytes = 0

        async def parts(
            first: work_pb2.CompleteWorkRequest = header,
        ) -> AsyncIterator[work_pb2.CompleteWorkRequest]:
            yield first

        fail = work_pb2.FailWorkRequest(lease=key)
        fail.error.reason = "X"
        calls: list[Any] = [
            caller.work.LeaseWork(work_pb2.LeaseWorkRequest(owner=str(uuid4()))),
            caller.work.HeartbeatWork(work_pb2.HeartbeatWorkRequest()),
            caller.work.CompleteWork(parts()),
            caller.work.FailWork(fail),
            caller.work.ReturnWork(work_pb2.ReturnWorkRequest(leases=[key])),
        ]
        for call in calls:
            with pytest.raises(PermissionDenied):
                await call


async def test_a_workers_lease_is_its_own(storage: StorageHarness, worker: Worker) -> None:
    user = storage.user()
    created = await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    guess = work_pb2.ExportWork()
    guess.CopyFrom(work)
    guess.lease.owner = str(uuid4())
    thief = Worker(worker.stub)
    with pytest.raises(VitaeError):
        await thief.fail(guess, "RENDER_TIMEOUT", retryable=False)
    with pytest.raises(VitaeError):
        await thief.complete(guess, b"forged")
    assert list((await thief.beat(guess, 50)).lost_export_ids) == [created.id]
    await worker.complete(work, PDF)
    assert (await downloaded(user, created.id))[1] == PDF


async def test_housekeeping_is_for_those_it_is_for(storage: StorageHarness) -> None:
    tenant = uuid4()
    user = storage.user(tenant=tenant)
    admin = storage.user(tenant=tenant, roles=frozenset({Role.USER, Role.TENANT_ADMIN}))
    worker = storage.process("render-worker")
    settings = admin_pb2.TenantSettings(tenant_id=str(uuid4()), quota_bytes=1)
    update = admin_pb2.UpdateTenantSettingsRequest(settings=settings)
    forget = admin_pb2.ForgetDocumentsRequest(tenant_id=str(tenant), document_ids=[str(uuid4())])
    erase = admin_pb2.EraseOwnerRequest(tenant_id=str(tenant))
    call: Any
    for caller in (user, worker):
        for call in (
            caller.admin.CleanupExports(admin_pb2.CleanupExportsRequest()),
            caller.admin.GetTenantSettings(admin_pb2.GetTenantSettingsRequest(tenant_id=str(tenant))),
            caller.admin.AuditStorage(admin_pb2.AuditStorageRequest()),
            caller.admin.DiagnoseStorage(admin_pb2.DiagnoseStorageRequest()),
        ):
            with pytest.raises(PermissionDenied):
                await call
    for caller in (user, worker, admin):
        for call in (
            caller.admin.UpdateTenantSettings(update),
            caller.admin.ForgetDocuments(forget),
            caller.admin.EraseOwner(erase),
        ):
            with pytest.raises(PermissionDenied):
                await call
    other = admin_pb2.GetTenantSettingsRequest(tenant_id=str(uuid4()))
    with pytest.raises(PermissionDenied):
        await admin.admin.GetTenantSettings(other)


@pytest.mark.parametrize("store_settings", ["local"], indirect=True)
async def test_a_link_opens_its_file_for_anybody_until_its_end_and_no_other(
    storage: StorageHarness, worker: Worker
) -> None:
    owner = storage.user()
    export = await completed(owner, worker, storage.document(owner))
    other = await completed(owner, worker, storage.document(owner), b"other")
    link = await owner.exports.CreateDownloadLink(
        exports_pb2.CreateDownloadLinkRequest(id=export.id, count_download=True)
    )
    request = _followed(link.url)
    anybody = storage._caller(
        Identity(uuid4()), lambda: storage.services["gateway"].for_service(audience=["storage"])
    )
    assert await _opened(anybody, request) == PDF
    counted = await owner.exports.GetExport(exports_pb2.GetExportRequest(id=export.id))
    assert counted.download_count == 1

    theirs = _followed(
        (await owner.exports.CreateDownloadLink(exports_pb2.CreateDownloadLinkRequest(id=other.id))).url
    )
    for forged in (
        _changed(request, expires=request.expires + 1),
        _changed(request, filename="other.pdf"),
        _changed(request, token=request.token[:-1]),
        _changed(request, token=theirs.token, expires=request.expires + 1),
        _changed(request, token="x"),
    ):
        with pytest.raises(PermissionDenied) as caught:
            await _opened(anybody, forged)
        assert caught.value.message == "The link is not valid or has expired."

    await owner.exports.DeleteExport(exports_pb2.DeleteExportRequest(id=export.id))
    with pytest.raises(NotFound) as gone:
        await _opened(anybody, request)
    assert gone.value.reason == "EXPIRED"


@pytest.mark.parametrize("store_settings", ["local"], indirect=True)
async def test_a_link_lives_no_longer_than_asked_allowed_or_its_file(
    storage: StorageHarness, worker: Worker
) -> None:
    owner = storage.user()
    export = await completed(owner, worker, storage.document(owner))
    for asked, given in ((None, 3600), (300, 300), (604_800, 3600)):
        request = exports_pb2.CreateDownloadLinkRequest(id=export.id)
        if asked:
            request.lifetime.FromSeconds(asked)
        link = await owner.exports.CreateDownloadLink(request)
        left = link.expire_time.ToDatetime(UTC) - datetime.now(UTC)
        assert abs(left - timedelta(seconds=given)) < timedelta(seconds=5)
    await _set_expiry(storage, "interval '30 seconds'")
    link = await owner.exports.CreateDownloadLink(exports_pb2.CreateDownloadLinkRequest(id=export.id))
    assert link.expire_time.ToDatetime(UTC) - datetime.now(UTC) < timedelta(seconds=31)
    request_of_link = _followed(link.url)
    await _set_expiry(storage, "interval '-1 second'")
    with pytest.raises(NotFound) as caught:
        await _opened(owner, request_of_link)
    assert caught.value.reason == "EXPIRED"


async def test_the_database_itself_shows_each_user_their_own_rows(
    storage: StorageHarness, worker: Worker
) -> None:
    owner = storage.user()
    await completed(owner, worker, storage.document(owner))
    others = [Identity(owner.identity.tenant_id, uuid4()), Identity(uuid4(), owner.identity.user_id)]
    for identity in others:
        async with storage.database.user_transaction(identity) as connection:
            for table in metadata.sorted_tables:
                rows = select(func.count()).select_from(table)
                assert (await connection.execute(rows)).scalar_one() == 0, table.name
    async with storage.database.user_transaction(owner.identity) as connection:
        for table in (exports, files):
            assert (await connection.execute(select(func.count()).select_from(table))).scalar_one() == 1


async def test_without_a_tenant_set_no_table_shows_a_row(
    storage: StorageHarness, worker: Worker, databases: Databases
) -> None:
    owner = storage.user()
    await completed(owner, worker, storage.document(owner))
    await owner.exports.CreateExport(create_request(storage.document(owner)))
    tables = [table.name for table in metadata.sorted_tables]
    name = str(make_url(storage.owner_url).database)
    with psycopg.connect(databases.cluster.admin_url(name)) as superuser:

        def filled() -> set[str]:
            return {each for each in tables if superuser.execute(f"select 1 from {each} limit 1").fetchone()}

        assert filled() >= {"exports", "files", "work_items", "user_slots"}, "there is something to see"
        superuser.execute("set role vitae_app")
        assert filled() == set()
    with psycopg.connect(storage.owner_url) as owner_of_tables:
        for each in tables:
            assert owner_of_tables.execute(f"select 1 from {each} limit 1").fetchone() is None, each


async def test_every_table_has_row_security_that_binds_its_owner(storage: StorageHarness) -> None:
    query = text(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        " and relname <> 'alembic_version' and not (relrowsecurity and relforcerowsecurity)"
    )
    async with storage.database.queue_transaction() as connection:
        assert list((await connection.execute(query)).scalars()) == []


@pytest.mark.parametrize("column", ["document", "plan", "result", "filename", "document_title", "company"])
async def test_workers_role_sees_whose_a_record_is_and_not_what_is_in_it(
    storage: StorageHarness, column: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with storage.database.queue_transaction() as connection:
            await connection.execute(text(f"select {column} from exports"))


def _words(error: VitaeError) -> tuple[str, str, str, str]:
    return type(error).__name__, error.reason, error.message, repr((error.fields, error.metadata))


async def _refused(caller: Caller, name: str, request: Any) -> VitaeError:
    call = getattr(caller.exports, name)(request)
    with pytest.raises(NotFound) as caught:
        await (_drain(call) if hasattr(call, "__aiter__") else call)
    return caught.value


async def _drain(parts: Any) -> list[Any]:
    return [part async for part in parts]


async def _opened(caller: Caller, request: exports_pb2.OpenDownloadLinkRequest) -> bytes:
    parts = await _drain(caller.exports.OpenDownloadLink(request))
    assert parts[0].header.filename == request.filename
    return b"".join(part.chunk for part in parts[1:])


def _followed(url: str) -> exports_pb2.OpenDownloadLinkRequest:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return exports_pb2.OpenDownloadLinkRequest(
        token=query["token"][0],
        expires=int(query["expires"][0]),
        filename=unquote(parts.path.rsplit("/", 1)[1]),
    )


def _changed(
    request: exports_pb2.OpenDownloadLinkRequest, **changes: Any
) -> exports_pb2.OpenDownloadLinkRequest:
    changed = exports_pb2.OpenDownloadLinkRequest()
    changed.CopyFrom(request)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


async def _set_expiry(storage: StorageHarness, interval: str) -> None:
    async with storage.database.queue_transaction() as connection:
        owners = (await connection.execute(text("select distinct tenant_id, user_id from exports"))).all()
    for tenant, user in owners:
        async with storage.database.user_transaction(
            Identity(UUID(str(tenant)), UUID(str(user)))
        ) as connection:
            await connection.execute(text(f"update exports set expire_time = now() + {interval}"))
