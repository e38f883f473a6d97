"""The queue on a real PostgreSQL: each operation, its fence and its limits."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.runtime.db import acting_as
from services.runtime.errors import AlreadyExists, FailedPrecondition, ResourceExhausted
from services.runtime.queue import Beat, Lease, Outcome, Result
from services.runtime.queue.audit import repair_slots, slot_mismatches
from tests.support.postgres import Databases
from tests.support.queue_sample import (
    KIND,
    TENANT,
    Clock,
    Sample,
    make_schema,
    person,
    record_end,
    sample_service,
)

ANNA, BERT, CARL = UUID(int=11), UUID(int=12), UUID(int=13)
OWNER, OTHER = UUID(int=101), UUID(int=102)


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
async def sample(databases: Databases, clock: Clock) -> AsyncIterator[Sample]:
    urls = databases.made("sample", "queue", make_schema)
    async with sample_service(urls.login_url, clock=clock, listen=False) as service:
        yield service
        async with service.database.queue_transaction() as connection:
            assert await slot_mismatches(connection) == []


async def claim(sample: Sample, owner: UUID = OWNER, limit: int = 10, lease: float = 30) -> list[Lease]:
    async with sample.database.queue_transaction() as connection:
        return await sample.queue.claim(connection, owner, [KIND], limit=limit, lease=lease)


async def claim_one(sample: Sample, owner: UUID = OWNER) -> Lease:
    (lease,) = await claim(sample, owner, limit=1)
    return lease


async def complete(sample: Sample, lease: Lease) -> Result:
    async with sample.database.queue_transaction() as connection:
        result = await sample.queue.complete(connection, lease.id, lease.owner, lease.attempt)
        if result.outcome.ended:
            async with acting_as(connection, lease.tenant_id, lease.user_id):
                await record_end(connection, lease.id, result.outcome.value)
    return result


async def fail(sample: Sample, lease: Lease, *, retryable: bool = True) -> Result:
    async with sample.database.queue_transaction() as connection:
        return await sample.queue.fail(
            connection, lease.id, lease.owner, lease.attempt, error="BROKEN", retryable=retryable
        )


async def give_back(sample: Sample, lease: Lease, delay: float = 0) -> Result:
    async with sample.database.queue_transaction() as connection:
        return await sample.queue.give_back(connection, lease.id, lease.owner, lease.attempt, delay=delay)


async def cancel(sample: Sample, id: UUID, user: UUID = ANNA) -> Result:
    async with sample.database.user_transaction(person(user)) as connection:
        return await sample.queue.cancel(connection, id)


async def test_work_goes_through_once(sample: Sample) -> None:
    work = await sample.add(uuid4(), ANNA)
    lease = await claim_one(sample)
    assert (lease.id, lease.user_id, lease.attempt, lease.spent) == (work.id, ANNA, 1, 1)
    assert await claim(sample, OTHER) == []
    assert (await complete(sample, lease)).outcome is Outcome.COMPLETED
    assert (await complete(sample, lease)).outcome is Outcome.LOST
    assert await claim(sample) == []


async def test_work_is_queued_only_with_its_record(sample: Sample) -> None:
    id = uuid4()
    await sample.add(id, ANNA)
    await complete(sample, await claim_one(sample))
    with pytest.raises(IntegrityError, match="records_pkey"):
        await sample.add(id, ANNA)
    assert await claim(sample) == []


async def test_the_same_record_is_not_queued_twice(sample: Sample) -> None:
    work = await sample.add(uuid4(), ANNA)
    with pytest.raises(AlreadyExists, match="worked on"):
        async with sample.database.user_transaction(person(ANNA)) as connection:
            await sample.queue.enqueue(connection, work)


async def test_the_fifty_first_waiting_is_refused_for_that_user_alone(sample: Sample) -> None:
    for _ in range(50):
        await sample.add(uuid4(), ANNA)
    with pytest.raises(ResourceExhausted) as refused:
        await sample.add(uuid4(), ANNA)
    assert (refused.value.reason, refused.value.metadata) == ("QUEUE_FULL", {"limit": "50"})
    await sample.add(uuid4(), BERT)
    await claim_one(sample)
    await claim_one(sample)
    await sample.add(uuid4(), ANNA)


async def test_nobody_runs_more_than_three_at_once(sample: Sample) -> None:
    for _ in range(5):
        await sample.add(uuid4(), ANNA)
    leases = await claim(sample)
    assert len(leases) == 3
    assert await claim(sample, OTHER) == []
    await complete(sample, leases[0])
    assert len(await claim(sample, OTHER)) == 1


async def test_the_user_with_the_fewest_running_comes_first(sample: Sample) -> None:
    for _ in range(4):
        await sample.add(uuid4(), ANNA)
    await sample.add(uuid4(), BERT)
    order = [(await claim_one(sample)).user_id for _ in range(4)]
    assert order == [ANNA, BERT, ANNA, ANNA]


async def test_one_large_claim_is_fair_within_itself(sample: Sample) -> None:
    for user in (ANNA, BERT, CARL):
        for _ in range(3):
            await sample.add(uuid4(), user)
    assert {each.user_id for each in await claim(sample, limit=3)} == {ANNA, BERT, CARL}
    assert {each.user_id for each in await claim(sample, limit=3)} == {ANNA, BERT, CARL}


async def test_priority_orders_one_users_work(sample: Sample, clock: Clock) -> None:
    first = await sample.add(uuid4(), ANNA)
    clock.forward(1)
    second = await sample.add(uuid4(), ANNA)
    urgent = await sample.add(uuid4(), ANNA, priority=1)
    assert [(await claim_one(sample)).id for _ in range(3)] == [urgent.id, first.id, second.id]


async def test_delayed_work_waits_for_its_time(sample: Sample, clock: Clock) -> None:
    await sample.add(uuid4(), ANNA, delay=60)
    assert await claim(sample) == []
    clock.forward(60)
    assert len(await claim(sample)) == 1


async def test_failures_back_off_and_then_end(sample: Sample, clock: Clock) -> None:
    await sample.add(uuid4(), ANNA, max_attempts=3)
    waits = []
    for spent in (1, 2):
        lease = await claim_one(sample)
        assert lease.spent == spent
        result = await fail(sample, lease)
        assert result.outcome is Outcome.WAITING
        assert result.run_after is not None
        assert await claim(sample) == []
        waits.append((result.run_after - clock.now).total_seconds())
        clock.now = result.run_after
    assert waits == [pytest.approx(66), pytest.approx(132)]
    last = await claim_one(sample)
    assert (await fail(sample, last)).outcome is Outcome.FAILED
    clock.forward(86400)
    assert await claim(sample) == []


async def test_a_final_failure_ends_at_once(sample: Sample) -> None:
    await sample.add(uuid4(), ANNA)
    assert (await fail(sample, await claim_one(sample), retryable=False)).outcome is Outcome.FAILED


async def test_an_expired_lease_goes_to_another_worker_at_once(sample: Sample, clock: Clock) -> None:
    work = await sample.add(uuid4(), ANNA)
    dead = await claim_one(sample)
    clock.forward(29)
    assert await claim(sample, OTHER) == []
    clock.forward(1)
    alive = await claim_one(sample, OTHER)
    assert (alive.id, alive.attempt) == (work.id, 2)
    assert (await complete(sample, dead)).outcome is Outcome.LOST
    assert (await fail(sample, dead)).outcome is Outcome.LOST
    assert (await give_back(sample, dead)).outcome is Outcome.LOST
    assert (await complete(sample, alive)).outcome is Outcome.COMPLETED


async def test_an_older_attempt_of_the_same_worker_is_fenced_too(sample: Sample, clock: Clock) -> None:
    await sample.add(uuid4(), ANNA)
    older = await claim_one(sample)
    clock.forward(30)
    newer = await claim_one(sample)
    assert (older.id, older.owner) == (newer.id, newer.owner)
    for write in (complete, fail, give_back):
        assert (await write(sample, older)).outcome is Outcome.LOST
    assert (await complete(sample, newer)).outcome is Outcome.COMPLETED


async def test_a_late_worker_may_still_complete_what_nobody_took(sample: Sample, clock: Clock) -> None:
    await sample.add(uuid4(), ANNA)
    lease = await claim_one(sample)
    clock.forward(300)
    assert (await complete(sample, lease)).outcome is Outcome.COMPLETED


async def test_work_that_kills_its_workers_ends_as_failed_with_its_record(
    sample: Sample, clock: Clock
) -> None:
    work = await sample.add(uuid4(), ANNA, max_attempts=3)
    await claim_one(sample)
    clock.forward(60)
    await claim_one(sample)  # the first loss costs no waiting: workers are restarted
    clock.forward(60)
    assert await claim(sample) == []  # the second one backs off
    clock.forward(72)
    await claim_one(sample)
    clock.forward(60)
    assert await claim(sample) == []
    (end,) = sample.ended
    assert (end.id, end.outcome, end.attempt, end.error) == (work.id, Outcome.FAILED, 3, "WORKER_LOST")
    async with sample.database.user_transaction(person(ANNA)) as connection:
        rows = (await connection.execute(text("select state, ends from records"))).all()
    assert [tuple(row) for row in rows] == [("failed", 1)]


async def test_when_the_record_cannot_follow_the_work_stays(sample: Sample, clock: Clock) -> None:
    work = await sample.add(uuid4(), ANNA, max_attempts=1)
    await claim_one(sample)
    clock.forward(3600)
    async with sample.database.user_transaction(person(ANNA)) as connection:
        await connection.execute(text("delete from records"))
    with pytest.raises(LookupError):
        await claim(sample)
    async with sample.database.queue_transaction() as connection:
        assert set(await sample.queue.standing(connection, [work.id])) == {work.id}


async def test_a_sweep_takes_back_leases_without_claiming(sample: Sample, clock: Clock) -> None:
    await sample.add(uuid4(), ANNA)
    await claim_one(sample)
    clock.forward(60)
    async with sample.database.queue_transaction() as connection:
        assert await sample.queue.reclaim(connection, [KIND]) == 1
    async with sample.database.queue_transaction() as connection:
        assert await sample.queue.reclaim(connection, [KIND]) == 0
        (depth,) = await sample.queue.depths(connection)
    assert (depth.ready, depth.running, depth.expired) == (1, 0, 0)


async def test_a_heartbeat_keeps_the_lease_and_shows_progress(sample: Sample, clock: Clock) -> None:
    work = await sample.add(uuid4(), ANNA)
    lease = await claim_one(sample)
    for progress in (30, 60, 10):
        clock.forward(20)
        async with sample.database.queue_transaction() as connection:
            beat = Beat(lease.id, lease.attempt, progress, "rendering")
            heard = await sample.queue.heartbeat(connection, OWNER, [beat], lease=30)
        assert (heard.lost, heard.cancelled) == ([], [])
        assert heard.expires_at == clock.now + timedelta(seconds=30)
    assert await claim(sample, OTHER) == []
    async with sample.database.user_transaction(person(ANNA)) as connection:
        standing = (await sample.queue.standing(connection, [work.id]))[work.id]
    assert (standing.outcome, standing.progress, standing.step) == (Outcome.RUNNING, 60, "rendering")
    async with sample.database.user_transaction(person(BERT)) as connection:
        assert await sample.queue.standing(connection, [work.id]) == {}


async def test_a_heartbeat_names_what_is_lost_and_what_is_cancelled(sample: Sample, clock: Clock) -> None:
    works = [await sample.add(uuid4(), ANNA) for _ in range(3)]
    leases = {each.id: each for each in await claim(sample)}
    kept, cancelled, lost = (each.id for each in works)
    assert (await cancel(sample, cancelled)).outcome is Outcome.RUNNING
    async with sample.database.queue_transaction() as connection:
        await sample.queue.requeue(connection, lost)
    beats = [Beat(each.id, each.attempt, 10, "") for each in leases.values()]
    async with sample.database.queue_transaction() as connection:
        heard = await sample.queue.heartbeat(connection, OWNER, beats, lease=30)
    assert (heard.cancelled, heard.lost) == ([cancelled], [lost])
    async with sample.database.queue_transaction() as connection:
        heard = await sample.queue.heartbeat(connection, OTHER, beats, lease=30)
    assert set(heard.lost) == {kept, cancelled, lost}
    assert (await complete(sample, leases[cancelled])).outcome is Outcome.CANCELLED
    assert (await complete(sample, leases[kept])).outcome is Outcome.COMPLETED


async def test_a_heartbeat_waits_for_nobody(sample: Sample) -> None:
    await sample.add(uuid4(), ANNA)
    lease = await claim_one(sample)
    async with sample.database.queue_transaction() as ending:
        await sample.queue.complete(ending, lease.id, OWNER, lease.attempt)
        async with asyncio.timeout(1), sample.database.queue_transaction() as connection:
            heard = await sample.queue.heartbeat(connection, OWNER, [Beat(lease.id, 1, 90, "")], lease=30)
        assert heard.lost == []


async def test_cancelling_what_waits_ends_it(sample: Sample) -> None:
    work = await sample.add(uuid4(), ANNA)
    assert (await cancel(sample, work.id, BERT)).outcome is Outcome.LOST
    assert (await cancel(sample, work.id)).outcome is Outcome.CANCELLED
    assert (await cancel(sample, work.id)).outcome is Outcome.LOST
    assert await claim(sample) == []


@pytest.mark.parametrize("way", ["complete", "fail", "give_back", "lost"])
async def test_after_a_cancel_every_way_ends_as_cancelled(sample: Sample, clock: Clock, way: str) -> None:
    work = await sample.add(uuid4(), ANNA)
    lease = await claim_one(sample)
    await cancel(sample, work.id)
    if way == "lost":
        clock.forward(60)
        assert await claim(sample) == []
        assert [each.outcome for each in sample.ended] == [Outcome.CANCELLED]
    else:
        ways = {"complete": complete, "fail": fail, "give_back": give_back}
        assert (await ways[way](sample, lease)).outcome is Outcome.CANCELLED
        # Nobody but the queue knows that work which was only given back has ended.
        assert [each.outcome for each in sample.ended] == ([Outcome.CANCELLED] if way == "give_back" else [])


async def test_giving_back_costs_no_attempt_and_keeps_the_place(sample: Sample, clock: Clock) -> None:
    work = await sample.add(uuid4(), ANNA, max_attempts=1)
    clock.forward(1)
    await sample.add(uuid4(), ANNA)
    for attempt in range(1, 4):
        lease = await claim_one(sample)
        assert (lease.id, lease.attempt, lease.spent) == (work.id, attempt, 1)
        assert (await give_back(sample, lease)).outcome is Outcome.WAITING
    lease = await claim_one(sample)
    await give_back(sample, lease, delay=5)
    assert (await claim_one(sample)).id != work.id


async def test_a_retry_grants_one_more_round_with_new_attempt_numbers(sample: Sample) -> None:
    work = await sample.add(uuid4(), ANNA, max_attempts=2)
    lease = await claim_one(sample)
    await fail(sample, lease, retryable=False)
    async with sample.database.user_transaction(person(ANNA)) as connection:
        await sample.queue.retry(connection, work, last_attempt=lease.attempt)
    again = await claim_one(sample)
    assert (again.attempt, again.spent, again.max_attempts) == (2, 1, 2)
    with pytest.raises(FailedPrecondition, match="at this moment"):
        async with sample.database.user_transaction(person(ANNA)) as connection:
            await sample.queue.retry(connection, work, last_attempt=again.attempt)


async def test_a_retry_during_back_off_starts_at_once(sample: Sample) -> None:
    work = await sample.add(uuid4(), ANNA)
    await fail(sample, await claim_one(sample))
    assert await claim(sample) == []
    async with sample.database.user_transaction(person(ANNA)) as connection:
        await sample.queue.retry(connection, work, last_attempt=1)
    assert (await claim_one(sample)).spent == 1


async def test_an_operator_can_take_a_lease_away(sample: Sample) -> None:
    work = await sample.add(uuid4(), ANNA)
    lease = await claim_one(sample)
    async with sample.database.queue_transaction() as connection:
        assert (await sample.queue.requeue(connection, work.id)).outcome is Outcome.WAITING
        assert (await sample.queue.requeue(connection, work.id)).outcome is Outcome.WAITING
        assert (await sample.queue.requeue(connection, uuid4())).outcome is Outcome.LOST
    assert (await claim_one(sample, OTHER)).spent == 1
    assert (await complete(sample, lease)).outcome is Outcome.LOST


async def test_depths_tell_states_and_age(sample: Sample, clock: Clock) -> None:
    for delay in (0, 0, 0, 0, 600):
        await sample.add(uuid4(), ANNA, delay=delay)
    await claim(sample, limit=1, lease=10)
    await claim(sample, limit=1, lease=100)
    clock.forward(20)
    async with sample.database.queue_transaction() as connection:
        (depth,) = await sample.queue.depths(connection)
    assert (depth.kind, depth.ready, depth.delayed, depth.running, depth.expired) == (KIND, 2, 1, 1, 1)
    assert depth.oldest_ready_seconds == 20


async def test_erasing_a_user_takes_the_work_along(sample: Sample) -> None:
    for _ in range(2):
        await sample.add(uuid4(), ANNA)
    await sample.add(uuid4(), BERT)
    lease = await claim_one(sample)
    assert lease.user_id == ANNA
    async with sample.database.queue_transaction() as connection:
        assert await sample.queue.forget(connection, TENANT, ANNA) == 2
    assert (await complete(sample, lease)).outcome is Outcome.LOST
    assert [each.user_id for each in await claim(sample)] == [BERT]


async def test_wrong_slots_are_found_and_repaired(sample: Sample) -> None:
    for user in (ANNA, ANNA, BERT):
        await sample.add(uuid4(), user)
    await claim(sample, limit=1)
    async with sample.database.queue_transaction() as connection:
        await connection.execute(
            text("update user_slots set waiting = 7, running = 2 where user_id = :id"), {"id": ANNA}
        )
        await connection.execute(text("delete from user_slots where user_id = :id"), {"id": BERT})
        assert {each.user_id for each in await repair_slots(connection)} == {ANNA, BERT}
        assert await slot_mismatches(connection) == []
    assert len(await claim(sample)) == 2
