"""Work handed to a worker that waits in the process which queues it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.runtime.queue import Handed, Lease, Outcome, Work
from services.runtime.queue.audit import slot_mismatches
from tests.support.commits import Commit
from tests.support.postgres import Databases
from tests.support.queue_sample import KIND, TENANT, Sample, make_schema, person, record_end, sample_service

ANNA, BERT = UUID(int=11), UUID(int=12)
OWNER = UUID(int=101)


@pytest.fixture
async def sample(databases: Databases) -> AsyncIterator[Sample]:
    urls = databases.made("sample", "queue", make_schema)
    async with sample_service(urls.login_url, poll=30, listen=False) as service:
        yield service
        async with service.database.queue_transaction() as connection:
            assert await slot_mismatches(connection) == []


@dataclass
class Waiting:
    """A worker that waits for work."""

    task: asyncio.Task[list[Lease]]
    handed: list[Handed] = field(default_factory=list)


async def wait_for_work(sample: Sample) -> Waiting:
    """A worker that has looked, found nothing, and waits."""
    handed: list[Handed] = []
    claiming = sample.queue.claim_or_wait(
        sample.database,
        OWNER,
        [KIND],
        limit=1,
        lease=30,
        wait=20,
        on_handed=handed.append,
    )
    waiting = Waiting(asyncio.create_task(claiming), handed)
    already = waiters(sample)
    async with asyncio.timeout(10):
        while waiters(sample) <= already:  # noqa: ASYNC110 - a waiter tells nobody that it waits
            await asyncio.sleep(0.01)
    return waiting


def waiters(sample: Sample) -> int:
    return sum(each._waiting for each in sample.doorbell._waiters)


async def enqueue(sample: Sample, user: UUID, content: object = "content", *, fail: bool = False) -> UUID:
    """Queues work with its record; with `fail`, in a transaction that does not come to its end."""
    id = uuid4()
    async with sample.database.user_transaction(person(user)) as connection:
        await sample.queue.enqueue(connection, Work(id, KIND, TENANT, user), content=content)
        await connection.execute(
            text("insert into records (id, tenant_id, user_id) values (:id, :tenant, :user)"),
            {"id": id, "tenant": TENANT, "user": user},
        )
        if fail:
            raise LookupError(id)
    return id


async def standing(sample: Sample, id: UUID) -> tuple[Outcome, int, int]:
    async with sample.database.queue_transaction() as connection:
        found = (await sample.queue.standing(connection, [id]))[id]
    return found.outcome, found.attempt, found.spent


async def given_back(sample: Sample, id: UUID) -> None:
    """Waits until the work waits again and its one attempt has cost nothing."""
    async with asyncio.timeout(10):
        while await standing(sample, id) != (Outcome.WAITING, 1, 0):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.02)


async def test_a_waiting_worker_gets_work_with_its_content_and_no_claim(sample: Sample) -> None:
    waiting = await wait_for_work(sample)
    id = await enqueue(sample, ANNA, "the content")
    (lease,) = await waiting.task
    assert (lease.id, lease.user_id, lease.owner, lease.attempt, lease.spent) == (id, ANNA, OWNER, 1, 1)
    assert [(each.lease, each.content) for each in waiting.handed] == [(lease, "the content")]
    assert await standing(sample, id) == (Outcome.RUNNING, 1, 1)
    async with sample.database.user_transaction(person(ANNA)) as connection:
        result = await sample.queue.complete(connection, lease.id, lease.owner, lease.attempt)
        await record_end(connection, id, result.outcome.value)
    assert result.outcome is Outcome.COMPLETED


async def test_work_is_seen_by_nobody_before_its_transaction_stands(sample: Sample) -> None:
    waiting = await wait_for_work(sample)
    async with sample.database.user_transaction(person(ANNA)) as connection:
        await sample.queue.enqueue(connection, Work(uuid4(), KIND, TENANT, ANNA), content="content")
        await asyncio.sleep(0.05)
        assert waiting.handed == []
        assert not waiting.task.done()
    assert len(await waiting.task) == 1


async def complete(sample: Sample, lease: Lease) -> Outcome:
    async with sample.database.user_transaction(person(ANNA)) as connection:
        result = await sample.queue.complete(connection, lease.id, lease.owner, lease.attempt)
        if result.outcome is not Outcome.LOST:
            await record_end(connection, lease.id, result.outcome.value)
    return result.outcome


async def test_a_worker_begins_while_the_commit_is_on_its_way(
    sample: Sample, hold_next_commit: Callable[[], Commit]
) -> None:
    waiting = await wait_for_work(sample)
    commit = hold_next_commit()
    queuing = asyncio.create_task(enqueue(sample, ANNA))
    (lease,) = await waiting.task
    settled = asyncio.create_task(sample.queue.settled([lease.id]))
    await asyncio.sleep(0.05)
    assert not queuing.done()
    assert not settled.done()
    assert await complete(sample, lease) is Outcome.LOST, "which is why reports wait"
    commit.go.set()
    await settled
    assert await complete(sample, lease) is Outcome.COMPLETED
    assert await queuing == lease.id


async def test_work_of_a_commit_that_fails_is_in_nobodys_hands(
    sample: Sample, hold_next_commit: Callable[[], Commit]
) -> None:
    waiting = await wait_for_work(sample)
    commit = hold_next_commit()
    commit.fails = True
    queuing = asyncio.create_task(enqueue(sample, ANNA))
    (lease,) = await waiting.task
    commit.go.set()
    with pytest.raises(LookupError):
        await queuing
    await sample.queue.settled([lease.id])
    assert await complete(sample, lease) is Outcome.LOST
    async with sample.database.queue_transaction() as connection:
        assert await sample.queue.standing(connection, [lease.id]) == {}
    waiting = await wait_for_work(sample)
    second = await enqueue(sample, ANNA)
    assert [each.id for each in await waiting.task] == [second]


async def test_a_worker_that_leaves_during_the_commit_costs_no_attempt(
    sample: Sample, hold_next_commit: Callable[[], Commit]
) -> None:
    waiting = await wait_for_work(sample)
    commit = hold_next_commit()
    queuing = asyncio.create_task(enqueue(sample, ANNA))
    (lease,) = await waiting.task
    sample.queue._return_soon(sample.database, lease)
    await asyncio.sleep(0.05)
    commit.go.set()
    await given_back(sample, await queuing)


async def test_a_worker_goes_on_waiting_when_the_transaction_fails(sample: Sample) -> None:
    waiting = await wait_for_work(sample)
    with pytest.raises(LookupError):
        await enqueue(sample, ANNA, fail=True)
    second = await enqueue(sample, ANNA)
    (lease,) = await waiting.task
    assert lease.id == second


async def test_a_user_with_enough_at_work_waits_all_the_same(sample: Sample) -> None:
    for _ in range(3):
        waiting = await wait_for_work(sample)
        await enqueue(sample, ANNA)
        await waiting.task
    waiting = await wait_for_work(sample)
    fourth = await enqueue(sample, ANNA)
    assert await standing(sample, fourth) == (Outcome.WAITING, 0, 0)
    other = await enqueue(sample, BERT)
    (lease,) = await waiting.task
    assert lease.id == other


async def test_work_does_not_overtake_what_the_user_has_waiting(sample: Sample) -> None:
    await enqueue(sample, ANNA)  # nobody waits
    async with sample.database.queue_transaction() as connection:
        (lease,) = await sample.queue.claim(connection, OWNER, [KIND], limit=1, lease=30)
    async with sample.database.queue_transaction() as connection:
        # Back it goes, an hour from now: it waits, but is not ready.
        await sample.queue.give_back(connection, lease.id, lease.owner, lease.attempt, delay=3600)
    waiting = await wait_for_work(sample)
    second = await enqueue(sample, ANNA)
    (lease,) = await waiting.task
    assert lease.id == second
    assert waiting.handed == [], "it was claimed in its turn"


async def test_a_worker_that_leaves_meanwhile_costs_no_attempt(sample: Sample) -> None:
    waiting = await wait_for_work(sample)
    id = uuid4()
    async with sample.database.user_transaction(person(ANNA)) as connection:
        await sample.queue.enqueue(connection, Work(id, KIND, TENANT, ANNA), content="content")
        waiting.task.cancel()
        with suppress(asyncio.CancelledError):
            await waiting.task
    await given_back(sample, id)
    async with sample.database.queue_transaction() as connection:
        (again,) = await sample.queue.claim(connection, OWNER, [KIND], limit=1, lease=30)
    assert (again.id, again.attempt, again.spent) == (id, 2, 1)


async def test_a_cancel_before_the_work_is_back_ends_its_record(sample: Sample) -> None:
    waiting = await wait_for_work(sample)
    id = await enqueue(sample, ANNA)
    (lease,) = await waiting.task
    async with sample.database.user_transaction(person(ANNA)) as connection:
        assert (await sample.queue.cancel(connection, id)).outcome is Outcome.RUNNING
    sample.queue._return_soon(sample.database, lease)
    async with asyncio.timeout(10):
        while not sample.ended:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.02)
    assert [(each.id, each.outcome) for each in sample.ended] == [(id, Outcome.CANCELLED)]


async def test_a_worker_cancelled_with_work_in_its_hands_gives_it_back(sample: Sample) -> None:
    waiting = await wait_for_work(sample)
    async with sample.database.user_transaction(person(ANNA)) as connection:
        id = uuid4()
        await sample.queue.enqueue(connection, Work(id, KIND, TENANT, ANNA), content="content")
        (waiter,) = sample.doorbell._waiters
        seat = waiter._seat
        assert seat is not None
        given = seat.give

        def give_and_cancel(handed: Handed) -> None:
            given(handed)
            waiting.task.cancel()

        seat.give = give_and_cancel  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await waiting.task
    await given_back(sample, id)


async def test_without_content_a_waiting_worker_claims(sample: Sample) -> None:
    waiting = await wait_for_work(sample)
    id = await enqueue(sample, ANNA, None)
    (lease,) = await waiting.task
    assert lease.id == id
    assert waiting.handed == []


async def test_each_waiting_worker_gets_its_own(sample: Sample) -> None:
    first, second = await wait_for_work(sample), await wait_for_work(sample)
    ids = {await enqueue(sample, ANNA), await enqueue(sample, BERT)}
    found = {lease.id for waiting in (first, second) for lease in await waiting.task}
    assert found == ids
    assert len(first.handed) == len(second.handed) == 1
