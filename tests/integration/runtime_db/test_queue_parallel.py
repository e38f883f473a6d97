"""The queue with many workers at once: nothing twice, nothing lost, no deadlock, no leaked slot; and its waking."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from services.runtime.db import acting_as
from services.runtime.errors import Unavailable
from services.runtime.queue import Beat, Lease, Outcome
from services.runtime.queue.audit import slot_mismatches
from tests.support.postgres import Databases
from tests.support.queue_sample import KIND, Sample, make_schema, person, record_end, sample_service

USERS = [UUID(int=n) for n in range(20, 28)]


@pytest.fixture
async def replicas(databases: Databases) -> AsyncIterator[list[Sample]]:
    urls = databases.made("sample", "queue", make_schema)
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(sample_service(urls.login_url, poll=0.2)) for _ in range(2)]


async def states(sample: Sample) -> Counter[tuple[str, int]]:
    async with sample.database.user_transaction(person(None), shared=True) as connection:
        return Counter(
            (row.state, row.ends) for row in await connection.execute(text("select state, ends from records"))
        )


async def finish(sample: Sample, lease: Lease) -> Outcome:
    async with sample.database.queue_transaction() as connection:
        result = await sample.queue.complete(connection, lease.id, lease.owner, lease.attempt)
        if result.outcome.ended:
            async with acting_as(connection, lease.tenant_id, lease.user_id):
                await record_end(connection, lease.id, result.outcome.value)
    return result.outcome


async def take_back_all(sample: Sample) -> None:
    """Returns when no worker has any work: leases lost late are in their back-off like those lost early."""
    async with asyncio.timeout(20):
        while True:
            async with sample.database.queue_transaction() as connection:
                await sample.queue.reclaim(connection, [KIND])
                held = await connection.execute(
                    text("select count(*) from work_items where owner is not null")
                )
                if held.scalar_one() == 0:
                    return
            await asyncio.sleep(0.05)


async def test_parallel_claims_never_lease_twice(replicas: list[Sample]) -> None:
    total = 120
    for number in range(total):
        await replicas[number % 2].add(uuid4(), USERS[number % len(USERS)])
    seen: Counter[UUID] = Counter()
    most: Counter[UUID] = Counter()
    running: Counter[UUID] = Counter()

    async def work(sample: Sample) -> None:
        owner = uuid4()
        while leases := await sample.queue.claim_or_wait(
            sample.database, owner, [KIND], limit=2, lease=30, wait=0.5
        ):
            for lease in leases:
                seen[lease.id] += 1
                running[lease.user_id] += 1
                most[lease.user_id] = max(most[lease.user_id], running[lease.user_id])
            await asyncio.sleep(0.001)
            for lease in leases:
                running[lease.user_id] -= 1
                assert await finish(sample, lease) is Outcome.COMPLETED

    await asyncio.gather(*(work(replicas[number % 2]) for number in range(8)))
    assert len(seen) == total
    assert set(seen.values()) == {1}
    assert max(most.values()) <= 3
    assert await states(replicas[0]) == {("completed", 1): total}


async def test_random_kills_lose_nothing_and_leak_no_slot(
    replicas: list[Sample], databases: Databases
) -> None:
    """Connections are cut at any moment, workers vanish with their leases, users cancel; then all work is ended."""
    chance = random.Random(7)
    ids = [uuid4() for _ in range(60)]
    for number, id in enumerate(ids):
        await replicas[0].add(id, USERS[number % 4], max_attempts=1000)
    until = time.monotonic() + 4

    async def work(sample: Sample) -> None:
        owner = uuid4()
        while time.monotonic() < until:
            with suppress(Unavailable):
                leases = await sample.queue.claim_or_wait(
                    sample.database, owner, [KIND], limit=2, lease=0.2, wait=0.1
                )
                for lease in leases:
                    fate = chance.random()
                    if fate < 0.3:
                        owner = uuid4()  # the process died and another one started
                    elif fate < 0.5:
                        async with sample.database.queue_transaction() as connection:
                            await sample.queue.give_back(connection, lease.id, lease.owner, lease.attempt)
                    elif fate < 0.7:
                        async with sample.database.queue_transaction() as connection:
                            beat = Beat(lease.id, lease.attempt, 50, "")
                            await sample.queue.heartbeat(connection, lease.owner, [beat], lease=0.2)
                    else:
                        await finish(sample, lease)

    async def cancel(sample: Sample) -> None:
        for id in ids[::6]:
            await asyncio.sleep(0.1)
            with suppress(Unavailable):
                async with sample.database.user_transaction(person(USERS[ids.index(id) % 4])) as connection:
                    result = await sample.queue.cancel(connection, id)
                    if result.outcome is Outcome.CANCELLED:
                        await record_end(connection, id, "cancelled")

    async def cut() -> None:
        address = databases.cluster.admin_url()
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            while time.monotonic() < until:
                await asyncio.sleep(0.05)
                await connection.execute(
                    "select pg_terminate_backend(pid) from (select pid from pg_stat_activity"
                    " where application_name = 'sample' order by random() limit 1) victim"
                )

    await asyncio.gather(cut(), cancel(replicas[1]), *(work(replicas[number % 2]) for number in range(6)))
    owner = uuid4()
    await asyncio.sleep(0.25)
    sample = replicas[0]
    await take_back_all(sample)
    async with sample.database.queue_transaction() as connection:
        assert await slot_mismatches(connection) == []
        await connection.execute(text("update work_items set run_after = now() where owner is null"))
        await connection.execute(text("update user_slots set next_at = now() where next_at is not null"))
    async with asyncio.timeout(20):
        while sum(count for (state, _), count in (await states(sample)).items() if state == "pending"):
            for lease in await sample.queue.claim_or_wait(
                sample.database, owner, [KIND], limit=10, lease=5, wait=0.1
            ):
                await finish(sample, lease)
    ends = await states(sample)
    assert {number for _, number in ends} == {1}
    assert sum(ends.values()) == len(ids)
    async with sample.database.queue_transaction() as connection:
        assert await slot_mismatches(connection) == []
        assert await sample.queue.depths(connection) == []


async def test_transactions_over_several_works_of_a_user_do_not_deadlock(replicas: list[Sample]) -> None:
    user = USERS[0]
    for _ in range(15):
        ids = [uuid4() for _ in range(3)]
        for id in ids:
            await replicas[0].add(id, user)
        leases = await replicas[0].queue.claim_or_wait(
            replicas[0].database, uuid4(), [KIND], limit=3, lease=30, wait=2
        )

        async def cancel_all(order: list[UUID]) -> None:
            async with replicas[0].database.user_transaction(person(user)) as connection:
                for id in order:
                    await replicas[0].queue.cancel(connection, id)

        async with asyncio.timeout(5):
            await asyncio.gather(
                cancel_all(ids), cancel_all(ids[::-1]), *(finish(replicas[1], lease) for lease in leases)
            )
        async with replicas[0].database.queue_transaction() as connection:
            assert await replicas[0].queue.depths(connection) == []


async def wait_for_work(sample: Sample, wait: float) -> float:
    """Seconds on the loop's clock at which the work came."""
    leases = await sample.queue.claim_or_wait(sample.database, uuid4(), [KIND], limit=1, lease=30, wait=wait)
    assert len(leases) == 1
    return time.monotonic()


