"""The storage database's migrations, on an empty database, up and down."""

from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from services.runtime.db import driver_url
from services.runtime.migrate import downgrade, drift, pending, upgrade
from tests.support.postgres import Databases

PACKAGE = "services.storage"


def test_migrations_make_what_the_code_expects_and_take_it_back(databases: Databases) -> None:
    urls = databases.empty("storage")
    assert pending(urls.owner_url, PACKAGE)
    upgrade(urls.owner_url, PACKAGE)
    assert pending(urls.owner_url, PACKAGE) == []
    assert drift(urls.owner_url, PACKAGE) == ""
    upgrade(urls.owner_url, PACKAGE)
    downgrade(urls.owner_url, PACKAGE, "base")
    engine = create_engine(driver_url(urls.owner_url), poolclass=NullPool)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    upgrade(urls.owner_url, PACKAGE)
    assert drift(urls.owner_url, PACKAGE) == ""
