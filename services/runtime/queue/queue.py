"""The queue's operations; the package's docstring tells how they go together."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.db import Database
from services.runtime.queue.doorbell import Doorbell
from services.runtime.queue.work import Beat, Depth, Ended, Heard, Lease, Result, Standing, Work

BACKOFF_MINUTES = (1, 2, 4, 8, 16, 32, 60)
"""SPEC S7."""


def backoff(spent: int, jitter: float) -> float:
    """Seconds until the next try after `spent` tries; `jitter` in 0..1 takes off up to a tenth or adds it."""
    raise NotImplementedError


class Queue:
    """Operations on one service's queue tables. Holds no state but how it was set up."""

    def __init__(
        self,
        *,
        on_ended: Callable[[AsyncConnection, Ended], Awaitable[None]],
        doorbell: Doorbell | None = None,
        waiting_limit: int = 50,
        running_limit: int = 3,
        clock: Callable[[], datetime] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`on_ended` is called in the claiming transaction, in that user's scope (acting_as), for work the queue itself
        ended, so that its record follows. `clock` replaces the database's time in tests.
        """

    async def enqueue(self, connection: AsyncConnection, work: Work) -> None:
        """Queues work in the caller's transaction (the user's own, or acting_as).

        Raises ResourceExhausted (QUEUE_FULL) past the user's waiting limit, AlreadyExists (WORK_EXISTS) when work with
        this id is live.
        """
        raise NotImplementedError

    async def claim(
        self, connection: AsyncConnection, owner: UUID, kinds: Sequence[str], *, limit: int, lease: float
    ) -> list[Lease]:
        """Takes back expired leases, then leases up to `limit` pieces of work for `lease` seconds (queue transaction).

        The users with the fewest running come first; nobody gets more than the running limit.
        """
        raise NotImplementedError

    async def claim_or_wait(
        self, database: Database, owner: UUID, kinds: Sequence[str], *, limit: int, lease: float, wait: float
    ) -> list[Lease]:
        """Claims in transactions of its own until there is work or `wait` seconds are over (then an empty list)."""
        raise NotImplementedError

    async def heartbeat(
        self, connection: AsyncConnection, owner: UUID, beats: Sequence[Beat], *, lease: float
    ) -> Heard:
        """Renews leases for `lease` seconds from now and stores progress (queue transaction). Call at a third of the lease."""
        raise NotImplementedError

    async def complete(self, connection: AsyncConnection, id: UUID, owner: UUID, attempt: int) -> Result:
        """Ends the work: COMPLETED; CANCELLED when a cancel came first; LOST when the lease is another's."""
        raise NotImplementedError

    async def fail(
        self, connection: AsyncConnection, id: UUID, owner: UUID, attempt: int, *, error: str, retryable: bool
    ) -> Result:
        """The attempt failed: WAITING with back-off, FAILED when final or spent, CANCELLED, or LOST."""
        raise NotImplementedError

    async def give_back(
        self, connection: AsyncConnection, id: UUID, owner: UUID, attempt: int, *, delay: float = 0
    ) -> Result:
        """Returns the lease without costing an attempt (drain, store down): WAITING, CANCELLED, or LOST."""
        raise NotImplementedError

    async def cancel(self, connection: AsyncConnection, id: UUID) -> Result:
        """CANCELLED when it was waiting; RUNNING when its worker is asked to stop; LOST when it is not live."""
        raise NotImplementedError

    async def retry(self, connection: AsyncConnection, work: Work, *, last_attempt: int) -> Result:
        """Grants one more round to failed work; attempts go on from `last_attempt` (of the record).

        Work still waiting (back-off) starts its new round at once. Raises FailedPrecondition (WORK_RUNNING) when a
        worker has it, ResourceExhausted as enqueue does.
        """
        raise NotImplementedError

    async def requeue(self, connection: AsyncConnection, id: UUID) -> Result:
        """Takes a lease away from its worker at once (operators): WAITING, CANCELLED, or LOST. Costs no attempt."""
        raise NotImplementedError

    async def reclaim(self, connection: AsyncConnection, kinds: Sequence[str], *, limit: int = 100) -> int:
        """Takes back expired leases as `claim` does, for a sweep when no worker asks; returns how many."""
        raise NotImplementedError

    async def standing(self, connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Standing]:
        """The live work among these ids, as the connection's scope may see it."""
        raise NotImplementedError

    async def depths(self, connection: AsyncConnection) -> list[Depth]:
        """The depth of each kind (queue transaction)."""
        raise NotImplementedError

    async def forget(self, connection: AsyncConnection, tenant_id: UUID, user_id: UUID) -> int:
        """Drops all work and slots of a user (erasure; queue transaction); its workers find their leases lost."""
        raise NotImplementedError
