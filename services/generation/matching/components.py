"""The parts of a match score; docs/matching.md says what each means and why it weighs what it weighs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import fsum

from services.generation.matching.asked import Asked, AskedSkill
from services.generation.matching.facts import Fact
from services.generation.matching.reading import Naming, Reading, strength
from services.generation.matching.tenure import Job, tenure
from services.generation.matching.titles import likeness, title_words
from services.generation.postings.conditions import (
    education_level,
    least_education_level,
    mentions,
    title_seniority,
)
from services.generation.postings.language import known_languages
from services.generation.postings.requirements import MUST, NICE
from services.generation.skills.stems import stem
from services.generation.skills.tokens import Tokens, fold
from vitae.generation.v1 import matching_pb2, postings_pb2

WEIGHTS = {
    "must_have_skills": 0.40,
    "nice_to_have_skills": 0.10,
    "experience_years": 0.15,
    "seniority": 0.05,
    "title": 0.10,
    "education": 0.05,
    "keywords": 0.15,
}

_SOFT = 0.5
"""Weight of a way of working against a skill: everybody claims teamwork."""
_REPEATED = 0.25
"""Added weight for each further time a posting names a skill, up to three."""
_MOST_MENTIONS = 3
_RANK_STEP = 0.4
"""Lost for each rank below the one asked for."""
_SENIOR_YEARS, _MID_YEARS = 8.0, 3.0
"""Years after which a person without a rank in any title passes for senior, and for neither junior nor senior."""
_EQUIVALENT_YEARS = 5.0
"""Years that pass for a degree where the posting takes experience instead and names none."""


@dataclass(slots=True)
class Part:
    """A component before it is weighed; evidence points are shares of the component, 0 to 1."""

    name: str
    value: float
    evidence: list[matching_pb2.Evidence] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A profile or a resume as a score sees it."""

    reading: Reading
    jobs: Sequence[Job]
    degrees: Sequence[tuple[str, str]]
    """(fact id, degree and field of study)."""


def parts(candidate: Candidate, asked: Asked, title: str, today: date) -> list[Part]:
    """The components that the posting says anything about."""
    worked = tenure(candidate.jobs, today)
    found = [
        _skills("must_have_skills", MUST, candidate, asked),
        _skills("nice_to_have_skills", NICE, candidate, asked),
        _years(asked.analysis, worked.by_job, worked.years),
        _seniority(candidate, asked, worked.years),
        _title(candidate, asked, title),
        _education(candidate, asked, worked.years),
        _keywords(candidate, asked),
    ]
    return [part for part in found if part is not None]


def weigh(found: Sequence[Part]) -> tuple[float, list[matching_pb2.ScoreComponent]]:
    """The score, four decimals, and its components; the weights of absent ones go to the others in proportion."""
    whole = fsum(WEIGHTS[part.name] for part in found)
    components = []
    for part in found:
        weight = WEIGHTS[part.name] / whole
        for each in part.evidence:
            each.points = round(each.points * weight, 6)
        part.evidence.sort(key=lambda each: -each.points)
        components.append(
            matching_pb2.ScoreComponent(
                name=part.name, weight=weight, value=part.value, evidence=part.evidence
            )
        )
    return round(fsum(each.weight * each.value for each in components), 4), components


def skill_evidence(skill: AskedSkill, namings: Sequence[Naming], points: float) -> matching_pb2.Evidence:
    """What proves a skill best: the posting's word where there is one, work before lists."""
    best = min(namings, key=lambda each: (each.key not in skill.keys, each.fact.source.value != "proved"))
    spans = [each for each in namings if each.fact is best.fact]
    places = len({(each.fact.id, each.fact.field) for each in namings})
    shown = f" and {places - 1} more show it" if places > 1 else " shows it"
    return matching_pb2.Evidence(
        term=skill.name,
        posting_spans=skill.spans,
        fact_id=best.fact.id,
        field=best.fact.field,
        profile_spans=[postings_pb2.TextSpan(start=each.start, end=each.end) for each in spans],
        points=points,
        message=f"The posting asks for {skill.name}; {_place(best)}{shown}.",
    )


def _place(naming: Naming) -> str:
    part = {"skills": "the list of skills", "summary": "the summary"}.get(naming.fact.part)
    return part or f"{naming.fact.part} ({naming.fact.field.replace('_', ' ')})"


def _skills(
    name: str, importance: postings_pb2.Importance.ValueType, candidate: Candidate, asked: Asked
) -> Part | None:
    wanted = [skill for skill in asked.skills if skill.importance == importance]
    if not wanted:
        return None
    whole = fsum(_weight(skill) for skill in wanted)
    part = Part(name, 0.0)
    for skill in wanted:
        namings = candidate.reading.skills.get(skill.name, [])
        met = strength(namings, skill.keys, listing_suffices=skill.listing_suffices)
        if met:
            part.evidence.append(skill_evidence(skill, namings, met * _weight(skill) / whole))
    part.value = fsum(each.points for each in part.evidence)
    return part


def _weight(skill: AskedSkill) -> float:
    repeated = 1 + _REPEATED * (min(skill.mentions, _MOST_MENTIONS) - 1)
    return repeated * (_SOFT if skill.soft else 1.0)


