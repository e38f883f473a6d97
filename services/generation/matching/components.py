"""The parts of a match score; docs/matching.md says what each means and why it weighs what it weighs.

Values are computed at once, evidence only when somebody reads it: thousands of profiles are scored for one posting.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from math import fsum

from services.generation.matching.asked import Asked, AskedSkill
from services.generation.matching.candidates import Candidate
from services.generation.matching.facts import Fact, Source
from services.generation.matching.reading import Naming, strength
from services.generation.matching.tenure import tenure
from services.generation.matching.titles import likeness, title_rank, title_words
from services.generation.postings.requirements import MUST, NICE
from services.generation.skills.tokens import Tokenizer
from vitae.generation.v1 import matching_pb2, postings_pb2

_LICENCE = 1.5
"""Weight of a certificate or licence that is a must: without it the work may not be done."""
_REPEATED = 0.25
"""Added weight for each further time a posting names a skill, up to three."""
_MOST_MENTIONS = 3
_RANK_STEP = 0.4
"""Lost for each rank below the one asked for."""
_SENIOR_YEARS, _MID_YEARS = 8.0, 3.0
"""Years after which a person without a rank in any title passes for senior, and for neither junior nor senior."""
_EQUIVALENT_YEARS = 5.0
"""Years that pass for a degree where the posting takes experience instead and names none."""
_NEIGHBOUR = 0.25
"""Strength of a skill of which only a neighbour is shown: who knows one learns the other sooner."""
_OTHER_WORK = 0.1
"""What a year of other work counts against a year of work that answers the posting."""
_SAME_WORK = 0.5
"""A job answers the posting where its title has this part of the words of the posting's title."""

Explain = Callable[[], list[matching_pb2.Evidence]]


@dataclass(frozen=True, slots=True)
class Part:
    """A component before it is weighed."""

    name: str
    value: float
    """0 to 1."""
    explain: Explain = field(default=list)
    """Makes its evidence, points as shares of the component, 0 to 1."""


def parts(candidate: Candidate, asked: Asked, title: str, today: date) -> list[Part]:
    """The components that the posting says anything about."""
    wanted_title = title_words(_key(title, candidate.table.tokenizer), asked.language)
    experience = _experience(candidate, asked, wanted_title, today)
    found = [
        _skills("must_have_skills", MUST, candidate, asked),
        _skills("nice_to_have_skills", NICE, candidate, asked),
        _years(asked.analysis, experience),
        _seniority(candidate, asked, experience.years),
        _title(candidate, asked, title, wanted_title),
        _education(candidate, asked, experience.years),
        _keywords(candidate, asked),
    ]
    return [part for part in found if part is not None]


@lru_cache(maxsize=1000)
def _key(title: str, tokenizer: Tokenizer) -> str:
    return tokenizer.split(title).joined


def total(found: Sequence[Part], weights: Mapping[str, float]) -> float:
    """The score, four decimals; the weights of absent components go to the others in proportion."""
    whole = fsum(weights[part.name] for part in found)
    return round(fsum(weights[part.name] / whole * part.value for part in found), 4)


def weigh(found: Sequence[Part], weights: Mapping[str, float]) -> list[matching_pb2.ScoreComponent]:
    """The components with their weights and evidence."""
    whole = fsum(weights[part.name] for part in found)
    components = []
    for part in found:
        weight = weights[part.name] / whole
        evidence = part.explain()
        for each in evidence:
            each.points = round(each.points * weight, 6)
        evidence.sort(key=lambda each: -each.points)
        components.append(
            matching_pb2.ScoreComponent(name=part.name, weight=weight, value=part.value, evidence=evidence)
        )
    return components


def skill_evidence(skill: AskedSkill, namings: Sequence[Naming], points: float) -> matching_pb2.Evidence:
    """What proves a skill best: the posting's word where there is one, work before lists."""
    best = min(namings, key=lambda each: (each.key not in skill.keys, each.fact.source is not Source.PROVED))
    places = len({(each.fact.id, each.fact.field) for each in namings})
    shown = f" and {places - 1} more show it" if places > 1 else " shows it"
    spans = [(each.start, each.end) for each in namings if each.fact is best.fact]
    message = f"The posting asks for {skill.name}; {_place(best)}{shown}."
    return evidence_of(skill.name, skill.spans, best.fact, spans, points, message)


