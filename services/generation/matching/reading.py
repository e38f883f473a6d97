"""Facts read once: which skills they name and where, and their words."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import NamedTuple

from services.generation.matching.facts import Fact, Source
from services.generation.skills.remembered import Texts
from services.generation.skills.stems import stem
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import PAUSE, STOP, Tokens

_OWN_WORDS = 5
"""A skill of the person's own naming has at most so many words; what is longer is a sentence."""
_DENIALS = frozenset(
    "no not without never lacking learn kein keine keinerlei nicht ohne lernen pas sans aucune apprendre sin ninguna "
    "aprender senza nessuna imparare sem nenhuma geen zonder leren bez".split()
)
_NOT_DENIALS = frozenset(["only", "just", "nur", "seulement", "solo", "apenas"])
_DENIAL_FILLERS = frozenset(
    "any prior previous much real used worked experience knowledge with of in de mit en con com erfahrung kenntnisse "
    "experiencia experience connaissance esperienza conoscenza about more yet uber".split()
)
_DENIAL_REACH = 4
_LISTED, _NAMED, _WORKED = 0.5, 0.6, 0.75
"""Strength of a skill that a list names, that a project, degree or the like shows, and that a job shows."""
_LISTED_TOO, _SAME_WORD = 0.15, 0.1
_MOST_SHOWN = _WORKED + _LISTED_TOO


class Naming(NamedTuple):
    """One place where a fact names a skill: fact.text[start:end]."""

    fact: Fact
    start: int
    end: int
    key: str
    """The name as it stands there, folded, with a space before and after."""


class Reading:
    """The facts of a profile or a resume, read."""

    def __init__(
        self,
        facts: Iterable[Fact],
        table: SkillTable,
        own: Mapping[str, str] | None = None,
        texts: Texts | None = None,
    ) -> None:
        """Reads facts.

        Args:
            facts: What to read.
            table: The known skills.
            own: Skills of the person's own naming (name by key) to look for; those listed in `facts` when None.
            texts: What was read of the same person before: a resume repeats its profile.
        """
        self.table = table
        self.texts = texts or Texts(table)
        read = [(fact, *self.texts.read(fact.text)) for fact in facts]
        self.facts: list[tuple[Fact, Tokens]] = [(fact, tokens) for fact, tokens, _ in read]
        self.skills: dict[str, list[Naming]] = {}
        self._places: dict[str, dict[str, list[tuple[int, int]]]] = {}
        unknown: dict[str, str] = {}
        for fact, tokens, named in read:
            mentions = [each for each in named if not _denied_at(each.start, tokens)]
            for each in mentions:
                key = self.texts.key(each.written(fact.text))
                self.skills.setdefault(each.skill.name, []).append(Naming(fact, each.start, each.end, key))
            if not mentions and own is None and _lists_skill(fact):
                _note_own(unknown, fact, tokens)
        self.own = dict(unknown if own is None else own)
        """Skills the table does not know, by key: the person's own names for their trade."""
        for key, name in self.own.items():
            for fact, tokens in self.facts:
                for start, end in tokens.find(key) if key in tokens.joined else ():
                    if _denied_at(start, tokens):
                        continue
                    self.skills.setdefault(name, []).append(Naming(fact, start, end, key))

    def answering(self, named: Mapping[str, str], language: str) -> "Reading":
        """This reading, with the skills that a posting names and no table knows: stems of their words by name."""
        if not named:
            return self
        found: dict[str, list[Naming]] = {}
        for fact, tokens in self.facts:
            stemmed = stems_of(tokens.keys, language)
            for name, roots in named.items():
                for first, last in places(roots, tokens.keys, stemmed):
                    key = f" {' '.join(tokens.keys[first : last + 1])} "
                    naming = Naming(fact, tokens.starts[first], tokens.ends[last], key)
                    found.setdefault(name, []).append(naming)
        if not found:
            return self
        other = copy(self)
        other.skills = {**self.skills, **found}
        other.__dict__.pop("mentions", None)
        return other

    @cached_property
    def mentions(self) -> dict[str, int]:
        """How often each skill is named."""
        return {name: len(namings) for name, namings in self.skills.items()}

    def prominent(self, skill: str) -> bool:
        """Whether a reader sees the skill at a glance."""
        return any(each.fact.prominent for each in self.skills.get(skill, ()))

    def adjacent(self, skill: str) -> str:
        """A proved neighbour of a skill; "" when there is none."""
        known = self.table.skills.get(skill)
        return min(known.neighbours & self.skills.keys(), default="") if known else ""

    @cached_property
    def figures(self) -> frozenset[str]:
        """Ids of the facts that hold a digit."""
        return frozenset([fact.id for fact, _ in self.facts if any(map(str.isdigit, fact.text))])

    def stems(self, language: str) -> Mapping[str, Sequence[tuple[int, int]]]:
        """Every place of each stem, in order: number of the fact, number of the token in it. Looked up once for each
        word; the same for every posting in a language.
        """
        known = self._places.get(language)
        if known is None:
            known = {}
            for number, (_, tokens) in enumerate(self.facts):
                for place, key in enumerate(tokens.keys):
                    if key not in (PAUSE, STOP):
                        known.setdefault(stem(key, language), []).append((number, place))
            self._places[language] = known
        return known

    def place(self, number: int, token: int) -> tuple[Fact, int, int]:
        """A fact by its number and where a token of it stands: fact.text[start:end]."""
        fact, tokens = self.facts[number]
        return fact, tokens.starts[token], tokens.ends[token]