def _years(
    analysis: postings_pb2.PostingAnalysis, by_job: Sequence[tuple[str, int]], years: float
) -> Part | None:
    if not analysis.HasField("years_required") or analysis.years_required <= 0:
        return None
    value = min(1.0, years / analysis.years_required)
    months = sum(share for _, share in by_job)
    return Part(
        "experience_years",
        value,
        [
            matching_pb2.Evidence(
                posting_spans=[analysis.years_span],
                fact_id=job_id,
                field="start_date",
                points=value * share / months,
                message=f"{share / 12:.1f} of {years:.1f} years; the posting asks for {analysis.years_required:g}.",
            )
            for job_id, share in by_job
            if share
        ],
    )


def _seniority(candidate: Candidate, asked: Asked, years: float) -> Part | None:
    wanted = asked.analysis.seniority
    if not wanted:
        return None
    by_years = (
        postings_pb2.SENIORITY_SENIOR
        if years >= _SENIOR_YEARS
        else postings_pb2.SENIORITY_MID
        if years >= _MID_YEARS
        else postings_pb2.SENIORITY_JUNIOR
    )
    ranks: list[tuple[int, str, str, str]] = [
        (int(title_seniority(tokens.joined, asked.language)), fact.id, fact.field, fact.text)
        for fact, tokens in _titles(candidate.reading)
        if fact.part == "experience"
    ]
    best = max(ranks, default=(0, "", "", ""), key=lambda each: each[0])
    held = max(best[0], by_years)
    value = max(0.0, 1.0 - _RANK_STEP * max(0, wanted - held))
    by_title = best[0] >= by_years
    message = (
        f"The title “{best[3]}” answers the rank the posting asks for."
        if by_title
        else f"{years:.1f} years of experience stand for the rank the posting asks for."
    )
    evidence = matching_pb2.Evidence(
        posting_spans=[asked.analysis.seniority_span] if asked.analysis.HasField("seniority_span") else [],
        fact_id=best[1] if by_title else "",
        field=best[2] if by_title else "",
        points=value,
        message=message,
    )
    return Part("seniority", value, [evidence] if value else [])


def _title(candidate: Candidate, asked: Asked, title: str) -> Part | None:
    wanted = title_words(candidate.reading.table.tokens(title), asked.language)
    if not wanted:
        return None
    held = [
        (likeness(wanted, title_words(tokens, asked.language)), fact)
        for fact, tokens in _titles(candidate.reading)
    ]
    if not held:
        return Part("title", 0.0)
    value, fact = max(held, key=lambda each: each[0])
    evidence = matching_pb2.Evidence(
        fact_id=fact.id,
        field=fact.field,
        profile_spans=[postings_pb2.TextSpan(start=0, end=len(fact.text))],
        points=value,
        message=f"The title “{fact.text}” is like “{title}”.",
    )
    return Part("title", value, [evidence] if value else [])


def _titles(reading: Reading) -> list[tuple[Fact, Tokens]]:
    """Titles the person held, in jobs, unpaid work and projects; a headline is a claim and no title held."""
    held = {("experience", "title"), ("volunteer", "position"), ("projects", "roles")}
    return [
        (fact, tokens) for fact, tokens in reading.facts if (fact.part, fact.field.partition("[")[0]) in held
    ]


def _education(candidate: Candidate, asked: Asked, years: float) -> Part | None:
    tokenizer = candidate.reading.table.tokenizer
    demands = [tokenizer.key(text) for text in asked.analysis.education_requirements]
    levels = [level for demand in demands if (level := least_education_level(demand, asked.language))]
    if not levels:
        return None
    wanted = min(levels)
    held = [
        (max(education_level(tokenizer.key(text), each) for each in known_languages()), fact_id)
        for fact_id, text in candidate.degrees
    ]
    best, fact_id = max(held, default=(0, ""), key=lambda each: each[0])
    value = 1.0 if best >= wanted else 0.5 if best == wanted - 1 and best else 0.0
    message = (
        "The degree is the one asked for or higher."
        if value == 1.0
        else "The degree is one step below the one asked for."
    )
    if any(mentions(demand, asked.language.education["equivalent"]) for demand in demands):
        needed = asked.analysis.years_required or _EQUIVALENT_YEARS
        instead = min(1.0, years / needed)
        if instead > value:
            value, fact_id = instead, ""
            message = f"{years:.1f} years of experience stand for a degree, which the posting allows."
    evidence = matching_pb2.Evidence(
        fact_id=fact_id, field="degree" if fact_id else "", points=value, message=message
    )
    return Part("education", value, [evidence] if value else [])


def _keywords(candidate: Candidate, asked: Asked) -> Part | None:
    wanted = asked.analysis.keywords
    if not wanted:
        return None
    words = candidate.reading.words(asked.language.tag)
    whole = sum(min(each.mentions, _MOST_MENTIONS) for each in wanted)
    part = Part("keywords", 0.0)
    for each in wanted:
        place = words.get(stem(fold(each.text), asked.language.tag))
        if place is None:
            continue
        fact, start, end = place
        part.evidence.append(
            matching_pb2.Evidence(
                term=each.text,
                fact_id=fact.id,
                field=fact.field,
                profile_spans=[postings_pb2.TextSpan(start=start, end=end)],
                points=min(each.mentions, _MOST_MENTIONS) / whole,
                message=f"The posting speaks of “{each.text}”, and so does the profile.",
            )
        )
    part.value = min(1.0, fsum(each.points for each in part.evidence))
    return part
