"""Prometheus metrics: a registry per process, passed to whoever counts.

    new_registry() -> CollectorRegistry     with process, Python and garbage collection metrics in it
    RpcMetrics(registry)                    what the server's metrics interceptor counts

Names: vitae_<area>_<what>_<unit>. Labels hold names from the code (methods, codes, steps), never ids or
anything a caller chose.
"""

from dataclasses import dataclass
from typing import Self

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds; dense where the time budgets lie (5 ms queue wait, 50 ms generation, 1 s render)."""


def new_registry() -> CollectorRegistry:
    """A registry for one process."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


@dataclass(frozen=True)
class RpcMetrics:
    """Server side, per RPC: how many by code, how long, how many at the moment."""

    handled: Counter
    seconds: Histogram
    in_flight: Gauge

    @classmethod
    def register(cls, registry: CollectorRegistry) -> Self:
        """The three metrics, registered."""
        labels = ("service", "method")
        return cls(
            Counter("vitae_rpc_handled", "Calls answered, by code.", (*labels, "code"), registry=registry),
            Histogram(
                "vitae_rpc_seconds",
                "Time from a call's arrival to its last byte.",
                labels,
                buckets=LATENCY_BUCKETS,
                registry=registry,
            ),
            Gauge("vitae_rpc_in_flight", "Calls being served.", labels, registry=registry),
        )
