"""Text as parsers compare it: normalised, cut into words, findable.

Normalised means NFKC, case folded, white space as one blank, typographic quotes and dashes as plain ones. A word is a
run of letters and digits; in scripts written without blanks every character is one, and so is every other sign. Words
of right-to-left scripts count the same read either way, and without vowel signs: extractors differ in both.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+|[^\w\s]|_")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʼ＇", "'"),
        **dict.fromkeys("“”„‟″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys(
            "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufe0e\ufe0f"
        ),
    }
)
_GAP = 16
"""Words that may stand in the middle of a long text: the furniture of a page's end and the next one's beginning."""

_LONG = 6
_MOST_PLACES = 64


def normalised(text: str) -> str:
    """The text as it is compared."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_PLAIN).casefold().split())


def words(text: str) -> list[str]:
    """The words of a text that is normalised."""
    found: list[str] = _WORD.findall(text)
    return [_either_way(each) for each in found] if is_right_to_left(text) else found


def is_right_to_left(text: str) -> bool:
    return _RIGHT_TO_LEFT.search(text) is not None


@dataclass(frozen=True)
class Place:
    """Where something stands in a text: its first word and the one after its last."""

    start: int
    end: int


@dataclass(frozen=True)
class Phrase:
    """A text to look for, prepared once for all extractors."""

    text: str

    @cached_property
    def normalised(self) -> str:
        return normalised(self.text)

    @cached_property
    def words(self) -> list[str]:
        return words(self.normalised)

    @cached_property
    def right_to_left(self) -> bool:
        return is_right_to_left(self.text)


class Text:
    """An extractor's lines, indexed for finding."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(each for each in map(normalised, lines) if each)
        self.joined = " ".join(self.lines)
        matches = list(_WORD.finditer(self.joined))
        self.words = [each.group() for each in matches]
        if is_right_to_left(self.joined):
            self.words = [_either_way(each) for each in self.words]
        self._offsets = [each.start() for each in matches]
        self._places: dict[str, list[int]] = defaultdict(list)
        for number, word in enumerate(self.words):
            self._places[word].append(number)

    def find(self, phrase: Phrase) -> list[Place]:
        """Where a phrase stands, word by word. A long one may be cut once, by the end of a page."""
        wanted = phrase.words
        if not wanted:
            return []
        if phrase.right_to_left:
            return self._find_bag(wanted)
        found = (self._match(wanted, start) for start in self._places.get(wanted[0], ()))
        return [each for each in found if each is not None][:_MOST_PLACES]

    def find_exactly(self, phrase: Phrase) -> list[Place]:
        """Where a phrase without blanks stands, sign by sign."""
        wanted = phrase.normalised.replace(" ", "")
        places: list[Place] = []
        start = self.joined.find(wanted) if wanted else -1
        while start >= 0 and len(places) < _MOST_PLACES:
            first = self._word_at(start)
            places.append(Place(first, self._word_at(start + len(wanted) - 1) + 1))
            start = self.joined.find(wanted, start + 1)
        return places

    def find_digits(self, number: Phrase) -> list[Place]:
        """Where the digits of a telephone number stand, whatever is between them."""
        wanted = re.sub(r"\D", "", number.normalised)
        if not wanted:
            return self.find(number)
        places = []
        for run in re.finditer(r"\d[\d\s().+/-]*", self.joined):
            at = re.sub(r"\D", "", run.group()).find(wanted)
            if at >= 0:
                first = self._word_at(run.start())
                places.append(Place(first, self._word_at(run.end() - 1) + 1))
        return places or self.find(number)  # an extension has words among its digits: "ext. 12"

    def own_lines(self, phrase: Phrase) -> list[Place]:
        """Where a phrase is a whole line, with or without a colon."""
        wanted = phrase.words
        places = []
        for line, start in self._line_words:
            bare = line[:-1] if line and line[-1] == ":" else line
            if bare == wanted or (phrase.right_to_left and sorted(bare) == sorted(wanted)):
                places.append(Place(start, start + len(line)))
        return places

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each word of letters or digits occurs."""
        return Counter(each for each in self.words if each[0].isalnum())

    @cached_property
    def _line_words(self) -> list[tuple[list[str], int]]:
        result, start = [], 0
        for line in self.lines:
            found = words(line)
            result.append((found, start))
            start += len(found)
        return result

    @cached_property
    def _line_starts(self) -> frozenset[int]:
        return frozenset(start for _, start in self._line_words)

    def _word_at(self, offset: int) -> int:
        return max(0, bisect_right(self._offsets, offset) - 1)

    def _match(self, wanted: list[str], start: int) -> Place | None:
        at, jumped = start, False
        for number, word in enumerate(wanted):
            if at < len(self.words) and self.words[at] == word:
                at += 1
                continue
            if jumped or len(wanted) < _LONG or number == 0 or at not in self._line_starts:
                return None
            jumped = True
            rest = wanted[number : number + 3]
            resumed = (n for n in range(1, _GAP + 1) if at + n in self._line_starts)
            skip = next((n for n in resumed if self.words[at + n : at + n + len(rest)] == rest), None)
            if skip is None:
                return None
            at += skip + 1
        return Place(start, at)

    def _find_bag(self, wanted: list[str]) -> list[Place]:
        """Where the words stand together in any order: how extractors give right-to-left lines."""
        need = Counter(wanted)
        rarest = min(need, key=lambda word: (len(self._places.get(word, ())), word))
        reach = len(wanted) + 3
        places = []
        for middle in self._places.get(rarest, ()):
            start, end = max(0, middle - reach), min(len(self.words), middle + reach)
            positions = [n for n in range(start, end) if self.words[n] in need]
            if not need - Counter(self.words[n] for n in positions):
                places.append(Place(*_tightest(positions, middle, len(wanted))))
        return places[:_MOST_PLACES]


