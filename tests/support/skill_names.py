"""Lints what skills are called in single languages (services/generation/skills/data/names).

Everybody's text is searched for the names of all languages, so a name of one language has to mean nothing else in the
others. Texts are compared without case and accents: "gestión" would be found in French "gestion".
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from services.generation.postings.language import known_languages
from services.generation.skills.names import name_files
from services.generation.skills.table import Rule, SkillTable
from services.generation.skills.tokens import fold
from tests.support.labelled_matches import FOLDER, TUNED_ON


@cache
def nameless_table() -> SkillTable:
    """The table without the names by language: what they are added to."""
    return SkillTable.load(languages=())


def all_names() -> dict[str, Mapping[str, Any]]:
    """The names as the files have them, by tag."""
    return {tag: tomllib.loads(text) for tag, text in name_files().items()}


@cache
def tuned_postings() -> tuple[tuple[str, str], ...]:
    """Language and text of the labelled postings that may be looked at."""
    return tuple(
        (file.stem.rpartition("_")[2], file.read_text(encoding="utf-8"))
        for half in TUNED_ON
        for file in sorted((FOLDER / half / "postings").glob("*.txt"))
    )


@cache
def _tokenized_postings() -> tuple[tuple[str, str], ...]:
    return tuple((tag, nameless_table().tokens(text).joined) for tag, text in tuned_postings())


def everyday_languages(key: str, own: str, endings: Collection[str]) -> set[str]:
    """Other languages that have a name, given as it stands in `Tokens.joined`, among their everyday words or in their
    labelled postings; `own` too where it is one of its stop words. `endings` are those the name is found with too.
    """
    found = {tag for tag, joined in _tokenized_postings() if tag != own and key in joined}
    word = key.strip()
    if " " in word:
        return found
    forms = {word, *(word + ending for ending in endings if len(word) >= 6)}
    for each in known_languages():
        if each.tag == own:
            if not each.stop_words.isdisjoint(forms):
                found.add(own)
            continue
        words = each.stop_words | each.generic_words | each.title_nouns | each.furniture
        if not (words | _letter_words().get(each.tag, frozenset())).isdisjoint(forms):
            found.add(each.tag)
    return found


@cache
def _letter_words() -> Mapping[str, frozenset[str]]:
    """The words letters are made of, by language: verbs and phrases of everyday that lists of stop words leave out."""
    folder = files("services.generation.letters").joinpath("languages")
    return {
        file.name.removesuffix(".toml"): frozenset(
            fold(word) for word in re.findall(r"[^\W\d_]+", file.read_text(encoding="utf-8"))
        )
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }


def refused_names(names_by_tag: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with the names of languages, a line each."""
    table = nameless_table()
    taken: dict[str, str] = {}
    for tag, names in names_by_tag.items():
        for skill, entry in names["skills"].items():
            if skill not in table.skills:
                yield f"{tag}: {skill!r} is no skill"
                continue
            for rule, name in _spellings(entry):
                key = table.tokenizer.key(name)
                if not key:
                    yield f"{tag}: {name!r} has no word"
                    continue
                known = table.aliases.get(key)
                other = known.skill.name if known and known.skill else taken.setdefault(key, skill)
                if known and not known.skill:
                    yield f"{tag}: {name!r} is ignored"
                elif other != skill:
                    yield f"{tag}: {name!r} of {skill!r} means {other!r} already"
                elif known and known.rule is not Rule.OPEN and rule is Rule.OPEN:
                    yield f"{tag}: {name!r} of {skill!r} counts under a rule, and would in any case"
                elif (
                    not known
                    and rule is Rule.OPEN
                    and (languages := everyday_languages(key, tag, names["endings"]))
                ):
                    yield f"{tag}: {name!r} of {skill!r} is everyday in {', '.join(sorted(languages))}"


def _spellings(entry: Any) -> Iterator[tuple[Rule, str]]:
    by_rule = {"aliases": entry} if isinstance(entry, list) else entry
    for rule in Rule:
        for name in by_rule.get("aliases" if rule is Rule.OPEN else rule.value, ()):
            yield rule, name
