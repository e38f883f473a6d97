"""Commits that take as long as a test wants, and fail when it wants."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime import db
from services.runtime.queue import handing
from services.runtime.statements import commit


@dataclass
class Commit:
    """One commit: it waits until it is let go."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False


@pytest.fixture
def hold_next_commit(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Commit]:
    """Holds the commit of the next transaction that hands work over; those of other tasks go on."""
    before_commit = db.before_commit

    def hold() -> Commit:
        held = Commit()
        awaited: list[AsyncConnection] = []

        def noted(connection: AsyncConnection, hook: Callable[[], None]) -> None:
            monkeypatch.setattr(handing, "before_commit", before_commit)
            awaited.append(connection)
            before_commit(connection, hook)

        async def waiting(connection: AsyncConnection) -> None:
            if awaited == [connection]:
                awaited.clear()
                await held.go.wait()
                if held.fails:
                    raise LookupError("the commit")
            await commit(connection)

        monkeypatch.setattr(handing, "before_commit", noted)
        monkeypatch.setattr(db, "commit", waiting)
        return held

    return hold
