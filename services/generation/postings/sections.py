"""Which part of a posting says what: requirements, wishes, duties, the company, the offer."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from services.generation.postings.language import Language
from services.generation.skills.tokens import Tokenizer, fold

Kind = Literal[
    "intro", "requirements", "nice", "responsibilities", "company", "offer", "legal", "aside", "other"
]
"""An aside is a paragraph behind the list of a part that asks: about pay, shifts, and who does what else."""

_ORDER: tuple[Kind, ...] = ("nice", "requirements", "responsibilities", "offer", "legal", "company")
"""A heading that fits two kinds is of the first: "preferred qualifications" are wishes."""
_ASKING = ("requirements", "nice")
_LINKS = ("&", "and", "und", "et")
_HEADING_LENGTH = 70
_BULLET = re.compile(r"\s*(?:[•▪●◦‣·*–—+-]|\d{1,2}[.)])\s+")
_INLINE = re.compile(r"([^\n.:：!?]{2,60})[:：]\s*(?=\S)")


@dataclass(frozen=True, slots=True)
class Sections:
    """The kinds of the parts of a text, by the character each begins at."""

    starts: tuple[int, ...]
    kinds: tuple[Kind, ...]
    headings: tuple[tuple[int, int], ...]
    """Spans of the headings themselves."""

    def kind_at(self, place: int) -> Kind:
        """The kind of the part that holds a character."""
        return self.kinds[bisect_right(self.starts, place) - 1]

    def has(self, kind: Kind) -> bool:
        """Whether there is such a part."""
        return kind in self.kinds


def divide(text: str, language: Language) -> Sections:
    """The parts of a text. What stands before the first heading is the intro."""
    starts, kinds, headings = [0], ["intro"], []
    tokenizer = Tokenizer()
    listed = parted = False
    for start, line in _lines(text):
        body = _BULLET.sub("", line, count=1)
        offset = start + len(line) - len(body)
        kind, length = _heading(body, language, tokenizer)
        item = offset > start
        if item and body.strip()[-1:] not in (":", "：") and length == len(body):
            kind = ""  # an item of a list, however much it sounds like a heading
        if kind:
            headings.append((start, offset + length))
            # What follows a heading in its own line is all that it heads: "Nice: Rust, Zig."
            listed, parted = length < len(body.rstrip()), False
        elif not line.strip():
            parted = True
        elif item:
            kind = kinds[-2] if kinds[-1] == "aside" else ""
            listed, parted = True, False
        elif listed and parted and kinds[-1] in _ASKING:
            kind = "aside"
        if kind:
            starts.append(start)
            kinds.append(kind)
    return Sections(tuple(starts), tuple(_kinds(kinds)), tuple(headings))


def _kinds(kinds: list[str]) -> list[Kind]:
    known: tuple[Kind, ...] = (*_ORDER, "aside", "other")
    return [next((each for each in known if each == kind), "intro") for kind in kinds]


def _heading(line: str, language: Language, tokenizer: Tokenizer) -> tuple[str, int]:
    """The kind of part a line opens, and the length of its heading; "" when it opens none."""
    stripped = line.strip()
    if not stripped:
        return "", 0
    inline = _INLINE.match(line)
    if inline:
        kind = _kind(inline.group(1), language, tokenizer, exact=True)
        return (kind, inline.end()) if kind else ("", 0)
    if len(stripped) > _HEADING_LENGTH or stripped[-1] in ".,;!":
        return "", 0
    ends_open = stripped[-1] in ":："
    kind = _kind(stripped, language, tokenizer, exact=False)
    if not kind and _is_about_somebody(stripped, language, tokenizer):
        kind = "company"
    if kind:
        return kind, len(line)
    return ("other", len(line)) if ends_open and len(stripped.split()) <= 6 else ("", 0)


def _is_about_somebody(heading: str, language: Language, tokenizer: Tokenizer) -> bool:
    """Whether a heading is "About" and a name: words with a capital that are not those of every posting, "and", "&"."""
    common = language.stop_words | language.generic_words
    for phrase in language.whom["about"]:
        length = phrase.count(" ") - 1
        name = heading.rstrip(" :：").split()[length:]
        key = tokenizer.key(" ".join(heading.split()[:length]))
        if (
            name
            and key == phrase
            and all(word in _LINKS or (word[0].isupper() and fold(word) not in common) for word in name)
        ):
            return True
    return False


def _kind(heading: str, language: Language, tokenizer: Tokenizer, *, exact: bool) -> str:
    """The kind whose phrase makes up the heading, or most of it; `exact` for headings inside a line of prose."""
    key = tokenizer.key(heading)
    words = key.count(" ") - 1
    if not key or words > 9:
        return ""
    # Part of a longer line is a heading only where it is most of it and stands at its beginning or end.
    parts = key.split()
    for length in range(words, max((words + 1) // 2, words - 3, 1) - 1, -1):
        first, last = f" {' '.join(parts[:length])} ", f" {' '.join(parts[-length:])} "
        for kind in _ORDER:
            phrases = language.headings[kind]
            if first in phrases or (not exact and last in phrases):
                return kind
    return ""


def _lines(text: str) -> list[tuple[int, str]]:
    found, at = [], 0
    for line in text.split("\n"):
        found.append((at, line))
        at += len(line) + 1
    return found
