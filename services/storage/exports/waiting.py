"""Waiting for exports to change: at once for changes made in this process, by one poll for all watchers otherwise.

    changes = Changes()
    with changes.watching(export_id) as watcher:      # before the first look, so that nothing falls in between
        ... look ...
        await watcher.changed(timeout)                # then look again
    with changes.watching(export_id, end=True) as watcher: ...         # the same for one who waits for the end alone
    changes.touch(export_id)                          # after a commit that changed it
    changes.touch(export_id, found)                   # the same, and how it is now: nobody has to look
    changes.touch(export_id, at_work=True)            # it goes on: nothing for those who wait for the end

The poll compares what can change of all watched exports in two statements, however many wait. `poll` is the process's
background task that does so.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from services.runtime.db import Database
from services.runtime.errors import VitaeError
from services.runtime.logs import get_logger
from services.runtime.queue import Queue
from services.runtime.statements import Statement
from services.storage.exports.messages import Found

_STATUSES = Statement("select id, status from exports where id = any(:ids)")

_UNSEEN = object()

PENDING = "pending"
"""The status of a record whose work goes on."""


class Watcher:
    """One caller's interest in one export."""

    def __init__(self, *, end: bool = False) -> None:
        self._event = asyncio.Event()
        self.end = end
        """Whether the end alone is of interest."""
        self.latest: Found | None = None
        """The export after the change last told of; None when it has to be looked at."""

    def wake(self, found: Found | None = None) -> None:
        """There may be a change."""
        self.latest = found
        self._event.set()

    async def changed(self, timeout: float) -> bool:
        """Returns True when there may be a change since the last call, False after `timeout` seconds."""
        try:
            async with asyncio.timeout(max(0.0, timeout)):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Changes:
    """Who waits for which export."""

    def __init__(self) -> None:
        self._watchers: dict[UUID, set[Watcher]] = {}
        self._seen: dict[UUID, Any] = {}
        self._somebody = asyncio.Event()
        self._log = get_logger(__name__)
        self.stopped = False
        """True once the process stops: waiting is over for everybody."""

    @contextmanager
    def watching(self, export_id: UUID, *, end: bool = False) -> Iterator[Watcher]:
        """A watcher for one export while the block lasts; with `end`, not woken by what happens on the way."""
        watcher = Watcher(end=end)
        self._watchers.setdefault(export_id, set()).add(watcher)
        self._seen[export_id] = _UNSEEN  # the next poll wakes: what it first sees may be new to this watcher
        self._somebody.set()
        try:
            yield watcher
        finally:
            rest = self._watchers[export_id]
            rest.discard(watcher)
            if not rest:
                del self._watchers[export_id]
                del self._seen[export_id]
            if not self._watchers:
                self._somebody.clear()

    def stop(self) -> None:
        """Ends all waiting, so that a shutdown need not wait for it."""
        self.stopped = True
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.wake()

    def watched(self, export_id: UUID) -> bool:
        """Whether anybody waits for this export here."""
        return export_id in self._watchers

    def touch(self, export_id: UUID, found: Found | None = None, *, at_work: bool = False) -> None:
        """Wakes whoever waits for this export here. Each has its own copy of what was found."""
        for watcher in self._watchers.get(export_id, ()):
            if not (at_work and watcher.end):
                watcher.wake(found.copy() if found else None)

    async def poll(self, database: Database, queue: Queue, *, every: float) -> None:
        """Looks for changes by other replicas while somebody waits, every so many seconds; never returns."""
        while True:
            await self._somebody.wait()
            await asyncio.sleep(every)
            try:
                await self._look(database, queue)
            except VitaeError as error:
                self._log.warning("watched exports were not looked at", reason=error.reason)

    async def _look(self, database: Database, queue: Queue) -> None:
        ids = list(self._watchers)
        if not ids:
            return
        async with database.queue_transaction() as connection:
            statuses = {row.id: row.status for row in await _STATUSES.run(connection, {"ids": ids})}
            standings = await queue.standing(connection, ids)
        for id in ids:
            present = (statuses.get(id), standings.get(id))
            if id in self._seen and self._seen[id] != present:
                self._seen[id] = present
                self.touch(id, at_work=statuses.get(id) == PENDING)
