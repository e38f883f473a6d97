"""Whom a score is about: a profile or resume that is read, or what is kept of a profile."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

from services.generation.matching.facts import Fact, Source
from services.generation.matching.reading import Naming, Reading, places, stems_of
from services.generation.matching.tenure import Job
from services.generation.postings.conditions import education_level
from services.generation.postings.language import known_languages
from services.generation.skills.stems import stem
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import PAUSE, STOP
from vitae.generation.v1 import match_readings_pb2

_HELD = {"experience": "title", "volunteer": "position", "projects": "roles"}
"""Fields of titles a person held, by part; a headline is a claim and no title held."""


@dataclass(frozen=True, slots=True)
class HeldTitle:
    """A title a person held."""

    joined: str
    """Its words, folded, with a space around each."""
    part: str
    entry: str
    id: str = ""
    field: str = ""
    text: str = ""


class Candidate(Protocol):
    """What a score reads; nothing of it says who the person is."""

    @property
    def table(self) -> SkillTable:
        """The known skills."""

    @property
    def skills(self) -> Mapping[str, Sequence[Naming]]:
        """The places that name each proved skill."""

    @property
    def names(self) -> AbstractSet[str]:
        """The names of the proved skills."""

    @property
    def titles(self) -> Sequence[HeldTitle]:
        """Titles held."""

    @property
    def jobs(self) -> Sequence[Job]:
        """Jobs held; facts name them by their ids."""

    @property
    def degrees(self) -> Sequence[tuple[int, str, str]]:
        """(level, fact id, the degree as written) of each study."""

    def stems(self, language: str) -> AbstractSet[str]:
        """The stems of all words."""

    def first(self, root: str, language: str) -> tuple[Fact, int, int]:
        """Where the first word of a stem stands, fact.text[start:end]; only for whoever explains a score."""


class ReadCandidate:
    """A profile or a resume whose facts are read."""

    def __init__(
        self, reading: Reading, jobs: Sequence[Job], studies: Sequence[tuple[str, str, str]]
    ) -> None:
        """Takes the facts, the jobs, and (fact id, degree, field of study) of each study."""
        self._reading = reading
        self.table = reading.table
        self.skills: Mapping[str, Sequence[Naming]] = reading.skills
        self.names: AbstractSet[str] = reading.skills.keys()
        self.jobs = jobs
        self.degrees = [
            (_degree(f"{degree} {field}", reading.table), fact_id, degree)
            for fact_id, degree, field in studies
        ]

    @cached_property
    def titles(self) -> Sequence[HeldTitle]:
        """Titles held."""
        return [
            HeldTitle(tokens.joined, fact.part, fact.entry, fact.id, fact.field, fact.text)
            for fact, tokens in self._reading.facts
            if fact.part in _HELD and fact.field.partition("[")[0] == _HELD[fact.part]
        ]

    def stems(self, language: str) -> AbstractSet[str]:
        """The stems of all words."""
        return self._reading.stems(language).keys()

    def first(self, root: str, language: str) -> tuple[Fact, int, int]:
        """Where the first word of a stem stands."""
        return self._reading.place(*self._reading.stems(language)[root][0])


def kept(candidate: ReadCandidate, reading: Reading) -> match_readings_pb2.MatchReading:
    """What is kept of a profile that is read. KeptCandidate scores exactly as `candidate` does."""
    numbers = {job.id: number for number, job in enumerate(candidate.jobs, start=1)}
    record = match_readings_pb2.MatchReading(
        own_skills=reading.own,
        titles=[
            match_readings_pb2.HeldTitle(
                joined=title.joined, job=numbers.get(title.entry, 0) if title.part == "experience" else 0
            )
            for title in candidate.titles
        ],
        jobs=[
            match_readings_pb2.WorkSpan(
                id=str(numbers[job.id]),
                start_date=job.start_date,
                end_date=job.end_date,
                is_current=job.is_current,
            )
            for job in candidate.jobs
        ],
        degree=max((level for level, _, _ in candidate.degrees), default=0),
        words=" ".join(
            sorted({key for _, tokens in reading.facts for key in tokens.keys if key not in (PAUSE, STOP)})
        ),
    )
    texts: dict[tuple[bool, int], list[str]] = {}
    for fact, tokens in reading.facts:
        where = (fact.source is Source.PROVED, numbers.get(fact.entry, 0) if fact.part == "experience" else 0)
        texts.setdefault(where, []).append(" ".join(tokens.keys))
    record.texts.extend(
        match_readings_pb2.SaidText(joined=f" {STOP} ".join(sorted(said)), proved=proved, job=job)
        for (proved, job), said in sorted(texts.items())
    )
    for name, namings in candidate.skills.items():
        stated = {
            (
                each.key,
                each.fact.source is Source.PROVED,
                numbers.get(each.fact.entry, 0) if each.fact.part == "experience" else 0,
            )
            for each in namings
        }
        record.skills[name].namings.extend(
            match_readings_pb2.SkillNaming(key=key, proved=proved, job=job)
            for key, proved, job in sorted(stated)
        )
    return record


class KeptCandidate:
    """A profile of which only the reading is kept."""

    def __init__(
        self,
        record: match_readings_pb2.MatchReading,
        table: SkillTable,
        named: Mapping[str, str] | None = None,
        language: str = "",
    ) -> None:
        """Takes what is kept, and skills that a posting in a language names and no table knows: stems by name."""
        self._record = record
        self._stems: dict[str, frozenset[str]] = {}
        self.table = table
        skills = _KeptSkills(record, self._named(named, language) if named else {})
        self.skills: Mapping[str, Sequence[Naming]] = skills
        self.names: AbstractSet[str] = skills.names
        self.jobs: Sequence[Job] = record.jobs
        self.degrees = [(record.degree, "", "")] if record.degree else []

    @cached_property
    def titles(self) -> Sequence[HeldTitle]:
        """Titles held."""
        return [
            HeldTitle(each.joined, "experience" if each.job else "", str(each.job))
            for each in self._record.titles
        ]

    def stems(self, language: str) -> frozenset[str]:
        """The stems of all words."""
        if language not in self._stems:
            self._stems[language] = frozenset([stem(word, language) for word in self._record.words.split()])
        return self._stems[language]

    def _named(self, named: Mapping[str, str], language: str) -> dict[str, list[Naming]]:
        """The places of skills under a posting's own name."""
        stems = self.stems(language)
        # Most people say none of these words; only the texts of those who do are looked through.
        said = {name: roots for name, roots in named.items() if stems.issuperset(roots.split())}
        found: dict[str, list[Naming]] = {}
        for text in self._record.texts if said else ():
            keys = text.joined.split()
            stemmed, fact = stems_of(keys, language), _fact(proved=text.proved, job=text.job)
            for name, roots in said.items():
                for first, last in places(roots, keys, stemmed):
                    naming = Naming(fact, 0, 0, f" {' '.join(keys[first : last + 1])} ")
                    found.setdefault(name, []).append(naming)
        return found

    def first(self, root: str, language: str) -> tuple[Fact, int, int]:
        """Not kept.

        Raises:
            NotImplementedError: always; whoever explains a score reads the profile.
        """
        raise NotImplementedError("a kept reading does not know where its words stand")


class _KeptSkills(Mapping[str, Sequence[Naming]]):
    """The skills of a kept reading; places are made when somebody looks at a skill, and few are looked at."""

    def __init__(
        self, record: match_readings_pb2.MatchReading, named: Mapping[str, Sequence[Naming]]
    ) -> None:
        self._skills = record.skills
        self._named = named
        self.names = frozenset(record.skills).union(named)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Sequence[Naming]:
        if name in self._named:
            return self._named[name]
        if name not in self.names:  # looking a name up in a map of messages would add it
            raise KeyError(name)
        return [
            Naming(_fact(proved=each.proved, job=each.job), 0, 0, each.key)
            for each in self._skills[name].namings
        ]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@lru_cache(maxsize=1000)
def _fact(*, proved: bool, job: int) -> Fact:
    source = Source.PROVED if proved else Source.LISTED
    return Fact("", "", "", source, str(job) if job else "", "experience" if job else "")


def _degree(text: str, table: SkillTable) -> int:
    return _level(table.tokenizer.key(text))


@lru_cache(maxsize=10_000)
def _level(key: str) -> int:
    """The level of a degree in whatever language; a resume names those of its profile again."""
    return max(education_level(key, each) for each in known_languages())
