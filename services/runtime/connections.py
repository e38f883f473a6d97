"""Connections out of an engine's pool, kept for the next transaction instead of being given back after each.

    async with connections.one() as connection: ...     # given back when the block raises, kept when it does not

Taking a connection from the pool and giving it back costs as much as a statement does. The pool still decides how many
there are: nothing is kept while somebody waits for one, and nothing for longer than `keep` seconds.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Connections:
    """What one process keeps of an engine's connections. A block leaves its connection as it found it."""

    def __init__(self, engine: AsyncEngine, *, most: int, keep: float = 300.0) -> None:
        self._engine, self._most, self._keep = engine, most, keep
        self._kept: list[tuple[AsyncConnection, float]] = []
        self._asking = 0
        self._closed = False

    @property
    def idle(self) -> int:
        """Connections that are kept and not in use."""
        return len(self._kept)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[AsyncConnection]:
        """A connection; the pool's errors when none can be had."""
        connection, until = await self._take()
        try:
            yield connection
        except BaseException:
            await _give_back(connection)
            raise
        full = self._asking or self._closed or len(self._kept) >= self._most
        if full or connection.invalidated or time.monotonic() >= until:
            await _give_back(connection)
        else:
            self._kept.append((connection, until))

    async def close(self) -> None:
        """Gives back what is kept; what is in use is given back after use."""
        self._closed = True
        while self._kept:
            await _give_back(self._kept.pop()[0])

    async def _take(self) -> tuple[AsyncConnection, float]:
        while self._kept:
            connection, until = self._kept.pop()
            if time.monotonic() < until:
                return connection, until
            await _give_back(connection)
        self._asking += 1
        try:
            return await self._engine.connect(), time.monotonic() + self._keep
        finally:
            self._asking -= 1


async def _give_back(connection: AsyncConnection) -> None:
    """Rolls back what is open; to the end, also when the task is cancelled meanwhile."""
    await asyncio.shield(asyncio.ensure_future(connection.close()))
