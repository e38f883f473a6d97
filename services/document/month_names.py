"""Names and abbreviations of months in every supported language, from CLDR, kept as data of our own.

    month_names()["juin"]  ->  6
    python -m services.document.month_names      # writes month_names.json anew: after a new language or a new Babel

Read from Babel itself they would cost every process that reads a date a megabyte for each language: Babel keeps what
it has loaded for good. A test holds the file against Babel.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import babel

from services.document.locales import cldr, supported_languages

WORD = re.compile(r"[^\s\d.,;:/()\-–]+|\d+")
"""A word or a number of a date."""

_FILE = "month_names.json"


@cache
def month_names() -> Mapping[str, int]:
    """Months by folded name, with accents and without. A name that means different months in different languages is
    left out ("listopad" is October in Croatian and November in Czech).
    """
    names: dict[str, int] = json.loads(files("services.document").joinpath(_FILE).read_text("utf-8"))
    return names


def from_cldr() -> dict[str, int]:
    """The same from the installed Babel, sorted."""
    numbers: dict[str, set[int]] = {}
    for language in supported_languages():
        months = babel.Locale.parse(str(cldr(language))).months
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[form][width].items():
                    for spelling in _spellings(name):
                        numbers.setdefault(spelling, set()).add(number)
    numbers["sept"] = {9}
    return {name: min(found) for name, found in sorted(numbers.items()) if len(found) == 1}


def _spellings(name: str) -> set[str]:
    folded = unicodedata.normalize("NFKC", name).casefold().strip(". ")
    unaccented = "".join(
        each for each in unicodedata.normalize("NFD", folded) if not unicodedata.combining(each)
    )
    return {each for each in (folded, unaccented) if len(WORD.findall(each)) == 1 and not each[0].isdigit()}


if __name__ == "__main__":
    text = json.dumps(from_cldr(), ensure_ascii=False, indent=0)
    Path(__file__).with_name(_FILE).write_text(f"{text}\n", encoding="utf-8")
