"""The time a call has left, carried in a context variable and handed on to the next hop.

    remaining() -> float | None      seconds left of the call being served, None when it has no deadline
    hop_timeout(default) -> float    what an outgoing call may take: the rest less one hop's margin
    limit(seconds)                   context manager: narrows the deadline for a piece of work
    require(seconds)                 raises DeadlineExceeded when less than that is left

gRPC does not pass a deadline on by itself; the server's deadline interceptor sets this one and the
client's interceptor reads it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from services.runtime.errors import DeadlineExceeded

HOP_MARGIN = 0.020
"""Seconds a hop keeps for itself, so that it can answer before its own caller gives up."""

MINIMUM = 0.100
"""Seconds below which work is refused instead of begun."""

_deadline: ContextVar[float | None] = ContextVar("vitae_deadline", default=None)


def remaining() -> float | None:
    """Seconds left of the present deadline (may be negative), or None when there is none."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


def hop_timeout(default: float) -> float:
    """Seconds an outgoing call may take: at most `default`, less when the present deadline is nearer.

    Raises DeadlineExceeded when nothing would be left for the other side.
    """
    left = remaining()
    if left is None:
        return default
    if left <= HOP_MARGIN:
        raise DeadlineExceeded
    return min(default, _sendable(left - HOP_MARGIN))


def require(seconds: float = MINIMUM) -> None:
    """Raises DeadlineExceeded when fewer than `seconds` are left."""
    left = remaining()
    if left is not None and left < seconds:
        raise DeadlineExceeded("Too little time is left to do this; allow a longer deadline.")


def _sendable(seconds: float) -> float:
    """The longest timeout gRPC sends as it is within `seconds`.

    It sends three digits and rounds up (milliseconds below 1 s, hundredths below 10 s, tenths below 100 s), which would
    give the other side more time than there is: above 10 s by several margins. Its clock is a millisecond coarse, so
    a value on a step may be sent as the next.
    """
    milliseconds = int(seconds * 1000)
    step: int = 10 ** max(0, len(str(milliseconds)) - 3)
    return max(1, milliseconds // step * step - 1) / 1000


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Inside, the deadline is at most `seconds` away; an earlier one stays. It informs; it cancels nothing."""
    ours = time.monotonic() + seconds
    present = _deadline.get()
    token = _deadline.set(ours if present is None else min(present, ours))
    try:
        yield
    finally:
        _deadline.reset(token)
