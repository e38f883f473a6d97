"""What a recruiter stumbles over: said twice, said of the wrong thing, said in the wrong language, nothing said."""

from collections.abc import Callable
from datetime import date

import pytest

from services.document.lines import iter_lines
from services.generation.composing.beginners import is_learning
from services.generation.composing.compose import Composition, compose
from services.generation.composing.truth import untruths
from services.generation.matching.ranking import rank
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

Make = Callable[..., Composition]


@pytest.fixture
def make(skills: SkillTable, today: date) -> Make:
    def build(person: profile_pb2.ProfileContent, job: postings_pb2.JobPosting | None = None) -> Composition:
        ranking = rank(person, job.analysis if job else None, today, skills)
        return compose(person, job, ranking, resumes_pb2.TailoringOptions(), today, skills)

    return build


@pytest.fixture
def baker() -> profile_pb2.ProfileContent:
    """Somebody with a job of some years."""
    made = profile_pb2.ProfileContent(locale="en")
    job = made.experience.add(id="e", title="Baker", company="Oven", description="Bread for the town.")
    job.start_date.CopyFrom(common_pb2.PartialDate(year=2015, month=3))
    job.achievements.add(id="a1", text="Baked 40 loaves a day")
    job.achievements.add(id="a2", text="Trained two apprentices.")
    return made


def section(made: Composition, kind: str) -> resume_pb2.ResumeSection | None:
    return next((each for each in made.structure.sections if each.WhichOneof("content") == kind), None)


def texts(made: Composition) -> list[str]:
    return [each.line.text for each in iter_lines(made.structure)]


def test_a_line_that_stands_twice_is_printed_once(
    make: Make, baker: profile_pb2.ProfileContent, read_posting: Callable[..., postings_pb2.JobPosting]
) -> None:
    baker.experience[0].achievements.add(id="a3", text="Trained two  Apprentices")
    work = baker.volunteer.add(id="v", organization="Soup kitchen")
    for number in range(2):
        work.achievements.add(id=f"v{number}", text="Cooked for 80 guests")

    for posting in (None, read_posting("Requirements\n- training apprentices")):
        said = [each.casefold().rstrip(".") for each in texts(make(baker, posting))]

        assert said.count("trained two apprentices") == 1
        assert said.count("cooked for 80 guests") == 1


def test_a_line_kept_for_its_twin_is_still_printed(
    make: Make, baker: profile_pb2.ProfileContent, read_posting: Callable[..., postings_pb2.JobPosting]
) -> None:
    """What alone answers the posting stays, whichever of two equal lines is found to do so."""
    job = baker.experience.add(id="old", title="Helper", company="Mill")
    job.end_date.year = 1999
    for number in range(6):
        job.achievements.add(id=f"x{number}", text=f"Carried {number + 10} sacks")
    job.achievements.add(id="a-first", text="Kept the books in Excel")
    job.achievements.add(id="a-again", text="Kept the books in Excel.")

    made = make(baker, read_posting("Requirements\n- Excel"))

    assert [each for each in texts(made) if each.startswith("Kept the books")] == ["Kept the books in Excel"]


def test_a_description_that_a_line_repeats_is_not_printed_too(
    make: Make, baker: profile_pb2.ProfileContent
) -> None:
    baker.experience[0].description = "Baked 40 loaves a day."

    assert [each.rstrip(".") for each in texts(make(baker))].count("Baked 40 loaves a day") == 1


def test_entries_that_stand_twice_are_shown_once_and_told(
    make: Make, baker: profile_pb2.ProfileContent
) -> None:
    for number in range(2):
        baker.certifications.add(id=f"c{number}", name="Food hygiene", issuer="Town hall").date.year = 2020
        baker.languages.add(id=f"l{number}", language="English", fluency="Native")
    baker.certifications.add(id="c9", name="Food hygiene", issuer="Town hall").date.year = 2024

    made = make(baker)

    certificates, languages = section(made, "certifications"), section(made, "languages")
    assert certificates is not None
    assert len(certificates.certifications.entries) == 2
    assert languages is not None
    assert len(languages.languages.entries) == 1
    assert any("Food hygiene" in each and "twice" in each for each in made.notices)


