"""Whether what a line says follows from what its sources say.

A copy passes. Anything else is read (`reading`), and every statement of it has to be borne out by one sentence of a
source: its numbers with their units and what they count, its dates, its skills and names exactly, its other words by
stem or, in copies of another order, letter for letter. What a source denies or weakens ("no", "helped", "almost") stays
denied and weakened. Words of `languages/` that claim nothing are free in what was written anew.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from services.generation.composing.truth.claims import Checker
from services.generation.composing.truth.evidence import Evidence, flat
from services.generation.composing.truth.tokens import CJK
from services.generation.skills.tokens import fold
from vitae.resume.v1 import common_pb2

_COPIES = (common_pb2.TRANSFORMATION_VERBATIM, common_pb2.TRANSFORMATION_UNSPECIFIED)
_MOST_JUDGED = 1_000
"""Lines of a profile whose faults are remembered."""
_LONG = 1000
"""A copy this long is one, even where it had to be cut inside a word."""
_NO_SPACES = "\u2e80"
"""First character of the scripts that put no spaces between words."""
_JOINERS = "\u200c\u200d"
"""Characters that the Arabic and the Indian scripts spell words with."""


def faults(
    evidence: Evidence,
    text: str,
    sources: Sequence[str],
    how: common_pb2.Transformation.ValueType,
    *,
    names: bool = False,
) -> list[str]:
    """What a text claims that its sources do not bear out; empty when it is true. `names` is for items of lists, which
    name a thing and tell no deed.
    """
    key = (text, tuple(sources), how, names)
    known = evidence.judged.get(key)
    if known is None:
        known = tuple(_faults(evidence, text, sources, how, names=names))
        if len(evidence.judged) < _MOST_JUDGED:
            evidence.judged[key] = known
    return list(known)


def _faults(
    evidence: Evidence,
    text: str,
    sources: Sequence[str],
    how: common_pb2.Transformation.ValueType,
    *,
    names: bool,
) -> list[str]:
    originals = [
        (source, number, each)
        for source in sources
        for number, each in enumerate(evidence.flat_texts(source))
    ]
    shown = flat(text)
    if any(shown == original for _, _, original in originals):
        return []
    if hidden := _hidden(text, [each for _, _, each in originals]):
        return [f"it holds the invisible character U+{ord(hidden):04X}"]
    exact = how != common_pb2.TRANSFORMATION_REWRITTEN
    holders = [(source, number) for source, number, original in originals if holds(original, shown)]
    if holders:
        texts = (original for _, _, original in originals if holds(original, shown))
        if not any(each.isdigit() for each in shown) and not any(map(evidence.language.may_weaken, texts)):
            return []
        held = [each for holder in holders for each in evidence.said_in(*holder)]
        return list(Checker(evidence, held, sources, exact=exact, names=names).weakened(text))
    if how in _COPIES:
        return ["it is not what its source says"]
    checker = Checker(evidence, None, sources, exact=exact, names=names)
    found = list(checker.unproved(text))
    if not found and exact:
        found = list(_words_added(evidence, text, sources, (each for _, _, each in originals)))
    return found


def _words_added(
    evidence: Evidence, text: str, sources: Sequence[str], originals: Iterable[str]
) -> Iterator[str]:
    """Words of a copy in another order that stand in no source: there even small words may not be added."""
    proved = evidence.proved_skills(each for source in sources for each in evidence.texts(source))
    known = {fold(each) for original in originals for each in re.findall(r"[^\W\d_]+", original)}
    known |= {
        word
        for name in proved
        for key in evidence.skills.spellings[name]
        for word in re.findall(r"[^\W\d_]+", key)
    }
    for word in re.findall(r"[^\W\d_]+", flat(text)):
        if fold(word) not in known and not re.fullmatch(f"[{CJK}]+", word):
            yield f"“{word}” is not in its source"
            return


def _hidden(text: str, originals: Iterable[str]) -> str:
    """The first character that is not seen and stands in no source; "" where there is none."""
    if text.isascii() and text.isprintable():
        return ""
    hidden = [
        each
        for before, each in zip(f" {text}", text, strict=False)
        if unicodedata.category(each) in ("Cf", "Cc", "Co", "Cn")
        and each not in "\n\t\r"
        and not (each in _JOINERS and "\u0600" <= before <= "\u0dff")
    ]
    return next((each for each in hidden if not any(each in original for original in originals)), "")


def holds(original: str, part: str) -> bool:
    """Whether a text holds another one whole, not merely its letters inside a longer word."""
    at = original.find(part)
    while at >= 0:
        end = at + len(part)
        if len(part) >= _LONG or not (
            _joins(original[at - 1 : at + 1]) or _joins(original[end - 1 : end + 1])
        ):
            return True
        at = original.find(part, at + 1)
    return False


def _joins(pair: str) -> bool:
    """Whether two characters are of one word; in scripts without spaces none are."""
    return len(pair) == 2 and all(each.isalnum() and each < _NO_SPACES for each in pair)
