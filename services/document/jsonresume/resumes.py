"""From a resume to a JSON Resume 1.0 file: what it prints, in the shape other tools read."""

from collections.abc import Callable, Mapping
from typing import Any

from services.document.jsonresume.exporting import export_profile
from services.document.jsonresume.ids import assign_profile_ids
from services.document.jsonresume.parsing import JsonObject
from services.document.jsonresume.report import ImportReport, Report
from services.document.jsonresume.shapes import EXTENSION
from services.document.lines import iter_lines, source_ids
from services.document.plain import run_on
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

_KINDS = {resume_pb2.SKILLS_CATEGORY_KIND_SOFT: profile_pb2.SKILL_KIND_SOFT}


def export_resume(resume: resume_pb2.StructuredResume) -> tuple[JsonObject, ImportReport]:
    """The JSON Resume 1.0 object of what a resume prints, and what it could not carry.

    Sections of the person's own making stand under `x-vitae`.
    """
    report = Report()
    content = profile_pb2.ProfileContent(locale=resume.locale, personal=_personal(resume.header))
    for section in resume.sections:
        name = section.WhichOneof("content")
        if name is None:
            continue
        title = section.title or name
        if section.hidden:
            report.note("", "dropped", f"The hidden section {title} was left out.")
            continue
        if name == "custom":
            content.custom_sections.append(_custom(section))
            report.note(
                f"/{EXTENSION}/custom_sections", "kept", f"JSON Resume has no key for the section {title}."
            )
            continue
        _READ[name](getattr(section, name), content)
        if section.title:
            report.note("", "dropped", f"JSON Resume has no headings; “{section.title}” was left out.")
    if source_ids(resume):
        report.note("", "dropped", "JSON Resume has no place for the sources of a line.")
    if any(each.line.alternates for each in iter_lines(resume)):
        report.note("", "dropped", "JSON Resume has no place for other wordings of a line.")
    return export_profile(assign_profile_ids(content)), report.findings()


def _personal(header: resume_pb2.ResumeHeader) -> profile_pb2.PersonalInfo:
    personal = profile_pb2.PersonalInfo(
        full_name=header.full_name,
        headline=header.title.text,
        email=header.email,
        phone=header.phone,
        linkedin=header.linkedin,
        github=header.github,
        website=header.website,
        links=header.links,
    )
    if header.location:
        personal.location.city = header.location[:200]
    if header.HasField("photo"):
        personal.photo.CopyFrom(header.photo)
    return personal


def _summary(section: resume_pb2.SummarySection, content: profile_pb2.ProfileContent) -> None:
    text = run_on(each.text for each in section.lines)
    content.summary = "\n\n".join(each for each in (content.summary, text) if each)


def _skills(section: resume_pb2.SkillsSection, content: profile_pb2.ProfileContent) -> None:
    for category in section.categories:
        kind = _KINDS.get(category.kind, profile_pb2.SKILL_KIND_UNSPECIFIED)
        content.skill_groups.add(name=category.name, kind=kind, skills=_named(category.items))


def _experience(section: resume_pb2.ExperienceSection, content: profile_pb2.ProfileContent) -> None:
    for entry in section.entries:
        job = content.experience.add(
            company=entry.company,
            title=entry.title,
            is_current=entry.is_current,
            description=entry.description.text,
            achievements=_achieved(entry.achievements),
            technologies=_named(entry.technologies),
        )
        _common(entry, job)


def _projects(section: resume_pb2.ProjectsSection, content: profile_pb2.ProfileContent) -> None:
    for entry in section.entries:
        project = content.projects.add(
            name=entry.name,
            description=entry.description.text,
            entity=entry.entity,
            roles=[entry.role] if entry.role else [],
            achievements=_achieved(entry.achievements),
            technologies=_named(entry.technologies),
        )
        _common(entry, project)


