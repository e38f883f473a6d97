"""The queue's operations; the package's docstring tells how they go together."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.db import Database, acting_as, after_commit, transaction_time
from services.runtime.errors import AlreadyExists, FailedPrecondition, ResourceExhausted, VitaeError
from services.runtime.queue import sql
from services.runtime.queue.doorbell import Doorbell
from services.runtime.queue.handing import Handing
from services.runtime.queue.handover import Handed, Offer
from services.runtime.queue.work import Beat, Depth, Ended, Heard, Lease, Outcome, Result, Standing, Work

BACKOFF_MINUTES = (1, 2, 4, 8, 16, 32, 60)
"""SPEC S7; the last one repeats."""

BACKOFF_JITTER = 0.2
"""A back-off is lengthened by up to this part of itself, so that work that failed together does not return together."""

WORKER_LOST = "WORKER_LOST"
"""The error of an attempt whose worker was not heard of any more. Retryable."""

_EXPIRED_AT_ONCE = 20
"""Expired leases a claim takes back: a few, for a claim is on somebody's way; the next claims take the rest."""

_CONTENTION_PAUSE = (0.002, 0.1)
"""Seconds between claims while others hold the slots of all ready users: first, and at most, doubling."""


_log = logging.getLogger(__name__)


def backoff(spent: int, jitter: float) -> float:
    """Seconds until the next try when `spent` tries failed; `jitter` is a random number in 0..1."""
    minutes = BACKOFF_MINUTES[min(spent, len(BACKOFF_MINUTES)) - 1]
    return minutes * 60 * (1 + BACKOFF_JITTER * jitter)


