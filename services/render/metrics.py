"""What the render service counts."""

from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.runtime.metrics import LATENCY_BUCKETS


@dataclass(frozen=True)
class RenderMetrics:
    """Children and what they do."""

    stage_seconds: Histogram
    """By stage: wait, render, read_back, preview, measure."""
    children: Gauge
    """By state: starting, idle, busy."""
    waiting: Gauge
    refused: Counter
    starts: Counter
    """By outcome: ready, failed."""
    deaths: Counter
    """Children that died or were killed at work, by reason."""
    recycled: Counter

    @classmethod
    def register(cls, registry: CollectorRegistry) -> Self:
        """The metrics, registered."""
        return cls(
            Histogram(
                "vitae_render_stage_seconds",
                "Time of each stage of a rendering.",
                ("stage",),
                buckets=LATENCY_BUCKETS,
                registry=registry,
            ),
            Gauge("vitae_render_children", "Child processes by state.", ("state",), registry=registry),
            Gauge("vitae_render_waiting", "Renderings waiting for a child.", registry=registry),
            Counter("vitae_render_refused", "Renderings refused because too many wait.", registry=registry),
            Counter("vitae_render_child_starts", "Children started.", ("outcome",), registry=registry),
            Counter(
                "vitae_render_child_deaths",
                "Children that ended at work, by reason.",
                ("reason",),
                registry=registry,
            ),
            Counter("vitae_render_children_recycled", "Children replaced after long use.", registry=registry),
        )


@dataclass(frozen=True)
class WorkerMetrics:
    """Export work and what became of it."""

    leases: Gauge
    outcomes: Counter
    """By outcome: completed, failed, killed, returned, lost, cancelled."""
    upload_seconds: Histogram
    lease_failures: Counter

    @classmethod
    def register(cls, registry: CollectorRegistry) -> Self:
        """The metrics, registered."""
        return cls(
            Gauge("vitae_render_worker_leases", "Exports this worker holds.", registry=registry),
            Counter(
                "vitae_render_worker_exports",
                "Exports worked at, by outcome.",
                ("outcome",),
                registry=registry,
            ),
            Histogram(
                "vitae_render_worker_upload_seconds",
                "Time to hand a file to storage, tries included.",
                buckets=LATENCY_BUCKETS,
                registry=registry,
            ),
            Counter(
                "vitae_render_worker_lease_failures",
                "Requests for work that storage did not answer.",
                registry=registry,
            ),
        )
