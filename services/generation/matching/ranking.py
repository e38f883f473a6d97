"""Orders the parts of a profile for one posting, each with the reason (SPEC G4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from services.generation.matching.asked import Asked, AskedSkill, answered, asked
from services.generation.matching.components import evidence_of, skill_evidence
from services.generation.matching.facts import Fact, profile_facts
from services.generation.matching.reading import Naming, Reading
from services.generation.matching.tenure import last_month
from services.generation.postings.requirements import MENTIONED, MUST, NICE
from services.generation.skills.stems import stem
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import fold
from vitae.generation.v1 import matching_pb2, postings_pb2
from vitae.resume.v1 import common_pb2, profile_pb2

METHOD_VERSION = "3"

_TERM = {MUST: 0.5, NICE: 0.25, MENTIONED: 0.1}
"""How far one skill of this importance, named once, moves a part of a profile towards 1."""
_REPEATED = 0.1
_KEYWORD, _REPEATED_KEYWORD = 0.06, 0.1
_FIGURE = 0.05
"""A line with a figure in it says more than one without."""
_RECENCY = 0.15
"""The part of a relevance that fades with age; half of it in five years."""
_FADES = 60
_UNASKED = 0.1
"""Relevance of a skill nobody asked for; more where work shows it."""


def rank(
    profile: profile_pb2.ProfileContent,
    analysis: postings_pb2.PostingAnalysis | None,
    today: date,
    skills: SkillTable,
) -> matching_pb2.Ranking:
    """The ranking, without id, profile_id, job_posting_id, input_sha256 and create_time, which the caller fills.
    With no analysis, recency and figures alone order.
    """
    reading = Reading(profile_facts(profile), skills)
    wanted = asked(analysis, reading.own, skills) if analysis else None
    return rank_reading(profile, answered(reading, wanted), wanted, today)


def ranking_key(
    profile: profile_pb2.ProfileContent,
    analysis: postings_pb2.PostingAnalysis,
    today: date,
    skills: SkillTable,
) -> str:
    """SHA-256 of all that a ranking depends on: an equal key means an equal ranking.

    The day does not enter, because recency is measured from the latest date of the profile; but for its month where
    the profile names a date to come.
    """
    month = today.year * 12 + today.month - 1
    latest = _latest(profile, today)
    # Of the bytes as they are stored: the canonical form takes as long as composing does, and where another version of
    # protobuf writes other bytes the ranking is made once more.
    return sha256(
        b"\0".join(
            (
                METHOD_VERSION.encode(),
                skills.fingerprint.encode(),
                str(month if latest > month else 0).encode(),
                sha256(profile.SerializeToString(deterministic=True)).digest(),
                sha256(analysis.SerializeToString(deterministic=True)).digest(),
            )
        )
    ).hexdigest()


def rank_reading(
    profile: profile_pb2.ProfileContent, reading: Reading, wanted: Asked | None, today: date
) -> matching_pb2.Ranking:
    """As `rank`, for what is read already."""
    ranker = Ranker.of(profile, reading, wanted, today)
    return matching_pb2.Ranking(
        experience=ranker.entries(_job(each) for each in profile.experience),
        projects=ranker.entries(_project(each) for each in profile.projects),
        skills=ranker.skills(),
        achievements=ranker.achievements(profile),
        method_version=METHOD_VERSION,
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    label: str
    dates: tuple[common_pb2.PartialDate, ...]
    lasts: bool


def _job(job: profile_pb2.Experience) -> _Entry:
    lasts = job.is_current or (bool(job.start_date.year) and not job.end_date.year)
    label = " – ".join(part for part in (job.title, job.company) if part)
    return _Entry(job.id, label, (job.start_date, job.end_date), lasts)


def _project(project: profile_pb2.Project) -> _Entry:
    return _Entry(project.id, project.name, (project.start_date, project.end_date), lasts=False)


_Keyword = tuple[str, float, tuple[postings_pb2.TextSpan, ...], Fact, int, int]
"""A keyword, its weight, where the posting says it, and where a fact does."""


class Ranker:
    """Weighs what facts say against what a posting asks."""

    def __init__(self, reading: Reading, wanted: Asked | None, latest: int, today: date) -> None:
        self._reading = reading
        self._latest = latest
        self._today = today
        self._wanted = {skill.name: skill for skill in wanted.skills} if wanted else {}
        self._terms: dict[str, dict[str, list[Naming]]] = {}
        """Where each skill is named, by the facts and entries that name it."""
        for name, skill in self._wanted.items():
            for naming in reading.skills.get(name, ()) if skill.importance in _TERM else ():
                for owner in {naming.fact.id, naming.fact.entry}:
                    self._terms.setdefault(owner, {}).setdefault(name, []).append(naming)
        self._keywords = self._find_keywords(wanted) if wanted else {}
        self._figures = reading.figures

    @classmethod
    def of(
        cls, profile: profile_pb2.ProfileContent, reading: Reading, wanted: Asked | None, today: date
    ) -> "Ranker":
        """The ranker of a profile that is read."""
        return cls(reading, wanted, min(_latest(profile, today), today.year * 12 + today.month - 1), today)

    def relevance(self, fact_id: str) -> float:
        """How much the posting wants any fact of the profile, 0 to 1, its age left out of account."""
        if not (self._wanted or self._keywords):
            return 0.0
        return round(self._relevance(self._weights(fact_id).values(), recency=1.0), 4)

    def keyword_holders(self) -> dict[str, set[str]]:
        """Ids of the facts that hold each keyword of the posting."""
        found: dict[str, set[str]] = {}
        for places in self._keywords.values():
            for text, _, _, fact, _, _ in places:
                found.setdefault(text, set()).add(fact.id)
        return found

    def entries(self, entries: Iterable[_Entry]) -> list[matching_pb2.RankedItem]:
        """Jobs or projects, best first; then latest, then as given."""
        found = []
        for place, entry in enumerate(entries):
            month = last_month(entry.dates, lasts=entry.lasts, today=self._today)
            recency = self._recency(month)
            found.append(
                ((-1 if month is None else month), place, self._item(entry.id, entry.label, recency))
            )
        found.sort(key=lambda each: (-each[2].relevance, -each[0], each[1]))
        return [item for _, _, item in found]

    def achievements(self, profile: profile_pb2.ProfileContent) -> list[matching_pb2.RankedItem]:
        """Achievements of all entries, best first, then as given."""
        recency = {
            entry.id: self._recency(last_month(entry.dates, lasts=entry.lasts, today=self._today))
            for entry in (*map(_job, profile.experience), *map(_project, profile.projects))
        }
        items = [
            self._item(fact.id, fact.text, recency.get(fact.entry, 0.5))
            for fact, _ in self._reading.facts
            if fact.field in ("text", "enhanced_text")
        ]
        items.sort(key=lambda item: -item.relevance)
        return items

    def skills(self) -> list[matching_pb2.RankedItem]:
        """Skills, best first: those listed, and those asked for that work proves and no list names."""
        listed: dict[int, list[str]] = {}
        for name, namings in self._reading.skills.items():
            for each in namings:
                if each.fact.part == "skills":
                    listed.setdefault(id(each.fact), []).append(name)
        found: dict[str, tuple[float, int, matching_pb2.RankedItem]] = {}
        place = 0
        for fact, _ in self._reading.facts:
            if fact.part == "skills" and fact.field == "name":
                items = [self._skill(name, fact) for name in listed.get(id(fact), ())]
                best = max(items, key=lambda item: item.relevance, default=None)
                item = best or matching_pb2.RankedItem(fact_id=fact.id, relevance=_UNASKED, label=fact.text)
                found.setdefault(fact.id, (-item.relevance, place, item))
                place += 1
        for name, skill in self._wanted.items():
            namings = self._reading.skills.get(name, [])
            if (
                skill.importance in _TERM
                and namings
                and not skill.roots  # the posting's own words in a line are no skill of a list
                and not any(each.fact.part == "skills" for each in namings)
            ):
                item = self._skill(name, namings[0].fact)
                found.setdefault(f"{item.fact_id} {name}", (-item.relevance, place, item))
                place += 1
        return [item for _, _, item in sorted(found.values(), key=lambda each: each[:2])]

    def skill_relevance(self, name: str) -> float:
        """How much the posting wants a skill that the profile proves."""
        return float(self._skill(name, self._reading.skills[name][0].fact).relevance)

    def _skill(self, name: str, fact: Fact) -> matching_pb2.RankedItem:
        namings = self._reading.skills[name]
        shown = min(1.0, len({each.fact.entry for each in namings if each.fact.part != "skills"}) / 3)
        skill = self._wanted.get(name)
        weight = {MUST: 0.7, NICE: 0.45, MENTIONED: 0.25}.get(skill.importance, 0.0) if skill else 0.0
        relevance = round(max(weight, _UNASKED) + 0.3 * shown, 4)
        reasons = [skill_evidence(skill, namings, relevance)] if skill and weight else []
        if not reasons and shown:
            reasons = [
                matching_pb2.Evidence(
                    term=name,
                    fact_id=fact.id,
                    field=fact.field,
                    points=relevance,
                    message=f"{name} is named with work as well.",
                )
            ]
        return matching_pb2.RankedItem(
            fact_id=fact.id,
            relevance=relevance,
            reasons=reasons,
            label=name if fact.part != "skills" else fact.text,
        )

    def _item(self, fact_id: str, label: str, recency: float) -> matching_pb2.RankedItem:
        """A part of the profile, all that stands in it counted once."""
        weights = self._weights(fact_id)
        relevance, whole = self._relevance(weights.values(), recency), sum(weights.values())
        reasons = self._reasons(fact_id)
        for name, weight in weights.items():
            reasons[name].points = round(relevance * weight / whole, 6)
        ordered = sorted(reasons.values(), key=lambda each: (-each.points, each.term))
        return matching_pb2.RankedItem(
            fact_id=fact_id, relevance=round(relevance, 4), reasons=ordered, label=label[:500]
        )

    def _weights(self, fact_id: str) -> dict[str, float]:
        """How much each thing that the posting asks for moves a part of the profile that says it."""
        weights = {name: _weight(self._wanted[name]) for name in self._terms.get(fact_id, ())}
        for text, weight, *_ in self._keywords.get(fact_id, ()):
            weights[f"“{text}”"] = weight
        if fact_id in self._figures:
            weights["figure"] = _FIGURE
        return weights

    def _reasons(self, fact_id: str) -> dict[str, matching_pb2.Evidence]:
        """Evidence for each of the weights, the first place of a keyword; without points."""
        reasons = {
            name: skill_evidence(self._wanted[name], namings, 0.0)
            for name, namings in self._terms.get(fact_id, {}).items()
        }
        for text, _, spans, fact, start, end in self._keywords.get(fact_id, ()):
            quoted = f"“{text}”"
            if quoted not in reasons:
                message = f"The posting speaks of {quoted}."
                reasons[quoted] = evidence_of(text, spans, fact, [(start, end)], 0.0, message)
        if fact_id in self._figures:
            reasons["figure"] = matching_pb2.Evidence(fact_id=fact_id, message="It names a figure.")
        return reasons

    def _relevance(self, weights: Iterable[float], recency: float) -> float:
        left = 1.0
        for weight in sorted(weights):
            left *= 1.0 - weight
        if not (self._wanted or self._keywords):
            return recency * 0.9 + (1.0 - left) * 0.1
        return (1.0 - left) * ((1.0 - _RECENCY) + _RECENCY * recency)

    def _find_keywords(self, wanted: Asked) -> dict[str, list[_Keyword]]:
        """Keywords of the posting by the facts and entries that hold them."""
        tag = wanted.language.tag
        weights = {
            stem(fold(each.text), tag): (
                each.text,
                _REPEATED_KEYWORD if each.mentions > 1 else _KEYWORD,
                tuple(each.spans),
            )
            for each in wanted.analysis.keywords
        }
        stems = self._reading.stems(tag) if weights else {}
        # In the order of the profile.
        places = sorted((place, root) for root in weights for place in stems.get(root, ()))
        found: dict[str, list[_Keyword]] = {}
        for place, root in places:
            fact, start, end = self._reading.place(*place)
            for owner in {fact.id, fact.entry}:
                found.setdefault(owner, []).append((*weights[root], fact, start, end))
        return found

    def _recency(self, month: int | None) -> float:
        """1 for what lasts, halved every five years; what has no date counts as ten years old."""
        age = 2 * _FADES if month is None else max(0, self._latest - month)
        return float(0.5 ** (age / _FADES))


def _weight(skill: AskedSkill) -> float:
    """More for what the posting repeats, up to three times."""
    return _TERM[skill.importance] * (1 + _REPEATED * (min(skill.mentions, 3) - 1))


def _latest(profile: profile_pb2.ProfileContent, today: date) -> int:
    """Month number of the latest date of the profile's jobs and projects."""
    entries: Sequence[_Entry] = [*map(_job, profile.experience), *map(_project, profile.projects)]
    months = [
        month for each in entries if (month := last_month(each.dates, lasts=False, today=today)) is not None
    ]
    return max(months, default=0)
