"""Numbers by what they are worth, whatever script, separators and words they are written in."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from babel.dates import format_timedelta

from services.document.locales import cldr, supported_languages
from services.generation.skills.tokens import fold

_GROUPED = re.compile(r"\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d+)?")
_CURRENCIES = frozenset("EUR USD GBP CHF JPY CNY RUB PLN TRY INR KRW UAH".split())
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_PER_CENT = re.compile(r"\b(?:per ?cent(?:o|age)?|pour ?cent|por ?c(?:iento|ento))\b", re.IGNORECASE)


class Quantity(NamedTuple):
    """A number of a text and what it is a number of."""

    text: str
    values: frozenset[Decimal]
    """What it may be worth; more than one only where the language leaves it open ("1.200" in English)."""
    unit: str = ""
    modifier: str = ""
    """"~" about, "<" less than, ">" more than."""
    before: str = ""
    """The word before it, folded; "" where another number or a pause stands there."""
    after: tuple[str, ...] = ()
    """The words after it up to the next number or pause."""
    joined: bool = False
    """Whether the number before it stands next to it: "from 50 to 6"."""

    @property
    def year(self) -> int:
        """The calendar year it may be; 0 for none."""
        value = next(iter(self.values), Decimal(0))
        plain = self.text.isdigit() and len(self.text) == 4 and not self.unit
        return int(value) if plain and 1900 <= value <= 2100 else 0

    def proved_by(self, other: "Quantity") -> bool:
        """Whether another number says as much: "more than 40" proves 40, "about 40" only "about 40"."""
        if not self.values & other.values or self.unit != other.unit:
            return False
        return self.modifier == other.modifier or (other.modifier == ">" and not self.modifier)

    def scaled(self, factor: int) -> "Quantity":
        """The number times a thousand, a million ..."""
        return self._replace(values=frozenset(each * factor for each in self.values))


def plain(text: str) -> str:
    """A text with Western digits, one kind of dash, quote and space; case and accents stay."""
    if not text.isascii():
        text = _NOT_ASCII.sub(_plain_character, unicodedata.normalize("NFKC", text))
    return _PER_CENT.sub("%", text)


def _plain_character(match: re.Match[str]) -> str:
    character = match.group()
    return str(unicodedata.digit(character)) if character.isdecimal() else _PLAIN.get(character, character)


_PLAIN = {
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": "-",
    "−": "-",
    "’": "'",
    "٫": ".",
    "٬": ",",
    "٪": "%",
    "、": ",",
    "،": ",",
    "؛": ";",
}


def readings(literal: str, tag: str) -> frozenset[Decimal]:
    """What a number of digits and separators may be worth in a language; empty for "24/7" and "10:30"."""
    marks = [each for each in literal if not each.isdigit()]
    if not marks:
        return frozenset([Decimal(literal)])
    if any(each in ":/" for each in marks):
        return frozenset()
    if _GROUPED.fullmatch(literal):
        return frozenset([Decimal(re.sub(r"[ '’]", "", literal).replace(",", "."))])
    if len(set(marks)) == 2:
        return _both_marks(literal, marks)
    return _one_mark(literal, marks[0], tag)


def _both_marks(literal: str, marks: list[str]) -> frozenset[Decimal]:
    """The last of two kinds of separators is the decimal one."""
    last = marks[-1]
    (other,) = set(marks) - {last}
    if marks.count(last) > 1:
        return frozenset()
    return frozenset([Decimal(literal.replace(other, "").replace(last, "."))])


def _one_mark(literal: str, mark: str, tag: str) -> frozenset[Decimal]:
    head, *groups = literal.split(mark)
    thousands = len(head) <= 3 and not head.startswith("0") and all(len(each) == 3 for each in groups)
    grouped = Decimal("".join((head, *groups)))
    if len(groups) > 1:
        return frozenset([grouped]) if thousands else frozenset()
    decimal = Decimal(f"{head}.{groups[0]}")
    if not thousands:
        return frozenset([decimal])
    return frozenset([grouped]) if mark == _symbol(tag, "group") else frozenset([decimal, grouped])


def unit_of(word: str) -> str:
    """The unit that a word or sign names; "" for none. A capital M is a million and no metre."""
    return "" if word == "M" else _units().get(fold(word), "")


def is_currency(unit: str) -> bool:
    """Whether a unit is money."""
    return unit in _CURRENCIES


def scale_of(word: str, *, touches: bool, money: bool) -> int:
    """What a word after a number multiplies it by; 0 for nothing. A small "m" is a metre unless it is money."""
    folded = fold(word)
    if len(folded) == 1 and folded.isascii():
        if not touches and not money:
            return 0
        if word == "m" and not money:
            return 0
    return _scales().get(folded, 0)


@cache
def _symbol(tag: str, name: str) -> str:
    return str(cldr(tag).number_symbols["latn"][name])


@cache
def _units() -> Mapping[str, str]:
    found = {}
    for name, written in _table()["units"].items():
        for word in str(written).split():
            found[fold(word)] = name.removesuffix("_words")
    for tag in supported_languages():
        for name, seconds in _DURATIONS.items():
            for number in (1, 2, 3, 5, 11, 100):
                length = timedelta(seconds=number * seconds)
                written = format_timedelta(length, granularity=name, threshold=1_000_000, locale=cldr(tag))
                words = _NO_WORD.sub(" ", plain(written)).split()
                if len(words) == 1 and fold(words[0]) not in _ARTICLES:
                    found.setdefault(fold(words[0]), name)
    return found


_DURATIONS: Mapping[Literal["year", "month", "week", "day", "hour", "minute", "second"], int] = {
    "second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800, "month": 2_592_000, "year": 31_536_000,
}  # fmt: skip
_NO_WORD = re.compile(r"[\d\s\u200e\u200f]+")
_ARTICLES = frozenset({"an"})
"""A French year is an English article."""


@cache
def _scales() -> Mapping[str, int]:
    return {fold(name): int(value) for name, value in _table()["scales"].items()}


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(files(__package__).joinpath("units.toml").read_text(encoding="utf-8"))
