"""How many years of experience a posting asks for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.generation.postings.language import Language
from services.generation.postings.requirements import MENTIONED, NICE, ImportanceReader
from services.generation.postings.sections import Sections
from services.generation.postings.sentences import Part
from services.generation.skills.tokens import Tokens

_MOST = 40
"""Nobody asks for more; a larger number is about something else."""
_CJK_YEARS = re.compile(
    r"(\d{1,2})\s*(?:[-–~〜～至到]\s*\d{1,2}\s*)?(?:年|년)\s*(?:以上|及以上|或以上|の|工作|实务|実務|経験|经验|이상)"
)
_SEPARATORS = frozenset(["to", "bis", "a", "à", "do", "tot", "y", "e", "und", "or", "oder", ","])
_NEAR = 12
"""Tokens between the number and a word for experience, either side."""


@dataclass(frozen=True, slots=True)
class Years:
    """The least years asked for, and where that stands."""

    years: float
    start: int
    end: int


def years_required(
    tokens: Tokens, parts: Sequence[Part], sections: Sections, reader: ImportanceReader, language: Language
) -> Years | None:
    """The least years of experience asked for; None when none are.

    The low end of a range, the least of alternatives in one sentence, the most over all sentences that demand.
    """
    found: list[Years] = []
    for sentence in parts:
        asked = [each for each in _in_sentence(tokens, sentence, sections, language) if each.years <= _MOST]
        asked = [each for each in asked if reader.importance(each.start, each.end) not in (NICE, MENTIONED)]
        if asked:
            found.append(min(asked, key=lambda each: each.years))
    found.extend(
        Years(float(match.group(1)), match.start(), match.end()) for match in _CJK_YEARS.finditer(tokens.text)
    )
    return max(found, key=lambda each: (each.years, -each.start), default=None)


def _in_sentence(tokens: Tokens, sentence: Part, sections: Sections, language: Language) -> list[Years]:
    kind = sections.kind_at(sentence.start)
    if kind in ("company", "offer", "legal"):
        return []
    found = []
    for index in range(sentence.first, sentence.last):
        if f" {tokens.keys[index]} " not in language.year_units:
            continue
        first = _number_before(tokens, index, sentence.first, language)
        if first is None or _is_other(tokens, first, index, sentence, language):
            continue
        value = _value(tokens.keys[first], language)
        plus = "+" in tokens.text[tokens.starts[first] : tokens.starts[index]]
        around = Part(tokens, max(sentence.first, first - _NEAR), min(sentence.last, index + _NEAR))
        if value is not None and (plus or kind == "requirements" or around.has(language.year_experience)):
            found.append(Years(value, tokens.starts[first], tokens.ends[index]))
    return found


def _number_before(tokens: Tokens, unit: int, first: int, language: Language) -> int | None:
    """Index of the number a unit counts: the low end of a range. None when there is none."""
    at = unit - 1
    while at >= first and unit - at <= 2 and _value(tokens.keys[at], language) is None:
        at -= 1
    if at < first or unit - at > 2:
        return None
    low = at - 1
    if low >= first and tokens.keys[low] in _SEPARATORS:
        low -= 1
    if low >= first and _value(tokens.keys[low], language) is not None and low >= at - 2:
        between = tokens.text[tokens.ends[low] : tokens.starts[at]].strip().lower()
        if between in _SEPARATORS or between in ("-", "–", "—", "‑", "/"):
            return low
    return at


def _is_other(tokens: Tokens, number: int, unit: int, sentence: Part, language: Language) -> bool:
    """Whether the years are those of a company, an age or a time span."""
    before = f" {' '.join(tokens.keys[max(sentence.first, number - 4) : number])} "
    after = f" {' '.join(tokens.keys[unit + 1 : min(sentence.last, unit + 4)])} "
    if any(before.endswith(phrase) for phrase in language.year_not_before) and not before.endswith(
        " more than "
    ):
        return True
    return any(after.startswith(phrase) or phrase in after for phrase in language.year_not_after)


def _value(key: str, language: Language) -> float | None:
    if key.isdecimal() and len(key) <= 2:
        return float(key)
    number = language.numbers.get(key)
    return float(number) if number else None