async def test_a_waiter_of_the_same_process_is_woken_at_once(databases: Databases) -> None:
    urls = databases.made("sample", "queue", make_schema)
    async with sample_service(urls.login_url, poll=30, listen=False) as sample:
        waits = []
        for number in range(5):
            waiting = asyncio.create_task(wait_for_work(sample, 10))
            await asyncio.sleep(0.1)
            await sample.add(uuid4(), USERS[number])
            enqueued = time.monotonic()
            waits.append(await waiting - enqueued)
    assert min(waits) < 0.02, waits


async def test_a_waiter_of_another_replica_is_woken_by_the_hint(databases: Databases) -> None:
    urls = databases.made("sample", "queue", make_schema)
    async with sample_service(urls.login_url, poll=30) as one, sample_service(urls.login_url, poll=30) as two:
        waiting = asyncio.create_task(wait_for_work(two, 10))
        await asyncio.sleep(0.5)
        await one.add(uuid4(), USERS[0])
        async with asyncio.timeout(3):
            await waiting


async def test_without_hints_polling_finds_the_work(databases: Databases) -> None:
    urls = databases.made("sample", "queue", make_schema)
    async with (
        sample_service(urls.login_url, poll=0.1, listen=False) as one,
        sample_service(urls.login_url, poll=0.1, listen=False) as two,
    ):
        waiting = asyncio.create_task(wait_for_work(two, 5))
        await asyncio.sleep(0.05)
        await one.add(uuid4(), USERS[0])
        async with asyncio.timeout(3):
            await waiting


async def test_listening_survives_a_cut_connection(databases: Databases) -> None:
    urls = databases.made("sample", "queue", make_schema)
    async with sample_service(urls.login_url, poll=30) as one, sample_service(urls.login_url, poll=30) as two:
        await asyncio.sleep(0.3)
        async with await psycopg.AsyncConnection.connect(
            databases.cluster.admin_url(), autocommit=True
        ) as admin:
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sample listen'"
            )
        await asyncio.sleep(1.0)
        waiting = asyncio.create_task(wait_for_work(two, 10))
        await asyncio.sleep(0.1)
        await one.add(uuid4(), USERS[0])
        async with asyncio.timeout(5):
            await waiting


async def test_a_freed_place_wakes_the_waiter(databases: Databases) -> None:
    urls = databases.made("sample", "queue", make_schema)
    async with sample_service(urls.login_url, poll=30, listen=False) as sample:
        for _ in range(4):
            await sample.add(uuid4(), USERS[0])
        first, *_ = await sample.queue.claim_or_wait(
            sample.database, uuid4(), [KIND], limit=4, lease=30, wait=0
        )
        waiting = asyncio.create_task(wait_for_work(sample, 10))
        await asyncio.sleep(0.1)
        await finish(sample, first)
        async with asyncio.timeout(2):
            await waiting


async def test_waiting_ends_with_nothing_after_its_time(databases: Databases) -> None:
    urls = databases.made("sample", "queue", make_schema)
    async with sample_service(urls.login_url, listen=False) as sample:
        began = time.monotonic()
        assert (
            await sample.queue.claim_or_wait(sample.database, uuid4(), [KIND], limit=1, lease=30, wait=0.3)
            == []
        )
        assert 0.3 <= time.monotonic() - began < 2
