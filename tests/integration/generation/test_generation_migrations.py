"""The generation database's migrations: up, down and up again, and no drift between them and the tables."""

from services.runtime.migrate import downgrade, drift, pending, upgrade
from tests.support.postgres import Databases

PACKAGE = "services.generation"


def test_the_migrations_make_what_the_code_expects(databases: Databases) -> None:
    urls = databases.empty("generation")
    upgrade(urls.owner_url, PACKAGE)
    assert drift(urls.owner_url, PACKAGE) == ""
    downgrade(urls.owner_url, PACKAGE, "base")
    assert pending(urls.owner_url, PACKAGE)
    upgrade(urls.owner_url, PACKAGE)
    assert drift(urls.owner_url, PACKAGE) == ""
