"""PartialDate, a date of which the month or day may be unknown: comparing it and writing it in a language."""

import datetime as dt
from functools import lru_cache

from babel.dates import format_date as format_cldr_date
from babel.dates import format_skeleton, format_timedelta

from services.document.date_parsing import means_present, parse_date
from services.document.locales import cldr, words
from vitae.render.v1 import options_pb2
from vitae.resume.v1 import common_pb2

__all__ = [
    "format_date",
    "format_day",
    "format_range",
    "iso",
    "means_present",
    "month_number",
    "parse_date",
    "years_in_words",
]

_SKELETONS = {
    options_pb2.DATE_FORMAT_UNSPECIFIED: "yMMM",
    options_pb2.DATE_FORMAT_MONTH_YEAR_SHORT: "yMMM",
    options_pb2.DATE_FORMAT_MONTH_YEAR_LONG: "yMMMM",
}
"""CLDR skeletons of month and year."""

_RANGE_MARK = " – "


def iso(date: common_pb2.PartialDate) -> str:
    """The known parts as ISO 8601: "2014-06-29", "2014-06" or "2014"; empty when the year is unknown."""
    parts = [f"{date.year:04}"] if date.year else []
    if date.year and date.month:
        parts += [f"{date.month:02}"] + ([f"{date.day:02}"] if date.day else [])
    return "-".join(parts)


def month_number(date: common_pb2.PartialDate, *, last: bool = False) -> int | None:
    """Months since year 0, to compare and to subtract. January (December if `last`) where the month is unknown;
    None where the year is.
    """
    if not date.year:
        return None
    return date.year * 12 + ((date.month or (12 if last else 1)) - 1)


def format_date(
    date: common_pb2.PartialDate,
    locale: str,
    date_format: options_pb2.DateFormat.ValueType = options_pb2.DATE_FORMAT_UNSPECIFIED,
) -> str:
    """The date in a language: "Mar 2021". Only what is known is printed, and days never: resumes name months.

    A date kept as its writer's text is printed as that text, a word that means now as the language's own.
    """
    if date.text:
        return words(locale).labels["present"] if means_present(date.text) else " ".join(date.text.split())
    if not date.year:
        return ""
    return _month_and_year(date.year, date.month, locale, date_format)


def years_in_words(years: int, locale: str) -> str:
    """A number of years in a language: "1 year", "14 ans". Not by babel's format_unit, which writes "14 duration-year"
    in the languages whose long form CLDR takes from the short one.
    """
    length = dt.timedelta(days=365 * years)
    return format_timedelta(length, granularity="year", threshold=1_000, locale=cldr(locale))


def format_range(
    start: common_pb2.PartialDate | None,
    end: common_pb2.PartialDate | None,
    locale: str,
    date_format: options_pb2.DateFormat.ValueType = options_pb2.DATE_FORMAT_UNSPECIFIED,
    *,
    is_current: bool = False,
) -> str:
    """A period: "Mar 2021 – Present". One date where only one is known or both print alike."""
    first = format_date(start, locale, date_format) if start is not None else ""
    if is_current:
        last = words(locale).labels["present"]
    else:
        last = format_date(end, locale, date_format) if end is not None else ""
    return first if first == last else _RANGE_MARK.join(each for each in (first, last) if each)


def format_day(date: common_pb2.PartialDate, locale: str) -> str:
    """A whole date in words, as a letter is dated: "3 March 2021"; without what is unknown."""
    if date.text or not (date.year and date.month and date.day):
        return format_date(date, locale, options_pb2.DATE_FORMAT_MONTH_YEAR_LONG)
    try:
        day = dt.date(date.year, date.month, date.day)
    except ValueError:  # the 31st of a month of thirty days is valid as a message
        return iso(date)
    return _plain_spaces(format_cldr_date(day, format="long", locale=cldr(locale)))


@lru_cache(maxsize=4096)
def _month_and_year(year: int, month: int, locale: str, date_format: options_pb2.DateFormat.ValueType) -> str:
    if not month:
        return f"{year:04}"
    if date_format == options_pb2.DATE_FORMAT_YEAR:
        return f"{year:04}"
    if date_format == options_pb2.DATE_FORMAT_ISO:
        return f"{year:04}-{month:02}"
    language = cldr(locale)
    if date_format == options_pb2.DATE_FORMAT_MONTH_YEAR_NUMERIC:
        year_first = language.date_formats["short"].pattern.startswith("y")
        return f"{year:04}/{month:02}" if year_first else f"{month:02}/{year:04}"
    first_day = dt.date(year, month, 1)
    return _plain_spaces(format_skeleton(_SKELETONS[date_format], first_day, locale=language))


def _plain_spaces(text: str) -> str:
    """CLDR sets narrow no-break spaces, which few fonts have; the ordinary no-break space says the same."""
    return text.replace("\u202f", "\u00a0")
