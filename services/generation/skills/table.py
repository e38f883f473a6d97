"""The curated table of skills: canonical names, other spellings, fields, neighbours.

The data are the files of data/, a field each; their form is described in data/programming_languages.toml. names.py adds
what skills are called in single languages.
"""

import gc
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import ahocorasick

from services.generation.skills.names import name_files, own_endings, with_names
from services.generation.skills.tokens import Tokenizer, Tokens, fold

Kind = Literal["technical", "soft", "language", "credential"]


_ENDINGS = ("s", "n", "en", "e", "es")
"""Of plurals and cases in English, French, Spanish, Portuguese, Dutch and German."""
_INFLECTED = 6
"""Letters a word has at least for its endings to be tried."""
_MARKS = frozenset(".+#&")
"""Punctuation that belongs to names such as "C++" and ".NET"."""


class Rule(Enum):
    """When a spelling counts as its skill."""

    OPEN = "open"
    EXACT = "exact"
    PROPER = "proper"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill by its canonical name."""

    name: str
    field: str
    """What it belongs to, such as "Databases"."""
    kind: Kind
    group: str
    """Fields of one group speak of the same things, so that their names explain each other."""
    cues: frozenset[str]
    """Folded words that tell an ambiguous name is meant."""
    neighbours: frozenset[str]
    """Canonical names of skills close to it: worth mentioning, never a proof."""


class Alias(NamedTuple):
    """One folded spelling of a skill, or of something that is none. A tuple, for there are tens of thousands."""

    key: str
    skill: Skill | None
    """None for phrases that hold a name and do not mean it."""
    rule: Rule
    written: frozenset[str]
    """Spellings as the data have them, for the rules that ask for exact case."""

    @property
    def length(self) -> int:
        """Number of its tokens."""
        return self.key.count(" ") - 1


class SkillTable:
    """All known skills. Built once per process and passed to whatever reads text; immutable, safe between threads."""

    def __init__(
        self, skills: Iterable[Skill], aliases: Iterable[Alias], tokenizer: Tokenizer, fingerprint: str = ""
    ) -> None:
        self.skills: Mapping[str, Skill] = {each.name: each for each in skills}
        self.aliases: Mapping[str, Alias] = {each.key: each for each in aliases}
        self.tokenizer = tokenizer
        self.fingerprint = fingerprint
        """Of the data the table is made from: what was read with another one is out of date."""
        spellings: dict[str, list[str]] = {}
        for key, alias in self.aliases.items():
            if alias.skill:
                spellings.setdefault(alias.skill.name, []).append(key)
        self.spellings: Mapping[str, tuple[str, ...]] = {
            name: tuple(keys) for name, keys in spellings.items()
        }
        """Folded spellings by canonical name."""
        self._automaton = ahocorasick.Automaton()
        for key, alias in self.aliases.items():
            self._automaton.add_word(key, alias)
        self._automaton.make_automaton()

    @classmethod
    def load(cls, languages: Collection[str] | None = None) -> "SkillTable":
        """The table from the package's own data files. Takes half a second and more: once a process.

        Args:
            languages: tags of the languages of data/names to read; all of them when left out.

        Raises:
            ValueError: the data contradict themselves; says where.
        """
        # All of it stays: looking through it for what could go meanwhile takes a quarter of the time.
        collects = gc.isenabled()
        gc.disable()
        try:
            return cls._load(languages)
        finally:
            if collects:
                gc.enable()

    @classmethod
    def _load(cls, languages: Collection[str] | None) -> "SkillTable":
        texts = [
            file.read_text(encoding="utf-8")
            for file in sorted(
                files("services.generation.skills").joinpath("data").iterdir(), key=lambda f: f.name
            )
            if file.name.endswith(".toml")
        ]
        name_texts = {
            tag: text for tag, text in name_files().items() if languages is None or tag in languages
        }
        named = {tag: tomllib.loads(text) for tag, text in name_texts.items()}
        fields = with_names([tomllib.loads(text) for text in texts], named)
        tokenizer = _tokenizer(fields)
        skills = _skills(fields)
        fingerprint = sha256("\0".join([*texts, *name_texts.values()]).encode()).hexdigest()[:16]
        return cls(
            skills.values(), _aliases(fields, skills, tokenizer, own_endings(named)), tokenizer, fingerprint
        )

    def candidates(self, tokens: Tokens) -> list[tuple[int, Alias]]:
        """Every spelling that stands in the text, with the index of its first token; overlapping ones too."""
        joined = tokens.joined
        # A spelling ends with the space after its last token.
        return [
            (joined.count(" ", 0, end) - alias.length, alias) for end, alias in self._automaton.iter(joined)
        ]

    def tokens(self, text: str) -> Tokens:
        """The tokens of a text, as this table's names are spelled."""
        return self.tokenizer.split(text)


