"""A service's session with its own PostgreSQL database.

    database = Database(url, application="storage")

    async with database.user_transaction(identity) as connection:      # the user's rows, by row-level security
        await connection.execute(...)
    async with database.queue_transaction() as connection:             # everybody's work, on the queue tables only
        ...
        async with acting_as(connection, tenant_id, user_id):          # one record of that user, same transaction
            ...
    before_commit(connection, hook)                                    # hook() as the commit is about to be sent
    after_commit(connection, hook)                                     # hook() once this transaction stands
    after_rollback(connection, hook)                                   # hook() once it is known not to, or not known
    transaction_time(connection)                                       # the database's clock, one for all replicas
    await retrying(operation, attempts=3)                              # operation opens its own transaction
    await database.check(); database.pool(); await database.close()

A transaction commits when its block ends and rolls back when the block raises. Its first statement takes the role
and says for whom, transaction-locally, so pooling by transaction (PgBouncer) is safe: the login role is a NOINHERIT
member of `vitae_app` and `vitae_queue` and can do nothing before. Row-level security (row_security.py) reads
`vitae.tenant`, `vitae.user` and `vitae.shared`.

What goes wrong with the database itself arrives as a typed error, its cause attached: Unavailable
(DATABASE_UNAVAILABLE, DATABASE_BUSY, COMMIT_UNKNOWN), Aborted (TRANSACTION_CONFLICT), DeadlineExceeded
(STATEMENT_TIMEOUT). Constraint violations stay SQLAlchemy's IntegrityError: only the domain knows what they mean.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import QueuePool

from services.runtime.config import Seconds, setting
from services.runtime.connections import Connections
from services.runtime.errors import Aborted, DeadlineExceeded, PermissionDenied, Unavailable, VitaeError
from services.runtime.statements import Statement, commit, send

if TYPE_CHECKING:
    from services.runtime.auth import Identity

APP_ROLE = "vitae_app"
"""Sees and changes the rows of one user of one tenant."""

QUEUE_ROLE = "vitae_queue"
"""Sees and changes everybody's work, on the queue tables only."""

T = TypeVar("T")


@dataclass(frozen=True)
class DatabaseConfig:
    """Where a service's database is and how much of it the process may take."""

    url: str = setting(
        "VITAE_{PROCESS}_DATABASE_URL",
        meaning="postgresql:// address of the service's own database, with the service's login role.",
        secret=True,
        legacy=("DATABASE_URL",),
    )
    pool_size: int = setting(
        "VITAE_{PROCESS}_DATABASE_POOL_SIZE", default=5, meaning="Connections kept open.", minimum=1
    )
    pool_overflow: int = setting(
        "VITAE_{PROCESS}_DATABASE_POOL_OVERFLOW",
        default=5,
        meaning="Further connections under load.",
        minimum=0,
    )
    pool_wait: Seconds = setting(
        "VITAE_{PROCESS}_DATABASE_POOL_WAIT",
        default="2s",
        meaning="How long a request waits for a connection before it is refused.",
        minimum=0,
    )
    start_wait: Seconds = setting(
        "VITAE_{PROCESS}_DATABASE_START_WAIT",
        default="0s",
        meaning="How long a starting process waits for its database and its migrations before it gives up.",
        minimum=0,
    )
    statement_timeout: Seconds = setting(
        "VITAE_{PROCESS}_DATABASE_STATEMENT_TIMEOUT",
        default="5s",
        meaning="Longest single statement.",
        minimum=0.1,
    )
    lock_timeout: Seconds = setting(
        "VITAE_{PROCESS}_DATABASE_LOCK_TIMEOUT",
        default="2s",
        meaning="Longest wait for a row lock.",
        minimum=0.1,
    )
    prepare: bool = setting(
        "VITAE_{PROCESS}_DATABASE_PREPARE",
        default=True,
        meaning="Prepared statements; off for a PgBouncer older than 1.21 in transaction mode.",
    )
    listen: bool = setting(
        "VITAE_{PROCESS}_DATABASE_LISTEN",
        default=True,
        meaning="Listen for queue hints on a connection of its own; off behind PgBouncer, where polling does it alone.",
    )


@dataclass(frozen=True)
class PoolState:
    """The connection pool at one moment, for gauges."""

    size: int
    idle: int
    in_use: int
    limit: int