class Queue:
    """Operations on one service's queue tables. Keeps nothing but how it was set up, and what it is handing over or
    about to take back.
    """

    def __init__(
        self,
        *,
        on_ended: Callable[[AsyncConnection, Ended], Awaitable[None]],
        doorbell: Doorbell,
        waiting_limit: int = 50,
        running_limit: int = 3,
        clock: Callable[[], datetime] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`on_ended` is called for work the queue itself ended, in that transaction and that user's scope (acting_as),
        so that its record follows. The limits are per user and kind. `clock` replaces the database's time in tests.
        """
        self._on_ended = on_ended
        self._doorbell = doorbell
        self._waiting_limit = waiting_limit
        self._running_limit = running_limit
        self._clock = clock
        self._jitter = jitter
        self._returning: set[asyncio.Task[None]] = set()
        self._handing = Handing(doorbell, running_limit)

    async def enqueue(self, connection: AsyncConnection, work: Work, *, content: object = None) -> None:
        """Queues work in the caller's transaction (the user's own, or acting_as).

        With `content`, which stands for what `on_claimed` would read, a worker that waits in this process gets the work
        with it as the transaction is committed (handover.py).
        Raises ResourceExhausted (QUEUE_FULL) past the user's waiting limit, AlreadyExists (WORK_EXISTS) when work with
        this id is live; the transaction is then to be rolled back.
        """
        await self._insert(connection, work, attempt=0, content=content)

    async def claim(
        self, connection: AsyncConnection, owner: UUID, kinds: Sequence[str], *, limit: int, lease: float
    ) -> list[Lease]:
        """Takes back expired leases, then leases up to `limit` pieces of work for `lease` seconds (queue transaction).

        The users with the fewest running come first; nobody gets more than the running limit. An empty list may also
        mean that others are claiming at this very moment; claim_or_wait knows the difference.
        """
        if limit < 1 or lease <= 0:
            raise ValueError("limit and lease have to be positive")
        slots, _ = await self._lock_candidates(connection, kinds, limit)
        if not slots:
            return []
        now = self._now(connection)
        expires_at = now + timedelta(seconds=lease)
        rows = await sql.CLAIM.run(
            connection,
            {
                **slots,
                "now": now,
                "owner": owner,
                "expires_at": expires_at,
                "limit": limit,
                "running_limit": self._running_limit,
            },
        )
        return [
            Lease(
                id=row.id,
                kind=row.kind,
                tenant_id=row.tenant_id,
                user_id=row.user_id,
                owner=owner,
                attempt=row.attempt,
                spent=row.spent,
                max_attempts=row.max_attempts,
                started_at=now,
                expires_at=expires_at,
                enqueued_at=row.enqueued_at,
            )
            for row in rows
        ]

    async def claim_or_wait(
        self,
        database: Database,
        owner: UUID,
        kinds: Sequence[str],
        *,
        limit: int,
        lease: float,
        wait: float,
        on_claimed: Callable[[AsyncConnection, list[Lease]], Awaitable[None]] | None = None,
        on_handed: Callable[[Handed], None] | None = None,
    ) -> list[Lease]:
        """Claims in transactions of its own until there is work or `wait` seconds are over (then an empty list).

        `on_claimed` is called with work that was found, in its transaction, to read what belongs to it; `on_handed`
        with work that was handed over with its content. Without the latter nothing is handed over.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        pause = _CONTENTION_PAUSE[0]
        offer = Offer(owner, lease, lambda handed: self._return_soon(database, handed)) if on_handed else None
        with self._doorbell.waiter(kinds, offer) as waiter:
            while True:
                rung_before = waiter.take()
                try:
                    async with database.queue_transaction() as connection:
                        leases = await self.claim(connection, owner, kinds, limit=limit, lease=lease)
                        contended = not leases and await self._contended(connection, kinds)
                        if leases and on_claimed is not None:
                            await on_claimed(connection, leases)
                except BaseException:
                    if rung_before:
                        waiter.wake()
                    raise
                left = until - loop.time()
                if leases or left <= 0:
                    return leases
                if contended:
                    await asyncio.sleep(min(left, pause * self._jitter()))
                    pause = min(pause * 2, _CONTENTION_PAUSE[1])
                else:
                    pause = _CONTENTION_PAUSE[0]
                    handed = await waiter.wait(left)
                    if handed is not None and on_handed is not None:
                        on_handed(handed)
                        return [handed.lease]

    async def settled(self, ids: Iterable[UUID]) -> None:
        """Returns when the transactions in which these were handed over have come to their ends, well or badly.

        Workers' reports wait for that before they are looked at: a quick one may arrive before the commit it builds on.
        """
        await self._handing.settled(ids)

    async def heartbeat(
        self, connection: AsyncConnection, owner: UUID, beats: Sequence[Beat], *, lease: float
    ) -> Heard:
        """Renews leases for `lease` seconds from now and stores progress (queue transaction).

        Call it at a third of the lease. Progress of an attempt never goes back.
        """
        expires_at = self._now(connection) + timedelta(seconds=lease)
        rows = await sql.HEARTBEAT.run(
            connection,
            {
                "ids": [each.id for each in beats],
                "attempts": [each.attempt for each in beats],
                "progress": [min(max(each.progress, 0), 100) for each in beats],
                "steps": [each.step for each in beats],
                "owner": owner,
                "expires_at": expires_at,
            },
        )
        return Heard(
            expires_at=expires_at,
            cancelled=[row.id for row in rows if row.cancelled and not row.lost],
            lost=[row.id for row in rows if row.lost],
        )

    async def complete(self, connection: AsyncConnection, id: UUID, owner: UUID, attempt: int) -> Result:
        """Ends the work: COMPLETED; CANCELLED when a cancel came first; LOST when the lease is another's.

        In the user's own transaction, a queue transaction, or acting_as.
        """
        fence = {"id": id, "owner": owner, "attempt": attempt}
        finished = (await sql.FINISH.run(connection, fence)).one_or_none()
        if finished is not None:
            self._let_next_in(connection, finished)
            return Result(Outcome.COMPLETED, None, finished.spent, finished.max_attempts)
        row = await self._held(connection, id, owner, attempt)
        if row is None:
            return Result(Outcome.LOST)
        return await self._end(
            connection, row, Outcome.CANCELLED if row.cancel_requested else Outcome.COMPLETED
        )

    async def fail(
        self,
        connection: AsyncConnection,
        id: UUID,
        owner: UUID,
        attempt: int,
        *,
        error: str,
        retryable: bool,
    ) -> Result:
        """The attempt failed: WAITING with back-off, FAILED when final or spent, CANCELLED, or LOST."""
        row = await self._held(connection, id, owner, attempt)
        if row is None:
            return Result(Outcome.LOST)
        if row.cancel_requested:
            return await self._end(connection, row, Outcome.CANCELLED)
        if not retryable or row.spent >= row.max_attempts:
            return await self._end(connection, row, Outcome.FAILED)
        return await self._release(connection, row, error=error, delay=backoff(row.spent, self._jitter()))

    async def give_back(
        self,
        connection: AsyncConnection,
        id: UUID,
        owner: UUID,
        attempt: int,
        *,
        delay: float = 0.0,
    ) -> Result:
        """Returns the lease without costing an attempt (drain, store down): WAITING, CANCELLED, or LOST.

        Without a `delay` in seconds the work keeps its place. Where a cancel came first it ends here, and `on_ended`
        hears of it: in a queue transaction.
        """
        row = await self._held(connection, id, owner, attempt)
        if row is None:
            return Result(Outcome.LOST)
        return await self._take_back(connection, row, delay=delay)

    async def cancel(self, connection: AsyncConnection, id: UUID) -> Result:
        """CANCELLED when it was waiting; RUNNING when its worker is asked to stop; LOST when it is not live."""
        row = await self._locked(connection, id)
        if row is None:
            return Result(Outcome.LOST)
        if row.owner is None:
            return await self._end(connection, row, Outcome.CANCELLED)
        await sql.REQUEST_CANCEL.run(connection, {"id": id})
        return _result(Outcome.RUNNING, row)

    async def retry(self, connection: AsyncConnection, work: Work, *, last_attempt: int) -> Result:
        """Grants one more round to failed work; attempts go on from `last_attempt` (of the record), so none repeats.

        Work still waiting (back-off) starts its new round at once. Raises FailedPrecondition (WORK_RUNNING) when a
        worker has it, ResourceExhausted and AlreadyExists as enqueue does.
        """
        row = await self._locked(connection, work.id)
        if row is None:
            await self._insert(connection, work, attempt=last_attempt)
        elif row.owner is not None:
            raise FailedPrecondition("It is being worked on at this moment.", reason="WORK_RUNNING")
        else:
            changes = {
                "id": work.id,
                "now": self._now(connection),
                "max_attempts": work.max_attempts,
                "priority": work.priority,
                "attempt": last_attempt,
            }
            await sql.NEW_ROUND.run(connection, changes)
            self._ring_after_commit(connection, work.kind)
        return Result(Outcome.WAITING, self._now(connection), 0, work.max_attempts)

    async def requeue(self, connection: AsyncConnection, id: UUID) -> Result:
        """Takes a lease away from its worker at once (operators): WAITING, CANCELLED, or LOST when not live.

        Costs no attempt. Work that waits already stays as it is. As for the rest, `give_back`.
        """
        row = await self._locked(connection, id)
        if row is None:
            return Result(Outcome.LOST)
        if row.owner is None:
            return _result(Outcome.WAITING, row, run_after=row.run_after)
        return await self._take_back(connection, row, delay=0)

    async def drop(self, connection: AsyncConnection, id: UUID) -> Result:
        """Takes work out of the queue whatever became of it (operators, audits): CANCELLED, or LOST when not live.

        A worker that has it finds its lease lost.
        """
        row = await self._locked(connection, id)
        return Result(Outcome.LOST) if row is None else await self._end(connection, row, Outcome.CANCELLED)

    async def reclaim(self, connection: AsyncConnection, kinds: Sequence[str]) -> int:
        """Takes back some expired leases as `claim` does, for a sweep while no worker asks; returns how many.

        Call it again, in a new transaction, until it returns 0.
        """
        _, reclaimed = await self._lock_candidates(connection, kinds, 0)
        return reclaimed

    async def standing(self, connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Standing]:
        """The live work among these ids, as the connection's scope may see it."""
        rows = await sql.STANDING.run(connection, {"ids": list(ids)})
        return {
            row.id: Standing(
                id=row.id,
                outcome=Outcome.RUNNING if row.leased else Outcome.WAITING,
                progress=row.progress,
                step=row.step,
                attempt=row.attempt,
                spent=row.spent,
                max_attempts=row.max_attempts,
                run_after=row.run_after,
                started_at=row.started_at,
                cancel_requested=row.cancel_requested,
                last_error=row.last_error,
            )
            for row in rows
        }

    async def depths(self, connection: AsyncConnection) -> list[Depth]:
        """The depth of each kind that has live work (queue transaction)."""
        rows = await sql.DEPTHS.run(connection, {"now": self._now(connection)})
        return [
            Depth(row.kind, row.ready, row.delayed, row.running, row.expired, float(row.oldest))
            for row in rows
        ]

    async def hold(self, connection: AsyncConnection, kind: str, tenant_id: UUID, user_id: UUID) -> None:
        """Takes the lock under which all of a user's work of this kind is queued and ended, for sums over it."""
        await sql.HOLD_SLOT.run(connection, {"kind": kind, "tenant_id": tenant_id, "user_id": user_id})

    async def forget(self, connection: AsyncConnection, tenant_id: UUID, user_id: UUID) -> int:
        """Drops all work and slots of a user (erasure); workers find their leases lost. Returns how many went."""
        of = {"tenant_id": tenant_id, "user_id": user_id}
        await sql.LOCK_USER.run(connection, of)
        gone = await sql.FORGET_WORK.run(connection, of)
        await sql.FORGET_SLOTS.run(connection, of)
        return gone.affected

    def _now(self, connection: AsyncConnection) -> datetime:
        return self._clock() if self._clock else transaction_time(connection)

    async def _insert(
        self, connection: AsyncConnection, work: Work, *, attempt: int, content: object = None
    ) -> None:
        now = self._now(connection)
        values = {
            "id": work.id,
            "kind": work.kind,
            "tenant_id": work.tenant_id,
            "user_id": work.user_id,
            "priority": work.priority,
            "max_attempts": work.max_attempts,
            "attempt": attempt,
            "run_after": now + timedelta(seconds=work.delay),
            "now": now,
            "waiting_limit": self._waiting_limit,
        }
        try:
            if content is not None and await self._handing.hand(connection, work, values, content, now=now):
                return
            inserted = await sql.ENQUEUE.run(connection, values)
        except IntegrityError as error:
            if isinstance(error.orig, psycopg.errors.UniqueViolation):
                raise AlreadyExists("It is being worked on already.", reason="WORK_EXISTS") from error
            raise
        if inserted.first() is None:
            raise ResourceExhausted(
                f"{self._waiting_limit} of your requests are waiting already; try again when some are done.",
                reason="QUEUE_FULL",
                metadata={"limit": str(self._waiting_limit)},
                retry_after=30,
            )
        if work.delay <= 0:
            self._ring_after_commit(connection, work.kind)

    def _return_soon(self, database: Database, lease: Lease) -> None:
        """Gives work back whose worker went away while it was handed over; when that fails, the lease runs out."""

        async def give_back() -> None:
            await self.settled([lease.id])
            try:
                async with database.queue_transaction() as connection:
                    await self.give_back(connection, lease.id, lease.owner, lease.attempt)
            except VitaeError as error:
                _log.warning("work was not given back: %s", error.reason)

        task = asyncio.create_task(give_back())
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _lock_candidates(
        self, connection: AsyncConnection, kinds: Sequence[str], limit: int
    ) -> tuple[dict[str, list[Any]], int]:
        """Locks users' slots without waiting and takes back their expired leases; the slots as three columns, and how
        many leases.
        """
        candidates = {
            "now": self._now(connection),
            "kinds": list(kinds),
            "limit": limit,
            "expired_limit": _EXPIRED_AT_ONCE,
            "running_limit": self._running_limit,
        }
        rows = await sql.LOCK_CANDIDATES.run(connection, candidates)
        lost = [row for row in rows if row.lost]
        reclaimed = await self._reclaim(connection, _columns(lost)) if lost else 0
        return (_columns(rows) if rows else {}), reclaimed

    async def _contended(self, connection: AsyncConnection, kinds: Sequence[str]) -> bool:
        known = {"now": self._now(connection), "kinds": list(kinds), "running_limit": self._running_limit}
        return bool((await sql.CONTENDED.run(connection, known)).scalar_one())

    async def _reclaim(self, connection: AsyncConnection, slots: Mapping[str, list[Any]]) -> int:
        rows = await sql.EXPIRED.run(connection, {**slots, "now": self._now(connection)})
        for row in rows:
            error = row.last_error or WORKER_LOST
            if row.cancel_requested or row.spent >= row.max_attempts:
                outcome = Outcome.CANCELLED if row.cancel_requested else Outcome.FAILED
                await self._end_and_tell(connection, row, outcome, WORKER_LOST)
            else:
                delay = 0 if row.spent == 1 else backoff(row.spent - 1, self._jitter())
                await self._release(connection, row, error=error, delay=delay)
        return len(rows)

    async def _locked(self, connection: AsyncConnection, id: UUID) -> Row[Any] | None:
        """The work, its user's slot locked first."""
        if (await sql.LOCK_SLOT.run(connection, {"id": id})).first() is None:
            return None
        row: Row[Any] | None = (await sql.FETCH.run(connection, {"id": id})).first()
        return row

    async def _held(
        self,
        connection: AsyncConnection,
        id: UUID,
        owner: UUID,
        attempt: int,
    ) -> Row[Any] | None:
        row = await self._locked(connection, id)
        return row if row is not None and row.owner == owner and row.attempt == attempt else None

    async def _take_back(self, connection: AsyncConnection, row: Row[Any], *, delay: float) -> Result:
        if row.cancel_requested:
            return await self._end_and_tell(connection, row, Outcome.CANCELLED, "")
        return await self._release(connection, row, error=row.last_error, delay=delay, spent=row.spent - 1)

    async def _release(
        self,
        connection: AsyncConnection,
        row: Row[Any],
        *,
        error: str,
        delay: float,
        spent: int | None = None,
    ) -> Result:
        run_after = row.run_after if delay <= 0 else self._now(connection) + timedelta(seconds=delay)
        spent = row.spent if spent is None else spent
        await sql.RELEASE.run(
            connection, {"id": row.id, "run_after": run_after, "spent": spent, "last_error": error}
        )
        if delay <= 0:
            self._ring_after_commit(connection, row.kind)
        return Result(Outcome.WAITING, run_after, spent, row.max_attempts)

    async def _end(self, connection: AsyncConnection, row: Row[Any], outcome: Outcome) -> Result:
        slot = (await sql.END.run(connection, {"id": row.id})).one()
        if row.owner is not None:
            self._let_next_in(connection, slot)
        return _result(outcome, row)

    async def _end_and_tell(
        self, connection: AsyncConnection, row: Row[Any], outcome: Outcome, error: str
    ) -> Result:
        result = await self._end(connection, row, outcome)
        ended = Ended(row.id, row.kind, row.tenant_id, row.user_id, row.attempt, outcome, error)
        async with acting_as(connection, row.tenant_id, row.user_id):
            await self._on_ended(connection, ended)
        return result

    def _let_next_in(self, connection: AsyncConnection, slot: Row[Any]) -> None:
        """A place came free in a user's slot."""
        if slot.next_at is not None and slot.next_at <= self._now(connection):
            self._ring_after_commit(connection, slot.kind)

    def _ring_after_commit(self, connection: AsyncConnection, kind: str) -> None:
        after_commit(connection, lambda: self._doorbell.ring(kind))


def _result(outcome: Outcome, row: Row[Any], run_after: datetime | None = None) -> Result:
    return Result(outcome, run_after, row.spent, row.max_attempts)


def _columns(rows: Sequence[Row[Any]]) -> dict[str, list[Any]]:
    keys = {(row.kind, row.tenant_id, row.user_id) for row in rows}
    kinds, tenants, users = zip(*sorted(keys), strict=True)
    return {"kinds": list(kinds), "tenants": list(tenants), "users": list(users)}
