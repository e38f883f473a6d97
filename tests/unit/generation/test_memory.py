"""What was read of a profile before changes nothing of what is said about it now."""

from collections.abc import Callable
from datetime import date

import pytest

from services.generation.composing.compose import compose
from services.generation.composing.memory import Memory
from services.generation.composing.truth import KnownEvidence, untruths
from services.generation.matching.ranking import rank
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

People = Callable[[str], profile_pb2.ProfileContent]
Postings = Callable[[str], postings_pb2.JobPosting]

PEOPLE = ("platform_engineer_en", "nurse_en", "electrician_de", "teacher_fr")


def lines_said(text: str, source: str) -> resume_pb2.StructuredResume:
    """A resume of one line, said to be a rewording of a fact."""
    resume = resume_pb2.StructuredResume(locale="en")
    job = resume.sections.add().experience.entries.add(id="e")
    job.provenance.source_ids.append("e")
    line = job.achievements.add(text=text)
    line.provenance.source_ids.append(source)
    line.provenance.transformation = common_pb2.TRANSFORMATION_REWRITTEN
    return resume


@pytest.fixture
def person() -> profile_pb2.ProfileContent:
    made = profile_pb2.ProfileContent(locale="en")
    job = made.experience.add(id="e", title="Baker", company="Oven")
    job.achievements.add(id="a", text="Baked 40 loaves a day")
    return made


@pytest.mark.parametrize("name", PEOPLE)
def test_composing_again_gives_the_same_resume(
    name: str, profile: People, posting: Postings, skills: SkillTable, today: date
) -> None:
    memory, options = Memory(), resumes_pb2.TailoringOptions()
    job = posting("platform_engineer_en")
    for wanted in (job, None, job):
        person = profile(name)
        ranking = rank(person, wanted.analysis if wanted else None, today, skills)
        fresh = compose(person, wanted, ranking, options, today, skills)
        remembered = compose(person, wanted, ranking, options, today, skills, memory)
        assert fresh == remembered


def test_another_content_is_another_profile(
    person: profile_pb2.ProfileContent, skills: SkillTable, today: date
) -> None:
    memory, options = Memory(), resumes_pb2.TailoringOptions()
    ranking = rank(person, None, today, skills)
    compose(person, None, ranking, options, today, skills, memory)

    person.experience[0].achievements[0].text = "Baked 50 loaves a day"
    made = compose(person, None, ranking, options, today, skills, memory)

    assert "50 loaves" in made.content_text
    assert "40 loaves" not in made.content_text


def test_a_lie_is_caught_after_the_truth_was_told(
    person: profile_pb2.ProfileContent, skills: SkillTable, today: date
) -> None:
    known = KnownEvidence()

    assert untruths(lines_said("Baked 40 loaves a day", "a"), person, today, skills, known) == []
    assert untruths(lines_said("Baked 50 loaves a day", "a"), person, today, skills, known)
    assert untruths(lines_said("Baked 40 loaves a day", "a"), person, today, skills, known) == []


def test_what_is_no_longer_in_the_profile_is_no_longer_true(
    person: profile_pb2.ProfileContent, skills: SkillTable, today: date
) -> None:
    known = KnownEvidence()
    said = lines_said("Baked 40 loaves a day", "a")
    assert untruths(said, person, today, skills, known) == []

    person.experience[0].achievements[0].text = "Baked 30 loaves a day"

    assert untruths(said, person, today, skills, known)


def test_the_picture_is_the_one_of_this_call(
    person: profile_pb2.ProfileContent, skills: SkillTable, today: date
) -> None:
    memory, options = Memory(), resumes_pb2.TailoringOptions()
    ranking = rank(person, None, today, skills)
    for picture in (b"\xff\xd8one", b"\xff\xd8two", b""):
        person.personal.photo.data = picture
        for _ in range(2):
            made = compose(person, None, ranking, options, today, skills, memory)
            assert made.structure.header.photo.data == picture
        assert person.personal.photo.data == picture


def test_nothing_that_is_remembered_holds_a_picture(
    person: profile_pb2.ProfileContent, skills: SkillTable, today: date
) -> None:
    memory = Memory()
    person.personal.photo.data = b"\xff\xd8" * 1000

    assert not memory.read(person, "", skills).printed.personal.HasField("photo")
    assert not memory.evidence.of(person, today, skills, "en").profile.personal.HasField("photo")
