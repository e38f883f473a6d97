"""Writers of one document take turns.

What is written at last is decided by the database (versions.touch), across replicas. Within one, turns keep a crowd of
writers with the same etag from composing what only one of them can save, and from using up the connection pool.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID
from weakref import WeakValueDictionary


@dataclass(frozen=True, slots=True)
class Turns:
    """The documents being written to in this process."""

    _locks: WeakValueDictionary[UUID, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @asynccontextmanager
    async def of(self, document_id: UUID) -> AsyncIterator[None]:
        """Waits until nobody else writes to the document, and has others wait inside."""
        lock = self._locks.get(document_id)
        if lock is None:
            lock = self._locks[document_id] = asyncio.Lock()
        async with lock:
            yield
