"""No lie gets through, whoever wrote it."""

from collections.abc import Callable
from datetime import date

import pytest

from services.generation.composing.compose import compose
from services.generation.composing.truth import require_truth, untruths
from services.generation.matching.ranking import rank
from services.generation.skills.table import SkillTable
from services.runtime.errors import Internal
from vitae.generation.v1 import resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

Lie = Callable[[resume_pb2.StructuredResume], object]


@pytest.fixture
def person(profile: Callable[[str], profile_pb2.ProfileContent]) -> profile_pb2.ProfileContent:
    return profile("platform_engineer_en")


@pytest.fixture
def resume(
    person: profile_pb2.ProfileContent, skills: SkillTable, today: date
) -> resume_pb2.StructuredResume:
    ranking = rank(person, None, today, skills)
    return compose(person, None, ranking, resumes_pb2.TailoringOptions(), today, skills).structure


def section(resume: resume_pb2.StructuredResume, kind: str) -> resume_pb2.ResumeSection:
    return next(each for each in resume.sections if each.WhichOneof("content") == kind)


def job(resume: resume_pb2.StructuredResume) -> resume_pb2.ExperienceEntry:
    return section(resume, "experience").experience.entries[0]


def bullet(
    resume: resume_pb2.StructuredResume, text: str, how: int, sources: list[str] | None = None
) -> None:
    job(resume).achievements.add(
        id="lie",
        text=text,
        provenance=common_pb2.Provenance(
            source_ids=sources if sources is not None else ["exp-1-a1"],
            transformation=common_pb2.Transformation.Name(how),  # type: ignore[arg-type]
        ),
    )


def take_another_employer(resume: resume_pb2.StructuredResume) -> None:
    entry = job(resume)
    entry.company = "Harbour IT"
    entry.provenance.source_ids.append("exp-3")


REWRITTEN, VERBATIM = common_pb2.TRANSFORMATION_REWRITTEN, common_pb2.TRANSFORMATION_VERBATIM
REORDERED, SUBSTITUTED = common_pb2.TRANSFORMATION_REORDERED, common_pb2.TRANSFORMATION_TERM_SUBSTITUTED

LIES: dict[str, Lie] = {
    "a number": lambda r: bullet(r, "Moved 80 services to k8s", REWRITTEN),
    "a number no greater than the years": lambda r: bullet(r, "Managed 12 people", REWRITTEN),
    "half a word": lambda r: bullet(r, "d 40 service", VERBATIM),
    "a percentage": lambda r: bullet(r, "Cut deployment time by 88%", REWRITTEN),
    "an invented sentence": lambda r: bullet(r, "Led the whole company to success", VERBATIM),
    "an invented word": lambda r: bullet(r, "Moved 40 services and doubled revenue", REORDERED),
    "a skill": lambda r: bullet(r, "Moved services to Azure with k8s", REWRITTEN),
    "a skill as a term": lambda r: bullet(
        r, "Moved 40 services to OpenShift and cut deployment time from 50 to 6 minutes", SUBSTITUTED
    ),
    "an employer in prose": lambda r: bullet(r, "Moved services at Globex to k8s", REWRITTEN),
    "another fact's words": lambda r: bullet(r, "Administered 60 Linux servers", VERBATIM),
    "an unknown source": lambda r: bullet(r, "Moved 40 services to k8s", VERBATIM, ["exp-99"]),
    "no source": lambda r: bullet(r, "Moved 40 services to k8s", VERBATIM, []),
    "a title": lambda r: setattr(job(r), "title", "Chief Technology Officer"),
    "an employer": lambda r: setattr(job(r), "company", "Globex"),
    "another job's employer": take_another_employer,
    "a start": lambda r: setattr(job(r).start_date, "year", 2012),
    "an end": lambda r: setattr(job(r).end_date, "year", 2026),
    "a job that lasts": lambda r: setattr(section(r, "experience").experience.entries[2], "is_current", True),
    "a place": lambda r: setattr(job(r), "location", "New York"),
    "a degree": lambda r: setattr(section(r, "education").education.entries[0], "degree", "PhD"),
    "a grade": lambda r: setattr(section(r, "education").education.entries[0], "gpa", "4.0"),
    "an honour": lambda r: section(r, "education").education.entries[0].honors.append("summa cum laude"),
    "a school": lambda r: setattr(section(r, "education").education.entries[0], "institution", "MIT"),
    "a certificate": lambda r: setattr(section(r, "certifications").certifications.entries[0], "name", "PMP"),
    "a certificate from nowhere": lambda r: section(r, "certifications").certifications.entries.add(
        id="c", name="PMP"
    ),
    "an issuer": lambda r: setattr(
        section(r, "certifications").certifications.entries[0], "issuer", "Linux Foundation"
    ),
    "a fluency": lambda r: setattr(section(r, "languages").languages.entries[1], "fluency", "Native"),
    "an award": lambda r: setattr(section(r, "awards").awards.entries[0], "title", "Nobel Prize"),
    "a publication": lambda r: setattr(
        section(r, "publications").publications.entries[0], "publisher", "Nature"
    ),
    "a listed skill": lambda r: (
        section(r, "skills")
        .skills.categories[0]
        .items.add(
            text="Azure",
            provenance=common_pb2.Provenance(source_ids=["skills-1-s1"], transformation=SUBSTITUTED),
        )
    ),
    "a group of skills": lambda r: setattr(
        section(r, "skills").skills.categories[0], "name", "Award-winning skills"
    ),
    "a name": lambda r: setattr(r.header, "full_name", "Dr. Ines Albarran"),
    "a phone": lambda r: setattr(r.header, "phone", "911"),
    "a headline": lambda r: setattr(r.header.title, "text", "Principal Engineer"),
    "a page": lambda r: r.header.links.add(url="https://example.com/other"),
    "years": lambda r: setattr(r.metadata, "total_years_experience", 40),
    "projects": lambda r: setattr(r.metadata, "total_projects", 7),
    "a top skill": lambda r: r.metadata.top_skills.append("Azure"),
    "an alternate": lambda r: job(r).achievements[0].alternates.append("Saved a million"),
    "years in a summary": lambda r: section(r, "summary").summary.lines.add(
        text="Senior Platform Engineer with 30 years of work.",
        provenance=common_pb2.Provenance(source_ids=["exp-1"], transformation=REWRITTEN),
    ),
}


def test_the_truth_passes(
    resume: resume_pb2.StructuredResume, person: profile_pb2.ProfileContent, skills: SkillTable, today: date
) -> None:
    assert untruths(resume, person, today, skills) == []
    require_truth(resume, person, today, skills)


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_found(
    name: str,
    resume: resume_pb2.StructuredResume,
    person: profile_pb2.ProfileContent,
    skills: SkillTable,
    today: date,
) -> None:
    LIES[name](resume)

    assert untruths(resume, person, today, skills)
    with pytest.raises(Internal) as caught:
        require_truth(resume, person, today, skills)
    assert caught.value.reason == "UNPROVED_CONTENT"
    assert "Globex" not in str(caught.value)


def test_what_a_user_typed_is_theirs(
    resume: resume_pb2.StructuredResume, person: profile_pb2.ProfileContent, skills: SkillTable, today: date
) -> None:
    bullet(resume, "Won 3 prizes at Globex", common_pb2.TRANSFORMATION_USER_EDIT, [])

    assert untruths(resume, person, today, skills) == []