def _tightest(positions: list[int], middle: int, size: int) -> tuple[int, int]:
    """The run of positions around `middle` with the fewest gaps, as many as there are words."""
    runs = [positions[n : n + size] for n in range(max(1, len(positions) - size + 1))]
    best = min(
        (each for each in runs if each[0] <= middle <= each[-1]),
        key=lambda run: run[-1] - run[0],
        default=positions,
    )
    return best[0], best[-1] + 1


def _either_way(word: str) -> str:
    if not _RIGHT_TO_LEFT.search(word):
        return word
    bare = "".join(each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each))
    return min(bare, bare[::-1]) or word  # a vowel sign that an extractor gave alone has nothing left


def longest_chain(candidates: Sequence[Sequence[int]]) -> list[int | None]:
    """For each of several things in a row, the place to take so that as many as can be stand in rising order.

    `candidates[n]` are the places where thing n occurs; the answer holds a place, or None for what is left out.
    """
    tails: list[tuple[int, int, int]] = []  # place, thing, index of the step before
    steps: list[tuple[int, int, int]] = []
    for thing, places in enumerate(candidates):
        for place in sorted(set(places), reverse=True):
            length = bisect_right(tails, (place - 1, len(candidates), 0))
            before = tails[length - 1][2] if length else -1
            steps.append((place, thing, before))
            entry = (place, thing, len(steps) - 1)
            if length == len(tails):
                tails.append(entry)
            elif place < tails[length][0]:
                tails[length] = entry
    chosen: list[int | None] = [None] * len(candidates)
    step = tails[-1][2] if tails else -1
    while step >= 0:
        place, thing, step = steps[step]
        chosen[thing] = place
    return chosen


def split_letters(line: str) -> bool:
    """Whether a line is written as single letters with blanks between them: "S U M M A R Y"."""
    parts = line.split()
    lone = sum(len(each) == 1 and each.isalpha() for each in parts)
    return len(parts) >= 4 and lone >= 3 and any(len(a) == len(b) == 1 for a, b in pairwise(parts))
