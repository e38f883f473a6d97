"""Alembic for every service: one environment each under services/<name>/migrations, one implementation here.

services/storage/migrate.py, so that `python -m services.storage.migrate upgrade` works:

    if __name__ == "__main__":
        sys.exit(main("storage", "services.storage"))

services/storage/migrations/env.py:

    run_environment(metadata)

    upgrade [revision]      brings the schema forward (head); safe to start from several jobs at once
    downgrade <revision>    takes it back
    check                   exit code 1 while a migration this code needs is missing; a newer schema is fine
    drift                   exit code 1 when the models and the migrated schema differ (development)
    revision <message>      writes a new migration from the difference (development)

The address is the owner's, VITAE_<SERVICE>_DATABASE_OWNER_URL, and must be direct (no PgBouncer): an advisory lock of
the session keeps two jobs apart. Each migration has a transaction of its own and waits `lock_timeout` for a table lock
at most, so that a waiting ALTER TABLE never blocks the traffic behind it for long.
"""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy import Connection, MetaData, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from services.runtime.config import ConfigError, Seconds, load, rows, setting
from services.runtime.db import APP_ROLE, QUEUE_ROLE, driver_url
from services.runtime.schema import missing

ADVISORY_LOCK = 0x7669746165
""""vitae" in ASCII; one database holds one service, so one key is enough."""

_LOCK_POLL = 0.2


@dataclass(frozen=True)
class MigrationConfig:
    """What a migration job reads."""

    url: str = setting(
        "VITAE_{PROCESS}_DATABASE_OWNER_URL",
        meaning="postgresql:// address of the service's database with its owner role, for migrations only.",
        secret=True,
    )
    wait: Seconds = setting(
        "VITAE_{PROCESS}_MIGRATION_WAIT",
        default="5m",
        meaning="How long a migration job waits for another one to finish.",
        minimum=0,
    )
    lock_timeout: Seconds = setting(
        "VITAE_{PROCESS}_MIGRATION_LOCK_TIMEOUT",
        default="10s",
        meaning="How long a migration waits for a table in use before it gives up.",
        minimum=0.1,
    )


class MigrationError(Exception):
    """The schema could not be brought where it should be; the message says what to do."""


