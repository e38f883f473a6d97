"""What was worked out a moment ago, kept for a bounded time in a bounded number.

    plans: Recent[bytes, ExportPlan] = Recent(most=256, seconds=30.0)
    plan = plans.get(key)                  # None when it is unknown or too old
    plans.put(key, plan)                   # or plans.put(key, plan, until=moment) for what ends earlier

For what is right for a while by nature, such as a verified token until it expires: never for what a write changes.
Times are seconds of `clock`, which is the monotonic one unless told otherwise.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping that forgets what is old, and what was used longest ago where there is too much."""

    def __init__(self, *, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._kept: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What was put under this key, while it is fresh."""
        found = self._kept.get(key)
        if found is None:
            return None
        value, until = found
        if until <= self._clock():
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return value

    def put(self, key: K, value: V, *, until: float = float("inf")) -> None:
        """Keeps a value, no longer than until the moment `until`."""
        self._kept[key] = (value, min(until, self._clock() + self._seconds))
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
