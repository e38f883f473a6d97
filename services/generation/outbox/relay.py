"""Tells storage of deletions until it acknowledges them (SPEC G16, G18).

The deleting transaction writes a note (store.py); a background task of every replica takes the notes one by one and
calls storage with generation's own credential. A note goes after storage's answer, so a crash between the two only
repeats a call, and storage's side of a repeated call finds nothing left to do.
"""

import asyncio
import random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self
from uuid import UUID

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.generation.outbox import store
from services.generation.outbox.store import ERASE_OWNER, FORGET_DOCUMENTS, Deletion
from services.runtime.db import Database
from services.runtime.errors import VitaeError
from services.runtime.logs import get_logger
from vitae.storage.v1 import admin_pb2
from vitae.storage.v1.admin_pb2_grpc import StorageAdminServiceStub

Answer = admin_pb2.ForgetDocumentsResponse | admin_pb2.EraseOwnerResponse

CALL_TIMEOUT = 30.0
"""Seconds storage gets for one call: erasing an owner removes their files one by one."""

LEASE = timedelta(seconds=2 * CALL_TIMEOUT)
"""How long a note is left to the one who took it."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0
"""Seconds before a call that failed is tried again: doubled each time, up to the longest."""

log = get_logger(__name__)


@dataclass(frozen=True)
class OutboxMetrics:
    """What is counted of relaying."""

    calls: Counter
    waiting: Gauge
    oldest: Gauge

    @classmethod
    def register(cls, registry: CollectorRegistry) -> Self:
        """The metrics, registered."""
        return cls(
            calls=Counter(
                "vitae_generation_outbox_calls",
                "Calls that told storage of a deletion, by outcome.",
                ("outcome",),
                registry=registry,
            ),
            waiting=Gauge(
                "vitae_generation_outbox_waiting",
                "Deletions that storage has not acknowledged.",
                registry=registry,
            ),
            oldest=Gauge(
                "vitae_generation_outbox_oldest_seconds",
                "Age of the oldest deletion that storage has not acknowledged.",
                registry=registry,
            ),
        )


@dataclass(frozen=True)
class Relay:
    """Relays deletions. Without `storage` they stay noted."""

    database: Database
    storage: StorageAdminServiceStub | None
    metrics: OutboxMetrics
    poll: float
    """Seconds between looks for notes of other replicas and of calls that failed."""
    _noted: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Something was noted; for `after_commit`."""
        self._noted.set()

    async def run(self) -> None:
        """Relays what is due, when woken and every poll; never returns."""
        while True:
            try:
                while await self._relay_next():
                    pass
                await self._measure()
            except VitaeError as error:
                log.warning("outbox_unreadable", reason=error.reason)
            try:
                async with asyncio.timeout(self.poll * random.uniform(0.8, 1.2)):  # noqa: S311 - jitter
                    await self._noted.wait()
            except TimeoutError:
                continue
            self._noted.clear()

    async def deliver(self, ids: Collection[UUID]) -> list[Answer]:
        """Relays these notes at once, while somebody waits; storage's answers. What fails is left to `run`.

        They have to be noted as due no earlier than `LEASE` from now, so that nobody else takes them meanwhile.
        """
        if self.storage is None:
            return []
        async with self.database.queue_transaction() as connection:
            deletions = await store.read(connection, ids)
        answers = [await self._relay(each) for each in deletions]
        return [each for each in answers if each is not None]

    async def _relay_next(self) -> bool:
        """Whether one was relayed and another may be due. After a failure the rest waits for the next poll."""
        async with self.database.queue_transaction() as connection:
            deletion = await store.claim(connection, LEASE)
        return deletion is not None and await self._relay(deletion) is not None

    async def _relay(self, deletion: Deletion) -> Answer | None:
        try:
            answer = await self._call(deletion)
        except VitaeError as error:
            self.metrics.calls.labels("failed").inc()
            log.warning(
                "deletion_not_acknowledged", kind=deletion.kind, tries=deletion.tries, reason=error.reason
            )
            async with self.database.queue_transaction() as connection:
                await store.postpone(connection, deletion.id, _pause(deletion.tries))
            return None
        self.metrics.calls.labels("acknowledged").inc()
        async with self.database.queue_transaction() as connection:
            await store.acknowledge(connection, deletion.id)
        return answer

    async def _call(self, deletion: Deletion) -> Answer:
        if self.storage is None:
            raise RuntimeError("there is no storage to relay to")
        if deletion.kind == FORGET_DOCUMENTS:
            forget = admin_pb2.ForgetDocumentsRequest.FromString(deletion.request)
            forget.request_id = str(deletion.id)
            forgotten: Answer = await self.storage.ForgetDocuments(forget, timeout=CALL_TIMEOUT)
            return forgotten
        if deletion.kind == ERASE_OWNER:
            erase = admin_pb2.EraseOwnerRequest.FromString(deletion.request)
            erase.request_id = str(deletion.id)
            erased: Answer = await self.storage.EraseOwner(erase, timeout=CALL_TIMEOUT)
            return erased
        raise ValueError(f"a note of an unknown kind: {deletion.kind}")

    async def _measure(self) -> None:
        async with self.database.queue_transaction() as connection:
            waiting, oldest = await store.depth(connection)
        self.metrics.waiting.set(waiting)
        self.metrics.oldest.set(oldest)


def _pause(tries: int) -> timedelta:
    longest = min(_SHORTEST_PAUSE * 2 ** min(tries, 20), _LONGEST_PAUSE)
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