def main(service: str, package: str, argv: Sequence[str] | None = None) -> int:
    """The command line of `python -m services.<name>.migrate`; returns the exit code."""
    arguments = _arguments(service, argv)
    try:
        config = load(MigrationConfig, _own(os.environ, service), process=service, shared=())
        return _run(arguments, config, package)
    except (ConfigError, MigrationError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line talks to its terminal
        return 2


def upgrade(
    url: str, package: str, revision: str = "head", *, wait: float = 300.0, lock_timeout: float = 10.0
) -> None:
    """Migrates the database at the owner's address `url` forward. Raises MigrationError."""
    with _migrating(url, package, wait, lock_timeout) as (config, connection):
        command.upgrade(config, revision)
        connection.execute(text(f"grant select on alembic_version to {APP_ROLE}, {QUEUE_ROLE}"))
        connection.commit()


def downgrade(
    url: str, package: str, revision: str, *, wait: float = 300.0, lock_timeout: float = 10.0
) -> None:
    """Migrates backward to `revision` ("base" for an empty database). Raises MigrationError."""
    with _migrating(url, package, wait, lock_timeout) as (config, _):
        command.downgrade(config, revision)


def pending(url: str, package: str) -> list[str]:
    """The revisions this code knows and the database lacks, oldest first."""
    with _connected(url) as connection:
        applied = MigrationContext.configure(connection).get_current_heads()
    return missing(package, applied)


def drift(url: str, package: str) -> str:
    """How the models differ from the migrated database, "" when they agree."""
    with _migrating(url, package, 0, 10) as (config, _):
        try:
            command.check(config)
        except CommandError as error:
            return str(error)
    return ""


def run_environment(metadata: MetaData) -> None:
    """What a service's env.py calls. The connection comes from this module."""
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is None:
        raise MigrationError(
            "start migrations with python -m services.<name>.migrate, not with alembic itself"
        )
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _run(arguments: argparse.Namespace, config: MigrationConfig, package: str) -> int:
    verb: str = arguments.verb
    waits = {"wait": config.wait, "lock_timeout": config.lock_timeout}
    if verb == "upgrade":
        upgrade(config.url, package, arguments.revision, **waits)
    elif verb == "downgrade":
        downgrade(config.url, package, arguments.revision, **waits)
    elif verb == "revision":
        with _migrating(config.url, package, **waits) as (alembic, _):
            command.revision(alembic, arguments.message, autogenerate=True)
    else:
        lacking = pending(config.url, package)
        difference = "" if lacking or verb == "check" else drift(config.url, package)
        for line in (*(f"missing: {each}" for each in lacking), *filter(None, [difference])):
            print(line, file=sys.stderr)  # noqa: T201 - a command line talks to its terminal
        return 1 if lacking or difference else 0
    return 0


@contextmanager
def _migrating(
    url: str, package: str, wait: float, lock_timeout: float
) -> Iterator[tuple[Config, Connection]]:
    with _connected(url) as connection:
        _lock(connection, wait)
        limits = {"wait": f"{lock_timeout * 1000:.0f}ms"}
        connection.execute(text("select set_config('lock_timeout', :wait, false)"), limits)
        connection.execute(text("select set_config('statement_timeout', '0', false)"))
        connection.commit()
        config = _config(package)
        config.attributes["connection"] = connection
        try:
            yield config, connection
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == "55P03":
                message = (
                    "a table was in use for too long; nothing of this migration is applied, start it again"
                )
                raise MigrationError(message) from error
            raise
        except CommandError as error:
            raise MigrationError(str(error)) from error


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(
        driver_url(url),
        poolclass=NullPool,
        connect_args={"application_name": "migrate", "connect_timeout": 5},
    )
    with engine.connect() as connection:
        yield connection


def _lock(connection: Connection, wait: float) -> None:
    """Waits by asking again: a statement waiting inside PostgreSQL would block CREATE INDEX CONCURRENTLY for ever."""
    until = time.monotonic() + wait
    while not connection.execute(
        text("select pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK}
    ).scalar_one():
        connection.rollback()
        if time.monotonic() >= until:
            raise MigrationError(
                f"another migration has been running for {wait:.0f} s; wait for it, or end it"
            )
        time.sleep(_LOCK_POLL)
    connection.commit()


def _config(package: str, output: TextIO | None = None) -> Config:
    folder = Path(next(iter(importlib.import_module(package).__path__))) / "migrations"
    if not (folder / "env.py").is_file():
        raise MigrationError(f"{package} has no migrations/env.py")
    config = Config(stdout=output or sys.stderr)
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _own(environ: Mapping[str, str], service: str) -> dict[str, str]:
    """Only a job's own variables: it may be given the environment of its service, which it does not read."""
    names = {each.name for each in rows(MigrationConfig, process=service)}
    return {name: value for name, value in environ.items() if name.removesuffix("_FILE") in names}


def _arguments(service: str, argv: Sequence[str] | None) -> argparse.Namespace:
    parser: Any = argparse.ArgumentParser(
        prog=f"python -m services.{service}.migrate", description="Database schema."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("upgrade", help="bring the schema forward").add_argument(
        "revision", nargs="?", default="head"
    )
    verbs.add_parser("downgrade", help="take the schema back").add_argument("revision")
    verbs.add_parser("check", help="exit code 1 while a migration is missing")
    verbs.add_parser("drift", help="exit code 1 when models and schema differ")
    verbs.add_parser("revision", help="write a new migration").add_argument("message")
    parsed: argparse.Namespace = parser.parse_args(argv)
    return parsed
