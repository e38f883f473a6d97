"""Wakes waiting workers when work comes: at once in this process, soon in the others.

A hint, never the truth: waiters poll with jitter anyhow, so a lost hint costs a poll's time and nothing else.
"""

from collections.abc import Sequence

from services.runtime.db import Database


class Doorbell:
    """One per process and database; `async with doorbell:` runs its background tasks."""

    def __init__(
        self, database: Database, *, listen: bool = True, poll: float = 1.0, coalesce: float = 0.05
    ) -> None:
        """`poll`: mean seconds between looks of a waiter; `coalesce`: least seconds between two NOTIFY."""

    async def __aenter__(self) -> "Doorbell":
        """Starts listening (unless off) and sending."""
        raise NotImplementedError

    async def __aexit__(self, *_: object) -> None:
        """Stops; waiters return at once."""
        raise NotImplementedError

    def ring(self, kind: str) -> None:
        """Wakes one waiter for this kind here; without one, tells the other replicas."""
        raise NotImplementedError

    async def wait(self, kinds: Sequence[str], timeout: float) -> bool:
        """Returns True when woken or when it is time to look again, False when `timeout` seconds are over."""
        raise NotImplementedError
