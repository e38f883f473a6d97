"""How languages say what changes the meaning of a claim. Data: languages/<tag>.toml; en.toml tells their form."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import snowballstemmer

from services.generation.skills.tokens import fold

_STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish", "fr": "french", "hi": "hindi",
    "it": "italian", "nl": "dutch", "pl": "polish", "pt": "portuguese", "ru": "russian", "sv": "swedish",
    "tr": "turkish",
}  # fmt: skip
_SAME = 5
"""Letters that two stems have to share to be of one word: "reduc" and "reduct"."""
_ENDING = 3
"""Letters by which stems of one word may differ at their ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """One or more languages' words, folded."""

    tags: tuple[str, ...]
    neutral: frozenset[str]
    """Words that claim nothing: articles, prepositions, pronouns, auxiliaries."""
    phrases: tuple[str, ...]
    """Labels that claim nothing, longest first."""
    leads: frozenset[str]
    """Words that continue what stands before them: prepositions."""
    joins: frozenset[str]
    """Words that begin another statement: "and"."""
    turns: frozenset[str]
    """Words that end what a negation covers: "but"."""
    relatives: frozenset[str]
    """Words that after a pause begin what is told of somebody else: "der"."""
    prefixes: tuple[str, ...]
    """Parts of verbs that may stand apart from them."""
    ranks: frozenset[str]
    """Nouns of rank: alone they say what somebody is."""
    roles: frozenset[str]
    """Words before what somebody worked as: "as"."""
    past: frozenset[str]
    """Forms that can only be a past tense: they begin a statement of their own after "and"."""
    denies: frozenset[str]
    """"not", "never": cover what follows."""
    lacks: frozenset[str]
    """"without", "no": cover the next words."""
    denies_backwards: frozenset[str]
    """Negations that stand behind what they deny."""
    hedges: Mapping[str, str]
    """Words that make less of what follows, by the kind of less: help, plan, learn, part."""
    modifiers: Mapping[str, str]
    """Phrases before a number: "about", "almost", "over" as ~, < and >."""
    groups: Mapping[str, frozenset[str]]
    """Names of the groups of forms that mean the same, by form: irregular verbs, synonyms."""
    apart: Mapping[str, str]
    """The group by form, of forms that look alike and mean different things: manage and manager."""
    numbers: Mapping[str, int]
    """Number words below a hundred, and ordinals."""
    scales: Mapping[str, int]
    """hundred, thousand, million ..."""
    denies_inside: tuple[str, ...]
    """Negations inside the runs of scripts without spaces."""
    hedges_inside: Mapping[str, str]
    """Hedges inside such runs."""

    def may_weaken(self, flat: str) -> bool:
        """Whether a flat text may deny or weaken anything: a quick look before a close one."""
        if any(each in flat for each in (*self.denies_inside, *self.hedges_inside)):
            return True
        return not self._weakeners.isdisjoint(map(fold, _WORD.findall(flat)))

    @property
    def _weakeners(self) -> frozenset[str]:
        return _weakeners(self)

    def stems(self, word: str) -> frozenset[str]:
        """What a folded word may be compared by."""
        return _stems(word, self.tags)

    def alike(self, one: str, other: str) -> bool:
        """Whether two folded words are forms of one word, or words of one meaning."""
        if one == other:
            return True
        first, second = self.apart.get(one), self.apart.get(other)
        if first != second and (first or second):
            return False
        if self.groups.get(one, _NONE) & self.groups.get(other, _NONE):
            return True
        if "\uac00" <= one[0] <= "\ud7af":
            return one[:2] == other[:2] and abs(len(one) - len(other)) <= _ENDING
        ours, theirs = self.stems(one), self.stems(other)
        return bool(ours & theirs) or any(_is_one_stem(a, b) for a in ours for b in theirs)


_WORD = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=64)
def _weakeners(language: Language) -> frozenset[str]:
    """Every word that denies or weakens; "t" is the end of "don't"."""
    return frozenset(
        {
            "t",
            *language.denies,
            *language.lacks,
            *language.denies_backwards,
            *language.hedges,
            *language.relatives,
        }
    )


_NONE: frozenset[str] = frozenset()


def _is_one_stem(one: str, other: str) -> bool:
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return shared >= _SAME and max(len(one), len(other)) - shared <= _ENDING


@lru_cache(maxsize=50_000)
def _stems(word: str, tags: tuple[str, ...]) -> frozenset[str]:
    found = {word}
    for tag in tags:
        if tag in _STEMMERS:
            stemmer = snowballstemmer.stemmer(_STEMMERS[tag])
            found.add(stemmer.stemWord(word))
            if tag == "de":
                found.update(stemmer.stemWord(each) for each in _without_ge(word))
        if tag in ("ar", "he"):
            found.update(
                word[len(each) :]
                for each in _PREFIXES[tag]
                if word.startswith(each) and len(word) > len(each) + 2
            )
    return frozenset(found)


