"""Plain text as documents print it."""

import re
import unicodedata
from collections.abc import Iterable

from vitae.resume.v1 import common_pb2

_WHITE_SPACE = re.compile("[ \t\n\r\f\v\x1c-\x1f\x85\u2028\u2029]+")
_INVISIBLE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters
    "\u00ad"  # soft hyphen: splits keywords for parsers (measured with four extractors)
    "\u200b"  # zero width space
    "\u2060"  # word joiner
    "\ufeff"  # byte order mark
    "\ufffe\uffff]"
)


def one_line(text: str) -> str:
    """The text on one line, in NFC, without control characters and without characters that print nothing and hide
    words from parsers. No-break spaces and the joiners of Arabic and Indic scripts stay.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    kept = _INVISIBLE.sub("", _WHITE_SPACE.sub(" ", text))
    return _WHITE_SPACE.sub(" ", unicodedata.normalize("NFC", kept)).strip()


def run_on(texts: Iterable[str]) -> str:
    """Sentences as one running text: a blank between them, none where Chinese or Japanese meets its like, and none
    after the wide punctuation of those languages, which brings its own space.
    """
    whole = ""
    for text in texts:
        whole += text if not whole or not text or _meets_without_blank(whole[-1], text[0]) else f" {text}"
    return whole


def location_line(location: common_pb2.Location) -> str:
    """A place on one line, as resumes print it: its own text, else city, region and country; never the street."""
    if text := one_line(location.text):
        return text
    parts = map(one_line, (location.city, location.region, location.country_code))
    return ", ".join(dict.fromkeys(each for each in parts if each))


def _meets_without_blank(before: str, after: str) -> bool:
    if not _is_wide(before):
        return False
    return _is_wide(after) or unicodedata.category(before).startswith("P")


def _is_wide(character: str) -> bool:
    """True for what fills a square and is written without blanks; Hangul fills one too and is written with them."""
    return unicodedata.east_asian_width(character) in "WF" and not "\uac00" <= character <= "\ud7a3"
