"""Statements sent by the driver itself, for the few on a request's critical path.

    FINISH = Statement("delete from work_items where id = :id returning kind")
    HEAD = Statement(select(documents).where(documents.c.id == bindparam("id")))
    row = (await FINISH.run(connection, {"id": id})).one_or_none()

Within a transaction of a Database (db.py), in any order with `connection.execute`. What SQLAlchemy does around a
statement (looking up its compiled form, wrapping the result, switching stacks) costs three times as much as sending it.
Values go to the driver as they are, and come as it makes them: UUID, datetime, timedelta, bytes, int, str, lists of
these. Errors are SQLAlchemy's, as from `connection.execute`.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ClauseElement

_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


class Rows(list[Any]):
    """What a statement answered; each row a named tuple."""

    def __init__(self, rows: list[Any], affected: int) -> None:
        super().__init__(rows)
        self.affected = affected
        """Rows the statement returned or changed."""

    def first(self) -> Any:
        """The first row, None when there is none."""
        return self[0] if self else None

    def one_or_none(self) -> Any:
        """The only row, None when there is none. Raises MultipleResultsFound."""
        if len(self) > 1:
            raise MultipleResultsFound("the statement answered with more than one row")
        return self.first()

    def one(self) -> Any:
        """The only row. Raises NoResultFound and MultipleResultsFound."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("the statement answered with no row")
        return row

    def scalar_one(self) -> Any:
        """The only row's first value. Raises NoResultFound and MultipleResultsFound."""
        return self.one()[0]


class Statement:
    """SQL with parameters by name (`:name`, or `bindparam`), made ready once."""

    def __init__(self, sql: str | ClauseElement) -> None:
        made = text(sql) if isinstance(sql, str) else sql
        self._sql = str(made.compile(dialect=_DIALECT))

    async def run(self, connection: AsyncConnection, values: Mapping[str, Any]) -> Rows:
        """Runs it in the connection's transaction. Raises DBAPIError (IntegrityError, ...) as `execute` does."""
        return await send(connection, self._sql, values)


async def send(connection: AsyncConnection, sql: str, values: Mapping[str, Any] | None = None) -> Rows:
    """Sends what the driver understands; the rows of the first answer where `sql` is several statements."""
    driver = driver_of(connection)
    try:
        cursor = await driver.cursor(row_factory=namedtuple_row).execute(sql, values)
        rows = await cursor.fetchall() if cursor.description is not None else []
    except psycopg.Error as error:
        if driver.closed:
            await connection.invalidate(error)
        raise _as_sqlalchemy_has_it(error, sql, driver) from error
    except asyncio.CancelledError:
        # Nobody knows how far it came.
        await connection.invalidate()
        raise
    return Rows(rows, cursor.rowcount)


async def commit(connection: AsyncConnection) -> None:
    """Commits the transaction. Raises DBAPIError."""
    await send(connection, "commit")


def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """The driver's connection beneath."""
    held = connection.sync_connection
    beneath = held.connection.driver_connection if held is not None else None
    if not isinstance(beneath, psycopg.AsyncConnection):
        raise TypeError(f"not a connection of psycopg: {beneath!r}")
    return beneath


def _as_sqlalchemy_has_it(error: psycopg.Error, sql: str, driver: psycopg.AsyncConnection[Any]) -> DBAPIError:
    made = DBAPIError.instance(
        sql, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=driver.closed
    )
    if not isinstance(made, DBAPIError):
        raise TypeError(f"not an error of the driver: {made!r}")
    return made