def _education(section: resume_pb2.EducationSection, content: profile_pb2.ProfileContent) -> None:
    for entry in section.entries:
        course = content.education.add(
            degree=entry.degree,
            field_of_study=entry.field_of_study,
            institution=entry.institution,
            gpa=entry.gpa,
            honors=entry.honors,
            coursework=[each.text for each in entry.coursework],
            description=entry.description.text,
        )
        _common(entry, course)


def _languages(section: resume_pb2.LanguagesSection, content: profile_pb2.ProfileContent) -> None:
    for entry in section.entries:
        content.languages.add(id=entry.id, language=entry.language, fluency=entry.fluency)


def _certifications(section: resume_pb2.CertificationsSection, content: profile_pb2.ProfileContent) -> None:
    for entry in section.entries:
        held = content.certifications.add(
            name=entry.name, issuer=entry.issuer, credential_id=entry.credential_id
        )
        _common(entry, held)


def _volunteer(section: resume_pb2.VolunteerSection, content: profile_pb2.ProfileContent) -> None:
    for entry in section.entries:
        held = content.volunteer.add(
            organization=entry.organization,
            position=entry.position,
            is_current=entry.is_current,
            description=entry.description.text,
            achievements=_achieved(entry.achievements),
        )
        _common(entry, held)


def _awards(section: resume_pb2.AwardsSection, content: profile_pb2.ProfileContent) -> None:
    for entry in section.entries:
        held = content.awards.add(title=entry.title, awarder=entry.awarder, summary=entry.summary.text)
        _common(entry, held)


def _publications(section: resume_pb2.PublicationsSection, content: profile_pb2.ProfileContent) -> None:
    for entry in section.entries:
        held = content.publications.add(
            name=entry.name, publisher=entry.publisher, summary=entry.summary.text
        )
        _common(entry, held)


def _interests(section: resume_pb2.InterestsSection, content: profile_pb2.ProfileContent) -> None:
    for entry in section.entries:
        content.interests.add(id=entry.id, name=entry.name, keywords=entry.keywords)


def _references(section: resume_pb2.ReferencesSection, content: profile_pb2.ProfileContent) -> None:
    for entry in section.entries:
        content.references.add(id=entry.id, name=entry.name, text=entry.text.text)


_READ: Mapping[str, Callable[[Any, profile_pb2.ProfileContent], None]] = {
    "summary": _summary,
    "skills": _skills,
    "experience": _experience,
    "projects": _projects,
    "education": _education,
    "languages": _languages,
    "certifications": _certifications,
    "volunteer": _volunteer,
    "awards": _awards,
    "publications": _publications,
    "interests": _interests,
    "references": _references,
}
"""By the name of the field in ResumeSection.content."""


def _custom(section: resume_pb2.ResumeSection) -> profile_pb2.CustomSection:
    held = profile_pb2.CustomSection(title=section.title)
    for entry in section.custom.entries:
        item = held.items.add(
            title=entry.title,
            subtitle=entry.subtitle,
            description=entry.description.text,
            achievements=_achieved(entry.achievements),
        )
        _common(entry, item)
    return held


def _common(entry: Any, target: Any) -> None:
    """Id, address, place and dates, which stand under the same names in both."""
    fields = target.DESCRIPTOR.fields_by_name
    target.id = entry.id
    if "url" in fields:
        target.url = getattr(entry, "url", "")
    place: str = getattr(entry, "location", "")
    if place and "location" in fields:
        target.location.text = place
    for name in ("start_date", "end_date", "date", "expiry_date"):
        if name in fields and entry.HasField(name):
            date: common_pb2.PartialDate = getattr(target, name)
            date.CopyFrom(getattr(entry, name))


def _achieved(lines: Any) -> list[profile_pb2.Achievement]:
    return [profile_pb2.Achievement(text=each.text) for each in _printed(lines)]


def _named(lines: Any) -> list[profile_pb2.Skill]:
    return [profile_pb2.Skill(name=each.text[:300]) for each in _printed(lines)]


def _printed(lines: Any) -> list[common_pb2.Line]:
    return [each for each in lines if each.text.strip()]
