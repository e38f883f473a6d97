"""Reading the dates people write into PartialDate."""

import re
import unicodedata

from services.document.locales import present_words
from services.document.month_names import WORD, month_names
from vitae.resume.v1 import common_pb2

_YEAR = r"(?P<year>[12]\d{3})"
_ISO = re.compile(
    rf"{_YEAR}(?:[-/.](?P<month>\d{{1,2}})(?:[-/.](?P<day>\d{{1,2}}))?)?"
    r"(?:[T ]\d{2}:\d{2}[0-9:.,]*(?:Z|[+-][\d:]+)?)?"
)
_COMPACT = re.compile(rf"{_YEAR}(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])?")
_MONTH_FIRST = re.compile(rf"(?P<month>\d{{1,2}})[-/.]{_YEAR}")
_DAY_AND_MONTH = re.compile(rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])\s?(?P<second>\d{{1,2}})[-/.]\s?{_YEAR}")
_EAST_ASIAN = re.compile(rf"{_YEAR}[年년]\s?(?:(?P<month>\d{{1,2}})[月월]\s?(?:(?P<day>\d{{1,2}})[日일])?)?")
_ONLY_YEAR = re.compile(r"(?<!\d)([12]\d{3})(?!\d)")
_SMALL_WORDS = frozenset(
    {"de", "del", "of", "г", "года", "р", "року", "roku", "th", "st", "nd", "rd", "ב", "the"}
)
"""Words between the parts of a date: "março de 2014", "Март 2014 г.", "June 1st, 2014"."""

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse_date(text: str) -> common_pb2.PartialDate | None:
    """The date a text names: "2014-06-29", "2014-06", "2014", "June 2014", "06/2014", "juin 2014", "2014年6月".

    A part that cannot be told stays unknown and the text is kept: "Summer 2019" and "03/04/2014" (March or April?)
    give their year and the text, "soon" the text alone. Zeros mean unknown ("2014-00-00" is 2014).
    None for an empty text, for zeros only and for a word that means now.
    """
    written = " ".join(text.split())
    plain = _western_digits(unicodedata.normalize("NFKC", written)).strip(" .,")
    if not re.search(r"[^\W0]", plain) or means_present(plain):
        return None
    return _numeric(plain, written) or _named(plain) or _with_text(plain, written)


def means_present(text: str) -> bool:
    """True for a word that says it lasts: "Present", "current", "heute", "現在" ..."""
    word = " ".join(text.split()).strip("() ").casefold()
    return word in present_words() or word.rstrip(".,") in present_words() or word in {"-", "–", "—"}


def _numeric(plain: str, written: str) -> common_pb2.PartialDate | None:
    for shape in (_ISO, _COMPACT, _EAST_ASIAN, _MONTH_FIRST):
        if found := shape.fullmatch(plain):
            parts = found.groupdict()
            return _date(int(parts["year"]), _int(parts["month"]), _int(parts.get("day")), written)
    if found := _DAY_AND_MONTH.fullmatch(plain):
        first, second, year = int(found["first"]), int(found["second"]), int(found["year"])
        if found["mark"] == "." or first > 12 or first == second:
            return _date(year, second, first, written)
        if second > 12:
            return _date(year, first, second, written)
        return common_pb2.PartialDate(year=year, text=written)
    return None


def _named(plain: str) -> common_pb2.PartialDate | None:
    """As in "June 2014", "29 juin 2014", "2014 March": a month's name, a year, and perhaps a day, and nothing else."""
    months, numbers = [], []
    for word in WORD.findall(plain.casefold()):
        if word.isdigit():
            numbers.append(word)
        elif month := month_names().get(word):
            months.append(month)
        elif word not in _SMALL_WORDS:
            return None
    years = [each for each in numbers if re.fullmatch(_YEAR, each)]
    days = [int(each) for each in numbers if len(each) <= 2]
    if len(months) != 1 or len(years) != 1 or len(days) + 1 != len(numbers) or len(days) > 1:
        return None
    return _date(int(years[0]), months[0], days[0] if days else 0, plain)


def _with_text(plain: str, written: str) -> common_pb2.PartialDate:
    years = set(_ONLY_YEAR.findall(plain))
    return common_pb2.PartialDate(year=int(years.pop()) if len(years) == 1 else 0, text=written)


def _date(year: int, month: int, day: int, written: str) -> common_pb2.PartialDate:
    """The date as far as it exists in the calendar; the text is kept where a part does not."""
    if not month and not day:
        return common_pb2.PartialDate(year=year)
    if not 1 <= month <= 12:
        return common_pb2.PartialDate(year=year, text=written)
    if not 0 <= day <= _DAYS[month - 1]:
        return common_pb2.PartialDate(year=year, month=month, text=written)
    return common_pb2.PartialDate(year=year, month=month, day=day)


def _int(text: str | None) -> int:
    return int(text) if text else 0


def _western_digits(text: str) -> str:
    return "".join(str(unicodedata.digit(each)) if each.isdecimal() else each for each in text)