def test_entries_without_any_text_are_not_shown(make: Make, baker: profile_pb2.ProfileContent) -> None:
    baker.education.add(id="s").end_date.year = 2012
    baker.interests.add(id="i")
    baker.references.add(id="r", name=" ")
    baker.awards.add(id="w").date.year = 2019
    baker.volunteer.add(id="v").is_current = True

    made = make(baker)

    assert [each.WhichOneof("content") for each in made.structure.sections] == ["summary", "experience"]
    assert any("without any text" in each for each in made.notices)


def test_a_student_is_not_summed_up_by_a_job_beside_the_studies(make: Make) -> None:
    student = profile_pb2.ProfileContent(locale="en")
    study = student.education.add(id="s", degree="BA", field_of_study="History", institution="Elm College")
    study.start_date.year, study.end_date.year = 2023, 2027
    job = student.experience.add(id="e", title="Shop assistant", company="Corner shop")
    job.start_date.CopyFrom(common_pb2.PartialDate(year=2024, month=1))

    assert section(make(student), "summary") is None


@pytest.mark.parametrize(
    "title",
    [
        "Software Engineering Intern",
        "Lehrling Tischlerei",
        "Auszubildende zur Kauffrau",
        "Stagiaire",
        "Apprentie",
    ],
)
def test_nobody_has_years_of_work_experience_as_a_learner(title: str, make: Make) -> None:
    person = profile_pb2.ProfileContent(locale="en")
    job = person.experience.add(id="e", title=title, company="Oak")
    job.start_date.CopyFrom(common_pb2.PartialDate(year=2022, month=1))

    assert section(make(person), "summary") is None


@pytest.mark.parametrize(
    "title", ["Internal Auditor", "Leiterin Interne Revision", "Elevator mechanic", "Student Affairs Manager"]
)
def test_titles_that_only_look_like_a_learners(title: str) -> None:
    assert not is_learning(title)


def test_the_summary_does_not_repeat_the_list_of_skills(
    make: Make, baker: profile_pb2.ProfileContent
) -> None:
    group = baker.skill_groups.add(id="g", name="Tools")
    for number, name in enumerate(("Deck oven", "Mixer", "Proofer")):
        group.skills.add(id=f"s{number}", name=name)

    made = section(make(baker), "summary")

    assert made is not None
    assert [each.text for each in made.summary.lines] == ["Baker with 11 years of work experience."]


def test_few_words_tell_the_language_with_the_headline(make: Make) -> None:
    person = profile_pb2.ProfileContent()
    person.personal.headline = "Doctorant en traitement du langage"
    person.experience.add(id="e", title="Auxiliaire d’enseignement", company="Université du Vieux-Port")

    assert make(person).structure.locale == "fr"


def test_skills_of_one_loose_list_need_no_second_heading(
    make: Make, baker: profile_pb2.ProfileContent
) -> None:
    baker.skill_groups.add(id="g1", name="Sourdough")
    baker.skill_groups.add(id="g2", name="Puff pastry")

    assert "Skills\n------\nSourdough, Puff pastry\n" in make(baker).content_text


@pytest.mark.parametrize(
    ("company", "described", "industry", "true"),
    [
        ("St. Fintan's Hospital", "", "Healthcare", True),
        ("Oven", "A bakery with two shops", "Hospitality and food service", True),
        ("Oven", "", "Oven", True),
        ("Oven", "", "Healthcare", False),
        ("Hospitality House", "", "Healthcare", False),
        ("Oven", "", "Space travel", False),
    ],
)
def test_an_industry_has_to_be_that_of_an_employer(
    company: str, described: str, industry: str, *, true: bool, skills: SkillTable, today: date
) -> None:
    person = profile_pb2.ProfileContent(locale="en")
    person.experience.add(id="e", title="Cook", company=company, company_description=described)
    resume = resume_pb2.StructuredResume(locale="en")
    resume.metadata.industries.append(industry)

    found = [each.path for each in untruths(resume, person, today, skills)]

    assert found == ([] if true else ["metadata.industries"])
