"""Handing work to a worker that waits in this very process, in the transaction that queues it.

Without it the worker is woken after the commit and claims in a transaction of its own: some milliseconds that an idle
system need not spend. Nothing else changes: the work is leased in the database as by a claim, under the same limits.

    seat = waiter.reserved                      # by Doorbell.seat(kind), while the waiter waits
    seat.give(handed)                           # as the queuing transaction's commit is sent
    seat.free()                                 # when it does not come to that: the waiter goes on waiting

The worker begins while the commit is on its way to the disk. Should the commit fail, it has worked for nothing: its
lease is in no table, so whatever it reports is refused. Until the outcome is known, `Queue.settled` holds reports back.
If the process dies between the commit and the answer to the worker, the lease runs out, as after any claim.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.runtime.queue.work import Lease


@dataclass(frozen=True)
class Offer:
    """What a waiting worker would take work on."""

    owner: UUID
    lease: float
    """Seconds."""
    take_back: Callable[[Lease], None]
    """Called with work whose worker went away meanwhile."""


@dataclass(frozen=True)
class Handed:
    """Work that was handed over."""

    lease: Lease
    content: Any
    """What `on_claimed` would have read."""


class Seat:
    """A waiting worker's promise to take the next piece of work."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self._outcome: asyncio.Future[Handed | None] = asyncio.get_running_loop().create_future()
        self._left = False

    def give(self, handed: Handed) -> None:
        """The work is the waiter's; it goes back where it came from when nobody is there to take it."""
        if self._left:
            self.offer.take_back(handed.lease)
        else:
            self._outcome.set_result(handed)

    def free(self) -> None:
        """There will be no work after all. Says nothing once work was given."""
        if not self._left and not self._outcome.done():
            self._outcome.set_result(None)

    async def outcome(self) -> Handed | None:
        """What became of the promise."""
        return await asyncio.shield(self._outcome)

    def leave(self) -> None:
        """The waiter is gone. Work that was given and not taken goes back."""
        self._left = True
        if self._outcome.done() and not self._outcome.cancelled():
            handed = self._outcome.result()
            if handed is not None:
                self.offer.take_back(handed.lease)
