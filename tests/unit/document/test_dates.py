"""Reading and writing dates of which parts may be unknown."""

import babel
import pytest
from hypothesis import given, settings

from services.document.dates import (
    format_date,
    format_day,
    format_range,
    iso,
    means_present,
    month_number,
    parse_date,
)
from services.document.locales import supported_languages
from tests.unit.document.profiles import TEXTS, partial_dates
from vitae.render.v1 import options_pb2
from vitae.resume.v1.common_pb2 import PartialDate

LONG = options_pb2.DATE_FORMAT_MONTH_YEAR_LONG
MARCH = PartialDate(year=2021, month=3)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2014-06-29", PartialDate(year=2014, month=6, day=29)),
        ("2014-06", PartialDate(year=2014, month=6)),
        ("2014", PartialDate(year=2014)),
        ("20140629", PartialDate(year=2014, month=6, day=29)),
        ("2014-00-00", PartialDate(year=2014)),
        ("2015-06-15T09:00:00Z", PartialDate(year=2015, month=6, day=15)),
        ("June 2014", PartialDate(year=2014, month=6)),
        ("Jun. 2014", PartialDate(year=2014, month=6)),
        ("June 1st, 2014", PartialDate(year=2014, month=6, day=1)),
        ("06/2014", PartialDate(year=2014, month=6)),
        ("15.06.2014", PartialDate(year=2014, month=6, day=15)),
        ("06/15/2014", PartialDate(year=2014, month=6, day=15)),
        ("juin 2014", PartialDate(year=2014, month=6)),
        ("Decembre 2019", PartialDate(year=2019, month=12)),
        ("março de 2014", PartialDate(year=2014, month=3)),
        ("Март 2014 г.", PartialDate(year=2014, month=3)),
        ("січень 2019", PartialDate(year=2019, month=1)),
        ("２０１４年６月", PartialDate(year=2014, month=6)),
        ("2014년 6월", PartialDate(year=2014, month=6)),
        ("يونيو ٢٠١٤", PartialDate(year=2014, month=6)),
        ("जून 2014", PartialDate(year=2014, month=6)),
        ("ינואר 2020", PartialDate(year=2020, month=1)),
        ("Summer 2019", PartialDate(year=2019, text="Summer 2019")),
        ("03/04/2014", PartialDate(year=2014, text="03/04/2014")),
        ("2014-13-40", PartialDate(year=2014, text="2014-13-40")),
        ("2014-02-31", PartialDate(year=2014, month=2, text="2014-02-31")),
        ("2014 - 2016", PartialDate(text="2014 - 2016")),
        ("soon", PartialDate(text="soon")),
        ("", None),
        ("0000-00-00", None),
        ("Present", None),
        ("現在", None),
    ],
)
def test_a_date_is_read_as_people_write_it(text: str, date: PartialDate | None) -> None:
    assert parse_date(text) == date


@pytest.mark.parametrize(
    "text", ["Present", "current", "HEUTE", "aujourd'hui", "по н.в.", "现在", "حتى الآن", "(ongoing)"]
)
def test_words_for_now_are_known(text: str) -> None:
    assert means_present(text)


@given(TEXTS)
def test_any_text_is_a_date_or_kept(text: str) -> None:
    date = parse_date(text)
    if date is not None:
        assert date.year or date.text
        assert date.month == 0 or date.year


@pytest.mark.parametrize("locale", ["en", "de", "fr", "pt", "ru", "ja", "ko", "ar", "hi"])
def test_a_written_date_is_read_back(locale: str) -> None:
    for month in range(1, 13):
        date = PartialDate(year=2021, month=month)
        assert parse_date(format_date(date, locale, LONG)) == date


@pytest.mark.parametrize(
    ("locale", "short", "long", "numeric"),
    [
        ("en", "Mar 2021", "March 2021", "03/2021"),
        ("de", "März 2021", "März 2021", "03/2021"),
        ("ja", "2021年3月", "2021年3月", "2021/03"),
        ("ar", "مارس 2021", "مارس 2021", "03/2021"),
        ("ru", "март 2021\u00a0г.", "март 2021\u00a0г.", "03/2021"),
        ("xx-unknown", "Mar 2021", "March 2021", "03/2021"),
    ],
)
def test_months_follow_the_language(locale: str, short: str, long: str, numeric: str) -> None:
    assert format_date(MARCH, locale) == short
    assert format_date(MARCH, locale, LONG) == long
    assert format_date(MARCH, locale, options_pb2.DATE_FORMAT_MONTH_YEAR_NUMERIC) == numeric
    assert format_date(MARCH, locale, options_pb2.DATE_FORMAT_YEAR) == "2021"
    assert format_date(MARCH, locale, options_pb2.DATE_FORMAT_ISO) == "2021-03"


def test_every_locale_of_cldr_writes_dates() -> None:
    for locale in (*supported_languages(), *babel.localedata.locale_identifiers()[::20]):
        tag = locale.replace("_", "-")
        assert "2021" in format_date(MARCH, tag, LONG)
        assert "2021" in format_day(PartialDate(year=2021, month=3, day=5), tag)


def test_a_period_is_written_once_and_in_words() -> None:
    end = PartialDate(year=2022)
    assert format_range(MARCH, None, "en", is_current=True) == "Mar 2021 – Present"
    assert format_range(MARCH, end, "en") == "Mar 2021 – 2022"
    assert format_range(MARCH, MARCH, "en") == "Mar 2021"
    assert format_range(None, end, "en") == "2022"
    assert format_range(MARCH, PartialDate(text="presente"), "de") == "März 2021 – heute"
    assert format_range(None, None, "en") == ""


def test_a_letter_is_dated_in_full() -> None:
    assert format_day(PartialDate(year=2021, month=3, day=5), "en-GB") == "5 March 2021"
    assert format_day(PartialDate(year=2021, month=3), "en") == "March 2021"
    assert format_day(PartialDate(year=2021, month=2, day=31), "en") == "2021-02-31"


def test_months_are_counted() -> None:
    assert iso(PartialDate(year=987, month=1)) == "0987-01"
    assert iso(PartialDate(text="soon")) == ""
    assert month_number(MARCH) == 2021 * 12 + 2
    assert month_number(PartialDate(year=2021), last=True) == 2021 * 12 + 11
    assert month_number(PartialDate()) is None


@settings(deadline=None)
@given(partial_dates())
def test_no_date_fails_to_print(date: PartialDate) -> None:
    for date_format in options_pb2.DateFormat.values():
        assert "\n" not in format_date(date, "pl", date_format)
