"""What a profile, or a resume, says about skills and work: each text with the id of the fact it belongs to.

Who the person is (name, photo, address, contact) is not among the facts, nor are employers, schools, interests and what
others say: none of these proves a skill, and the first must never move a score.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

SUMMARY_ID = "summary"
"""Stands for the profile's own fields in source ids, which cannot be empty."""
PERSONAL_ID = "personal"


class Source(Enum):
    """What kind of statement a fact is."""

    LISTED = "listed"
    """An item of a list of skills, or a word of the summary: said, not shown."""
    PROVED = "proved"
    """Named with a job, a project, a degree, a certificate or the like."""


class Fact(NamedTuple):
    """A text and where it comes from. A tuple, for there are hundreds in a profile and a resume."""

    id: str
    field: str
    text: str
    source: Source
    entry: str = ""
    """Id of the job, project ... it belongs to; its own where it is one."""
    part: str = ""
    """Section it stands in: "experience", "skills" ..."""
    prominent: bool = False
    """Whether a reader sees it at a glance: a list of skills, the summary, a title."""


def profile_facts(profile: profile_pb2.ProfileContent) -> list[Fact]:
    """The facts of a profile, an enhanced text instead of its original, translations besides their originals."""
    facts = [
        *_claims(profile.enhanced_summary or profile.summary),
        *_skills(profile.skill_groups),
        *(
            Fact(each.id, "language", each.language, Source.LISTED, each.id, "languages", prominent=True)
            for each in profile.languages
        ),
        *_named(profile.certifications, "name", "certifications", prominent=True),
    ]
    for job in profile.experience:
        facts.append(Fact(job.id, "title", job.title, Source.PROVED, job.id, "experience", prominent=True))
        facts.extend(_body(job, "experience"))
        facts.extend(_technologies(job.technologies, job.id, "experience"))
    for project in profile.projects:
        facts.append(Fact(project.id, "name", project.name, Source.PROVED, project.id, "projects"))
        facts.extend(
            Fact(project.id, "roles", role, Source.PROVED, project.id, "projects") for role in project.roles
        )
        facts.extend(_body(project, "projects"))
        facts.extend(_technologies(project.technologies, project.id, "projects"))
    for study in profile.education:
        facts.extend(_study(study, study.coursework, study.description))
    for work in profile.volunteer:
        facts.append(Fact(work.id, "position", work.position, Source.PROVED, work.id, "volunteer"))
        facts.extend(_body(work, "volunteer"))
    facts.extend(_named(profile.awards, "title", "awards"))
    facts.extend(
        Fact(each.id, "summary", each.summary, Source.PROVED, each.id, "awards") for each in profile.awards
    )
    facts.extend(_named(profile.publications, "name", "publications"))
    facts.extend(
        Fact(each.id, "summary", each.summary, Source.PROVED, each.id, "publications")
        for each in profile.publications
    )
    for section in profile.custom_sections:
        for item in section.items:
            facts.append(Fact(item.id, "title", item.title, Source.PROVED, item.id, "custom"))
            facts.append(Fact(item.id, "subtitle", item.subtitle, Source.PROVED, item.id, "custom"))
            facts.extend(_body(item, "custom"))
    facts = [fact for fact in facts if fact.text.strip()]
    return facts + _translated(profile.translations, facts)


def resume_facts(resume: resume_pb2.StructuredResume) -> list[Fact]:
    """The facts a resume shows; lines that the profile does not prove are not among them."""
    return [
        fact
        for section in resume.sections
        if not section.hidden
        for fact in _section(section)
        if fact.text.strip()
    ]


def _claims(summary: str) -> list[Fact]:
    return [Fact(SUMMARY_ID, "summary", summary, Source.LISTED, SUMMARY_ID, "summary", prominent=True)]


def _skills(groups: Iterable[profile_pb2.SkillGroup]) -> Iterator[Fact]:
    for group in groups:
        field = "group" if group.skills else "name"
        yield Fact(group.id, field, group.name, Source.LISTED, group.id, "skills", prominent=True)
        for skill in group.skills:
            yield Fact(skill.id, "name", skill.name, Source.LISTED, group.id, "skills", prominent=True)


def _named(
    entries: Iterable[profile_pb2.Certification | profile_pb2.Award | profile_pb2.Publication],
    field: str,
    part: str,
    *,
    prominent: bool = False,
) -> Iterator[Fact]:
    for each in entries:
        yield Fact(each.id, field, getattr(each, field), Source.PROVED, each.id, part, prominent)


def _body(
    entry: profile_pb2.Experience | profile_pb2.Project | profile_pb2.Volunteer | profile_pb2.CustomItem,
    part: str,
) -> Iterator[Fact]:
    enhanced = (
        ""
        if isinstance(entry, profile_pb2.Volunteer | profile_pb2.CustomItem)
        else entry.enhanced_description
    )
    field = "enhanced_description" if enhanced else "description"
    yield Fact(entry.id, field, enhanced or entry.description, Source.PROVED, entry.id, part)
    for each in entry.achievements:
        name = "enhanced_text" if each.enhanced_text else "text"
        yield Fact(each.id, name, each.enhanced_text or each.text, Source.PROVED, entry.id, part)


