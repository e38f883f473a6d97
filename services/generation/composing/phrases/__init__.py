"""The words that the composer itself writes or knows, by language: words.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def phrases(locale: str) -> Mapping[str, str]:
    """The phrases of a locale's language, English where there are none."""
    tables = _tables()
    chinese = "zh-Hant" if locale.lower().startswith(("zh-hant", "zh-tw", "zh-hk")) else ""
    return tables.get(chinese or locale.partition("-")[0].lower(), tables["en"])


@cache
def training_words() -> tuple[frozenset[str], tuple[str, ...]]:
    """Folded words of the titles of those who learn: whole ones, and beginnings."""
    words = _tables()["training"]["words"].split()
    beginnings = tuple(each.removesuffix("*") for each in words if each.endswith("*"))
    return frozenset(each for each in words if not each.endswith("*")), beginnings


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
