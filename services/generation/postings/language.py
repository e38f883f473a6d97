"""How postings speak, language by language: headings, cues, units, stop words. The data are languages/<tag>.toml."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from services.document.locales import guess_language
from services.generation.skills.tokens import Tokenizer, fold

FALLBACK = "en"

Phrases = frozenset[str]
"""Folded phrases with a space before and after, as they stand in `Tokens.joined`."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language's way of writing postings, English added: postings everywhere mix English in."""

    tag: str
    headings: Mapping[str, Phrases]
    """By kind of section: requirements, nice, responsibilities, company, offer, legal."""
    cues: Mapping[str, Phrases]
    """must, nice, negators, not_negators, needs, turns, and who else is spoken of: passing, makes, beside,
    departments (words of one) and towards (words before one)."""
    whom: Mapping[str, Phrases]
    """Of whom a sentence speaks: applicant, you (that begin a duty), offers, about (words before a company), ours
    (words before a colleague), streets (of an address), persons (words before a name)."""
    year_units: Phrases
    year_experience: Phrases
    year_not_before: Phrases
    year_not_after: Phrases
    numbers: Mapping[str, int]
    """Folded number words up to twelve."""
    seniority: Mapping[str, Phrases]
    remote: Mapping[str, Phrases]
    education: Mapping[str, Phrases]
    labels: Mapping[str, tuple[str, ...]]
    """Words before a colon, by what they label: title, company, location."""
    seeking: Mapping[str, tuple[str, ...]]
    """Patterns of sentences that name the title, company or location."""
    title_ends: Phrases
    stop_words: frozenset[str]
    generic_words: frozenset[str]
    """Words of every posting, which tell nothing about this one."""
    title_nouns: frozenset[str]
    organisations: frozenset[str]
    """Words of a company's name, in all languages: it need not speak the posting's."""
    named: Mapping[str, Phrases]
    """How a skill is named that no table knows; en.toml explains the words."""
    before_names: frozenset[str]
    """Words that may stand before such a name and are none of it."""
    after_names: frozenset[str]
    """Words that may stand behind it."""
    furniture: frozenset[str]
    """Every single word of headings, cues, labels, units, ranks and degrees: no posting is told by it."""


def language(tag: str) -> Language:
    """The language of a BCP 47 tag; English where it is not known."""
    own = re.split(r"[-_]", tag, maxsplit=1)[0].lower()
    return _language(own if own in _tags() else FALLBACK)


@lru_cache(maxsize=200)
def guess_posting_language(text: str) -> str:
    """The language a posting is written in; "" when nothing tells. Remembered, for a posting is matched many times.

    By the stop words of the languages with data here, which tell shorter texts apart than the few common words that
    serve for all languages.
    """
    general = guess_language([text])
    if general and general not in _tags():
        return general
    found = Counter(Tokenizer().split(text[:20_000]).words())
    scores = {tag: sum(found[word] for word in _own_stop_words(tag)) for tag in _tags()}
    best = max(scores, key=lambda tag: (scores[tag], tag == general))
    return best if scores[best] > 1 else general


def known_languages() -> tuple[Language, ...]:
    """All languages with data, for what is read before the language is known."""
    return tuple(_language(tag) for tag in _tags())


@cache
def _tags() -> tuple[str, ...]:
    folder = files("services.generation.postings").joinpath("languages")
    return tuple(
        sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml"))
    )


@cache
def _data(tag: str) -> Mapping[str, Any]:
    file = files("services.generation.postings").joinpath("languages", f"{tag}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _own_stop_words(tag: str) -> frozenset[str]:
    return _words([_data(tag)], "words", "stop")


@cache
def _language(tag: str) -> Language:
    both = [_data(each) for each in dict.fromkeys((tag, FALLBACK))]
    stop, generic = _words(both, "words", "stop"), _words(both, "words", "generic")
    named, furniture = _phrases(both, "named"), _furniture(both)
    around = furniture | {word.strip() for word in (*named["around"], *named["heads"])}
    return Language(
        tag=tag,
        headings=_phrases(both, "headings"),
        cues=_phrases(both, "cues"),
        whom=_phrases(both, "whom"),
        year_units=_phrases(both, "years")["units"],
        year_experience=_phrases(both, "years")["experience"],
        year_not_before=_phrases(both, "years")["not_before"],
        year_not_after=_phrases(both, "years")["not_after"],
        numbers={
            fold(word): place + 1 for each in both for place, word in enumerate(each["years"]["numbers"])
        },
        seniority=_phrases(both, "seniority"),
        remote=_phrases(both, "remote"),
        education=_phrases(both, "education"),
        labels=_lists(both, "labels"),
        seeking=_lists(both, "seeking"),
        title_ends=_phrases(both, "seeking")["title_end"],
        stop_words=stop,
        generic_words=generic,
        title_nouns=_words(both, "titles", "nouns"),
        organisations=_words([_data(each) for each in _tags()], "organisations", "words"),
        named=named,
        before_names=(around | generic) - stop,
        after_names=around - stop,
        furniture=furniture,
    )


def _phrases(both: list[Mapping[str, Any]], table: str) -> Mapping[str, Phrases]:
    tokenizer = Tokenizer()
    return {
        key: frozenset(tokenizer.key(phrase) for phrase in phrases)
        for key, phrases in _lists(both, table).items()
    }


def _lists(both: list[Mapping[str, Any]], table: str) -> Mapping[str, tuple[str, ...]]:
    keys = dict.fromkeys(key for each in both for key in each[table])
    return {key: tuple(phrase for each in both for phrase in each[table].get(key, ())) for key in keys}


def _words(both: list[Mapping[str, Any]], table: str, key: str) -> frozenset[str]:
    return frozenset(fold(word) for each in both for word in each[table][key].split())


def _furniture(both: list[Mapping[str, Any]]) -> frozenset[str]:
    tables = ("headings", "cues", "labels", "years", "seniority", "remote", "education")
    phrases = (phrase for table in tables for listed in _lists(both, table).values() for phrase in listed)
    return frozenset(fold(phrase) for phrase in phrases if " " not in phrase)
