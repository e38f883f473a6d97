"""Composes a resume from what the profile proves (SPEC G6, G7)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.document.lines import LineRef, assign_ids, iter_lines, without_lines
from services.document.text import content_text
from services.generation.composing import entries, header
from services.generation.composing.beginners import is_graduate
from services.generation.composing.context import Context, Notes, squeeze
from services.generation.composing.length import shorten
from services.generation.composing.memory import Memory
from services.generation.composing.quality import quality
from services.generation.composing.skills import skills_section
from services.generation.composing.tidying import tidy
from services.generation.composing.truth import require_truth, untruths
from services.generation.matching.asked import answered, asked
from services.generation.matching.ranking import Ranker, rank_reading
from services.generation.matching.reading import Reading
from services.generation.matching.scoring import METHOD_VERSION, add_tailored, score_reading
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import documents_pb2, matching_pb2, postings_pb2, resumes_pb2
from vitae.resume.v1 import profile_pb2, resume_pb2

COMPOSER_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Composition:
    """A resume and all that is known about how it was made."""

    structure: resume_pb2.StructuredResume
    content_text: str
    match: matching_pb2.MatchAnalysis
    """Empty but for method_version when there is no posting."""
    improvements: tuple[documents_pb2.Improvement, ...]
    qa: documents_pb2.QualityReport
    notices: tuple[str, ...]
    """What was left out or could not be used, for the person."""


def compose(
    profile: profile_pb2.ProfileContent,
    posting: postings_pb2.JobPosting | None,
    ranking: matching_pb2.Ranking,
    options: resumes_pb2.TailoringOptions,
    today: date,
    skills: SkillTable,
    memory: Memory | None = None,
) -> Composition:
    """A resume for the posting, or a general one without. Deterministic.

    Every entry, achievement and skill of the profile has an id; `ranking` is that of the same profile and posting.

    Raises:
        Internal: reason UNPROVED_CONTENT, when even the person's own words do not pass the check of truth.
    """
    memory = memory or Memory()
    context, original = context_of(profile, posting, ranking, options, today, skills, memory)
    wanted = context.wanted
    made, rows = _structure(context, ranking)
    structure = assign_ids(made)
    texts = original.texts
    if untruths(structure, profile, today, skills, memory.evidence, texts):
        # A word put in for another turned out unproved: the person still gets a resume, in their own words alone.
        context = replace(context, wanted=None, notes=Notes())
        context.notes.notices.append(
            "The posting's own terms are not used: the profile does not prove all of them."
        )
        made, rows = _structure(context, ranking)[0], None
        structure = _proved(assign_ids(made), context, profile, memory)
        require_truth(structure, profile, today, skills, memory.evidence, texts)
    match = matching_pb2.MatchAnalysis(method_version=METHOD_VERSION)
    if posting is not None and wanted is not None:
        match = score_reading(profile, original, wanted, posting.title, today, explained=False)
        add_tailored(match, structure, original, wanted, posting.title, today)
    lines = list(iter_lines(structure))
    return Composition(
        structure=structure,
        content_text=content_text(structure),
        match=match,
        improvements=tuple(_with_lines(context.notes.improvements, lines)),
        qa=quality(structure, match if posting is not None else None, lines, rows),
        notices=tuple(dict.fromkeys(context.notes.notices)),
    )


def _proved(
    structure: resume_pb2.StructuredResume,
    context: Context,
    profile: profile_pb2.ProfileContent,
    memory: Memory,
) -> resume_pb2.StructuredResume:
    """The resume without the lines that do not pass the check: a person gets the rest of it."""
    texts = context.reading.texts
    lies = untruths(structure, profile, context.today, texts.table, memory.evidence, texts)
    found = {each.path for each in lies}
    lines = [each.line for each in iter_lines(structure) if each.path in found]
    for each in lines:
        context.notes.notices.append(
            f"Not shown, for the profile does not prove every word of it: “{each.text}”"
        )
    return without_lines(structure, [each.id for each in lines])


def _with_lines(
    improvements: Iterable[documents_pb2.Improvement], lines: Sequence[LineRef]
) -> Iterator[documents_pb2.Improvement]:
    """The improvements, each with the id of the line that now says what it tells."""
    ids = {each.line.text: each.line.id for each in reversed(lines)}
    for each in improvements:
        each.line_id = ids.get(each.after, "") if each.after else ""
        yield each


def context_of(
    profile: profile_pb2.ProfileContent,
    posting: postings_pb2.JobPosting | None,
    ranking: matching_pb2.Ranking,
    options: resumes_pb2.TailoringOptions,
    today: date,
    skills: SkillTable,
    memory: Memory,
) -> tuple[Context, Reading]:
    """The composition's context, and the reading of the profile as it is written."""
    read = memory.read(profile, options.locale, skills)
    printed, own = read.printed, read.original.own
    wanted = asked(posting.analysis, own, skills, posting.locale) if posting is not None else None
    original = answered(read.original, wanted)
    reading = original if read.reading is read.original else answered(read.reading, wanted)
    ranker = Ranker.of(printed, reading, wanted, today)
    ranked = ranking
    if reading is not original or (not ranking.experience and printed.experience):
        ranked = rank_reading(printed, reading, wanted, today)
    relevance = {
        item.fact_id: item.relevance
        # Skills first: one that no list names is ranked under the fact that proves it, which has a rank of its own.
        for items in (ranked.skills, ranked.experience, ranked.projects, ranked.achievements)
        for item in items
    }
    context = Context(
        profile=printed,
        reading=reading,
        wanted=wanted,
        ranker=ranker,
        relevance=relevance,
        options=options,
        locale=read.locale,
        today=today,
        notes=Notes(),
        photo=profile.personal.photo,
    )
    return context, original


