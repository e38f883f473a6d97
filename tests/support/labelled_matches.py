"""Reads tests/data/matching: people, postings, and what was judged of them; README.md there says how it was made."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from services.generation.postings.analysis import analyze
from services.generation.profiles.completion import completed
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import common_pb2, profile_pb2

FOLDER = Path(__file__).parents[1] / "data" / "matching"

Half = Literal["seen", "development", "second", "unseen", "fresh"]
"""Of "second" and "fresh" there are postings with labelled skills only: no people, no judgements."""
TUNED_ON: tuple[Half, ...] = ("seen", "development")
HALVES: tuple[Half, ...] = (*TUNED_ON, "unseen")

Wish = Literal["must", "nice", "duties", "mentioned", "negated"]
WISHES: tuple[Wish, ...] = ("must", "nice", "duties", "mentioned", "negated")


@dataclass(frozen=True, slots=True)
class Judgement:
    """How well a profile fits a posting, 0 to 3, and why."""

    grade: int
    why: str


@dataclass(frozen=True, slots=True)
class NamedSkill:
    """A skill as the words of a posting have it: the places of text[start:end], and how it is wanted."""

    phrase: str
    wish: Wish
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class LabelledPosting:
    """A posting with what was judged of it; no judgements where only its skills are labelled."""

    name: str
    text: str
    judgements: dict[str, Judgement]
    """By profile, one for each profile of the half."""
    skills: tuple[NamedSkill, ...]

    def read(self, table: SkillTable) -> postings_pb2.JobPosting:
        """The posting as the service keeps it."""
        posting = postings_pb2.JobPosting(source_text=self.text)
        reading = analyze(posting, table)
        posting.title, posting.company, posting.location = reading.title, reading.company, reading.location
        posting.locale = reading.locale
        posting.analysis.CopyFrom(reading.analysis)
        return posting


def load_profiles(half: Half) -> dict[str, profile_pb2.ProfileContent]:
    """The people of a half, by name of the entry."""
    return {
        name: _profile(entry)
        for file in sorted((FOLDER / half / "profiles").glob("*.toml"))
        for name, entry in _toml(file).items()
    }


def load_postings(half: Half) -> list[LabelledPosting]:
    """The postings of a half.

    Raises:
        ValueError: a label names a profile, a posting or a phrase that is not there.
    """
    names = load_profiles(half).keys()
    judgements_file = FOLDER / half / "relevance.toml"
    relevance = _toml(judgements_file) if judgements_file.exists() else {}
    skills = _toml(FOLDER / half / "skills.toml")
    found = []
    for file in sorted((FOLDER / half / "postings").glob("*.txt")):
        text = file.read_text(encoding="utf-8").strip()
        judged, labels = relevance.pop(file.stem, None), skills.pop(file.stem, {})
        judgements = _judgements(judged, names, file.stem) if judged else {}
        found.append(
            LabelledPosting(file.stem, text, judgements, tuple(_named_skills(labels, text, file.stem)))
        )
    if relevance or skills:
        raise ValueError(f"{half}: no posting is called {', '.join({*relevance, *skills})}")
    return found


def profile_text(profile: profile_pb2.ProfileContent) -> str:
    """Everything a profile says, for methods that compare texts."""
    parts = [profile.summary]
    parts += [skill.name for group in profile.skill_groups for skill in group.skills]
    parts += [each.name for each in profile.certifications]
    parts += [f"{each.language} {each.fluency}" for each in profile.languages]
    for job in profile.experience:
        parts += [job.title, job.company, *(each.text for each in job.achievements)]
    for project in profile.projects:
        parts += [project.name, project.description, *(each.name for each in project.technologies)]
    for study in profile.education:
        parts += [study.degree, study.field_of_study, study.institution]
    return "\n".join(part for part in parts if part)


def _toml(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _judgements(judged: dict[str, Any], names: Any, posting: str) -> dict[str, Judgement]:
    others = judged.pop("*")
    unknown = set(judged) - set(names)
    if unknown:
        raise ValueError(f"{posting}: no profile is called {', '.join(unknown)}")
    return {name: Judgement(*judged.get(name, (0, others))) for name in names}


def _named_skills(labels: dict[str, list[str]], text: str, posting: str) -> Iterator[NamedSkill]:
    for wish in WISHES:
        for phrase in labels.pop(wish, ()):
            pattern = rf"(?<!\w){re.escape(phrase)}(?!\w)"
            places = tuple(match.span() for match in re.finditer(pattern, text, re.IGNORECASE))
            if not places:
                raise ValueError(f"{posting}: its text does not say {phrase!r}")
            yield NamedSkill(phrase, wish, places)
    if labels:
        raise ValueError(f"{posting}: {', '.join(labels)} is no kind of wish")


def _profile(entry: dict[str, Any]) -> profile_pb2.ProfileContent:
    person = profile_pb2.ProfileContent(summary=entry["summary"], locale=entry.get("locale", "en"))
    group = person.skill_groups.add(name="")
    for skill in entry["skills"]:
        group.skills.add(name=skill)
    for name in entry.get("certifications", ()):
        person.certifications.add(name=name)
    for each in entry.get("languages", ()):
        language, _, fluency = each.partition(":")
        person.languages.add(language=language.strip(), fluency=fluency.strip())
    for title, employer, start, end, *done in entry["jobs"]:
        job = person.experience.add(
            title=title,
            company=employer,
            start_date=_date(start),
            end_date=_date(end),
            is_current=not end,
        )
        for line in done:
            job.achievements.add(text=line)
    for name, description, *technologies in entry.get("projects", ()):
        project = person.projects.add(name=name, description=description)
        for technology in technologies:
            project.technologies.add(name=technology)
    for degree, field, school, start, end in entry["education"]:
        person.education.add(
            degree=degree,
            field_of_study=field,
            institution=school,
            start_date=_date(start),
            end_date=_date(end),
        )
    return completed(person)


def _date(written: str) -> common_pb2.PartialDate | None:
    if not written:
        return None
    year, _, month = written.partition("-")
    return common_pb2.PartialDate(year=int(year), month=int(month or 0))
