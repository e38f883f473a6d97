"""Sections of entries: jobs, projects, studies and the rest, every field of the profile carried."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from services.generation.composing.context import (
    REORDERED,
    SUBSTITUTED,
    VERBATIM,
    Context,
    fitting,
    line,
    provenance,
    squeeze,
)
from services.generation.composing.header import place, recent_first
from services.generation.composing.localized import source_of
from services.generation.composing.selection import choose, note_left_out
from services.generation.composing.skills import same_name
from services.generation.composing.tidying import plain, twins
from services.generation.postings.requirements import NEGATED
from services.generation.skills.tokens import fold
from vitae.generation.v1 import documents_pb2, matching_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

_LONG_LINE, _STATEMENT = 100, 30
"""Characters from which a line is offered shorter, and that its first statement has at least."""


def experience(context: Context) -> resume_pb2.ExperienceSection:
    """Jobs, the latest first; relevance decides how many lines each gets and in which order."""
    jobs = sorted(context.profile.experience, key=recent_first)
    chosen = choose(context, jobs)
    entries = []
    for job in jobs:
        name = squeeze(", ".join(part for part in (job.title, job.company) if part)) or "a job"
        entry = resume_pb2.ExperienceEntry(
            id=job.id,
            title=squeeze(job.title),
            company=squeeze(job.company),
            location=place(job.location, context.locale),
            is_current=job.is_current
            or bool(job.start_date.year and not job.end_date.year and not job.end_date.text),
            achievements=_achievements(context, "experience", chosen[job.id].kept),
            url=job.url,
            technologies=_technologies(context, job.technologies),
            provenance=provenance([job.id]),
            relevance=context.relevance_of(job.id),
        )
        _dates(entry, job)
        _describe(context, entry, job.id, job.enhanced_description or job.description, name)
        _note_order(context, "experience", name, job.achievements, chosen[job.id].kept)
        note_left_out(context, "experience", name, chosen[job.id].dropped)
        entries.append(entry)
    return resume_pb2.ExperienceSection(entries=entries)


def projects(context: Context, ranking: matching_pb2.Ranking) -> resume_pb2.ProjectsSection:
    """Projects, the most relevant first."""
    places = {item.fact_id: number for number, item in enumerate(ranking.projects)}
    ordered = sorted(context.profile.projects, key=lambda each: places.get(each.id, len(places)))
    chosen = choose(context, ordered)
    entries = []
    for project in ordered:
        name = squeeze(project.name) or "a project"
        entry = resume_pb2.ProjectEntry(
            id=project.id,
            name=squeeze(project.name),
            technologies=_technologies(context, project.technologies),
            url=project.url,
            achievements=_achievements(context, "projects", chosen[project.id].kept),
            role=squeeze(", ".join(project.roles))[:500],
            entity=squeeze(project.entity),
            provenance=provenance([project.id]),
            relevance=context.relevance_of(project.id),
        )
        _dates(entry, project)
        _describe(context, entry, project.id, project.enhanced_description or project.description, name)
        note_left_out(context, "projects", name, chosen[project.id].dropped)
        entries.append(entry)
    return resume_pb2.ProjectsSection(entries=entries)


def education(context: Context) -> resume_pb2.EducationSection:
    """Studies, the latest first; courses the posting wants come first."""
    entries = []
    for study in sorted(context.profile.education, key=lambda each: -(each.end_date.year or 9999)):
        courses = [
            line(each, [study.id], relevance=context.relevance_of(study.id))
            for each in study.coursework
            if each.strip()
        ]
        entry = resume_pb2.EducationEntry(
            id=study.id,
            degree=squeeze(study.degree),
            field_of_study=squeeze(study.field_of_study),
            institution=squeeze(study.institution),
            location=place(study.location, context.locale),
            gpa=squeeze(study.gpa),
            honors=[squeeze(each) for each in study.honors if each.strip()],
            coursework=_wanted_first(context, courses),
            url=study.url,
            provenance=provenance([study.id]),
            relevance=context.relevance_of(study.id),
        )
        _dates(entry, study)
        _describe(context, entry, study.id, study.description, squeeze(study.institution))
        entries.append(entry)
    return resume_pb2.EducationSection(entries=entries)


def languages(context: Context) -> resume_pb2.LanguagesSection:
    """Languages as given."""
    return resume_pb2.LanguagesSection(
        entries=[
            resume_pb2.LanguageEntry(
                id=each.id,
                language=squeeze(each.language),
                fluency=squeeze(each.fluency),
                provenance=provenance([each.id]),
            )
            for each in context.profile.languages
            if each.language.strip()
        ]
    )


def certifications(context: Context) -> resume_pb2.CertificationsSection:
    """Certificates, the most relevant first, then as given."""
    entries = [
        _dated(
            resume_pb2.CertificationEntry(
                id=each.id,
                name=squeeze(each.name),
                issuer=squeeze(each.issuer),
                url=each.url,
                credential_id=each.credential_id,
                provenance=provenance([each.id]),
                relevance=context.relevance_of(each.id),
            ),
            each,
            ("date", "expiry_date"),
        )
        for each in context.profile.certifications
    ]
    return resume_pb2.CertificationsSection(entries=sorted(entries, key=lambda each: -each.relevance))


def volunteer(context: Context) -> resume_pb2.VolunteerSection:
    """Unpaid work as given, every line of it."""
    entries = []
    for work in context.profile.volunteer:
        entry = resume_pb2.VolunteerEntry(
            id=work.id,
            organization=squeeze(work.organization),
            position=squeeze(work.position),
            location=place(work.location, context.locale),
            is_current=work.is_current,
            achievements=_achievements(context, "volunteer", work.achievements),
            url=work.url,
            provenance=provenance([work.id]),
            relevance=context.relevance_of(work.id),
        )
        _dates(entry, work)
        _describe(context, entry, work.id, work.description, squeeze(work.organization))
        entries.append(entry)
    return resume_pb2.VolunteerSection(entries=entries)


def awards(context: Context) -> resume_pb2.AwardsSection:
    """Prizes as given."""
    entries = []
    for award in context.profile.awards:
        entry = resume_pb2.AwardEntry(
            id=award.id,
            title=squeeze(award.title),
            awarder=squeeze(award.awarder),
            provenance=provenance([award.id]),
            relevance=context.relevance_of(award.id),
        )
        _dated(entry, award, ("date",))
        _summarize(context, entry, award.id, award.summary, squeeze(award.title))
        entries.append(entry)
    return resume_pb2.AwardsSection(entries=entries)


def publications(context: Context) -> resume_pb2.PublicationsSection:
    """Papers, books and talks as given."""
    entries = []
    for work in context.profile.publications:
        entry = resume_pb2.PublicationEntry(
            id=work.id,
            name=squeeze(work.name),
            publisher=squeeze(work.publisher),
            url=work.url,
            provenance=provenance([work.id]),
            relevance=context.relevance_of(work.id),
        )
        _dated(entry, work, ("date",))
        _summarize(context, entry, work.id, work.summary, squeeze(work.name))
        entries.append(entry)
    return resume_pb2.PublicationsSection(entries=entries)


def interests(context: Context) -> resume_pb2.InterestsSection:
    """Interests as given."""
    return resume_pb2.InterestsSection(
        entries=[
            resume_pb2.InterestEntry(
                id=each.id,
                name=squeeze(each.name),
                keywords=[squeeze(word) for word in each.keywords if word.strip()],
                provenance=provenance([each.id]),
            )
            for each in context.profile.interests
        ]
    )


def references(context: Context) -> resume_pb2.ReferencesSection:
    """References as given."""
    entries = []
    for each in context.profile.references:
        entry = resume_pb2.ReferenceEntry(
            id=each.id, name=squeeze(each.name), provenance=provenance([each.id])
        )
        text = _cut(context, each.text, squeeze(each.name))
        if text:
            entry.text.CopyFrom(line(text, [each.id]))
        entries.append(entry)
    return resume_pb2.ReferencesSection(entries=entries)


def custom(context: Context, section: profile_pb2.CustomSection) -> resume_pb2.CustomResumeSection:
    """A section of the person's own making, as given."""
    entries = []
    for item in section.items:
        entry = resume_pb2.CustomEntry(
            id=item.id,
            title=squeeze(item.title),
            subtitle=squeeze(item.subtitle),
            location=place(item.location, context.locale),
            url=item.url,
            achievements=_achievements(context, "custom", item.achievements),
            provenance=provenance([item.id]),
            relevance=context.relevance_of(item.id),
        )
        _dates(entry, item)
        _describe(context, entry, item.id, item.description, squeeze(item.title or section.title))
        entries.append(entry)
    return resume_pb2.CustomResumeSection(entries=entries)


