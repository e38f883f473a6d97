"""content_structured of the mobile client: a resume or a letter in the client's own few fields, as a JSON text."""

import json
from collections.abc import Iterator

from services.document.client_shapes.values import Json, end, month, texts
from services.document.dates import format_day
from services.document.lines import visible_sections
from services.document.plain import one_line, run_on
from vitae.resume.v1 import cover_letter_pb2, document_pb2, resume_pb2

_SKILLS = {
    resume_pb2.SKILLS_CATEGORY_KIND_UNSPECIFIED: "Technical Skills",
    resume_pb2.SKILLS_CATEGORY_KIND_TECHNICAL: "Technical Skills",
    resume_pb2.SKILLS_CATEGORY_KIND_SOFT: "Soft Skills",
    resume_pb2.SKILLS_CATEGORY_KIND_LANGUAGE: "Languages",
    resume_pb2.SKILLS_CATEGORY_KIND_CERTIFICATION: "Certifications",
}


def content_structured(document: document_pb2.Document) -> str:
    """The JSON text of a document."""
    value = (
        letter_content(document.cover_letter)
        if document.WhichOneof("content") == "cover_letter"
        else resume_content(document.resume)
    )
    return json.dumps(value, ensure_ascii=False)


def resume_content(resume: resume_pb2.StructuredResume) -> Json:
    """header, sections (professional_summary, skills, experience, projects, education, in the resume's order) and
    metadata. What the client has no section for, languages and certificates, stands among the skills as it expects.
    """
    metadata = resume.metadata
    return {
        "header": _header(resume.header),
        "sections": list(_sections(resume)),
        "metadata": {
            "total_years_experience": metadata.total_years_experience,
            "top_skills": list(metadata.top_skills),
            "industries": list(metadata.industries),
            "total_projects": metadata.total_projects,
            "total_certifications": metadata.total_certifications,
        },
    }


def letter_content(letter: cover_letter_pb2.StructuredCoverLetter) -> Json:
    """A letter in the same frame, its body as one section."""
    recipient = letter.recipient
    return {
        "header": _header(letter.sender),
        "sections": [
            {
                "type": "cover_letter",
                "date": format_day(letter.date, letter.locale or "en"),
                "recipient": {
                    "name": recipient.name,
                    "title": recipient.title,
                    "company": recipient.company,
                    "address": list(recipient.address_lines),
                },
                "subject": letter.subject.text,
                "salutation": letter.salutation.text,
                "paragraphs": [run_on(texts(part.lines)) for part in letter.paragraphs],
                "closing": letter.closing.text,
                "signature": letter.signature,
            }
        ],
        "metadata": {},
    }


def _header(header: resume_pb2.ResumeHeader) -> Json:
    return {
        "name": one_line(header.full_name),
        "title": one_line(header.title.text),
        "email": header.email,
        "phone": header.phone,
        "location": header.location,
        "linkedin": header.linkedin,
        "github": header.github,
        "website": header.website,
    }


def _sections(resume: resume_pb2.StructuredResume) -> Iterator[Json]:
    shown = visible_sections(resume)
    skills = _skills(shown)
    for section in shown:
        match section.WhichOneof("content"):
            case "summary":
                yield {"type": "professional_summary", "content": run_on(texts(section.summary.lines))}
            case "skills" | "languages" | "certifications" if skills:
                yield {"type": "skills", "categories": skills}
                skills = []
            case "experience":
                yield {"type": "experience", "entries": [_job(each) for each in section.experience.entries]}
            case "projects":
                yield {"type": "projects", "entries": [_project(each) for each in section.projects.entries]}
            case "education":
                yield {"type": "education", "entries": [_study(each) for each in section.education.entries]}


def _skills(sections: list[resume_pb2.ResumeSection]) -> list[Json]:
    """Technical, soft, languages, certificates: each once, however the resume groups them."""
    items: dict[str, list[str]] = {name: [] for name in _SKILLS.values()}
    for section in sections:
        for category in section.skills.categories:
            items[_SKILLS[category.kind]] += texts(category.items)
        for each in section.languages.entries:
            items["Languages"].append(f"{each.language} ({each.fluency})" if each.fluency else each.language)
        for certificate in section.certifications.entries:
            name, issuer = certificate.name, certificate.issuer
            items["Certifications"].append(f"{name} ({issuer})" if issuer else name)
    return [{"name": name, "items": list(dict.fromkeys(held))} for name, held in items.items() if held]


def _job(entry: resume_pb2.ExperienceEntry) -> Json:
    return {
        "id": entry.id,
        "title": entry.title,
        "company": entry.company,
        "location": entry.location,
        "start_date": month(entry.start_date),
        "end_date": end(entry.end_date, is_current=entry.is_current),
        "is_current": entry.is_current,
        "description": one_line(entry.description.text),
        "achievements": texts(entry.achievements),
    }


def _project(entry: resume_pb2.ProjectEntry) -> Json:
    """The client's projects have no achievements: they stand in the description."""
    return {
        "id": entry.id,
        "name": entry.name,
        "description": run_on([*texts([entry.description]), *texts(entry.achievements)]),
        "technologies": texts(entry.technologies),
        "url": entry.url,
        "start_date": month(entry.start_date),
        "end_date": month(entry.end_date),
    }


def _study(entry: resume_pb2.EducationEntry) -> Json:
    return {
        "id": entry.id,
        "degree": entry.degree,
        "field_of_study": entry.field_of_study,
        "institution": entry.institution,
        "start_date": month(entry.start_date),
        "end_date": month(entry.end_date),
        "gpa": entry.gpa,
        "honors": ", ".join(entry.honors),
    }
