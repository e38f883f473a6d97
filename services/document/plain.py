"""Plain text as documents print it."""

import re
import unicodedata

from vitae.resume.v1 import common_pb2

_WHITE_SPACE = re.compile("[ \t\n\r\f\v\x1c-\x1f\x85\u2028\u2029]+")
_INVISIBLE = {
    0x00AD,  # soft hyphen: splits keywords for parsers (measured with four extractors)
    0x200B,  # zero width space
    0x2060,  # word joiner
    0xFEFF,  # byte order mark
    0xFFFE,
    0xFFFF,
}


def one_line(text: str) -> str:
    """The text on one line, in NFC, without control characters and without characters that print nothing and hide
    words from parsers. No-break spaces and the joiners of Arabic and Indic scripts stay.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    kept = "".join(each for each in _WHITE_SPACE.sub(" ", text) if not _is_invisible(each))
    return _WHITE_SPACE.sub(" ", unicodedata.normalize("NFC", kept)).strip()


def location_line(location: common_pb2.Location) -> str:
    """A place on one line, as resumes print it: its own text, else city, region and country; never the street."""
    if text := one_line(location.text):
        return text
    parts = map(one_line, (location.city, location.region, location.country_code))
    return ", ".join(dict.fromkeys(each for each in parts if each))


def _is_invisible(character: str) -> bool:
    return ord(character) in _INVISIBLE or unicodedata.category(character) == "Cc"