def _technologies(skills: Iterable[profile_pb2.Skill], entry: str, part: str) -> Iterator[Fact]:
    for skill in skills:
        yield Fact(skill.id, "name", skill.name, Source.PROVED, entry, part, prominent=True)


def _study(
    study: profile_pb2.Education | resume_pb2.EducationEntry, coursework: Iterable[str], description: str
) -> Iterator[Fact]:
    for field, text in (
        ("degree", study.degree),
        ("field_of_study", study.field_of_study),
        ("description", description),
    ):
        yield Fact(study.id, field, text, Source.PROVED, study.id, "education")
    for field, texts in (("coursework", coursework), ("honors", study.honors)):
        for text in texts:
            yield Fact(study.id, field, text, Source.PROVED, study.id, "education")


def _translated(translations: Iterable[profile_pb2.Translation], facts: list[Fact]) -> list[Fact]:
    """A translation says what its original says: it counts where the original does."""
    originals = {(fact.id, fact.field.removeprefix("enhanced_")): fact for fact in facts}
    found = []
    for each in translations:
        original = originals.get((each.source_id or SUMMARY_ID, each.field.removeprefix("enhanced_")))
        if original and each.text.strip():
            field = f"{original.field}[{each.locale}]"
            found.append(
                Fact(
                    original.id,
                    field,
                    each.text,
                    original.source,
                    original.entry,
                    original.part,
                    original.prominent,
                )
            )
    return found


def _section(section: resume_pb2.ResumeSection) -> Iterator[Fact]:
    kind = section.WhichOneof("content")
    if kind is None:
        return iter(())
    if kind == "summary":
        return (
            _line(each, Source.LISTED, SUMMARY_ID, kind, prominent=True) for each in section.summary.lines
        )
    if kind == "skills":
        return _shown_skills(section.skills.categories)
    if kind == "education":
        return _shown_studies(section.education.entries)
    if kind == "languages":
        return (
            Fact(each.id, "language", each.language, Source.LISTED, each.id, kind, prominent=True)
            for each in section.languages.entries
            if not each.provenance.unproved
        )
    return (fact for entry in getattr(section, kind).entries for fact in _shown_entry(entry, kind))


_HEADS = {
    # Section: the fields of its entries that speak of skills, and by what name the profile has them.
    "experience": (("title", "title"),),
    "projects": (("name", "name"), ("role", "roles")),
    "certifications": (("name", "name"),),
    "volunteer": (("position", "position"),),
    "awards": (("title", "title"),),
    "publications": (("name", "name"),),
    "custom": (("title", "title"), ("subtitle", "subtitle")),
}
_PROMINENT = frozenset(["experience", "certifications"])


def _shown_entry(entry: "_Entry", part: str) -> Iterator[Fact]:
    for field, name in _HEADS.get(part, ()):
        yield _field(entry, name, getattr(entry, field), part, prominent=part in _PROMINENT)
    for holder in ("description", "summary"):
        if told := getattr(entry, holder, None):
            yield _line(told, Source.PROVED, entry.id, part)
    for each in getattr(entry, "achievements", ()):
        yield _line(each, Source.PROVED, entry.id, part)
    for each in getattr(entry, "technologies", ()):
        yield _line(each, Source.PROVED, entry.id, part, prominent=True)


def _shown_skills(categories: Iterable[resume_pb2.SkillsCategory]) -> Iterator[Fact]:
    for category in categories:
        yield Fact("", "group", category.name, Source.LISTED, "", "skills", prominent=True)
        for item in category.items:
            yield _line(item, Source.LISTED, "", "skills", prominent=True)


def _shown_studies(studies: Iterable[resume_pb2.EducationEntry]) -> Iterator[Fact]:
    for study in studies:
        if not study.provenance.unproved:
            yield from _study(study, [each.text for each in study.coursework], study.description.text)


_Entry = (
    resume_pb2.ExperienceEntry
    | resume_pb2.ProjectEntry
    | resume_pb2.CertificationEntry
    | resume_pb2.VolunteerEntry
    | resume_pb2.AwardEntry
    | resume_pb2.PublicationEntry
    | resume_pb2.CustomEntry
)


def _field(entry: _Entry, field: str, text: str, part: str, *, prominent: bool = False) -> Fact:
    return Fact(
        entry.id, field, "" if entry.provenance.unproved else text, Source.PROVED, entry.id, part, prominent
    )


def _line(line: common_pb2.Line, source: Source, entry: str, part: str, *, prominent: bool = False) -> Fact:
    text = "" if line.provenance.unproved else line.text
    first = next(iter(line.provenance.source_ids), "")
    return Fact(first or line.id, "text", text, source, entry or first, part, prominent)