@dataclass
class _Transaction:
    """What a transaction carries besides its connection, kept in `connection.info` while it lasts."""

    role: str
    began: datetime | None = None
    ready: list[Callable[[], None]] = field(default_factory=list)
    hooks: list[Callable[[], None]] = field(default_factory=list)
    undo: list[Callable[[], None]] = field(default_factory=list)


_KEY = "vitae.transaction"

_BEGIN = (
    "select now(), set_config('role', '{role}', true) as role, set_config('vitae.tenant', '{tenant}', true) as tenant,"
    " set_config('vitae.user', '{user}', true) as user, set_config('vitae.shared', '{shared}', true) as shared,"
    " set_config('statement_timeout', '{statement_timeout}', true) as statement_timeout,"
    " set_config('lock_timeout', '{lock_timeout}', true) as lock_timeout; begin"
)
"""One message instead of two, so values stand in it: names of ours and UUIDs, never text from outside. The BEGIN comes
last because the driver takes the first statement's answer for the message's; PostgreSQL counts what stood before it to
the same transaction (its manual, 55.2.2.1)."""

_NOTIFY = Statement("select pg_notify(:channel, '')")

_RESCOPE = Statement(
    "select set_config('role', :role, true) as role, set_config('vitae.tenant', :tenant, true) as tenant,"
    " set_config('vitae.user', :user, true) as user, set_config('vitae.shared', :shared, true) as shared"
)


