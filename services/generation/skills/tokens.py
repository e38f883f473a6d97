"""Words of a text with their places: the one form in which texts are compared.

Upper and lower case, accents, hyphens, slashes and line breaks make no difference; "C++", ".NET" and "Node.js" stay
whole; punctuation separates, so that no name is found across a comma.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

PAUSE = ","
"""Key of what separates parts of a sentence."""
STOP = "."
"""Key of what separates sentences, lines of a list and paragraphs."""

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_HANGUL = "\uac00-\ud7af"
_LETTER = f"[^\\W_{_CJK}{_HANGUL}]"
_TOKEN = re.compile(
    # Scripts without spaces give a token per character, so that their words are found anywhere.
    rf"(?P<word>\.?{_LETTER}+(?:[.&'’]{_LETTER}+)*[+#]*|[{_CJK}]|[{_HANGUL}]+)"
    r"|(?P<stop>[.!?;。！？；•▪●◦‣·*]+|\n\s*\n|\n(?=\s*[-–—•▪●◦‣·*]))"
    r"|(?P<pause>[^\w\s/&'’_\"“”„«»+#.!?;。！？；•▪●◦‣·*-]+|\s[-–—]+\s)"
)
_INNER = re.compile(r"[.&'’+#]+")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|[^\s@<>()]+@[^\s@<>()]+\.\w+", re.IGNORECASE)
_DOMAINS = frozenset("com org net io dev edu gov eu info co uk de fr es it nl ch at pl us ca app ai".split())
_AFTER_LATIN = "\u0250"
"""The first letter that is of no language written in Latin letters: below it words stand between spaces."""
_VERSIONED = re.compile(r"(.*[^\W\d_]{2})\d+")
"""A name of one letter carries no number: "C1" is how well one speaks a language."""


class Tokens(NamedTuple):
    """A text and its tokens. The i-th token is keys[i], at text[starts[i]:ends[i]]."""

    text: str
    keys: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    joined: str
    """The keys with a space around each, so that a search for " key key " respects their bounds."""

    def words(self) -> list[str]:
        """The keys without separators."""
        return [key for key in self.keys if key not in (PAUSE, STOP)]

    def find(self, phrase: str) -> list[tuple[int, int]]:
        """Character spans of a phrase given as keys with a space around each."""
        found, at = [], self.joined.find(phrase)
        while at >= 0:
            first = self.joined.count(" ", 0, at + 1) - 1
            last = first + phrase.count(" ") - 2
            found.append((self.starts[first], self.ends[last]))
            at = self.joined.find(phrase, at + 1)
        return found


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Splits texts. `whole` are names with punctuation that stay whole; `versioned` are names that may carry a
    number at their end ("python3").
    """

    whole: Collection[str] = frozenset()
    versioned: Collection[str] = frozenset()

    def split(self, text: str) -> Tokens:
        """The tokens of a text; spans count Unicode code points of the text as given."""
        keys: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        searched = _without_addresses(text) if "@" in text or "://" in text or "www." in text else text
        # Most texts are plain: then one call folds them whole, every character staying in its place.
        plain = searched.isascii()
        if plain:
            searched = searched.lower()
        for match in _TOKEN.finditer(searched):
            start, end = match.span()
            kind = match.lastgroup
            if kind != "word":
                keys.append(STOP if kind == "stop" else PAUSE)
                starts.append(start)
                ends.append(end)
                continue
            word = match.group()
            key = word if plain else fold(word)
            if key.isalpha():
                keys.append(key)
                starts.append(start)
                ends.append(end)
            else:
                for part, first, last in self._parts(word, start):
                    keys.append(part)
                    starts.append(first)
                    ends.append(last)
        return Tokens(text, tuple(keys), tuple(starts), tuple(ends), f" {' '.join(keys)} ")

    def key(self, phrase: str) -> str:
        """A phrase as it stands in `Tokens.joined`, with a space before and after; "" when it has no word."""
        # Most phrases are plain words, which are their own tokens.
        if phrase.isascii() and phrase.replace(" ", "").isalpha():
            return f" {' '.join(phrase.lower().split())} "
        if phrase and max(phrase) < _AFTER_LATIN and phrase.replace(" ", "").isalpha():
            folded = fold(phrase)
            if folded.replace(" ", "").isalpha():
                return f" {' '.join(folded.split())} "
        words = self.split(phrase).words()
        return f" {' '.join(words)} " if words else ""

    def _parts(self, word: str, start: int) -> list[tuple[str, int, int]]:
        """A word with digits or punctuation inside: itself where it is a known name, else its parts."""
        key = fold(word)
        if key in self.whole:
            return [(key, start, start + len(word))]
        if not _INNER.search(key):
            versioned = _VERSIONED.fullmatch(key)
            if versioned and key not in self.versioned and versioned.group(1) in self.versioned:
                return [(versioned.group(1), start, start + versioned.end(1))]
            return [(key, start, start + len(word))]
        if "." in key and key.rpartition(".")[2] in _DOMAINS:
            return [(PAUSE, start, start + len(word))]
        if not _INNER.search(word):  # one character that is written with punctuation: "⒈"
            return [(part, start, start + len(word)) for part in _INNER.split(key) if part]
        parts: list[tuple[str, int, int]] = []
        at = 0
        for gap in [*_INNER.finditer(word), None]:
            end = gap.start() if gap else len(word)
            if end > at:
                parts.extend(self._parts(word[at:end], start + at))
            if gap is None:
                break
            if "." in gap.group() and at < end and gap.end() < len(word) and not word[gap.end()].isdigit():
                parts.append((PAUSE, start + gap.start(), start + gap.end()))
            at = gap.end()
        return parts


def fold(word: str) -> str:
    """A word without case and accents."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _without_addresses(text: str) -> str:
    """The text with web and mail addresses blanked, every other character in its place."""
    return _ADDRESS.sub(lambda match: "," + " " * (len(match.group()) - 1), text)
