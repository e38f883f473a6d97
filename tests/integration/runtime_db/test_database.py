"""The session with a real PostgreSQL: roles, row-level security, transactions, and what failures look like."""

import asyncio
import time
import traceback
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.local.postgres import ServiceDatabase
from services.runtime.auth import Identity
from services.runtime.db import Database, acting_as, after_commit, retrying, transaction_time
from services.runtime.errors import Aborted, DeadlineExceeded, PermissionDenied, Unavailable, VitaeError
from tests.support.postgres import Databases
from tests.support.queue_sample import make_schema

HERE, ELSEWHERE = UUID(int=1), UUID(int=2)
ANNA, BERT = Identity(HERE, UUID(int=11)), Identity(HERE, UUID(int=12))
STRANGER = Identity(ELSEWHERE, UUID(int=11))
ADMIN = Identity(HERE)


@pytest.fixture
def urls(databases: Databases) -> ServiceDatabase:
    return databases.made("sample", "queue", make_schema)


@pytest.fixture
async def database(urls: ServiceDatabase) -> AsyncIterator[Database]:
    database = Database(
        urls.login_url,
        application="test",
        pool_size=2,
        pool_overflow=0,
        pool_wait=0.3,
        statement_timeout=1,
        lock_timeout=0.3,
    )
    yield database
    await database.close()


async def insert(connection: AsyncConnection, owner: Identity) -> UUID:
    id = uuid4()
    await connection.execute(
        text("insert into records (id, tenant_id, user_id) values (:id, :tenant, :user)"),
        {"id": id, "tenant": owner.tenant_id, "user": owner.user_id},
    )
    return id


async def record_of(database: Database, owner: Identity) -> UUID:
    async with database.user_transaction(owner) as connection:
        return await insert(connection, owner)


async def seen(connection: AsyncConnection) -> set[UUID]:
    return set((await connection.execute(text("select id from records"))).scalars())


async def test_everybody_sees_their_own_rows_only(database: Database) -> None:
    mine = {each: await record_of(database, each) for each in (ANNA, BERT, STRANGER)}
    for identity, id in mine.items():
        async with database.user_transaction(identity) as connection:
            assert await seen(connection) == {id}
            changed = await connection.execute(text("update records set state = 'x'"))
            assert changed.rowcount == 1
            deleted = await connection.execute(
                text("delete from records where id = any(:ids)"),
                {"ids": [each for each in mine.values() if each != id]},
            )
            assert deleted.rowcount == 0


async def test_shared_opens_the_tenant_and_no_other(database: Database) -> None:
    mine = {each: await record_of(database, each) for each in (ANNA, BERT, STRANGER)}
    async with database.user_transaction(ADMIN, shared=True) as connection:
        assert await seen(connection) == {mine[ANNA], mine[BERT]}
    async with database.user_transaction(BERT, shared=True) as connection:
        assert await seen(connection) == {mine[ANNA], mine[BERT]}
    async with database.user_transaction(BERT) as connection:
        assert await seen(connection) == {mine[BERT]}


@pytest.mark.parametrize("other", [BERT, STRANGER])
async def test_nobody_writes_rows_of_another(database: Database, other: Identity) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with database.user_transaction(ANNA) as connection:
            await insert(connection, other)


async def test_a_process_without_a_user_is_refused(database: Database) -> None:
    with pytest.raises(PermissionDenied):
        async with database.user_transaction(ADMIN):
            pass


