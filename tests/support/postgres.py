"""A real PostgreSQL for tests: one private cluster per run, a database of its own for each test that asks.

    async def test_it(databases):
        urls = databases.migrated("storage", "services.storage")    # migrated once per run, then cloned (20 ms)
        database = Database(urls.login_url, application="test")

VITAE_TEST_PG_BIN names the folder of another PostgreSQL's programs, to run the same tests on that
(/usr/lib/postgresql/15/bin).
"""

import gc
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from deploy.local.postgres import Cluster, ServiceDatabase, start
from services.runtime.migrate import upgrade


class Databases:
    """Makes databases in the run's cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._templates: dict[tuple[str, str], str] = {}
        self._made: list[str] = []

    def empty(self, service: str) -> ServiceDatabase:
        """A new database with the service's roles and nothing in it."""
        name = _name(service)
        self._made.append(name)
        return self.cluster.prepare(service, name)

    def migrated(self, service: str, package: str) -> ServiceDatabase:
        """A new database at the head of the package's migrations."""
        return self.made(service, package, lambda urls: upgrade(urls.owner_url, package))

    def made(self, service: str, key: str, make: Callable[[ServiceDatabase], None]) -> ServiceDatabase:
        """A copy of what `make` makes of an empty database; made once per run and `key`."""
        template = self._templates.get((service, key))
        if template is None:
            template = _name(f"{service}_template")
            make(self.cluster.prepare(service, template))
            self._templates[service, key] = template
        return self._clone(service, template)

    def drop(self) -> None:
        """Drops the databases made since the last drop, templates excepted."""
        # A connection whose opening was cancelled lives on in its task's traceback, and the server waits for it to
        # authenticate for a minute, in which no database can be dropped.
        gc.collect(1)
        for name in self._made:
            self._admin(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        self._made.clear()

    def _clone(self, service: str, template: str) -> ServiceDatabase:
        name = _name(service)
        self._made.append(name)
        names = {
            "name": sql.Identifier(name),
            "template": sql.Identifier(template),
            "owner": sql.Identifier(f"vitae_{service}_owner"),
            "login": sql.Identifier(f"vitae_{service}"),
        }
        self._admin(
            sql.SQL("create database {name} owner {owner} template {template}").format(**names),
            sql.SQL("revoke all on database {name} from public").format(**names),
            sql.SQL("grant connect on database {name} to {login}").format(**names),
        )
        return self.cluster.database(service, name)

    def _admin(self, *statements: sql.Composed) -> None:
        with psycopg.connect(self.cluster.admin_url(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The run's cluster."""
    folder = tmp_path_factory.mktemp("postgres")
    programs = os.environ.get("VITAE_TEST_PG_BIN")
    with start(folder, programs=Path(programs) if programs else None, durable=False) as cluster:
        yield cluster
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def session_databases(postgres: Cluster) -> Databases:
    """The run's databases, for fixtures that outlive a test."""
    return Databases(postgres)


@pytest.fixture
def databases(session_databases: Databases) -> Iterator[Databases]:
    """Makes databases that are dropped after the test."""
    yield session_databases
    session_databases.drop()


def _name(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:12]}"
