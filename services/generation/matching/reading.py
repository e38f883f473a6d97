"""Facts read once: which skills they name and where, and their words."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

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


@dataclass(frozen=True, slots=True)
class Naming:
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
        self.facts: list[tuple[Fact, Tokens]] = [(fact, self.texts.tokens(fact.text)) for fact in facts]
        self.skills: dict[str, list[Naming]] = {}
        self._words: dict[str, dict[str, tuple[Fact, int, int]]] = {}
        unknown: dict[str, str] = {}
        for fact, tokens in self.facts:
            mentions = [each for each in self.texts.mentions(fact.text) if not _is_denied(each.start, tokens)]
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
                    if _is_denied(start, tokens):
                        continue
                    self.skills.setdefault(name, []).append(Naming(fact, start, end, key))

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
        return min((each for each in known.neighbours if each in self.skills), default="") if known else ""

    def words(self, language: str) -> dict[str, tuple[Fact, int, int]]:
        """The first place of each stem."""
        if language in self._words:
            return self._words[language]
        found: dict[str, tuple[Fact, int, int]] = {}
        for fact, tokens in self.facts:
            for key, start, end in zip(tokens.keys, tokens.starts, tokens.ends, strict=True):
                if key not in (PAUSE, STOP):
                    found.setdefault(stem(key, language), (fact, start, end))
        self._words[language] = found
        return found


def strength(namings: Iterable[Naming], posting_keys: frozenset[str], *, listing_suffices: bool) -> float:
    """How well a skill is shown, 0 to 1.

    Listed 0.6, named with work 0.7, both 0.9; 0.1 more where it is called what the posting calls it. For languages,
    licences and ways of working a list is all one can show, and counts as both.
    """
    namings = list(namings)
    sources = {each.fact.source for each in namings}
    if not sources:
        return 0.0
    both = len(sources) == 2 or listing_suffices
    base = 0.9 if both else 0.7 if Source.PROVED in sources else 0.6
    return base + (0.1 if any(each.key in posting_keys for each in namings) else 0.0)


def _is_denied(start: int, tokens: Tokens) -> bool:
    """Whether the words right before a skill say that the person lacks it: "no experience with", "eager to learn"."""
    at = bisect_left(tokens.starts, start)
    for index in range(at - 1, max(-1, at - 1 - _DENIAL_REACH), -1):
        key = tokens.keys[index]
        if key in _DENIALS:
            return tokens.keys[index + 1] not in _NOT_DENIALS
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
