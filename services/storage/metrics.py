"""What the storage service counts."""

from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.runtime.metrics import LATENCY_BUCKETS
from services.runtime.queue import Depth


@dataclass(frozen=True)
class StorageMetrics:
    """Exports by how they began and ended, and the queue's depth."""

    begun: Counter
    ended: Counter
    waited: Histogram
    publishing: Histogram
    file_bytes: Counter
    deletions: Counter
    queued: Gauge
    oldest: Gauge
    store_up: Gauge

    @classmethod
    def register(cls, registry: CollectorRegistry) -> Self:
        """The metrics, registered."""
        return cls(
            begun=Counter(
                "vitae_storage_exports_created",
                "Exports asked for, by whether they were queued or answered from the cache.",
                ("origin",),
                registry=registry,
            ),
            ended=Counter(
                "vitae_storage_exports_ended",
                "Exports that ended, by outcome.",
                ("outcome",),
                registry=registry,
            ),
            waited=Histogram(
                "vitae_storage_queue_wait_seconds",
                "Time from queuing an export to its first lease.",
                buckets=LATENCY_BUCKETS,
                registry=registry,
            ),
            publishing=Histogram(
                "vitae_storage_publish_seconds",
                "Time from a file's last byte to its visibility.",
                buckets=LATENCY_BUCKETS,
                registry=registry,
            ),
            file_bytes=Counter("vitae_storage_file_bytes", "Bytes of published files.", registry=registry),
            deletions=Counter(
                "vitae_storage_objects_deleted", "Objects removed from the store.", registry=registry
            ),
            queued=Gauge(
                "vitae_storage_queue_depth", "Exports in the queue, by state.", ("state",), registry=registry
            ),
            oldest=Gauge(
                "vitae_storage_queue_oldest_seconds",
                "Age of the oldest export that could start.",
                registry=registry,
            ),
            store_up=Gauge("vitae_storage_store_up", "1 while the object store serves.", registry=registry),
        )

    def created(self, *, queued: int, cached: int) -> None:
        """Exports were asked for."""
        self.begun.labels("queued").inc(queued)
        self.begun.labels("cache").inc(cached)

    def depth(self, depth: Depth | None) -> None:
        """The queue's depth was looked at; None when there is no live work."""
        for state in ("ready", "delayed", "running", "expired"):
            self.queued.labels(state).set(getattr(depth, state) if depth else 0)
        self.oldest.set(depth.oldest_ready_seconds if depth else 0)
