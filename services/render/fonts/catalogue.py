"""Which bundled font draws which text.

stack("Inter", "ja")   -> ("Inter", "Noto Sans CJK JP", "Noto Sans Arabic", ..., "Noto Emoji")
coverage()             -> the characters of every family
fingerprint()          -> SHA-256 over all font files
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

from services.render.fonts.characters import Characters, codes_of

FOLDER = Path(__file__).parent
CONFIGURATION = FOLDER / "fonts.conf"


@dataclass(frozen=True)
class TextFamily:
    """A family a document can be set in."""

    name: str
    generic: str
    """CSS generic family it belongs to."""
    word_name: str
    """Family a word processor should ask for: the same, or its metric-compatible twin that people have installed."""
    word_substitute: str
    """Family a word processor takes when it lacks `word_name`."""


TEXT_FAMILIES = {
    each.name: each
    for each in (
        TextFamily("Inter", "sans-serif", "Inter", "Arial"),
        TextFamily("Carlito", "sans-serif", "Calibri", "Carlito"),
        TextFamily("Noto Serif", "serif", "Noto Serif", "Cambria"),
    )
}

_CJK = {
    "ja": "Noto Sans CJK JP",
    "zh": "Noto Sans CJK SC",
    "zh-hant": "Noto Sans CJK TC",
    "ko": "Noto Sans CJK KR",
}

_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo", "yue")
"""Tags of Chinese written in traditional characters (CLDR likely subtags)."""

_WORD_FAR_EAST = {
    "ja": "Yu Gothic",
    "zh": "Microsoft YaHei",
    "zh-hant": "Microsoft JhengHei",
    "ko": "Malgun Gothic",
}


def stack(family: str, locale: str) -> tuple[str, ...]:
    """Families in the order they are tried. Han characters take the shapes of the document's language first."""
    families = list(coverage())
    first = _CJK[_cjk_key(locale)]
    texts = [each for each in TEXT_FAMILIES if each != family]
    fallbacks = [each for each in families if each not in TEXT_FAMILIES and each != first]
    fallbacks.sort(key=_fallback_rank)
    return (family, first, *fallbacks, *texts)


def word_far_east(locale: str) -> str:
    """Family that people's word processors have for Chinese, Japanese or Korean text."""
    return _WORD_FAR_EAST[_cjk_key(locale)]


def files() -> tuple[Path, ...]:
    """All font files, by name."""
    return tuple(sorted(each for each in FOLDER.iterdir() if each.suffix in {".ttf", ".otf"}))


@cache
def coverage() -> Mapping[str, Characters]:
    """Code points that every family can draw, regular and bold together, by family name."""
    found: dict[str, Characters] = {}
    for path in files():
        with TTFont(path, lazy=True) as font:
            name = font["name"].getBestFamilyName()
            found.setdefault(name, Characters()).add(codes_of(font))
    return found


@cache
def advances(family: str) -> Mapping[int, float]:
    """Widths of a family's regular characters by code point, in em, without kerning."""
    with TTFont(FOLDER / f"{family.replace(' ', '')}-Regular.ttf", lazy=True) as font:
        em, widths = font["head"].unitsPerEm, font["hmtx"].metrics
        return {code: widths[name][0] / em for code, name in font.getBestCmap().items()}


@cache
def natural_leading(family: str) -> float:
    """Height of a line by the font's own measure, as a multiple of its size: what word processors call single."""
    with TTFont(FOLDER / f"{family.replace(' ', '')}-Regular.ttf", lazy=True) as font:
        head = font["hhea"]
        return float((head.ascent - head.descent + head.lineGap) / font["head"].unitsPerEm)


@cache
def fingerprint() -> str:
    """SHA-256 over names and bytes of all font files and their configuration."""
    digest = hashlib.sha256()
    for path in (*files(), CONFIGURATION):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _cjk_key(locale: str) -> str:
    tag = locale.lower()
    language = tag.partition("-")[0]
    if tag.startswith(_TRADITIONAL):
        return "zh-hant"
    return language if language in _CJK else "zh"


def _fallback_rank(family: str) -> tuple[int, str]:
    """Scripts first, then the regions' Han fonts, then symbols, emoji last: a script's font may hold stray symbols."""
    if "CJK" in family:
        return (1, family)
    if family in {"Noto Sans Math", "Noto Sans Symbols2"}:
        return (2, family)
    return (3 if family == "Noto Emoji" else 0, family)
