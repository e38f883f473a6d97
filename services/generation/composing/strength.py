"""How strong a line about work is by itself: figures, tools and substance, in any language."""

import re

from services.generation.postings.language import language
from services.generation.skills.tokens import fold

_FIGURE = re.compile(r"\d|[〇一二三四五六七八九十百千数]+(?:営業)?[人名年件台社万億亿%割倍店個个家项月日]")
_WORD = re.compile(r"[^\W\d_]+")
_SUBSTANCE = 6
"""Words that leave room for what was done and what came of it."""
_LETTERS_A_WORD = 3
"""Letters that stand for a word in scripts without spaces."""


def strength(text: str, *, names_skill: bool) -> float:
    """0 for a bare chore, 1 for a line with a figure, a skill and something to say."""
    found = _WORD.findall(text)
    words = len(found)
    if not text.isascii():
        words = sum(max(1, len(each) // _LETTERS_A_WORD) if _unspaced(each) else 1 for each in found)
    return 0.5 * bool(_FIGURE.search(text)) + 0.3 * names_skill + 0.2 * (words >= _SUBSTANCE)


def has_figure(text: str, tag: str) -> bool:
    """Whether a text names a number, in digits or in words of its language."""
    numbers = language(tag).numbers
    return bool(_FIGURE.search(text)) or any(numbers.get(fold(word), 0) > 1 for word in _WORD.findall(text))


def _unspaced(word: str) -> bool:
    return "\u3040" <= word[0] <= "\u9fff"
