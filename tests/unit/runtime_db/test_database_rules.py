"""What needs no database: back-off, addresses, and the statements of row-level security."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.db import Database, driver_url
from services.runtime.queue import Outcome, backoff
from services.runtime.row_security import statements


def test_the_back_off_grows_to_an_hour() -> None:
    assert [backoff(spent, 0) / 60 for spent in range(1, 10)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(spent=st.integers(1, 1000), jitter=st.floats(0, 1))
def test_jitter_only_lengthens_and_by_a_fifth_at_most(spent: int, jitter: float) -> None:
    assert backoff(spent, 0) <= backoff(spent, jitter) <= backoff(spent, 0) * 1.2


def test_what_has_ended() -> None:
    assert {each for each in Outcome if each.ended} == {Outcome.COMPLETED, Outcome.FAILED, Outcome.CANCELLED}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_any_spelling_of_postgresql_gets_our_driver(scheme: str) -> None:
    url = driver_url(f"{scheme}://anna:p%40ss@db.example/vitae?host=/run/x")
    assert (url.drivername, url.password, url.query["host"]) == ("postgresql+psycopg", "p@ss", "/run/x")


@pytest.mark.parametrize(
    "url", ["sqlite:///x", "mysql://a:geheim@b/c", "geheim", "postgresql://a:geheim@h:port/x"]
)
def test_addresses_that_are_not_postgresql_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(ValueError, match="database") as refused:
        Database(url, application="test")
    assert "geheim" not in str(refused.value)


def test_a_protected_table_is_forced_and_granted_to_the_app_role_alone() -> None:
    made = statements("exports")
    assert 'alter table "exports" force row level security' in made
    assert not any("vitae_queue" in each for each in made)
    (policy,) = (each for each in made if each.startswith("create policy"))
    assert "tenant_id" in policy
    assert "user_id" in policy
    assert "vitae.shared" in policy


def test_a_tenants_table_knows_no_user() -> None:
    (policy,) = (
        each for each in statements("settings", user_column=None) if each.startswith("create policy")
    )
    assert "vitae.user" not in policy
    assert "vitae.shared" not in policy


def test_only_named_privileges_are_granted() -> None:
    assert 'grant select on table "styles" to vitae_app' in statements("styles", privileges=["select"])
    with pytest.raises(ValueError, match="privileges"):
        statements("styles", privileges=["truncate"])
    with pytest.raises(ValueError, match="plain SQL name"):
        statements('styles"; drop table x')