async def test_without_a_scope_nothing_is_seen(database: Database, urls: ServiceDatabase) -> None:
    await record_of(database, ANNA)
    async with await psycopg.AsyncConnection.connect(urls.login_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("select * from records")
        await connection.execute("set role vitae_app")
        assert await (await connection.execute("select * from records")).fetchall() == []
        await connection.execute("set vitae.tenant = '00000000-0000-0000-0000-000000000001'")
        assert await (await connection.execute("select * from records")).fetchall() == []
        await connection.execute("set vitae.shared = 'on'")
        assert len(await (await connection.execute("select * from records")).fetchall()) == 1


async def test_a_scope_ends_with_its_transaction(database: Database, urls: ServiceDatabase) -> None:
    single = Database(urls.login_url, application="test", pool_size=1, pool_overflow=0)
    await record_of(database, ANNA)
    async with single.user_transaction(ANNA) as connection:
        assert len(await seen(connection)) == 1
    async with await single.direct_connection() as direct:
        row = await (
            await direct.execute("select current_user, current_setting('vitae.tenant', true)")
        ).fetchone()
    assert row == ("vitae_sample", None)
    async with single.queue_transaction() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await seen(connection)
        await connection.rollback()
    await single.close()


async def test_the_owner_sees_no_row_either(database: Database, urls: ServiceDatabase) -> None:
    await record_of(database, ANNA)
    async with await psycopg.AsyncConnection.connect(urls.owner_url) as connection:
        assert await (await connection.execute("select * from records")).fetchall() == []


async def test_no_runtime_role_owns_anything_or_is_above_the_rules(urls: ServiceDatabase) -> None:
    roles = ["vitae_sample", "vitae_app", "vitae_queue"]
    async with await psycopg.AsyncConnection.connect(urls.login_url) as connection:
        rows = await connection.execute(
            "select rolname from pg_roles where rolname = any(%s)"
            " and not (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolinherit)",
            [roles],
        )
        assert {row[0] for row in await rows.fetchall()} == set(roles)
        owned = await connection.execute(
            "select relname from pg_class where pg_get_userbyid(relowner) = any(%s)", [roles]
        )
        assert await owned.fetchall() == []
        unprotected = await connection.execute(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
            " and not (relrowsecurity and relforcerowsecurity)"
        )
        assert await unprotected.fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("create table public.mine (id int)")


async def test_a_service_cannot_open_the_database_of_another(
    databases: Databases, urls: ServiceDatabase
) -> None:
    other = databases.empty("other")
    crossing = other.login_url.replace(
        other.login_url.split("@/")[1].split("?")[0], urls.login_url.split("@/")[1].split("?")[0]
    )
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        await psycopg.AsyncConnection.connect(crossing)


async def test_a_queue_transaction_steps_into_a_users_scope_and_back(database: Database) -> None:
    id = await record_of(database, ANNA)
    await record_of(database, BERT)
    async with database.queue_transaction() as connection:
        async with acting_as(connection, ANNA.tenant_id, ANNA.user):
            assert await seen(connection) == {id}
        role = await connection.execute(text("select current_user, current_setting('vitae.tenant')"))
        assert tuple(role.one()) == ("vitae_queue", "")
    async with database.user_transaction(ANNA) as connection:
        with pytest.raises(RuntimeError, match="queue transactions"):
            async with acting_as(connection, BERT.tenant_id, BERT.user):
                pass


async def test_hooks_run_after_the_commit_and_only_then(database: Database) -> None:
    calls: list[str] = []
    async with database.user_transaction(ANNA) as connection:
        after_commit(connection, lambda: calls.append("kept"))
        assert abs(time.time() - transaction_time(connection).timestamp()) < 60
        assert calls == []
    assert calls == ["kept"]
    with pytest.raises(LookupError):
        await _failing(database, calls)
    assert calls == ["kept"]


async def _failing(database: Database, calls: list[str]) -> None:
    async with database.user_transaction(ANNA) as connection:
        after_commit(connection, lambda: calls.append("lost"))
        raise LookupError


async def test_a_slow_statement_is_a_deadline(database: Database) -> None:
    with pytest.raises(DeadlineExceeded) as failed:
        async with database.queue_transaction() as connection:
            await connection.execute(text("select pg_sleep(5)"))
    assert failed.value.reason == "STATEMENT_TIMEOUT"


async def test_waiting_too_long_for_a_row_or_a_connection_is_busy(database: Database) -> None:
    await record_of(database, ANNA)
    async with database.user_transaction(ANNA) as holder:
        await holder.execute(text("select * from records for update"))
        with pytest.raises(Unavailable) as row:
            async with database.user_transaction(ANNA) as connection:
                await connection.execute(text("select * from records for update"))
        async with database.user_transaction(BERT):
            assert database.pool().in_use == database.pool().limit == 2
            with pytest.raises(Unavailable) as pool:
                async with database.user_transaction(BERT):
                    pass
            await database.check()
    assert (row.value.reason, pool.value.reason) == ("DATABASE_BUSY", "DATABASE_BUSY")
    assert database.pool().in_use == 0


async def test_a_cut_connection_is_unavailable_and_the_pool_recovers(
    database: Database, databases: Databases
) -> None:
    async def cut(connection: AsyncConnection) -> None:
        pid = (await connection.execute(text("select pg_backend_pid()"))).scalar_one()
        async with await psycopg.AsyncConnection.connect(
            databases.cluster.admin_url(), autocommit=True
        ) as admin:
            await admin.execute("select pg_terminate_backend(%s, 1000)", [pid])

    async def cut_in_transaction(*further: str) -> None:
        async with database.queue_transaction() as connection:
            await cut(connection)
            for statement in further:
                await connection.execute(text(statement))

    with pytest.raises(Unavailable) as during:
        await cut_in_transaction("select 1")
    with pytest.raises(Unavailable) as committing:
        await cut_in_transaction()
    assert (during.value.reason, committing.value.reason) == ("DATABASE_UNAVAILABLE", "COMMIT_UNKNOWN")
    await database.check()


async def test_an_absent_database_is_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing", application="test")
    with pytest.raises(Unavailable) as failed:
        await database.check()
    assert failed.value.reason == "DATABASE_UNAVAILABLE"
    await database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "select cast(:value as int)",
        "insert into records values (:id, :tenant, :user, :value, cast(null as int))",
    ],
)
async def test_errors_that_leave_a_transaction_repeat_no_values(database: Database, statement: str) -> None:
    values = {"value": "anna@example.org", "id": uuid4(), "tenant": ANNA.tenant_id, "user": ANNA.user_id}
    with pytest.raises(DBAPIError) as failed:
        async with database.user_transaction(ANNA) as connection:
            await connection.execute(text(statement), values)
    shown = "".join(traceback.format_exception(failed.value)) + repr(vars(failed.value))
    assert "anna@example.org" not in shown
    assert "23502 records" in shown or "22P02" in shown


