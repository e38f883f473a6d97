"""How letters are written, language by language. The data are languages/<tag>.toml; en.toml explains their form."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from services.document.locales import cldr

Pattern = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class ClauseRule:
    """One way to turn a line of a resume into a clause in the first person; a part that is None is not asked for."""

    clause: str
    also: str
    """The clause as a sentence that adds to one before; the same as `clause` where the language needs none."""
    when: str
    """ "lasting" or "ended" work only; "" for both."""
    first: Pattern | None
    not_first: frozenset[str]
    second: Pattern | None
    not_second: Pattern | None
    start: Pattern | None
    end: Pattern | None
    not_end: frozenset[str]
    verbs: frozenset[str]
    forms: tuple[tuple[Pattern, str], ...]
    from_list: bool
    """Whether `verbs` lists the words as they stand in lines, and not what they become."""
    lower: Pattern | None


@dataclass(frozen=True, slots=True)
class NounRule:
    """One kind of noun phrase that can stand in a list."""

    match: Pattern
    article: str
    lower: bool
    strip: bool
    """Whether what matched is left out of the phrase."""


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """One language's way of writing letters, in the form of one country."""

    tag: str
    """The language: "de"."""
    locale: str
    """The tag asked for: "de-CH"."""
    says: Mapping[str, tuple[str, ...]]
    """Variants by dotted name, such as "opening.warm.apply"."""
    at: tuple[tuple[Pattern | None, str], ...]
    comma: str
    last: str
    pair: str
    long: str
    nested: tuple[str, ...]
    least_nouns: int
    quotes: tuple[str, str]
    elision_before: Pattern | None
    elided: tuple[tuple[str, str], ...]
    continues: bool
    """Whether the first sentence goes on after the salutation, without a capital."""
    salutation_mark: str
    replace: tuple[tuple[str, str], ...]
    contact_labels: tuple[str, ...]
    female: frozenset[str]
    male: frozenset[str]
    address: tuple[str, str]
    """The line of the address for a woman and for a man."""
    no_names: frozenset[str]
    clauses: tuple[ClauseRule, ...]
    nouns: tuple[NounRule, ...]
    joints: Pattern
    nouns_too: frozenset[str]
    adverbs: Pattern
    capitals: Pattern | None
    small_nouns: bool
    cliches: tuple[str, ...]

    def variants(self, name: str) -> tuple[str, ...]:
        """The variants of a dotted name; none where the language has none."""
        return self.says.get(name, ())


def letter_languages() -> tuple[str, ...]:
    """Tags of the languages letters are written in."""
    return tuple(sorted(_tables()))


def letter_language(locale: str) -> Language | None:
    """The language of a BCP 47 tag; None when letters are not written in it."""
    return _language(locale[:35])


@cache
def _tables() -> Mapping[str, Mapping[str, Any]]:
    folder = files("services.generation.letters").joinpath("languages")
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }


@lru_cache(maxsize=256)  # bounded, because tags come from callers
def _language(locale: str) -> Language | None:
    tag = locale.replace("_", "-").partition("-")[0].lower()
    table = _tables().get(tag)
    return None if table is None else read_language(tag, locale, table)


def read_language(tag: str, locale: str, table: Mapping[str, Any]) -> Language:
    """A language from its data; raises KeyError, TypeError or re.error on data that lack something."""
    territory = cldr(locale).territory or ""
    region: Mapping[str, Any] = table.get("regions", {}).get(territory, {})
    quotes = {**table["quotes"], **region.get("quotes", {})}
    closing = {**table["closing"], **region.get("closing", {})}
    says = dict(_says({**table, "closing": closing}))
    words: Mapping[str, Any] = table["words"]
    contact = table["contact"]
    elision = table.get("elision", {})
    salutation = table["salutation"]
    return Language(
        tag=tag,
        locale=locale,
        says=says,
        at=(
            *((re.compile(each["pattern"]), each["text"]) for each in table["at"].get("rules", ())),
            (None, table["at"]["default"]),
        ),
        comma=table["lists"]["comma"],
        last=table["lists"]["last"],
        pair=table["lists"]["pair"],
        long=table["lists"]["long"],
        nested=tuple(table["lists"]["nested"]),
        least_nouns=table["lists"].get("least_nouns", 1),
        quotes=(quotes["open"], quotes["close"]),
        elision_before=re.compile(elision["before"], re.IGNORECASE) if elision else None,
        elided=tuple((before, after) for before, after in elision.get("words", ())),
        continues=region.get("continues", salutation.get("continues", False)),
        salutation_mark=region.get("salutation_mark", ","),
        replace=tuple((old, new) for old, new in region.get("replace", ())),
        contact_labels=tuple(sorted(contact["labels"], key=len, reverse=True)),
        female=frozenset(contact["female"]),
        male=frozenset(contact["male"]),
        address=(contact["address_female"], contact["address_male"]),
        no_names=frozenset(contact["no_names"]),
        clauses=tuple(_clause_rule(each, words) for each in table["clauses"]),
        nouns=tuple(
            NounRule(
                re.compile(each["match"]),
                each.get("article", ""),
                each.get("lower", tag not in _CAPITAL_NOUNS),
                each.get("strip", False),
            )
            for each in table["nouns"]
        ),
        joints=re.compile("|".join(map(re.escape, words["joints"]))),
        nouns_too=frozenset(words["nouns_too"]),
        adverbs=re.compile(rf"(?:{words['adverbs']})", re.IGNORECASE),
        capitals=re.compile(words["capitals"]) if words["capitals"] else None,
        small_nouns=tag not in _CAPITAL_NOUNS,
        cliches=tuple(words["cliches"]),
    )


_CAPITAL_NOUNS = frozenset(["de", "lb"])
"""Languages that write every noun with a capital."""


def _clause_rule(data: Mapping[str, Any], words: Mapping[str, Any]) -> ClauseRule:
    def pattern(name: str, flags: int = 0) -> Pattern | None:
        return re.compile(data[name], flags) if name in data else None

    return ClauseRule(
        clause=data["clause"],
        also=data.get("also", data["clause"]),
        when=data.get("when", ""),
        first=pattern("first", re.IGNORECASE),
        not_first=frozenset(data.get("not_first", ())),
        second=pattern("second", re.IGNORECASE),
        not_second=pattern("not_second", re.IGNORECASE),
        start=pattern("start"),
        end=pattern("end"),
        not_end=frozenset(data.get("not_end", ())),
        verbs=frozenset(words[data["verbs"]]) if "verbs" in data else frozenset(),
        forms=tuple((re.compile(old), new) for old, new in data.get("forms", ())),
        from_list=data.get("from_list", False),
        lower=pattern("lower"),
    )


def _says(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every text of the frame by its dotted name."""
    parts = ("subject", "closing", "salutation", "opening", "evidence", "more", "motivation", "ending")
    for name, value in table.items():
        if not prefix and name not in parts:
            continue
        if isinstance(value, str):
            yield f"{prefix}{name}", (value,)
        elif isinstance(value, list):
            yield f"{prefix}{name}", tuple(value)
        elif isinstance(value, dict):
            yield from _says(value, f"{prefix}{name}.")
