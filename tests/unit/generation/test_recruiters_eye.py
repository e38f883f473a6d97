"""What a recruiter would stumble over, held off."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from services.document.jsonresume import import_json_resume
from services.generation.composing import skills as composing_skills
from services.generation.composing.compose import Composition, compose
from services.generation.composing.context import Context
from services.generation.matching.ranking import rank
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, resume_pb2

SAMPLES = Path("deploy/local/samples")
Read = Callable[..., postings_pb2.JobPosting]


@pytest.fixture
def sample(read_posting: Read, skills: SkillTable, today: date) -> Callable[[], Composition]:
    def make() -> Composition:
        profile, _ = import_json_resume((SAMPLES / "profile.json").read_bytes())
        posting = read_posting((SAMPLES / "posting.txt").read_text("utf-8"))
        ranking = rank(profile, posting.analysis, today, skills)
        return compose(profile, posting, ranking, resumes_pb2.TailoringOptions(), today, skills)

    return make


def groups(composition: Composition) -> dict[str, list[str]]:
    section = next(each.skills for each in composition.structure.sections if each.HasField("skills"))
    return {each.name: [item.text for item in each.items] for each in section.categories}


def test_the_company_stands_under_the_title(read_posting: Read) -> None:
    posting = read_posting(
        "Staff Nurse\nElmfield Clinic\nCork\n\nElmfield Clinic cares for 300 patients a day."
    )
    assert (posting.title, posting.company) == ("Staff Nurse", "Elmfield Clinic")


@pytest.mark.parametrize("second", ["Cork, Ireland", "Full time", "We are a hospital.", "Senior Nurse"])
def test_a_line_that_is_no_name_used_again_is_no_company(read_posting: Read, second: str) -> None:
    assert read_posting(f"Staff Nurse\n{second}\n\nWork with us.").company == ""


def test_the_persons_own_groups_keep_their_meaning(sample: Callable[[], Composition]) -> None:
    shown = groups(sample())
    assert shown["Frameworks"] == ["FastAPI", "gRPC", "Django", "Celery"]
    assert shown["Data"] == ["PostgreSQL", "Database migrations", "Kafka", "Redis"]


def test_a_short_form_stands_behind_the_full_one(sample: Callable[[], Composition]) -> None:
    assert "Kubernetes (k8s)" in groups(sample())["Platform"]
    assert "Kubernetes" in sample().structure.metadata.top_skills


def test_an_unproved_term_costs_the_terms_and_not_the_resume(
    sample: Callable[[], Composition], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lie(context: Context, *_: object) -> str:
        return "Fortran" if context.wanted else ""

    monkeypatch.setattr(composing_skills, "_posting_term", lie)
    made = sample()
    assert "Fortran" not in made.content_text
    assert "Halden Freight" in made.content_text
    assert any("posting's own terms" in each for each in made.notices)
    assert made.match.HasField("tailored_score")


def test_every_line_of_the_sample_names_its_sources(sample: Callable[[], Composition]) -> None:
    made = sample()
    jobs = next(each.experience for each in made.structure.sections if each.HasField("experience"))
    assert isinstance(jobs, resume_pb2.ExperienceSection)
    for entry in jobs.entries:
        assert list(entry.provenance.source_ids) == [entry.id]
        for bullet in entry.achievements:
            assert bullet.provenance.transformation in (
                common_pb2.TRANSFORMATION_VERBATIM,
                common_pb2.TRANSFORMATION_REORDERED,
            )
            assert bullet.provenance.source_ids[0].startswith(entry.id)
