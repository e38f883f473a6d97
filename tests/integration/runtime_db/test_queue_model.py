"""The queue against a model of it: any sequence of operations by several workers, with time moved by hand."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from services.runtime.db import Database, acting_as
from services.runtime.errors import FailedPrecondition, ResourceExhausted
from services.runtime.queue import Beat, Doorbell, Ended, Lease, Outcome, Queue, Result, Work, backoff
from services.runtime.queue.audit import slot_mismatches
from tests.support.postgres import Databases
from tests.support.queue_sample import KIND, TENANT, Clock, make_schema, person, record_end

T = TypeVar("T")

USERS = [UUID(int=n) for n in (11, 12, 13)]
WORKERS = [UUID(int=n) for n in (101, 102, 103)]
LEASE = 30.0
WAITING_LIMIT, RUNNING_LIMIT = 6, 2
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Item:
    """What the model knows of one piece of live work."""

    user: UUID
    max_attempts: int
    run_after: datetime
    attempt: int = 0
    spent: int = 0
    owner: UUID | None = None
    expires_at: datetime = START
    cancel: bool = False


class QueueMachine(RuleBasedStateMachine):
    """Each rule does one thing to the queue and to the model; the invariants compare them."""

    leases = Bundle("leases")
    finished = Bundle("finished")
    url: str

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = Clock(START)
        self.database = Database(self.url, application="model", pool_size=1, pool_overflow=0)
        self.queue = Queue(
            on_ended=self.on_ended,
            doorbell=Doorbell(self.database),
            waiting_limit=WAITING_LIMIT,
            running_limit=RUNNING_LIMIT,
            clock=self.clock,
            jitter=lambda: 0.5,
        )
        self.items: dict[UUID, Item] = {}
        self.ends: dict[UUID, int] = {}
        self.attempts: dict[UUID, int] = {}
        self.ended: list[Ended] = []
        self.number = 1000

    def teardown(self) -> None:
        self.run(self.empty())
        self.run(self.database.close())
        self.loop.close()

    # ------------------------------------------------------------------------------------------------------ rules

    @rule(
        user=st.sampled_from(USERS),
        max_attempts=st.integers(1, 3),
        delay=st.sampled_from([0, 0, 0, 45]),
        priority=st.integers(0, 1),
    )
    def enqueue(self, user: UUID, max_attempts: int, delay: float, priority: int) -> None:
        self.number += 1
        work = Work(UUID(int=self.number), KIND, TENANT, user, priority, max_attempts, delay)
        full = len(self.waiting(user)) >= WAITING_LIMIT
        try:
            self.run(self.add(work))
        except ResourceExhausted:
            assert full
            return
        assert not full
        self.items[work.id] = Item(user, max_attempts, self.clock.now + timedelta(seconds=delay))
        self.ends[work.id] = 0
        self.attempts[work.id] = 0

    @rule(target=leases, worker=st.sampled_from(WORKERS), limit=st.integers(1, 4))
    def claim(self, worker: UUID, limit: int) -> Any:
        self.take_back_expired()
        ready = {user: self.ready(user) for user in USERS}
        running = {user: len(self.running(user)) for user in USERS}
        expected = sum(min(len(ready[user]), max(0, RUNNING_LIMIT - running[user])) for user in USERS)
        leases = self.run(self.do_claim(worker, limit))
        assert len(leases) == min(limit, expected)
        for lease in sorted(leases, key=lambda each: each.id):
            item = self.items[lease.id]
            assert item.owner is None
            assert item.run_after <= self.clock.now
            assert lease.attempt > self.attempts[lease.id]
            item.owner, item.attempt, item.spent = worker, lease.attempt, item.spent + 1
            item.expires_at = lease.expires_at
            self.attempts[lease.id] = lease.attempt
            assert (lease.spent, lease.max_attempts) == (item.spent, item.max_attempts)
        self.check_fair(leases, running, ready)
        return multiple(*leases)

    @rule(lease=leases, progress=st.integers(0, 100))
    def heartbeat(self, lease: Lease, progress: int) -> None:
        heard = self.run(self.do_heartbeat(lease, progress))
        item = self.held(lease)
        assert bool(heard.lost) == (item is None)
        assert bool(heard.cancelled) == (item is not None and item.cancel)
        if item is not None:
            item.expires_at = heard.expires_at

    @rule(lease=leases)
    def complete(self, lease: Lease) -> None:
        item = self.held(lease)
        result = self.run(self.do_complete(lease))
        if item is None:
            assert result.outcome is Outcome.LOST
            return
        assert result.outcome is (Outcome.CANCELLED if item.cancel else Outcome.COMPLETED)
        self.end(lease.id)

    @rule(target=finished, lease=leases, retryable=st.booleans())
    def fail(self, lease: Lease, retryable: bool) -> Any:
        item = self.held(lease)
        result = self.run(self.do_fail(lease, retryable))
        if item is None:
            assert result.outcome is Outcome.LOST
        elif item.cancel:
            assert result.outcome is Outcome.CANCELLED
            self.end(lease.id)
        elif not retryable or item.spent >= item.max_attempts:
            assert result.outcome is Outcome.FAILED
            self.end(lease.id)
            return lease
        else:
            assert result.outcome is Outcome.WAITING
            self.wait(item, backoff(item.spent, 0.5))
            assert result.run_after == item.run_after
        return multiple()

    @rule(lease=leases, delay=st.sampled_from([0, 10]))
    def give_back(self, lease: Lease, delay: float) -> None:
        item = self.held(lease)
        result = self.run(self.do_give_back(lease, delay))
        self.returned(lease.id, item, result, delay)

    @rule(lease=leases)
    def requeue(self, lease: Lease) -> None:
        item = self.items.get(lease.id)
        result = self.run(self.do_requeue(lease.id))
        if item is not None and item.owner is None:
            assert result.outcome is Outcome.WAITING
        else:
            self.returned(lease.id, item, result, 0)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if not self.items:
            return
        id, item = data.draw(st.sampled_from(sorted(self.items.items())))
        result = self.run(self.do_cancel(id, item.user))
        if item.owner is None:
            assert result.outcome is Outcome.CANCELLED
            self.end(id)
        else:
            assert result.outcome is Outcome.RUNNING
            item.cancel = True

    @rule(lease=consumes(finished))
    def retry(self, lease: Lease) -> None:
        item = self.items.get(lease.id)
        work = Work(lease.id, KIND, TENANT, lease.user_id, max_attempts=lease.max_attempts)
        try:
            self.run(self.do_retry(work, self.attempts[lease.id]))
        except FailedPrecondition:
            assert item is not None
            assert item.owner is not None
            return
        except ResourceExhausted:
            assert item is None
            assert len(self.waiting(lease.user_id)) >= WAITING_LIMIT
            return
        if item is None:
            self.ends[lease.id] -= 1
            self.items[lease.id] = Item(
                lease.user_id, lease.max_attempts, self.clock.now, attempt=self.attempts[lease.id]
            )
        else:
            assert item.owner is None
            item.run_after, item.spent = self.clock.now, 0

    @rule(seconds=st.sampled_from([1, 10, 31, 70, 600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.forward(seconds)

    # -------------------------------------------------------------------------------------------------- invariants

    @invariant()
    def queue_and_model_agree(self) -> None:
        rows, mismatches, ends = self.run(self.look())
        assert mismatches == []
        assert ends == self.ends
        assert rows == {
            id: (item.owner, item.attempt, item.spent, item.cancel, item.run_after)
            for id, item in self.items.items()
        }
        for user in USERS:
            assert len(self.running(user)) <= RUNNING_LIMIT

    # ----------------------------------------------------------------------------------------------------- the model

    def waiting(self, user: UUID) -> list[UUID]:
        return [id for id, item in self.items.items() if item.user == user and item.owner is None]

    def running(self, user: UUID) -> list[UUID]:
        return [id for id, item in self.items.items() if item.user == user and item.owner is not None]

    def ready(self, user: UUID) -> list[UUID]:
        return [id for id in self.waiting(user) if self.items[id].run_after <= self.clock.now]

    def held(self, lease: Lease) -> Item | None:
        item = self.items.get(lease.id)
        return item if item and (item.owner, item.attempt) == (lease.owner, lease.attempt) else None

    def wait(self, item: Item, delay: float) -> None:
        item.owner = None
        if delay:
            item.run_after = self.clock.now + timedelta(seconds=delay)

    def end(self, id: UUID) -> None:
        del self.items[id]
        self.ends[id] += 1

    def returned(self, id: UUID, item: Item | None, result: Result, delay: float) -> None:
        if item is None:
            assert result.outcome is Outcome.LOST
        elif item.cancel:
            assert result.outcome is Outcome.CANCELLED
            self.end(id)
        else:
            assert result.outcome is Outcome.WAITING
            item.spent -= 1
            self.wait(item, delay)

    def take_back_expired(self) -> None:
        for id, item in list(self.items.items()):
            if item.owner is None or item.expires_at > self.clock.now:
                continue
            if item.cancel or item.spent >= item.max_attempts:
                self.end(id)
            else:
                self.wait(item, 0 if item.spent == 1 else backoff(item.spent - 1, 0.5))

    def check_fair(
        self, leases: list[Lease], running: dict[UUID, int], ready: dict[UUID, list[UUID]]
    ) -> None:
        got = {user: sum(each.user_id == user for each in leases) for user in USERS}
        for lucky in (user for user in USERS if got[user]):
            for other in USERS:
                left = len(ready[other]) - got[other]
                if left > 0 and running[other] + got[other] < RUNNING_LIMIT:
                    assert running[lucky] + got[lucky] <= running[other] + got[other] + 1

    # ------------------------------------------------------------------------------------------------- the real queue

    def run(self, operation: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(operation)

    async def on_ended(self, connection: Any, end: Ended) -> None:
        await record_end(connection, end.id, end.outcome.value)

    async def add(self, work: Work) -> None:
        async with self.database.user_transaction(person(work.user_id)) as connection:
            await connection.execute(
                text("insert into records (id, tenant_id, user_id) values (:id, :tenant, :user)"),
                {"id": work.id, "tenant": TENANT, "user": work.user_id},
            )
            await self.queue.enqueue(connection, work)

    async def do_claim(self, worker: UUID, limit: int) -> list[Lease]:
        async with self.database.queue_transaction() as connection:
            return await self.queue.claim(connection, worker, [KIND], limit=limit, lease=LEASE)

    async def do_heartbeat(self, lease: Lease, progress: int) -> Any:
        async with self.database.queue_transaction() as connection:
            beat = Beat(lease.id, lease.attempt, progress, "")
            return await self.queue.heartbeat(connection, lease.owner, [beat], lease=LEASE)

    async def do_complete(self, lease: Lease) -> Result:
        async with self.database.queue_transaction() as connection:
            result = await self.queue.complete(connection, lease.id, lease.owner, lease.attempt)
            return await self.recorded(connection, lease, result)

    async def do_fail(self, lease: Lease, retryable: bool) -> Result:
        async with self.database.queue_transaction() as connection:
            result = await self.queue.fail(
                connection, lease.id, lease.owner, lease.attempt, error="BROKEN", retryable=retryable
            )
            return await self.recorded(connection, lease, result)

    async def do_give_back(self, lease: Lease, delay: float) -> Result:
        async with self.database.queue_transaction() as connection:
            return await self.queue.give_back(connection, lease.id, lease.owner, lease.attempt, delay=delay)

    async def do_requeue(self, id: UUID) -> Result:
        async with self.database.queue_transaction() as connection:
            return await self.queue.requeue(connection, id)

    async def do_cancel(self, id: UUID, user: UUID) -> Result:
        async with self.database.user_transaction(person(user)) as connection:
            result = await self.queue.cancel(connection, id)
            if result.outcome.ended:
                await record_end(connection, id, result.outcome.value)
            return result

    async def do_retry(self, work: Work, last_attempt: int) -> Result:
        async with self.database.user_transaction(person(work.user_id)) as connection:
            result = await self.queue.retry(connection, work, last_attempt=last_attempt)
            if work.id not in self.items:
                await connection.execute(
                    text("update records set state = 'pending', ends = ends - 1 where id = :id"),
                    {"id": work.id},
                )
            return result

    async def recorded(self, connection: Any, lease: Lease, result: Result) -> Result:
        if result.outcome.ended:
            async with acting_as(connection, lease.tenant_id, lease.user_id):
                await record_end(connection, lease.id, result.outcome.value)
        return result

    async def look(self) -> tuple[dict[UUID, Any], list[Any], dict[UUID, int]]:
        ends: dict[UUID, int] = {}
        async with self.database.queue_transaction() as connection:
            found = await connection.execute(
                text("select id, owner, attempt, spent, cancel_requested, run_after from work_items")
            )
            rows = {row.id: tuple(row)[1:] for row in found}
            mismatches = await slot_mismatches(connection)
        async with self.database.user_transaction(person(None), shared=True) as connection:
            for row in await connection.execute(text("select id, ends from records")):
                ends[row.id] = row.ends
        return rows, mismatches, ends

    async def empty(self) -> None:
        async with self.database.queue_transaction() as connection:
            for user in USERS:
                await self.queue.forget(connection, TENANT, user)
        async with self.database.user_transaction(person(None), shared=True) as connection:
            await connection.execute(text("delete from records"))


@pytest.mark.slow
@pytest.mark.timeout(400)  # sixteen hundred steps in the database
def test_the_queue_does_what_the_model_says(databases: Databases) -> None:
    urls = databases.made("sample", "queue", make_schema)
    machine = type("Machine", (QueueMachine,), {"url": urls.login_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking 40 steps takes minutes
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