_Ranged = (
    resume_pb2.ExperienceEntry
    | resume_pb2.ProjectEntry
    | resume_pb2.EducationEntry
    | resume_pb2.VolunteerEntry
    | resume_pb2.CustomEntry
)
_RangedSource = (
    profile_pb2.Experience
    | profile_pb2.Project
    | profile_pb2.Education
    | profile_pb2.Volunteer
    | profile_pb2.CustomItem
)


def _dates(entry: _Ranged, source: _RangedSource) -> None:
    if source.HasField("start_date"):
        entry.start_date.CopyFrom(source.start_date)
    current = isinstance(entry, resume_pb2.ExperienceEntry | resume_pb2.VolunteerEntry) and entry.is_current
    if source.HasField("end_date") and not current:
        entry.end_date.CopyFrom(source.end_date)


_Entry = TypeVar("_Entry", resume_pb2.CertificationEntry, resume_pb2.AwardEntry, resume_pb2.PublicationEntry)


def _dated(
    entry: _Entry,
    source: profile_pb2.Certification | profile_pb2.Award | profile_pb2.Publication,
    fields: Sequence[str],
) -> _Entry:
    for field in fields:
        if source.HasField(field):  # type: ignore[arg-type]
            getattr(entry, field).CopyFrom(getattr(source, field))
    return entry


