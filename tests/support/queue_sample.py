"""A service that has nothing but a queue and a ledger of records, for tests and benchmarks of the runtime."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from deploy.local.postgres import ServiceDatabase
from services.runtime.auth import Identity
from services.runtime.db import Database, driver_url
from services.runtime.queue import Doorbell, Ended, Queue, Work
from services.runtime.queue.tables import create_queue_v1
from services.runtime.row_security import protect

KIND = "sample"
TENANT = UUID(int=1)


def make_schema(urls: ServiceDatabase) -> None:
    """The queue's tables and a ledger: one record per piece of work, with how it ended."""
    engine = create_engine(driver_url(urls.owner_url), poolclass=NullPool)
    with engine.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        create_queue_v1(op)
        op.execute(
            "create table records (id uuid primary key, tenant_id uuid not null, user_id uuid not null,"
            " state text not null default 'pending', ends int not null default 0)"
        )
        protect(op, "records")


def person(user_id: UUID | None) -> Identity:
    """Somebody of the sample's tenant; None for its admin."""
    return Identity(TENANT, user_id)


@dataclass
class Clock:
    """A clock that only moves when told."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        """Moves time on."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Sample:
    """One replica of the sample service."""

    database: Database
    queue: Queue
    doorbell: Doorbell
    ended: list[Ended] = field(default_factory=list)

    async def add(
        self, id: UUID, user_id: UUID, *, priority: int = 0, max_attempts: int = 5, delay: float = 0
    ) -> Work:
        """A record and its work, in one transaction of the user's."""
        work = Work(id, KIND, TENANT, user_id, priority=priority, max_attempts=max_attempts, delay=delay)
        async with self.database.user_transaction(person(user_id)) as connection:
            await self.queue.enqueue(connection, work)
            await connection.execute(
                text("insert into records (id, tenant_id, user_id) values (:id, :tenant, :user)"),
                {"id": id, "tenant": TENANT, "user": user_id},
            )
        return work


@asynccontextmanager
async def sample_service(
    url: str, *, clock: Clock | None = None, poll: float = 1.0, listen: bool = True, pool_size: int = 5
) -> AsyncIterator[Sample]:
    """A replica on a database with the sample's schema."""
    database = Database(url, application="sample", pool_size=pool_size)
    ended: list[Ended] = []

    async def on_ended(connection: AsyncConnection, end: Ended) -> None:
        ended.append(end)
        await record_end(connection, end.id, end.outcome.value)

    doorbell = Doorbell(database, poll=poll, listen=listen)
    queue = Queue(on_ended=on_ended, doorbell=doorbell, clock=clock, jitter=lambda: 0.5)
    try:
        async with doorbell.connected():
            yield Sample(database, queue, doorbell, ended)
    finally:
        await database.close()


async def record_end(connection: AsyncConnection, id: UUID, state: str) -> None:
    """Writes a record's end (in its user's scope); raises when the record is not there."""
    changed = await connection.execute(
        text("update records set state = :state, ends = ends + 1 where id = :id"), {"id": id, "state": state}
    )
    if changed.rowcount != 1:
        raise LookupError(f"{id} has no record in this scope")