class Database:
    """A pool of connections to one service's database, as its login role."""

    def __init__(
        self,
        url: str,
        *,
        application: str,
        pool_size: int = 5,
        pool_overflow: int = 5,
        pool_wait: float = 2.0,
        statement_timeout: float = 5.0,
        lock_timeout: float = 2.0,
        prepare: bool = True,
    ) -> None:
        """Connects lazily. `application` is what pg_stat_activity shows; times are seconds."""
        self.application = application
        self._limit = pool_size + pool_overflow
        self._timeouts = {
            "statement_timeout": f"{statement_timeout * 1000:.0f}ms",
            "lock_timeout": f"{lock_timeout * 1000:.0f}ms",
        }
        self._url = driver_url(url)
        self._engine = create_async_engine(
            self._url,
            pool_size=pool_size,
            max_overflow=pool_overflow,
            pool_timeout=pool_wait,
            isolation_level="AUTOCOMMIT",  # the driver's own BEGIN would be one more message; see _BEGIN
            pool_recycle=1800,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args={
                "application_name": application,
                "connect_timeout": 5,
                "prepare_threshold": 5 if prepare else None,
            },
        )
        self._connections = Connections(self._engine, most=pool_size)

    @classmethod
    def from_config(cls, config: DatabaseConfig, *, application: str) -> "Database":
        """The database a configuration describes."""
        return cls(
            config.url,
            application=application,
            pool_size=config.pool_size,
            pool_overflow=config.pool_overflow,
            pool_wait=config.pool_wait,
            statement_timeout=config.statement_timeout,
            lock_timeout=config.lock_timeout,
            prepare=config.prepare,
        )

    @asynccontextmanager
    async def user_transaction(
        self, identity: "Identity", *, shared: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees the identity's own rows; with `shared`, all rows of its tenant.

        `shared` is for roles to whom the domain grants the tenant's records (recruiter, tenant admin); the caller has
        checked that role. Raises PermissionDenied for an identity without a user, unless shared.
        """
        if identity.user_id is None and not shared:
            raise PermissionDenied("This needs a user's identity.", reason="USER_REQUIRED")
        scope = _scope(APP_ROLE, identity.tenant_id, identity.user_id, shared=shared)
        async with self._transaction(scope) as connection:
            yield connection

    @asynccontextmanager
    async def queue_transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction over everybody's work, which sees the queue tables and nothing else."""
        async with self._transaction(_scope(QUEUE_ROLE, None, None, shared=False)) as connection:
            yield connection

    async def check(self, timeout: float = 2.0) -> None:
        """Returns when the database answers; raises Unavailable when not within `timeout` seconds.

        A pool that is merely full counts as answering: taking the process out would only load the others more.
        """
        try:
            async with asyncio.timeout(timeout), self.queue_transaction():
                return
        except TimeoutError as error:
            raise _unavailable() from error
        except Unavailable as error:
            if error.reason != "DATABASE_BUSY":
                raise

    def pool(self) -> PoolState:
        """The pool's present state."""
        pool = self._engine.pool
        if not isinstance(pool, QueuePool):
            raise TypeError(f"unexpected pool {pool!r}")
        kept = self._connections.idle
        idle, in_use = pool.checkedin() + kept, pool.checkedout() - kept
        return PoolState(size=idle + in_use, idle=idle, in_use=in_use, limit=self._limit)

    async def direct_connection(self) -> psycopg.AsyncConnection:
        """A connection outside the pool, in autocommit, for LISTEN; the caller closes it."""
        address = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        return await psycopg.AsyncConnection.connect(
            address, autocommit=True, application_name=f"{self.application} listen", connect_timeout=5
        )

    async def notify(self, channel: str) -> None:
        """Sends an empty NOTIFY on its own: it takes a lock of the whole cluster at commit, so never in business."""
        async with self._transaction(_scope(QUEUE_ROLE, None, None, shared=False)) as connection:
            await _NOTIFY.run(connection, {"channel": channel})

    async def close(self) -> None:
        """Closes idle connections; those in use close when returned."""
        await self._connections.close()
        await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def _transaction(self, scope: dict[str, str]) -> AsyncIterator[AsyncConnection]:
        transaction = _Transaction(scope["role"])
        committing = False
        try:
            async with self._begun(scope, transaction) as connection:
                info = connection.info
                info[_KEY] = transaction
                try:
                    yield connection
                finally:
                    info.pop(_KEY, None)
                for hook in transaction.ready:
                    hook()
                committing = True
                await commit(connection)
        except DBAPIError as error:
            typed = typed_error(error, committing=committing)
            if typed is None:
                _drop_values(error)
                raise
            raise typed from error
        except PoolTimeoutError as error:
            raise _busy() from error
        else:
            transaction.undo.clear()
            for hook in transaction.hooks:
                hook()
        finally:
            for hook in transaction.undo:
                hook()

    @asynccontextmanager
    async def _begun(
        self, scope: dict[str, str], transaction: _Transaction
    ) -> AsyncIterator[AsyncConnection]:
        """A connection inside a new transaction, which is rolled back at the end unless committed.

        A pooled connection may have died since its last use (the server restarted, or a proxy lost patience). Nothing
        has happened yet when the first statement finds that out, so the next one is tried: cheaper than asking each
        time before.
        """
        begin = _BEGIN.format(**scope, **self._timeouts)
        for tries_left in range(self._limit, -1, -1):
            async with self._connections.one() as connection:
                try:
                    begun = await send(connection, begin)
                except DBAPIError as error:
                    if error.connection_invalidated and tries_left:
                        continue
                    raise
                transaction.began = begun.one().now
                yield connection
                return


@asynccontextmanager
async def acting_as(
    connection: AsyncConnection, tenant_id: UUID | str, user_id: UUID | str, *, to_the_end: bool = False
) -> AsyncIterator[None]:
    """Inside a queue transaction, steps into one user's scope to touch that user's records, and back again.

    With `to_the_end` it stays there: nothing else follows in the transaction. After an error inside, nothing is
    restored: the transaction is to be rolled back.
    """
    transaction = _of(connection)
    if transaction.role != QUEUE_ROLE:
        raise RuntimeError("acting_as is for queue transactions; a user's transaction stays that user's")
    await _RESCOPE.run(connection, _scope(APP_ROLE, tenant_id, user_id, shared=False))
    transaction.role = APP_ROLE
    yield
    if to_the_end:
        return
    await _RESCOPE.run(connection, _scope(QUEUE_ROLE, None, None, shared=False))
    transaction.role = QUEUE_ROLE


def before_commit(connection: AsyncConnection, hook: Callable[[], None]) -> None:
    """Calls `hook` when the present transaction has done all it does and its commit is about to be sent; the commit may
    still fail. The hook must not block.
    """
    _of(connection).ready.append(hook)


def after_commit(connection: AsyncConnection, hook: Callable[[], None]) -> None:
    """Calls `hook` once the present transaction is committed; never when it is rolled back. The hook must not block."""
    _of(connection).hooks.append(hook)


def after_rollback(connection: AsyncConnection, hook: Callable[[], None]) -> None:
    """Calls `hook` when the present transaction is rolled back, or when nobody can tell; it must not block."""
    _of(connection).undo.append(hook)


def transaction_time(connection: AsyncConnection) -> datetime:
    """When the present transaction began, by the database's clock."""
    began = _of(connection).began
    if began is None:
        raise RuntimeError("the transaction has not begun")
    return began


async def retrying(
    operation: Callable[[], Awaitable[T]], *, attempts: int = 3, idempotent: bool = False, pause: float = 0.05
) -> T:
    """Runs `operation`, which opens its own transaction, again after a conflict or a connection lost before the commit.

    A connection lost during the commit leaves open whether it happened: that is retried only when `idempotent`.
    Waits `pause` seconds, doubling, with jitter.
    """
    for attempt in range(1, attempts):
        try:
            return await operation()
        except (Aborted, Unavailable) as error:
            again = error.reason in {"TRANSACTION_CONFLICT", "DATABASE_UNAVAILABLE"}
            if not again and not (idempotent and error.reason == "COMMIT_UNKNOWN"):
                raise
        await asyncio.sleep(pause * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
    return await operation()


def driver_url(url: str) -> URL:
    """The address with the driver this project uses; accepts postgres://, postgresql:// and postgresql+driver://.

    Raises ValueError, without repeating the address, for anything else.
    """
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except Exception as error:  # noqa: BLE001 - the message may repeat the password
        raise ValueError(f"the database address is not a URL ({type(error).__name__})") from None
    if parsed.get_backend_name() != "postgresql":
        raise ValueError(f"the database has to be PostgreSQL, not {parsed.get_backend_name()}")
    return parsed.set(drivername="postgresql+psycopg")


def typed_error(error: DBAPIError, *, committing: bool = False) -> VitaeError | None:
    """The typed error of a failure of the database itself; None for what the domain has to explain."""
    code = getattr(error.orig, "sqlstate", None)
    if code in {"40001", "40P01"}:
        return Aborted(reason="TRANSACTION_CONFLICT")
    if code == "57014":
        return DeadlineExceeded("The database took too long.", reason="STATEMENT_TIMEOUT")
    if code == "55P03" or (code or "").startswith("53"):
        return _busy()
    lost = error.connection_invalidated or (code is None and isinstance(error.orig, psycopg.OperationalError))
    if lost or (code or "")[:3] == "57P" or (code or "")[:2] == "08" or code == "25006":
        if committing:
            return Unavailable(
                "The connection was lost while saving; check before repeating.", reason="COMMIT_UNKNOWN"
            )
        return _unavailable()
    return None


def _drop_values(error: DBAPIError) -> None:
    """Takes the rows' values out of an error's text before it can reach a log: they are personal data.

    "Failing row contains (...)", "Key (email)=(...)" and "invalid input syntax ..." stay in `orig.diag`.
    """
    original = error.orig
    if isinstance(original, psycopg.Error) and (original.sqlstate or "")[:2] in {"22", "23"}:
        about = " ".join(
            filter(None, (original.sqlstate, original.diag.table_name, original.diag.constraint_name))
        )
        original.args = (about,)
        error.args = (f"({type(original).__name__}) {about}",)
        error.params = None


def _scope(
    role: str, tenant_id: UUID | str | None, user_id: UUID | str | None, *, shared: bool
) -> dict[str, str]:
    return {
        "role": role,
        "tenant": _uuid_text(tenant_id),
        "user": _uuid_text(user_id),
        "shared": "on" if shared else "off",
    }


def _uuid_text(id: UUID | str | None) -> str:
    """The id as text that can stand in a statement; ValueError when it is no UUID."""
    return "" if id is None or id == "" else str(id if isinstance(id, UUID) else UUID(id))


def _of(connection: AsyncConnection) -> _Transaction:
    transaction: _Transaction | None = connection.info.get(_KEY)
    if transaction is None:
        raise RuntimeError("this connection is not in a transaction of a Database")
    return transaction


def _unavailable() -> Unavailable:
    return Unavailable(reason="DATABASE_UNAVAILABLE", retry_after=1)


def _busy() -> Unavailable:
    return Unavailable(
        "Too much is going on at the moment; try again.", reason="DATABASE_BUSY", retry_after=1
    )
