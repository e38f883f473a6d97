"""Letters of people with little to tell: what there is, from every part of the profile, and nothing else."""

from collections.abc import Callable

import pytest

from services.generation.letters.body import WORDS
from services.generation.letters.compose import LetterComposition, body_words
from services.generation.letters.language import letter_language
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import common_pb2, profile_pb2

Read = Callable[..., postings_pb2.JobPosting]
Write = Callable[..., LetterComposition]
WARD = "Teaching Assistant\nElm School\n\nRequirements\n- patience\n"


@pytest.fixture
def student() -> profile_pb2.ProfileContent:
    """Somebody who studies and sells shoes on Saturdays."""
    made = profile_pb2.ProfileContent(locale="en")
    made.personal.full_name = "Ada Elm"
    study = made.education.add(id="s", degree="BA", field_of_study="History", institution="Elm College")
    study.start_date.year, study.end_date.year = 2023, 2027
    made.education.add(id="a", degree="A-levels", institution="Oak School").end_date.year = 2023
    job = made.experience.add(
        id="e", title="Shop assistant", company="Corner Shop", is_current=True,
        description="A shop of three floors. Trained two new colleagues.",
    )  # fmt: skip
    job.start_date.CopyFrom(common_pb2.PartialDate(year=2024, month=1))
    job.achievements.add(id="l", text="Sold 40 pairs of shoes a day")
    made.publications.add(id="p", name="On ferries", publisher="Student Review")
    return made


def said(made: LetterComposition) -> str:
    return " ".join(line.text for part in made.structure.paragraphs for line in part.lines)


def test_students_open_with_their_studies(
    student: profile_pb2.ProfileContent, read_posting: Read, write: Write
) -> None:
    made = write(student, read_posting(WARD))
    opening = " ".join(line.text for line in made.structure.paragraphs[0].lines)

    assert "I am studying History at Elm College." in opening
    assert "Shop assistant" not in opening
    assert "work experience" not in said(made)
    assert "As Shop assistant at Corner Shop, I sold 40 pairs of shoes a day." in said(made)


def test_earlier_subjects_publications_and_described_deeds_are_told(
    student: profile_pb2.ProfileContent, read_posting: Read, write: Write
) -> None:
    made = said(write(student, read_posting(WARD)))

    assert "Also part of my education: A-levels at Oak School." in made
    assert "Published work of mine: “On ferries” (Student Review)." in made
    assert "trained two new colleagues" in made
    assert "three floors" not in made  # told of the shop, and no deed


def test_an_earlier_study_of_the_same_subject_is_not_told_again(
    student: profile_pb2.ProfileContent, read_posting: Read, write: Write
) -> None:
    student.education[1].field_of_study = "History"

    assert "Oak School" not in said(write(student, read_posting(WARD)))


@pytest.mark.parametrize("title", ["Apprentice joiner", "Sales Intern"])
def test_learning_is_not_called_work_experience(title: str, read_posting: Read, write: Write) -> None:
    learner = profile_pb2.ProfileContent(locale="en")
    learner.personal.full_name = "Bo Oak"
    job = learner.experience.add(id="e", title=title, company="Oak Joinery", is_current=True)
    job.start_date.CopyFrom(common_pb2.PartialDate(year=2023, month=9))

    made = said(write(learner, read_posting(WARD)))

    assert title in made
    assert "work experience" not in made


@pytest.mark.parametrize("tag", ["en", "de", "fr"])
@pytest.mark.parametrize("tone", ["professional", "warm"])
def test_who_has_one_line_gets_a_short_letter_and_no_filling(
    tag: str, tone: str, read_posting: Read, write: Write
) -> None:
    singer = profile_pb2.ProfileContent(locale=tag)
    singer.personal.full_name = "Cher"
    singer.experience.add(id="e", title="Singer")

    made = write(singer, read_posting(WARD), tone, locale=tag)

    assert body_words(made.structure) < WORDS[0] * 0.6
    language = letter_language(tag)
    assert language is not None
    assert len(language.variants(f"motivation.{tone}.further")) == 1
