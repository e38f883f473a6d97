"""Wakes waiting workers when work comes: at once in this process, soon in the others.

A hint, never the truth: waiters look again with jitter anyhow, so a lost hint costs a poll's time and nothing else.
NOTIFY takes a lock of the whole cluster at commit; it is therefore sent on its own after the business commit, at most
once per `coalesce` seconds, and only when nobody in this process was waiting. LISTEN needs a direct connection: behind
PgBouncer in transaction mode it hears nothing, and polling does it alone.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import psycopg

from services.runtime.db import Database
from services.runtime.errors import VitaeError
from services.runtime.queue.handover import Handed, Offer, Seat

CHANNEL = "vitae_work"

_HEALTH_CHECK = 30.0
"""Seconds of silence after which the listening connection is asked whether it lives."""

_RECONNECT = (0.5, 30.0)
"""Seconds before the first and (doubling) at most before any further attempt to listen again."""

_log = logging.getLogger(__name__)


class Waiter:
    """One worker's place at the bell. Rings while it is busy are kept, so none falls between looking and waiting."""

    def __init__(self, kinds: Sequence[str], poll: float, offer: Offer | None) -> None:
        self.kinds = frozenset(kinds)
        self._poll = poll
        self._woken = asyncio.Event()
        self._rung = False
        self._offer = offer
        self._waiting = False
        self._seat: Seat | None = None

    @property
    def rung(self) -> bool:
        """Whether a ring is not answered yet."""
        return self._rung

    def wake(self) -> None:
        """Rings for this waiter."""
        self._rung = True
        self._woken.set()

    def take(self) -> bool:
        """The waiter is about to look: whether there was a ring, which that look answers."""
        rung, self._rung = self._rung, False
        self._woken.clear()
        return rung

    def reserve(self) -> Seat | None:
        """A seat for work that is being queued, where this waiter waits, offers itself and has promised nobody yet."""
        if not self._waiting or self._offer is None or self._seat is not None or self._rung:
            return None
        self._seat = Seat(self._offer)
        self._woken.set()
        return self._seat

    async def wait(self, timeout: float) -> Handed | None:
        """Returns when rung, when it is time to look again (the poll, jittered), or after `timeout` seconds; with work
        when some was handed over.
        """
        again = min(timeout, self._poll * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        self._waiting = True
        try:
            async with asyncio.timeout(again):
                await self._woken.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting = False
        if self._seat is None:
            return None
        handed = await self._seat.outcome()
        self._seat = None
        return handed

    def leave(self) -> None:
        """The waiter waits no more."""
        if self._seat is not None:
            self._seat.leave()


class Doorbell:
    """One per process and database. Rings inside the process always work; `async with bell.connected():` adds the
    other replicas.
    """

    def __init__(
        self, database: Database, *, listen: bool = True, poll: float = 1.0, coalesce: float = 0.05
    ) -> None:
        """`poll`: mean seconds between two looks of a waiter; `coalesce`: least seconds between two NOTIFY."""
        self._database = database
        self._listen = listen
        self._poll = poll
        self._coalesce = coalesce
        self._waiters: dict[Waiter, None] = {}
        self._others = asyncio.Event()

    def ring(self, kind: str) -> None:
        """Wakes the longest waiter for this kind here; without one, tells the other replicas."""
        for waiter in self._waiters:
            if kind in waiter.kinds and not waiter.rung:
                waiter.wake()
                return
        self._others.set()

    def ring_all(self) -> None:
        """Wakes every waiter of this process."""
        for waiter in self._waiters:
            waiter.wake()

    def seat(self, kind: str) -> Seat | None:
        """The promise of the longest waiter for this kind here, if any can give one."""
        for waiter in self._waiters:
            if kind in waiter.kinds and (seat := waiter.reserve()) is not None:
                return seat
        return None

    @contextmanager
    def waiter(self, kinds: Sequence[str], offer: Offer | None = None) -> Iterator[Waiter]:
        """A place at the bell. A ring left unanswered when it is given up goes on to somebody else."""
        waiter = Waiter(kinds, self._poll, offer)
        self._waiters[waiter] = None
        try:
            yield waiter
        finally:
            del self._waiters[waiter]
            waiter.leave()
            if waiter.rung:
                for kind in waiter.kinds:
                    self.ring(kind)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["Doorbell"]:
        """Inside, hints go to and come from the other replicas. At its end every waiter is woken."""
        running = [asyncio.create_task(self._send(), name="queue hints out")]
        if self._listen:
            running.append(asyncio.create_task(self._hear(), name="queue hints in"))
        try:
            yield self
        finally:
            for task in running:
                task.cancel()
            ends = await asyncio.gather(*running, return_exceptions=True)
            self.ring_all()
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _send(self) -> None:
        while True:
            await self._others.wait()
            self._others.clear()
            try:
                await self._database.notify(CHANNEL)
            except VitaeError as error:
                _log.warning("a queue hint was not sent: %s", error.reason)
            await asyncio.sleep(self._coalesce)

    async def _hear(self) -> None:
        pause = _RECONNECT[0]
        while True:
            try:
                async with await self._database.direct_connection() as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    pause = _RECONNECT[0]
                    self.ring_all()
                    while True:
                        async for _ in connection.notifies(timeout=_HEALTH_CHECK):
                            self.ring_all()
                        await connection.execute("select 1")
            except psycopg.Error as error:
                _log.warning(
                    "not listening for queue hints (%s), again in %.1f s", type(error).__name__, pause
                )
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            pause = min(pause * 2, _RECONNECT[1])
