"""PartialDate: reading the dates people write, and writing them in a language."""

from vitae.render.v1 import options_pb2
from vitae.resume.v1 import common_pb2


def parse_date(text: str) -> common_pb2.PartialDate | None:
    """The date a text names: "2014-06-29", "2014-06", "2014", "June 2014", "06/2014", "juin 2014", "2014年6月".

    What cannot be told stays as `text` ("Summer 2019" gives year 2019 and the text; "soon" the text alone).
    None for an empty text, for zeros only and for a word that means now.
    """
    raise NotImplementedError


def means_present(text: str) -> bool:
    """True for a word that says it lasts: "Present", "current", "heute", "現在" ..."""
    raise NotImplementedError


def iso(date: common_pb2.PartialDate) -> str:
    """The known parts as ISO 8601: "2014-06-29", "2014-06" or "2014"; empty when the year is unknown."""
    raise NotImplementedError


def month_number(date: common_pb2.PartialDate, *, last: bool = False) -> int | None:
    """Months since year 0, to compare and to subtract; January (December if `last`) where the month is unknown;
    None where the year is."""
    raise NotImplementedError


def format_date(
    date: common_pb2.PartialDate,
    locale: str,
    date_format: options_pb2.DateFormat.ValueType = options_pb2.DATE_FORMAT_UNSPECIFIED,
) -> str:
    """The date in a language: "Mar 2021"; only what is known is printed. Empty for an empty date."""
    raise NotImplementedError


def format_range(
    start: common_pb2.PartialDate | None,
    end: common_pb2.PartialDate | None,
    locale: str,
    date_format: options_pb2.DateFormat.ValueType = options_pb2.DATE_FORMAT_UNSPECIFIED,
    *,
    is_current: bool = False,
) -> str:
    """A period: "Mar 2021 – Present"; one date where only one is known or both print alike."""
    raise NotImplementedError