_PREFIXES = {
    "ar": ("ال", "وال", "بال", "لل", "كال", "و", "ب", "ل", "ف"),
    "he": ("ה", "ו", "ב", "ל", "מ", "וה", "בה", "ש"),
}
"""Small words that are written in one with the next."""


def _without_ge(word: str) -> set[str]:
    """German participles without their "ge": "geleitet" and "eingefuhrt" beside "leitet" and "einfuhrt"."""
    if not word.endswith(("t", "te", "ten", "en", "er", "es", "em")):
        return set()
    at = word.find("ge")
    return {word[:at] + word[at + 2 :]} if 0 <= at <= 5 and len(word) - at > 5 else set()


def language_of(tags: Iterable[str]) -> Language:
    """The words of some languages together, by their BCP 47 tags; those without data are left out, but never stemmed
    by another's rules. English is the last resort.
    """
    bare = dict.fromkeys(each.partition("-")[0].lower() for each in tags if each)
    return _together(tuple(bare) or ("en",))


@lru_cache(maxsize=64)
def _together(tags: tuple[str, ...]) -> Language:
    tables = [_table(tag) for tag in tags if tag in _tags()] or [_table("en")]
    groups: dict[str, frozenset[str]] = {}
    apart: dict[str, str] = {}
    for tag, table in zip(tags, tables, strict=False):
        for number, group in enumerate(table.get("alike", ())):
            for word in group.split():
                groups[fold(word)] = groups.get(fold(word), _NONE) | {f"{tag}{number}"}
        for number, group in enumerate(table.get("apart", ())):
            apart.update((fold(word), f"{tag}{number}") for word in group.split())
    hedges: dict[str, str] = {}
    modifiers: dict[str, str] = {}
    numbers: dict[str, int] = {}
    scales: dict[str, int] = {}
    for table in tables:
        for kind, text in table.get("hedges", {}).items():
            hedges.update((fold(word), kind) for word in text.split())
        for mark, phrases in table.get("modifiers", {}).items():
            modifiers.update((fold(phrase), _MODIFIERS[mark]) for phrase in phrases)
        numbers.update((fold(word), value) for word, value in _numbers(table).items())
        scales.update((fold(word), value) for word, value in table.get("scales", {}).items())
    return Language(
        tags=tags,
        neutral=_words(tables, "neutral"),
        phrases=tuple(
            sorted((each for table in tables for each in table.get("phrases", ())), key=len, reverse=True)
        ),
        leads=_words(tables, "leads"),
        joins=_words(tables, "joins"),
        turns=_words(tables, "turns"),
        relatives=_words(tables, "relatives"),
        prefixes=tuple(sorted(_words(tables, "prefixes"), key=lambda each: (-len(each), each))),
        ranks=_words(tables, "ranks"),
        roles=_words(tables, "roles"),
        past=_words(tables, "past"),
        denies=_words(tables, "denies"),
        lacks=_words(tables, "lacks"),
        denies_backwards=_words(tables, "denies_backwards"),
        hedges=hedges,
        modifiers=modifiers,
        groups=groups,
        apart=apart,
        numbers=numbers,
        scales=scales,
        denies_inside=tuple(
            word for table in tables for word in table.get("inside", {}).get("denies", "").split()
        ),
        hedges_inside={
            word: kind
            for table in tables
            for kind, text in table.get("inside", {}).items()
            if kind != "denies"
            for word in text.split()
        },
    )


_MODIFIERS = {"about": "~", "below": "<", "above": ">"}


def _words(tables: Iterable[Mapping[str, Any]], name: str) -> frozenset[str]:
    return frozenset(fold(word) for table in tables for word in table.get(name, "").split())


def _numbers(table: Mapping[str, Any]) -> dict[str, int]:
    """Number words with those that a language makes of two: "twenty-five", "fünfundzwanzig"."""
    given = dict(table.get("numbers", {}))
    shapes = table.get("compound_numbers", ())
    tens = {word: value for word, value in given.items() if value in range(20, 100, 10)}
    units = {word: value for word, value in given.items() if 0 < value < 10}
    for shape in shapes:
        for ten, high in tens.items():
            for unit, low in units.items():
                given.setdefault(shape.format(ten=ten, unit=unit), high + low)
    for word, value in table.get("ordinals", {}).items():
        given.setdefault(word, value)
    return given


@cache
def _tags() -> frozenset[str]:
    return frozenset(
        each.name.removesuffix(".toml") for each in files(__package__).joinpath("languages").iterdir()
    )


@cache
def _table(tag: str) -> Mapping[str, Any]:
    file = files(__package__).joinpath("languages", f"{tag}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))
