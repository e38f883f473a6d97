"""The names of months kept as data."""

from services.document.month_names import from_cldr, month_names


def test_they_are_those_of_the_installed_cldr() -> None:
    told = "run python -m services.document.month_names"
    assert dict(month_names()) == from_cldr(), told


def test_every_month_has_names_and_none_means_two() -> None:
    assert set(month_names().values()) == set(range(1, 13))
    assert month_names()["juin"] == 6
    assert month_names()["März".casefold()] == month_names()["marz"] == 3