def _tokenizer(fields: Iterable[Mapping[str, Any]]) -> Tokenizer:
    """A tokenizer that keeps the names of the table whole."""
    plain = Tokenizer()
    whole, single = set(), set()
    for field in fields:
        for name, entry in field["skills"].items():
            for rule, spelling in _spellings(name, entry):
                if not _MARKS.isdisjoint(spelling):
                    for word in spelling.casefold().split():
                        if not _MARKS.isdisjoint(word) and any(each.isalnum() for each in word):
                            whole.add(word)
                # Most are several plain words, which need not be split to be counted.
                if rule is Rule.OPEN and not (" " in spelling and spelling.replace(" ", "").isalpha()):
                    words = plain.key(spelling).split()
                    if len(words) == 1:
                        single.add(words[0])
    return Tokenizer(frozenset(whole), frozenset(single))


def _skills(fields: Iterable[Mapping[str, Any]]) -> dict[str, Skill]:
    found: dict[str, Skill] = {}
    neighbours: dict[str, set[str]] = {}
    for field in fields:
        for group in field["neighbours"]:
            for name in group:
                neighbours.setdefault(name, set()).update(set(group) - {name})
    for field in fields:
        cues = frozenset(map(fold, field["cues"]))
        for name, entry in field["skills"].items():
            if name in found:
                raise ValueError(f"skill {name!r} stands in {found[name].field} and in {field['field']}")
            own = entry.get("cues", ()) if isinstance(entry, dict) else ()
            found[name] = Skill(
                name=name,
                field=field["field"],
                kind=entry.get("kind", field["kind"]) if isinstance(entry, dict) else field["kind"],
                group=field.get("group", field["field"]),
                cues=cues.union(map(fold, own)),
                neighbours=frozenset(neighbours.get(name, ())),
            )
    unknown = set(neighbours) - set(found)
    if unknown:
        raise ValueError(f"neighbours that are no skills: {', '.join(sorted(unknown))}")
    return found


def _aliases(
    fields: Iterable[Mapping[str, Any]],
    skills: Mapping[str, Skill],
    tokenizer: Tokenizer,
    endings: Mapping[str, Collection[str]],
) -> list[Alias]:
    found: dict[str, Alias] = {}
    for field in fields:
        for name, entry in field["skills"].items():
            for rule, spelling in _spellings(name, entry):
                _add(found, Alias(tokenizer.key(spelling), skills[name], rule, frozenset([spelling])))
    for field in fields:
        for phrase in field["ignore"]:
            key = tokenizer.key(phrase)
            if key in found:
                raise ValueError(
                    f"{phrase!r} is ignored in {field['field']} and a spelling of {found[key].skill}"
                )
            found[key] = Alias(key, None, Rule.OPEN, frozenset())
    return [*found.values(), *_inflected(found, endings)]


_AS_ANY: frozenset[str] = frozenset()
"""Of spellings that count in whatever case."""


def _inflected(aliases: Mapping[str, Alias], endings: Mapping[str, Collection[str]]) -> Iterable[Alias]:
    """The same spellings with the endings of plural and case: "wound dressings", "Infusionstherapien". Names of one
    language take its own, given by name.

    Not for software, whose names are not inflected and are often common words; not for short words.
    """
    made: dict[str, Alias] = {}
    for key, alias in aliases.items():
        word = key.split()[-1]
        if (
            alias.skill is None
            or alias.rule is not Rule.OPEN
            or alias.skill.group == "software"
            or len(word) < _INFLECTED
            or not word.isalpha()
        ):
            continue
        whole = key.rstrip()
        own = next((endings[name] for name in alias.written if name in endings), _ENDINGS)
        for ending in own:
            if word.endswith(ending[0]) and ending != "s":
                continue
            other = f"{whole}{ending} "
            if other not in aliases and other not in made:
                made[other] = Alias(other, alias.skill, Rule.OPEN, _AS_ANY)
    return made.values()


def _add(found: dict[str, Alias], alias: Alias) -> None:
    """Adds a spelling; two rules of one skill for one key make the stricter one, unless one of them is open."""
    old = found.get(alias.key)
    if not alias.key:
        raise ValueError(f"{alias.written} has no word")
    if old is None:
        found[alias.key] = alias
    elif old.skill != alias.skill:
        names = [each.skill.name for each in (old, alias) if each.skill]
        raise ValueError(f"{sorted(alias.written)} means both {' and '.join(names)}")
    elif old.rule is not Rule.OPEN and alias.rule is not Rule.OPEN:
        rule = old.rule if old.rule is Rule.STRICT else alias.rule
        found[alias.key] = Alias(alias.key, alias.skill, rule, old.written | alias.written)
    else:
        found[alias.key] = Alias(alias.key, alias.skill, Rule.OPEN, frozenset())


def _spellings(name: str, entry: Any) -> list[tuple[Rule, str]]:
    """All spellings of an entry with their rules; the name itself is open unless it is listed under a rule."""
    listed: dict[Rule, list[str]] = {Rule.OPEN: list(entry)} if isinstance(entry, list) else {}
    if isinstance(entry, dict):
        listed[Rule.OPEN] = list(entry.get("aliases", ()))
        for rule in (Rule.EXACT, Rule.PROPER, Rule.STRICT):
            listed[rule] = list(entry.get(rule.value, ()))
    if not any(name in spellings for spellings in listed.values()):
        listed[Rule.OPEN].insert(0, name)
    return [(rule, spelling) for rule, spellings in listed.items() for spelling in spellings]