def evidence_of(
    term: str,
    posting_spans: Iterable[postings_pb2.TextSpan],
    fact: Fact,
    places: Iterable[tuple[int, int]],
    points: float,
    message: str,
) -> matching_pb2.Evidence:
    """Evidence that a term of the posting stands in a fact at these places."""
    made = matching_pb2.Evidence(term=term, fact_id=fact.id, field=fact.field, points=points, message=message)
    # Spans that are handed to the constructor take twice as long.
    made.posting_spans.extend(posting_spans)
    for start, end in places:
        made.profile_spans.add(start=start, end=end)
    return made


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
    earned = [
        (skill, shown, met * _weight(skill) / whole)
        for skill in wanted
        for shown, met in [_shown(skill, candidate)]
        if met
    ]

    def explain() -> list[matching_pb2.Evidence]:
        return [
            skill_evidence(skill, candidate.skills[shown], points)
            if shown == skill.name
            else _neighbour_evidence(skill, shown, candidate.skills[shown], points)
            for skill, shown, points in earned
        ]

    return Part(name, fsum(points for _, _, points in earned), explain)


def _shown(skill: AskedSkill, candidate: Candidate) -> tuple[str, float]:
    """What shows a skill, itself or a neighbour, and how well."""
    if skill.name in candidate.names:
        namings = candidate.skills[skill.name]
        return skill.name, strength(namings, skill.keys, listing_suffices=skill.listing_suffices)
    if skill.neighbours.isdisjoint(candidate.names):
        return "", 0.0
    return min(skill.neighbours & candidate.names), _NEIGHBOUR


def _neighbour_evidence(
    skill: AskedSkill, near: str, namings: Sequence[Naming], points: float
) -> matching_pb2.Evidence:
    evidence = skill_evidence(skill, namings, points)
    evidence.message = f"The posting asks for {skill.name}; the profile shows {near}, which is close to it."
    return evidence


def _weight(skill: AskedSkill) -> float:
    repeated = 1 + _REPEATED * (min(skill.mentions, _MOST_MENTIONS) - 1)
    licence = _LICENCE if skill.licence and skill.importance == MUST else 1.0
    return repeated * licence * skill.certainty


@dataclass(frozen=True, slots=True)
class _Experience:
    """Years of work that answer a posting, and what each job adds to them."""

    years: float
    by_job: tuple[tuple[str, float], ...]
    """(id of the job, months)."""


def _experience(candidate: Candidate, asked: Asked, wanted_title: frozenset[str], today: date) -> _Experience:
    """Work that names an asked skill or has a title like the posting's counts whole; other work, and what one did to
    learn, in part.
    """
    sought = [
        skill.name
        for skill in asked.skills
        if skill.importance in (MUST, NICE) and not skill.listing_suffices
    ]
    everything = tenure(candidate.jobs, today)
    if not sought and not wanted_title:
        return _Experience(everything.years, everything.by_job)
    answering = {
        each.fact.entry
        for name in sought
        if name in candidate.names
        for each in candidate.skills[name]
        if each.fact.part == "experience"
    }
    titles = [title for title in candidate.titles if title.part == "experience"]
    answering.update(
        title.entry
        for title in titles
        if likeness(wanted_title, title_words(title.joined, asked.language)) >= _SAME_WORK
    )
    answering.difference_update(
        title.entry
        for title in titles
        if title_rank(title.joined, asked.language.tag) == postings_pb2.SENIORITY_INTERN
    )
    close = tenure((job for job in candidate.jobs if job.id in answering), today)
    other = everything.months - close.months
    others = [(job_id, share) for job_id, share in everything.by_job if job_id not in answering]
    held = sum(share for _, share in others)
    by_job: list[tuple[str, float]] = list(close.by_job)
    by_job.extend((job_id, _OTHER_WORK * other * share / held) for job_id, share in others if held)
    return _Experience(round((close.months + _OTHER_WORK * other) / 12, 1), tuple(by_job))


