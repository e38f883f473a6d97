"""Migrations through the shared implementation, with a service made for it and the real ones."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from services.runtime.db import Database
from services.runtime.errors import FailedPrecondition, Unavailable
from services.runtime.migrate import (
    ADVISORY_LOCK,
    MigrationError,
    downgrade,
    drift,
    pending,
    upgrade,
)
from services.runtime.schema import missing, require_schema
from tests.support.postgres import Databases

ENVIRONMENT = """
from sqlalchemy import Column, MetaData, Table, Text, Uuid
from services.runtime.migrate import run_environment
from services.runtime.queue.tables import queue_tables

metadata = MetaData()
queue_tables(metadata)
Table("notes", metadata, Column("id", Uuid, primary_key=True), Column("body", Text, nullable=False))
run_environment(metadata)
"""

FIRST = """
from alembic import op
from services.runtime.queue.tables import create_queue_v1, drop_queue_v1

revision, down_revision = "0001", None

def upgrade():
    create_queue_v1(op)

def downgrade():
    drop_queue_v1(op)
"""

SECOND = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"

def upgrade():
    op.create_table("notes", sa.Column("id", sa.Uuid, primary_key=True), sa.Column("body", sa.Text, nullable=False))
    with op.get_context().autocommit_block():
        op.create_index("notes_body", "notes", ["body"], postgresql_concurrently=True)
        op.drop_index("notes_body", "notes", postgresql_concurrently=True)

def downgrade():
    op.drop_table("notes")
"""

COMMAND = """
import sys
from services.runtime.migrate import main
sys.exit(main("storage", "sample_migrations"))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    versions = tmp_path / "sample_migrations" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "sample_migrations" / "__init__.py").touch()
    (tmp_path / "sample_migrations" / "migrate.py").write_text(COMMAND)
    (versions.parent / "env.py").write_text(ENVIRONMENT)
    (versions / "0001_queue.py").write_text(FIRST)
    (versions / "0002_notes.py").write_text(SECOND)
    monkeypatch.syspath_prepend(tmp_path)
    yield "sample_migrations"
    sys.modules.pop("sample_migrations", None)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {
            row[0]
            for row in connection.execute("select tablename from pg_tables where schemaname = 'public'")
        }


def test_the_schema_goes_forward_and_back(databases: Databases, package: str) -> None:
    url = databases.empty("sample").owner_url
    assert pending(url, package) == ["0001", "0002"]
    upgrade(url, package, "0001")
    assert pending(url, package) == ["0002"]
    upgrade(url, package)
    upgrade(url, package)
    assert pending(url, package) == []
    assert drift(url, package) == ""
    assert tables(url) == {"alembic_version", "notes", "user_slots", "work_items"}
    downgrade(url, package, "base")
    assert tables(url) == {"alembic_version"}


def test_models_that_differ_from_the_schema_are_told(
    databases: Databases, package: str, tmp_path: Path
) -> None:
    url = databases.empty("sample").owner_url
    upgrade(url, package)
    environment = tmp_path / "sample_migrations" / "migrations" / "env.py"
    environment.write_text(ENVIRONMENT.replace("nullable=False", "nullable=True"))
    assert "modify_nullable" in drift(url, package)


def test_two_jobs_at_once_apply_everything_once(databases: Databases, package: str) -> None:
    url = databases.empty("sample").owner_url
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(_command, url, "upgrade") for _ in range(2)]
    assert [job.result().returncode for job in jobs] == [0, 0]
    assert pending(url, package) == []


def test_a_job_gives_up_waiting_for_another(databases: Databases, package: str) -> None:
    url = databases.empty("sample").owner_url
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", [ADVISORY_LOCK])
        began = time.monotonic()
        with pytest.raises(MigrationError, match="another migration"):
            upgrade(url, package, wait=0.3)
        assert time.monotonic() - began < 5


def test_a_table_in_use_is_an_error_with_advice_and_changes_nothing(
    databases: Databases, package: str
) -> None:
    url = databases.empty("sample").owner_url
    upgrade(url, package)
    with psycopg.connect(url) as reader:
        reader.execute("lock table notes in access share mode")
        with pytest.raises(MigrationError, match="in use"):
            downgrade(url, package, "0001", lock_timeout=0.2)
    assert pending(url, package) == []


async def test_a_service_refuses_a_schema_that_is_behind(databases: Databases, package: str) -> None:
    urls = databases.empty("sample")
    database = Database(urls.login_url, application="test")
    with pytest.raises(FailedPrecondition, match="0001, 0002"):
        await require_schema(database, package)
    upgrade(urls.owner_url, package, "0001")
    with pytest.raises(FailedPrecondition, match=r"0002: run python -m sample_migrations\.migrate upgrade"):
        await require_schema(database, package)
    upgrade(urls.owner_url, package)
    await require_schema(database, package)
    await database.close()


async def test_a_service_that_may_wait_starts_once_the_migrations_are_done(
    databases: Databases, package: str
) -> None:
    urls = databases.empty("sample")
    database = Database(urls.login_url, application="test")
    waiting = asyncio.create_task(require_schema(database, package, wait=60))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await asyncio.to_thread(upgrade, urls.owner_url, package)
    await waiting
    await database.close()


async def test_a_service_waits_for_a_database_that_is_not_made_yet(
    databases: Databases, package: str
) -> None:
    made = databases.empty("sample")
    name = made.login_url.split("@/")[1].split("?")[0]
    database = Database(made.login_url.replace(name, "no_such_database"), application="test")
    with pytest.raises((FailedPrecondition, Unavailable)):
        await require_schema(database, package, wait=0.3)
    await database.close()


@pytest.mark.parametrize("service", ["generation", "storage"])
def test_revisions_read_without_alembic_are_those_alembic_knows(service: str) -> None:
    package = f"services.{service}"
    config = Config()
    folder = Path(__file__).parents[3] / "services" / service / "migrations"
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert missing(package, []) == [each.revision for each in reversed(scripts)]
    for number, each in enumerate(scripts):
        assert missing(package, [each.revision]) == [later.revision for later in reversed(scripts[:number])]


@pytest.mark.parametrize("service", ["generation", "storage"])
def test_the_services_migrations_go_both_ways_and_match_their_models(
    databases: Databases, service: str
) -> None:
    url, package = databases.empty(service).owner_url, f"services.{service}"
    upgrade(url, package)
    assert drift(url, package) == ""
    downgrade(url, package, "base")
    assert tables(url) == {"alembic_version"}
    upgrade(url, package)


def test_a_schema_of_a_newer_version_is_fine(package: str) -> None:
    assert missing(package, ["0009"]) == []
    assert missing(package, ["0001"]) == ["0002"]


def test_the_command_line_tells_by_exit_code(databases: Databases, package: str) -> None:
    url = databases.empty("sample").owner_url
    behind = _command(url, "check")
    assert (behind.returncode, "missing: 0001" in behind.stderr) == (1, True)
    assert _command(url, "upgrade").returncode == 0
    assert _command(url, "check").returncode == 0
    assert _command(url, "drift").returncode == 0
    assert _command(url, "downgrade", "base").returncode == 0
    unset = _command("", "check")
    assert (unset.returncode, "VITAE_STORAGE_DATABASE_OWNER_URL" in unset.stderr) == (2, True)


def _command(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, sys.path)),
        "VITAE_STORAGE_DATABASE_OWNER_URL": url,
        "VITAE_STORAGE_SOMETHING_ELSE": "which a migration job does not read",
    }
    return subprocess.run(
        [sys.executable, "-m", "sample_migrations.migrate", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
