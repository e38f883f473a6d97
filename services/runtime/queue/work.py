"""The values the queue takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Outcome(StrEnum):
    """What became of a piece of work."""

    WAITING = "waiting"
    """It is in the queue and no worker has it."""
    RUNNING = "running"
    """A worker has it (after a cancel: and is asked to stop)."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    """The lease is not the caller's any more (or the work is gone): the caller writes nothing and drops what it did."""

    @property
    def ended(self) -> bool:
        """Whether the work has left the queue."""
        return self in {Outcome.COMPLETED, Outcome.FAILED, Outcome.CANCELLED}


@dataclass(frozen=True)
class Work:
    """Work to be queued. `id` is the id of the record it is about, which also guards against queuing it twice."""

    id: UUID
    kind: str
    tenant_id: UUID
    user_id: UUID
    priority: int = 0
    """Higher first, among one user's work; between users fairness decides."""
    max_attempts: int = 5
    delay: float = 0.0
    """Seconds before it may start."""


@dataclass(frozen=True)
class Lease:
    """Work handed to one worker. (id, owner, attempt) is the fence of every later write."""

    id: UUID
    kind: str
    tenant_id: UUID
    user_id: UUID
    owner: UUID
    attempt: int
    """Grows with every lease of this work, through returns and retries too; never repeats."""
    spent: int
    """Attempts of this round that count, this one included."""
    max_attempts: int
    started_at: datetime
    expires_at: datetime
    enqueued_at: datetime


@dataclass(frozen=True)
class Ended:
    """Work the queue itself ended: its worker was lost too often, or lost or giving it back after a cancel."""

    id: UUID
    kind: str
    tenant_id: UUID
    user_id: UUID
    attempt: int
    outcome: Outcome
    """FAILED or CANCELLED."""
    error: str
    """Why, in a word for operators; WORKER_LOST when no worker said anything, empty when it was given back."""


@dataclass(frozen=True)
class Result:
    """What an operation made of a piece of work."""

    outcome: Outcome
    run_after: datetime | None = None
    """When WAITING: not before then."""
    spent: int = 0
    max_attempts: int = 0


@dataclass(frozen=True)
class Beat:
    """A worker's sign of life for one lease, with how far it is."""

    id: UUID
    attempt: int
    progress: int
    """0 to 100."""
    step: str


@dataclass(frozen=True)
class Heard:
    """The answer to a heartbeat."""

    expires_at: datetime
    cancelled: Sequence[UUID]
    """Stop these, then call `give_back` or `complete`, which end them as CANCELLED."""
    lost: Sequence[UUID]
    """Stop these and write nothing."""


@dataclass(frozen=True)
class Standing:
    """Live work as a client may see it."""

    id: UUID
    outcome: Outcome
    """WAITING or RUNNING."""
    progress: int
    step: str
    attempt: int
    spent: int
    max_attempts: int
    run_after: datetime
    started_at: datetime | None
    cancel_requested: bool
    last_error: str


@dataclass(frozen=True)
class Depth:
    """The queue's depth for one kind, for gauges and autoscaling."""

    kind: str
    ready: int
    delayed: int
    """Waiting for their time (back-off)."""
    running: int
    expired: int
    """Leases past their time, not yet taken back."""
    oldest_ready_seconds: float