def _years(analysis: postings_pb2.PostingAnalysis, experience: _Experience) -> Part | None:
    if not analysis.HasField("years_required") or analysis.years_required <= 0:
        return None
    years = experience.years
    value = min(1.0, years / analysis.years_required)

    def explain() -> list[matching_pb2.Evidence]:
        months = fsum(share for _, share in experience.by_job)
        return [
            matching_pb2.Evidence(
                posting_spans=[analysis.years_span],
                fact_id=job_id,
                field="start_date",
                points=value * share / months,
                message=f"{share / 12:.1f} of {years:.1f} years; the posting asks for {analysis.years_required:g}.",
            )
            for job_id, share in experience.by_job
            if share
        ]

    return Part("experience_years", value, explain)


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
    ranks = [
        (title_rank(title.joined, asked.language.tag), title.id, title.field, title.text)
        for title in candidate.titles
        if title.part == "experience"
    ]
    best = max(ranks, default=(0, "", "", ""), key=lambda each: each[0])
    value = max(0.0, 1.0 - _RANK_STEP * max(0, wanted - max(best[0], by_years)))
    by_title = best[0] >= by_years

    def explain() -> list[matching_pb2.Evidence]:
        message = (
            f"The title “{best[3]}” answers the rank the posting asks for."
            if by_title
            else f"{years:.1f} years of experience stand for the rank the posting asks for."
        )
        evidence = matching_pb2.Evidence(
            posting_spans=[asked.analysis.seniority_span]
            if asked.analysis.HasField("seniority_span")
            else [],
            fact_id=best[1] if by_title else "",
            field=best[2] if by_title else "",
            points=value,
            message=message,
        )
        return [evidence] if value else []

    return Part("seniority", value, explain)


def _title(candidate: Candidate, asked: Asked, title: str, wanted: frozenset[str]) -> Part | None:
    if not wanted:
        return None
    held = [
        (likeness(wanted, title_words(each.joined, asked.language), asked.trade), each)
        for each in candidate.titles
    ]
    if not held:
        return Part("title", 0.0)
    value, best = max(held, key=lambda each: each[0])

    def explain() -> list[matching_pb2.Evidence]:
        evidence = matching_pb2.Evidence(
            posting_spans=_spans(asked.analysis.text, [title]),
            fact_id=best.id,
            field=best.field,
            profile_spans=[postings_pb2.TextSpan(start=0, end=len(best.text))],
            points=value,
            message=f"The title “{best.text}” is like “{title}”.",
        )
        return [evidence] if value else []

    return Part("title", value, explain)


def _education(candidate: Candidate, asked: Asked, years: float) -> Part | None:
    wanted = asked.degree
    if not wanted:
        return None
    best, fact_id, written = max(candidate.degrees, default=(0, "", ""), key=lambda each: each[0])
    value = 1.0 if best >= wanted else 0.5 if best == wanted - 1 and best else 0.0
    message = (
        "The degree is the one asked for or higher."
        if value == 1.0
        else "The degree is one step below the one asked for."
    )
    if asked.experience_instead:
        needed = asked.analysis.years_required or _EQUIVALENT_YEARS
        instead = min(1.0, years / needed)
        if instead > value:
            value, fact_id, written = instead, "", ""
            message = f"{years:.1f} years of experience stand for a degree, which the posting allows."

    def explain() -> list[matching_pb2.Evidence]:
        evidence = matching_pb2.Evidence(
            posting_spans=_spans(asked.analysis.text, asked.analysis.education_requirements),
            fact_id=fact_id,
            field="degree" if fact_id else "",
            profile_spans=[postings_pb2.TextSpan(start=0, end=len(written))] if written else [],
            points=value,
            message=message,
        )
        return [evidence] if value else []

    return Part("education", value, explain)


def _keywords(candidate: Candidate, asked: Asked) -> Part | None:
    wanted = asked.analysis.keywords
    if not wanted:
        return None
    words = candidate.stems(asked.language.tag)
    whole = sum(weight for _, weight in asked.keywords)
    found = [
        (place, root, weight / whole) for place, (root, weight) in enumerate(asked.keywords) if root in words
    ]

    def explain() -> list[matching_pb2.Evidence]:
        evidence = []
        for place, root, points in found:
            each, (fact, start, end) = wanted[place], candidate.first(root, asked.language.tag)
            message = f"The posting speaks of “{each.text}”, and so does the profile."
            evidence.append(evidence_of(each.text, each.spans, fact, [(start, end)], points, message))
        return evidence

    return Part("keywords", min(1.0, fsum(points for _, _, points in found)), explain)


def _spans(text: str, phrases: Iterable[str]) -> list[postings_pb2.TextSpan]:
    """The first place of each phrase in a text, however its lines are broken."""
    found = []
    for phrase in phrases:
        words = r"\s+".join(map(re.escape, phrase.rstrip("…").split()))
        match = re.search(words, text, re.IGNORECASE) if words else None
        if match:
            found.append(postings_pb2.TextSpan(start=match.start(), end=match.end()))
    return found
