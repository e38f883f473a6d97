"""Statements sent by the driver itself, and connections kept between transactions."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import bindparam, column, select, table, text
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound

from services.runtime.auth import Identity
from services.runtime.db import Database
from services.runtime.errors import DeadlineExceeded, Unavailable
from services.runtime.statements import Statement
from tests.support.postgres import Databases
from tests.support.queue_sample import make_schema

WHO = Identity(UUID(int=1), UUID(int=2))
ADD = Statement("insert into records (id, tenant_id, user_id) values (:id, :tenant, :user)")
COUNT = Statement("select count(*) as number from records")
PROCESS = Statement("select pg_backend_pid() as id")


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    urls = databases.made("sample", "queue", make_schema)
    async with Database(
        urls.login_url, application="statements", pool_size=1, pool_overflow=1, pool_wait=0.3
    ) as made:
        yield made


async def add(database: Database, *ids: UUID, fail: bool = False) -> None:
    async with database.user_transaction(WHO) as connection:
        for id in ids:
            await ADD.run(connection, {"id": id, "tenant": WHO.tenant_id, "user": WHO.user_id})
        if fail:
            raise LookupError


async def end(databases: Databases, victim: int) -> None:
    address = databases.cluster.admin_url()
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as admin:
        await admin.execute("select pg_terminate_backend(%s)", [victim])


async def process_id(database: Database) -> int:
    async with database.user_transaction(WHO) as connection:
        return int((await PROCESS.run(connection, {})).scalar_one())


async def test_values_come_as_they_went(database: Database) -> None:
    values = {
        "id": uuid4(),
        "moment": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "data": b"\0\xff",
        "words": ["50 %", "a:b", "%s"],
    }
    echo = Statement(
        "select cast(:id as uuid) as id, cast(:moment as timestamptz) as moment, cast(:data as bytea) as data,"
        " cast(:words as text[]) as words, '100 %' as literal"
    )
    async with database.user_transaction(WHO) as connection:
        row = (await echo.run(connection, values)).one()
    assert row._asdict() == {**values, "literal": "100 %"}


async def test_a_statement_may_be_built_and_shares_the_transaction(database: Database) -> None:
    records = table("records", column("id"), column("state"))
    built = Statement(select(records.c.state).where(records.c.id == bindparam("wanted")))
    id = uuid4()
    async with database.user_transaction(WHO) as connection:
        added = await ADD.run(connection, {"id": id, "tenant": WHO.tenant_id, "user": WHO.user_id})
        assert (added, added.affected) == ([], 1)
        assert (await connection.execute(text("select count(*) from records"))).scalar_one() == 1
        assert (await built.run(connection, {"wanted": id})).scalar_one() == "pending"
        assert (await built.run(connection, {"wanted": uuid4()})).first() is None
        with pytest.raises(NoResultFound):
            (await built.run(connection, {"wanted": uuid4()})).one()
        with pytest.raises(MultipleResultsFound):
            (await Statement("values (1), (2)").run(connection, {})).one()


async def test_an_error_is_the_one_of_execute_and_undoes_the_transaction(database: Database) -> None:
    id = uuid4()
    await add(database, id)
    with pytest.raises(IntegrityError) as caught:
        await add(database, uuid4(), id)
    assert isinstance(caught.value.orig, psycopg.errors.UniqueViolation)
    assert str(id) not in str(caught.value)
    async with database.user_transaction(WHO) as connection:
        assert (await COUNT.run(connection, {})).scalar_one() == 1


async def test_a_connection_is_kept_for_the_next_transaction(database: Database) -> None:
    first = await process_id(database)
    assert [await process_id(database) for _ in range(3)] == [first] * 3
    assert (database.pool().idle, database.pool().in_use) == (1, 0)


async def test_what_one_transaction_was_leaves_nothing_to_the_next(database: Database) -> None:
    await add(database, uuid4())
    other = Identity(UUID(int=1), UUID(int=3))
    async with database.user_transaction(other) as connection:
        assert (await COUNT.run(connection, {})).scalar_one() == 0
    with pytest.raises(LookupError):
        await add(database, uuid4(), fail=True)
    async with database.user_transaction(WHO) as connection:
        assert (await COUNT.run(connection, {})).scalar_one() == 1


async def test_a_kept_connection_that_died_is_replaced(database: Database, databases: Databases) -> None:
    victim = await process_id(database)
    async with await psycopg.AsyncConnection.connect(databases.cluster.admin_url(), autocommit=True) as admin:
        await admin.execute("select pg_terminate_backend(%s)", [victim])
    assert await process_id(database) != victim


async def test_a_connection_lost_within_a_transaction_is_an_outage(
    database: Database, databases: Databases
) -> None:
    victims = []

    async def lose() -> None:
        async with database.user_transaction(WHO) as connection:
            victims.append((await PROCESS.run(connection, {})).scalar_one())
            await end(databases, victims[0])
            await PROCESS.run(connection, {})

    with pytest.raises(Unavailable):
        await lose()
    assert await process_id(database) not in victims


async def test_a_cancelled_statement_leaves_no_connection_behind(database: Database) -> None:
    async def sleep() -> None:
        async with database.user_transaction(WHO) as connection:
            await Statement("select pg_sleep(30)").run(connection, {})

    for _ in range(4):  # more than there are connections
        sleeping = asyncio.create_task(sleep())
        await asyncio.sleep(0.1)
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
    assert database.pool().in_use == 0
    await add(database, uuid4())


async def test_who_waits_for_a_connection_gets_the_next_that_is_free(database: Database) -> None:
    async with database.user_transaction(WHO), database.user_transaction(WHO):
        with pytest.raises(Unavailable) as caught:
            await process_id(database)
        assert caught.value.reason == "DATABASE_BUSY"
        waiting = asyncio.create_task(process_id(database))
        await asyncio.sleep(0.05)
    await asyncio.wait_for(waiting, 0.25)
    assert database.pool().in_use == 0


async def test_the_longest_statement_is_bounded(databases: Databases) -> None:
    urls = databases.made("sample", "queue", make_schema)
    async with Database(urls.login_url, application="statements", statement_timeout=0.1) as quick:
        with pytest.raises(DeadlineExceeded):
            async with quick.user_transaction(WHO) as connection:
                await Statement("select pg_sleep(5)").run(connection, {})
