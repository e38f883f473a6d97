"""Scores a profile, or a resume made from it, against a posting (SPEC G5); docs/matching.md has the formula."""

from datetime import date

from services.generation.matching.asked import Asked, answered, asked
from services.generation.matching.candidates import ReadCandidate
from services.generation.matching.components import parts, total, weigh
from services.generation.matching.facts import profile_facts, resume_facts
from services.generation.matching.reading import Reading
from services.generation.postings.requirements import MENTIONED, MUST, NEGATED, NICE
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import matching_pb2, postings_pb2
from vitae.resume.v1 import profile_pb2, resume_pb2

METHOD_VERSION = "5"


def score(
    profile: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting, today: date, skills: SkillTable
) -> matching_pb2.MatchAnalysis:
    """The profile as it is written; no tailored score. `posting` carries its analysis and title."""
    reading = Reading(profile_facts(profile), skills)
    wanted = asked(posting.analysis, reading.own, skills, posting.locale)
    return score_reading(profile, answered(reading, wanted), wanted, posting.title, today)


def score_resume(
    resume: resume_pb2.StructuredResume,
    profile: profile_pb2.ProfileContent,
    posting: postings_pb2.JobPosting,
    today: date,
    skills: SkillTable,
) -> matching_pb2.MatchAnalysis:
    """The profile as it is written and the resume made from it, on the same yardstick; call it again after edits."""
    reading = Reading(profile_facts(profile), skills)
    wanted = asked(posting.analysis, reading.own, skills, posting.locale)
    reading = answered(reading, wanted)
    match = score_reading(profile, reading, wanted, posting.title, today, explained=False)
    add_tailored(match, resume, reading, wanted, posting.title, today)
    return match


def score_reading(
    profile: profile_pb2.ProfileContent,
    reading: Reading,
    wanted: Asked,
    title: str,
    today: date,
    *,
    explained: bool = True,
) -> matching_pb2.MatchAnalysis:
    """As `score`, for what is read already; without components and comparison unless `explained`."""
    found = parts(profile_candidate(profile, reading), wanted, title, today)
    return matching_pb2.MatchAnalysis(
        original_score=total(found, wanted.weights),
        components=weigh(found, wanted.weights) if explained else (),
        matched_skills=[
            each.name for each in wanted.skills if is_wanted(each.importance) and each.name in reading.skills
        ],
        missing_skills=[
            each.name
            for each in wanted.skills
            if is_wanted(each.importance) and each.name not in reading.skills
        ],
        skill_comparison=_comparison(wanted, reading, None) if explained else (),
        method_version=METHOD_VERSION,
    )


def profile_candidate(profile: profile_pb2.ProfileContent, reading: Reading) -> ReadCandidate:
    """A profile that is read, as a score sees it."""
    studies = [(each.id, each.degree, each.field_of_study) for each in profile.education]
    return ReadCandidate(reading, profile.experience, studies)


def add_tailored(
    match: matching_pb2.MatchAnalysis,
    resume: resume_pb2.StructuredResume,
    profile: Reading,
    wanted: Asked,
    title: str,
    today: date,
) -> None:
    """Adds the resume's score and comparison to the profile's; the components stay those of the profile."""
    reading = Reading(resume_facts(resume), profile.table, profile.own, profile.texts)
    reading = answered(reading, wanted)
    jobs = [job for section in resume.sections if not section.hidden for job in section.experience.entries]
    studies = [
        study for section in resume.sections if not section.hidden for study in section.education.entries
    ]
    degrees = [
        (each.id, each.degree, each.field_of_study) for each in studies if not each.provenance.unproved
    ]
    proved = [job for job in jobs if not job.provenance.unproved]
    found = parts(ReadCandidate(reading, proved, degrees), wanted, title, today)
    match.tailored_score = total(found, wanted.weights)
    match.score_improvement = round(match.tailored_score - match.original_score, 4)
    del match.components[:]
    match.components.extend(weigh(found, wanted.weights))
    del match.added_skills[:]
    match.added_skills.extend(
        each.name
        for each in wanted.skills
        if is_wanted(each.importance)
        and each.name in profile.skills
        and not profile.prominent(each.name)
        and reading.prominent(each.name)
    )
    del match.skill_comparison[:]
    match.skill_comparison.extend(_comparison(wanted, profile, reading))


def is_wanted(importance: postings_pb2.Importance.ValueType) -> bool:
    """Whether a skill of this importance is scored."""
    return importance in (MUST, NICE)


def _comparison(
    wanted: Asked, profile: Reading, resume: Reading | None
) -> list[matching_pb2.SkillComparison]:
    """All skills of both sides: those asked for as the posting ranks them, then the person's others by mentions."""
    shown = (resume or profile).mentions
    rows = []
    for each in wanted.skills:
        proved = each.name in profile.skills
        if each.importance == NEGATED and not proved:
            continue
        status = matching_pb2.SKILL_STATUS_MATCHED if proved else matching_pb2.SKILL_STATUS_MISSING
        if each.importance == NEGATED:
            status = matching_pb2.SKILL_STATUS_EXTRA
        rows.append(
            matching_pb2.SkillComparison(
                skill=each.name,
                resume_mentions=shown.get(each.name, 0),
                job_mentions=each.mentions,
                status=status,
                standing=_standing(each.name, profile, resume),
                importance=each.importance or MENTIONED,
            )
        )
    named = {each.name for each in wanted.skills}
    others = sorted(set(profile.skills) - named, key=lambda name: (-shown.get(name, 0), name))
    rows.extend(
        matching_pb2.SkillComparison(
            skill=name,
            resume_mentions=shown.get(name, 0),
            status=matching_pb2.SKILL_STATUS_EXTRA,
            standing=_standing(name, profile, resume),
        )
        for name in others
    )
    return rows


def _standing(skill: str, profile: Reading, resume: Reading | None) -> matching_pb2.SkillStanding.ValueType:
    if skill in profile.skills:
        is_shown = skill in resume.skills if resume else profile.prominent(skill)
        return matching_pb2.SKILL_STANDING_SHOWN if is_shown else matching_pb2.SKILL_STANDING_HIDDEN
    return (
        matching_pb2.SKILL_STANDING_ADJACENT
        if profile.adjacent(skill)
        else matching_pb2.SKILL_STANDING_ABSENT
    )
