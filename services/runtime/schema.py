"""Whether a database has the schema this code needs, told without Alembic: a service only asks, and starts sooner.

    await require_schema(database, "services.storage", wait=60)
    missing("services.storage", ["0001"])  ->  ["0002", "0003"]

Migrations name themselves and what they follow in two literals, `revision` and `down_revision`; they are read, not run.
"""

import ast
import asyncio
import importlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.runtime.db import Database
from services.runtime.errors import FailedPrecondition, Unavailable
from services.runtime.logs import get_logger

_POLL = 0.1
"""Seconds between looks at a database that is not there yet."""

_NOT_PREPARED = frozenset({"22023", "28000", "28P01", "3D000", "42501"})
"""SQLSTATE of a role or database that is not there, or may not yet do what it is for: database_roles.sql or the
migrations are still at work, or were never run."""


async def require_schema(database: Database, package: str, *, wait: float = 0.0) -> None:
    """For start-up: returns once the database has every migration this code needs, within `wait` seconds.

    Raises:
        Unavailable: DATABASE_UNAVAILABLE, it does not answer.
        FailedPrecondition: SCHEMA_BEHIND, it lacks a migration; DATABASE_NOT_PREPARED, its roles lack rights.
    """
    until = asyncio.get_running_loop().time() + wait
    told = False
    while True:
        try:
            await _require(database, package)
        except (Unavailable, FailedPrecondition) as error:
            if asyncio.get_running_loop().time() >= until:
                raise
            if not told:
                get_logger(__name__).info("waiting_for_database", reason=error.reason)
                told = True
            await asyncio.sleep(_POLL)
        else:
            return


def missing(package: str, applied: Sequence[str]) -> list[str]:
    """The known revisions that are not ancestors of the `applied` ones, oldest first.

    A revision this code does not know was applied by a newer version, which knows all of ours.
    """
    before = _followed(package)
    if set(applied) - before.keys():
        return []
    reached = set(_with_ancestors(before, applied))
    return [each for each in _oldest_first(before) if each not in reached]


async def _require(database: Database, package: str) -> None:
    try:
        applied = await _applied(database)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _NOT_PREPARED:
            raise
        raise FailedPrecondition(
            "The database is not prepared for this service: run database_roles.sql and the migrations.",
            reason="DATABASE_NOT_PREPARED",
        ) from error
    lacking = missing(package, applied)
    if lacking:
        raise FailedPrecondition(
            f"The database lacks the migrations {', '.join(lacking)}: run python -m {package}.migrate upgrade.",
            reason="SCHEMA_BEHIND",
        )


async def _applied(database: Database) -> list[str]:
    async with database.queue_transaction() as connection:
        there = await connection.execute(text("select to_regclass('alembic_version') is not null"))
        if not there.scalar_one():
            return []
        return list((await connection.execute(text("select version_num from alembic_version"))).scalars())


@cache
def _followed(package: str) -> Mapping[str, tuple[str, ...]]:
    """What each known revision comes after."""
    folder = Path(next(iter(importlib.import_module(package).__path__))) / "migrations" / "versions"
    return dict(_revision(path) for path in sorted(folder.glob("*.py")))


def _revision(path: Path) -> tuple[str, tuple[str, ...]]:
    """Raises ValueError for a migration that does not name itself."""
    named = dict(_literals(ast.parse(path.read_text(encoding="utf-8"))))
    revision, before = named.get("revision"), named.get("down_revision")
    if not isinstance(revision, str) or "down_revision" not in named:
        raise ValueError(f"{path} does not say its revision and down_revision as literals")
    if before is None:
        return revision, ()
    return revision, (before,) if isinstance(before, str) else tuple(map(str, before))


def _literals(module: ast.Module) -> Iterator[tuple[str, str | tuple[str, ...] | None]]:
    """Names given to literals at the top of a module: `a = "x"`, `a: str = "x"`, `a, b = "x", None`."""
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value = statement.target, statement.value
        else:
            continue
        pairs = (
            zip(target.elts, value.elts, strict=True)
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            else ((target, value),)
        )
        for name, given in pairs:
            if isinstance(name, ast.Name) and name.id in {"revision", "down_revision"}:
                yield name.id, ast.literal_eval(given)


def _with_ancestors(before: Mapping[str, tuple[str, ...]], revisions: Sequence[str]) -> Iterator[str]:
    for each in revisions:
        yield each
        yield from _with_ancestors(before, before[each])


def _oldest_first(before: Mapping[str, tuple[str, ...]]) -> list[str]:
    ordered: dict[str, None] = {}

    def add(revision: str) -> None:
        for each in before[revision]:
            add(each)
        ordered.setdefault(revision)

    for each in before:
        add(each)
    return list(ordered)
