"""How close two job titles are: the work they name, whatever the language, the rank and the gender of their words."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from services.generation.postings.conditions import title_seniority
from services.generation.postings.language import Language
from services.generation.postings.language import language as language_of
from services.generation.skills.tokens import PAUSE, STOP

_BEFORE_ENDING = 4
_OWN_WORK = frozenset("manager director architect supervisor bauleiter bauleiterin polier kuchenchef".split())
"""Words that name a rank and a kind of work at once: who runs a building site does not do what the crew does."""


def title_words(title: str, language: Language) -> frozenset[str]:
    """The words of a title that name the work: no rank, no gender, one word for all that mean the same.

    Args:
        title: Its keys with a space around each, as in `Tokens.joined`.
        language: That of the posting.
    """
    return _title_words(title, language.tag)


@lru_cache(maxsize=50_000)
def title_rank(title: str, tag: str) -> int:
    """The rank that a title names in a language; 0 when it names none."""
    return int(title_seniority(title, language_of(tag)))


@lru_cache(maxsize=50_000)
def _title_words(title: str, tag: str) -> frozenset[str]:
    language, ranks, empty = language_of(tag), _ranks(tag), _tables().empty
    joined = title.replace(" front end ", " frontend ").replace(" back end ", " backend ")
    joined = joined.replace(" full stack ", " fullstack ")
    words = (word for word in joined.split() if word not in (PAUSE, STOP))
    kept = [
        word
        for word in words
        if len(word) > 1 and word not in ranks and word not in empty and word not in language.stop_words
    ]
    return frozenset(part for word in kept for part in _common(word) if part)


def likeness(asked: frozenset[str], held: frozenset[str], trade: frozenset[str] = frozenset()) -> float:
    """The part of the asked title's words that a held title has, 0 to 1.

    A word of the held title that is among `trade`, the skills asked for, stands in for a word it lacks.
    """
    shared = len(asked & held)
    if not shared:
        return 0.0
    return min(1.0, (shared + len((held - asked) & trade)) / len(asked))


@cache
def _ranks(tag: str) -> frozenset[str]:
    """Single words that name a rank and no work."""
    levels = (phrases for level, phrases in language_of(tag).seniority.items() if level != "not")
    found = {phrase.strip() for phrases in levels for phrase in phrases}
    return frozenset(found - _OWN_WORK)


@lru_cache(maxsize=10_000)
def _common(word: str) -> tuple[str, ...]:
    """The word that stands for a title's word, after the kind of work where both are written as one."""
    tables = _tables()
    word = tables.words.get(word, word)
    for ending, instead in tables.endings.items():
        if word.endswith(ending) and len(word) - len(ending) >= _BEFORE_ENDING:
            word = word[: -len(ending)] + instead
            break
    if word in tables.same:
        return (tables.same[word],)
    # German writes the kind of work and the worker as one word: "Lohnbuchhalter", "Intensivpflegefachkraft".
    for suffix, common in tables.same.items():
        if len(suffix) > 6 and word.endswith(suffix):
            return (word.removesuffix(suffix).removesuffix("s"), common)
    return (word,)


@dataclass(frozen=True, slots=True)
class _Tables:
    same: Mapping[str, str]
    endings: Mapping[str, str]
    words: Mapping[str, str]
    empty: frozenset[str]


@cache
def _tables() -> _Tables:
    file = files("services.generation.matching").joinpath("data", "titles.toml")
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    same: dict[str, str] = {}
    for group in data["same"]:
        for word in group:
            same.setdefault(word, group[0])
    return _Tables(same, data["endings"], data["words"], frozenset(data["empty"]))
