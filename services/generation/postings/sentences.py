"""Sentences and clauses of a text, on its tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.generation.postings.language import Phrases
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import PAUSE, STOP, Tokens

_BULLET = re.compile(r"\s*(?:[-–—•▪●◦‣·*+]|\d{1,2}[.)])\s")
_FULL_LINE = 0.75
"""A line this long, against the longest of its paragraph, was broken for width and not for sense."""
_WRAPPED = 60
"""Lines of a text wrapped for width are at least this long, in characters."""


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens first (inclusive) to last (exclusive) of a text."""

    tokens: Tokens
    first: int
    last: int

    @property
    def keys(self) -> str:
        """The keys, with a space around each."""
        return f" {' '.join(self.tokens.keys[self.first : self.last])} "

    @property
    def start(self) -> int:
        """First character."""
        return self.tokens.starts[self.first]

    @property
    def end(self) -> int:
        """Character after the last."""
        return self.tokens.ends[self.last - 1]

    def has(self, phrases: Phrases) -> bool:
        """Whether one of the phrases stands in it."""
        keys = self.keys
        return any(phrase in keys for phrase in phrases)


def tokens_by_line(text: str, table: SkillTable) -> Tokens:
    """The tokens of a posting, where every line break that ends a sentence counts as a stop."""
    lines = text.split("\n")
    pieces = []
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        pieces.append(line)
        pieces.append(" " if _continues(lines, index, following) else "•")
    split = table.tokens("".join(pieces)[: len(text)])
    return Tokens(text, split.keys, split.starts, split.ends, split.joined)


def sentences(tokens: Tokens) -> Iterator[Part]:
    """The sentences, without the stops."""
    return _parts(tokens, 0, len(tokens.keys), {STOP})


def clauses(sentence: Part, turns: Phrases) -> Iterator[Part]:
    """The parts of a sentence between commas and words like "but"."""
    breaks = {PAUSE} | {turn.strip() for turn in turns if turn.count(" ") == 2}
    return _parts(sentence.tokens, sentence.first, sentence.last, breaks)


def _parts(tokens: Tokens, first: int, last: int, breaks: set[str]) -> Iterator[Part]:
    begin = first
    for index in range(first, last + 1):
        if index == last or tokens.keys[index] in breaks:
            if index > begin:
                yield Part(tokens, begin, index)
            begin = index + 1


def _continues(lines: list[str], index: int, following: str) -> bool:
    """Whether a line goes on in the next: wrapped for width, in the middle of a sentence."""
    line = lines[index].rstrip()
    if (
        len(line) < _WRAPPED // 2
        or not following.strip()
        or line[-1] in ".!?:;。！？："
        or _BULLET.match(following)
    ):
        return False
    if following.lstrip()[0].islower():
        return True
    longest = max(len(each) for each in lines[max(0, index - 5) : index + 6])
    return longest >= _WRAPPED and len(line) >= _FULL_LINE * longest and not _BULLET.match(line)