def _describe(context: Context, entry: _Ranged, source: str, text: str, name: str) -> None:
    text = _cut(context, text, name)
    lines = [] if isinstance(entry, resume_pb2.EducationEntry) else entry.achievements
    if text and plain(text) not in {plain(each.text) for each in lines}:
        entry.description.CopyFrom(_worded(context, text, source))


def _summarize(
    context: Context,
    entry: resume_pb2.AwardEntry | resume_pb2.PublicationEntry,
    source: str,
    text: str,
    name: str,
) -> None:
    text = _cut(context, text, name)
    if text:
        entry.summary.CopyFrom(line(text, [source], relevance=context.relevance_of(source)))


def _cut(context: Context, text: str, name: str) -> str:
    """The text as one line; what is beyond a line's length is left out, and said so."""
    kept, rest = fitting(text)
    if rest:
        context.notes.notices.append(
            f"The text of “{name}” is longer than a line can be and was cut before “{rest[:100]}”."
        )
    return kept


def _achievements(
    context: Context, section: str, achievements: Sequence[profile_pb2.Achievement]
) -> list[common_pb2.Line]:
    made = []
    same = twins(achievements)
    for each in achievements:
        text = each.enhanced_text or each.text
        if not text.strip() or each.id in same:
            continue
        source = source_of(each.id)
        shown = _worded(context, _cut(context, text, section), source, fact=each.id, moved=source != each.id)
        if each.enhanced_text and squeeze(each.text) and squeeze(each.text) != squeeze(shown.text):
            shown.alternates.append(squeeze(each.text))
        made.append(shown)
    return made


def _worded(
    context: Context, text: str, source: str, *, fact: str = "", moved: bool = False
) -> common_pb2.Line:
    """A line of experience: in the person's words, or, where the options allow it, with the posting's own terms."""
    relevance = context.relevance_of(fact or source)
    how = REORDERED if moved else VERBATIM
    keep = context.options.preserve_experience if context.options.HasField("preserve_experience") else True
    replaced = substituted(context, text) if context.wanted is not None else text
    others = _shorter(text)
    if keep or replaced == text:
        # The posting's own terms are there to choose, and so is the first statement of a long line.
        return line(text, [source], how=how, relevance=relevance, alternates=(replaced, *others))
    context.notes.improve(
        "experience",
        documents_pb2.IMPROVEMENT_TYPE_REWORDING,
        "A skill is called what the posting calls it.",
        before=text,
        after=replaced,
    )
    return line(replaced, [source], how=SUBSTITUTED, relevance=relevance, alternates=(text, *others))


def _shorter(text: str) -> list[str]:
    """The first statement of a long line, where it stands by itself before a semicolon or the next sentence."""
    text = squeeze(text)
    end = min((at for mark in ("; ", ". ", "；", "。") if (at := text.find(mark)) >= _STATEMENT), default=0)
    return [text[:end]] if end and len(text) > _LONG_LINE else []


def substituted(context: Context, text: str) -> str:
    """The text with skills called what the posting calls them, where both are spellings of one name."""
    asked = (
        {skill.name: skill for skill in context.wanted.skills if skill.importance != NEGATED}
        if context.wanted
        else {}
    )
    texts = context.reading.texts
    for mention in reversed(texts.mentions(text)):
        skill = asked.get(mention.skill.name)
        written = mention.written(text)
        if skill is None or texts.key(written) in skill.keys:
            continue
        term = next((each for each in skill.written if same_name(each, written)), written)
        text = text[: mention.start] + term + text[mention.end :]
    return text


def _technologies(context: Context, skills: Iterable[profile_pb2.Skill]) -> list[common_pb2.Line]:
    """Tools as the person calls them, those the posting asks for first."""
    seen: dict[str, common_pb2.Line] = {}
    for each in skills:
        if each.name.strip():
            made = line(each.name, [each.id], relevance=context.relevance_of(each.id))
            seen.setdefault(fold(made.text), made)
    return _wanted_first(context, list(seen.values()))


def _wanted_first(context: Context, lines: list[common_pb2.Line]) -> list[common_pb2.Line]:
    return sorted(lines, key=lambda each: -each.relevance) if context.wanted else lines


def _note_order(
    context: Context,
    section: str,
    name: str,
    given: Sequence[profile_pb2.Achievement],
    kept: Sequence[profile_pb2.Achievement],
) -> None:
    ids = {each.id for each in kept}
    before = [each for each in given if each.id in ids]
    moved = next(((old, new) for old, new in zip(before, kept, strict=True) if old.id != new.id), None)
    if moved:
        context.notes.improve(
            section,
            documents_pb2.IMPROVEMENT_TYPE_REORDERING,
            f"The lines of “{name}” that answer the posting best come first.",
            before=moved[0].enhanced_text or moved[0].text,
            after=moved[1].enhanced_text or moved[1].text,
        )