async def test_conflicts_are_tried_again(database: Database) -> None:
    ids = sorted([await record_of(database, ANNA), await record_of(database, ANNA)])
    met = asyncio.Barrier(2)
    attempts = 0

    async def change(order: list[UUID]) -> None:
        nonlocal attempts
        attempts += 1
        first = attempts <= 2
        async with database.user_transaction(ANNA) as connection:
            await connection.execute(
                text(
                    "select set_config('lock_timeout', '5s', true), set_config('statement_timeout', '5s', true)"
                )
            )
            for id in order:
                await connection.execute(
                    text("update records set ends = ends + 1 where id = :id"), {"id": id}
                )
                if first:
                    first = False
                    await met.wait()

    await asyncio.gather(retrying(lambda: change(ids)), retrying(lambda: change(ids[::-1])))
    assert attempts == 3
    async with database.user_transaction(ANNA) as connection:
        assert set((await connection.execute(text("select ends from records"))).scalars()) == {2}


@pytest.mark.parametrize(
    ("error", "idempotent", "tries"),
    [
        (Aborted(reason="TRANSACTION_CONFLICT"), False, 3),
        (Unavailable(reason="DATABASE_UNAVAILABLE"), False, 3),
        (Unavailable(reason="COMMIT_UNKNOWN"), False, 1),
        (Unavailable(reason="COMMIT_UNKNOWN"), True, 3),
        (Unavailable(reason="DATABASE_BUSY"), True, 1),
        (Aborted(reason="ETAG_MISMATCH"), True, 1),
    ],
)
async def test_only_what_is_safe_is_tried_again(error: VitaeError, idempotent: bool, tries: int) -> None:
    calls = 0

    async def operation() -> None:
        nonlocal calls
        calls += 1
        raise error

    with pytest.raises(type(error)):
        await retrying(operation, attempts=3, idempotent=idempotent, pause=0.001)
    assert calls == tries