def strength(namings: Iterable[Naming], posting_keys: frozenset[str], *, listing_suffices: bool) -> float:
    """How well a skill is shown, 0 to 1.

    Listed 0.5; named with a project, a degree or the like 0.6, with a job 0.75, and 0.15 more where it is listed too;
    0.1 more where it is called what the posting calls it. For languages, licences and ways of working a list is all
    one can show, and counts as the most.
    """
    namings = list(namings)
    if not namings:
        return 0.0
    proved = sum(each.fact.source is Source.PROVED for each in namings)
    if listing_suffices:
        base = _MOST_SHOWN
    elif not proved:
        base = _LISTED
    else:
        worked = any(each.fact.part == "experience" for each in namings)
        base = (_WORKED if worked else _NAMED) + (_LISTED_TOO if proved < len(namings) else 0.0)
    return base + (_SAME_WORD if any(each.key in posting_keys for each in namings) else 0.0)


def places(roots: str, keys: Sequence[str], stemmed: str) -> Iterator[tuple[int, int]]:
    """Where words stand in an inflection of their own and are not denied: first and last token.

    Args:
        roots: Their stems, with a space around each.
        keys: The text's tokens.
        stemmed: The stems of these, with a space around each.
    """
    at = stemmed.find(roots)
    while at >= 0:
        first = stemmed.count(" ", 0, at + 1) - 1
        if not _is_denied(first, keys):
            yield first, first + roots.count(" ") - 2
        at = stemmed.find(roots, at + 1)


def stems_of(keys: Iterable[str], language: str) -> str:
    """The stems of tokens, with a space around each."""
    return f" {' '.join([stem(key, language) for key in keys])} "


def _denied_at(start: int, tokens: Tokens) -> bool:
    return _is_denied(bisect_left(tokens.starts, start), tokens.keys)


def _is_denied(at: int, keys: Sequence[str]) -> bool:
    """Whether the words right before a skill say that the person lacks it: "no experience with", "eager to learn"."""
    for index in range(at - 1, max(-1, at - 1 - _DENIAL_REACH), -1):
        key = keys[index]
        if key in _DENIALS:
            return keys[index + 1] not in _NOT_DENIALS
        if key not in _DENIAL_FILLERS:
            return False
    return False


def _lists_skill(fact: Fact) -> bool:
    return (
        fact.field == "name" and (fact.part == "skills" or fact.prominent) and fact.part != "certifications"
    )


def _note_own(unknown: dict[str, str], fact: Fact, tokens: Tokens) -> None:
    words = tokens.words()
    if 0 < len(words) <= _OWN_WORDS and len(words) == len(tokens.keys) and max(map(len, words)) > 2:
        key, name = f" {' '.join(words)} ", fact.text.strip()
        unknown[key] = min(name, unknown.get(key, name))
