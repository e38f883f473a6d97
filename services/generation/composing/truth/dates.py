"""The calendar dates that a text names, with as much of them as it says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from services.document.date_parsing import parse_date
from services.document.locales import cldr, supported_languages
from services.generation.skills.tokens import fold
from vitae.resume.v1 import common_pb2

_YEAR = r"(?:19|20)\d{2}"
_NUMERIC = (
    rf"{_YEAR}[-/.](?:0?[1-9]|1[0-2])(?:[-/.](?:0?[1-9]|[12]\d|3[01]))?(?!\d)"
    rf"|(?<!\d)(?:0?[1-9]|[12]\d|3[01])[./-]\s?(?:0?[1-9]|1[0-2])[./-]\s?{_YEAR}(?!\d)"
    rf"|(?<!\d)(?:0?[1-9]|1[0-2])[/.-]{_YEAR}(?!\d)"
    rf"|{_YEAR}[年년]\s?(?:1[0-2]|[1-9])[月월](?:\s?(?:[12]\d|3[01]|[1-9])[日일])?"
)

_A_YEAR = re.compile(_YEAR)


@dataclass(frozen=True, slots=True)
class Date:
    """A date; what is not said is 0."""

    year: int
    month: int = 0
    day: int = 0

    def proved_by(self, other: "Date") -> bool:
        """Whether another date says as much or more."""
        return self.year == other.year and self.month in (0, other.month) and self.day in (0, other.day)


def of_partial(date: common_pb2.PartialDate) -> Date | None:
    """The date of a fact, where it has a year."""
    return Date(date.year, date.month, date.day) if date.year else None


def take_dates(text: str) -> tuple[str, list[Date]]:
    """The text without its dates of more than a year, and those dates."""
    if not _A_YEAR.search(text):  # every date of more than a year has one
        return text, []
    found: list[Date] = []

    def note(match: re.Match[str]) -> str:
        date = parse_date(
            _names()
            .sub(lambda name: _ENGLISH[_months()[name.group().casefold()] - 1], match.group())
            .strip(" .,")
        )
        if date is None or not date.year or not date.month or date.text:
            return match.group()
        found.append(Date(date.year, date.month, date.day))
        return " "

    return _pattern().sub(note, text), found


_ENGLISH = "January February March April May June July August September October November December".split()
_CASES = (
    "январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре",
    "січні лютому березні квітні травні червні липні серпні вересні жовтні листопаді грудні",
    "styczniu lutym marcu kwietniu maju czerwcu lipcu sierpniu wrześniu październiku listopadzie grudniu",
)
"""Months as they stand after "in", where CLDR has no such form."""


def _in_english(name: re.Match[str]) -> str:
    return _ENGLISH[_months()[name.group().casefold()] - 1]


@cache
def _names() -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE)


@cache
def _pattern() -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
    small = r"(?:\s+(?:de|del|of|г\.?))?"
    day = r"(?:[12]\d|3[01]|0?[1-9])"
    ordinal = r"(?:st|nd|rd|th|\.|er|º)?"
    return re.compile(
        rf"{_NUMERIC}"
        rf"|(?<!\w)(?:{day}{ordinal}{small}\s+)?(?:{names})\.?{small},?\s+{_YEAR}(?!\d)"
        rf"|(?<!\w)(?:{names})\.?\s+{day}{ordinal},?\s+{_YEAR}(?!\d)",
        re.IGNORECASE,
    )


@cache
def _months() -> Mapping[str, int]:
    found: dict[str, int] = {"sept": 9}
    for names in _CASES:
        found.update((name, number) for number, name in enumerate(names.split(), 1))
    for language in supported_languages():
        months = cldr(language).months
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[form][width].items():
                    word = name.casefold().strip(". ")
                    if word and not word[0].isdigit() and " " not in word:
                        found.setdefault(word, number)
                        found.setdefault(fold(word), number)
    return found