def _structure(
    context: Context, ranking: matching_pb2.Ranking
) -> tuple[resume_pb2.StructuredResume, float | None]:
    """The resume, and the rows it takes."""
    skills = skills_section(context)
    sections = {
        "summary": resume_pb2.ResumeSection(summary=header.summary(context, ranking, skills)),
        "skills": resume_pb2.ResumeSection(skills=skills),
        "experience": resume_pb2.ResumeSection(experience=entries.experience(context)),
        "projects": resume_pb2.ResumeSection(projects=entries.projects(context, ranking)),
        "education": resume_pb2.ResumeSection(education=entries.education(context)),
        "certifications": resume_pb2.ResumeSection(certifications=entries.certifications(context)),
        "languages": resume_pb2.ResumeSection(languages=entries.languages(context)),
        "awards": resume_pb2.ResumeSection(awards=entries.awards(context)),
        "publications": resume_pb2.ResumeSection(publications=entries.publications(context)),
        "volunteer": resume_pb2.ResumeSection(volunteer=entries.volunteer(context)),
    }
    order = list(sections)
    if is_graduate(context):
        order.remove("education")
        order.insert(1, "education")
    found = [sections[name] for name in order]
    found.extend(
        resume_pb2.ResumeSection(title=squeeze(each.title), custom=entries.custom(context, each))
        for each in context.profile.custom_sections
    )
    found.append(resume_pb2.ResumeSection(interests=entries.interests(context)))
    found.append(resume_pb2.ResumeSection(references=entries.references(context)))
    for section in found:
        tidy(context, section)
    _note_levels(context)
    made = resume_pb2.StructuredResume(
        locale=context.locale,
        header=header.header(context, ranking),
        sections=[section for section in found if _has_content(section)],
        metadata=header.metadata(context, header.top_skills(context, skills)),
    )
    return made, shorten(context, made)


def _has_content(section: resume_pb2.ResumeSection) -> bool:
    content = getattr(section, section.WhichOneof("content") or "summary")
    return bool(content.ListFields())


def _note_levels(context: Context) -> None:
    groups = context.profile.skill_groups
    levels = {group.level for group in groups} | {skill.level for group in groups for skill in group.skills}
    levels = {level for level in levels if level.strip()}
    if levels:
        context.notes.notices.append(
            f"Levels of skills ({', '.join(sorted(levels))}) are not printed: parsers take them for part of a name."
        )
