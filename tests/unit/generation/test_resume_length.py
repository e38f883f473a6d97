"""A long life fits two pages: what is old or beside the point goes first, and everything that went is told."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest

from services.document.lines import iter_entries, iter_lines
from services.generation.composing.compose import Composition, compose
from services.generation.composing.extent import Ruler, page_rows
from services.generation.composing.length import MARGIN_ROWS, PAGES, room
from services.generation.matching.ranking import rank
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import documents_pb2, postings_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

REMOVAL = documents_pb2.IMPROVEMENT_TYPE_REMOVAL


@pytest.fixture
def person() -> profile_pb2.ProfileContent:
    """Thirty years of work, with everything that people add to a resume."""
    made = profile_pb2.ProfileContent(locale="en", summary="Keeps ferries running.")
    for number in range(9):
        job = made.experience.add(id=f"e{number}", title=f"Engineer {number}", company=f"Firm {number}")
        job.description = f"Looked after the engines of line {number}."
        job.start_date.year = 2024 - 3 * number
        job.end_date.year = 2026 - 3 * number
        for line in range(6):
            job.achievements.add(
                id=f"e{number}-{line}", text=f"Repaired {number * 10 + line + 2} pumps in harbour {line}"
            )
    made.experience[8].achievements.add(id="cobol", text="Wrote the tide tables in COBOL")
    study = made.education.add(
        id="u", degree="BSc", institution="Elm College", coursework=["Hydraulics", "Algebra"]
    )
    study.end_date.year = 1998
    for number in range(4):
        made.certifications.add(id=f"c{number}", name=f"Licence {number}", issuer="Harbour Office")
        made.projects.add(id=f"p{number}", name=f"Boat {number}", description="A boat.").start_date.year = (
            2001 + number
        )
    made.interests.add(id="i", name="Sailing")
    made.references.add(id="r", name="Rui Pestana", text="Calm in every storm.")
    made.awards.add(id="w", title="Harbour prize", summary="For the quietest engine.")
    return made


@pytest.fixture
def make(skills: SkillTable, today: date) -> Callable[..., Composition]:
    def build(person: profile_pb2.ProfileContent, job: postings_pb2.JobPosting | None = None) -> Composition:
        ranking = rank(person, job.analysis if job else None, today, skills)
        return compose(person, job, ranking, resumes_pb2.TailoringOptions(), today, skills)

    return build


def entries(made: Composition, kind: str) -> list[object]:
    return [each.entry for each in iter_entries(made.structure) if each.section.WhichOneof("content") == kind]


def texts(made: Composition) -> Iterator[str]:
    yield from (each.line.text for each in iter_lines(made.structure))


def test_a_long_life_fits_two_pages(
    person: profile_pb2.ProfileContent, make: Callable[..., Composition]
) -> None:
    made = make(person)

    assert Ruler("en").rows(made.structure) <= room("en") == PAGES * page_rows("en") - MARGIN_ROWS
    assert "TOO_LONG" not in [each.code for each in made.qa.findings]
    assert len(entries(made, "experience")) == 9
    assert len(entries(made, "certifications")) == 4
    assert len(entries(made, "education")) == 1


def test_the_least_telling_goes_first(
    person: profile_pb2.ProfileContent, make: Callable[..., Composition]
) -> None:
    made = make(person)

    gone = [each.before for each in made.improvements if "pages" in each.description]
    assert gone[:3] == ["Hydraulics, Algebra", "Sailing", "Calm in every storm."]
    assert "Looked after the engines of line 8." in gone
    jobs = [each for section in made.structure.sections for each in section.experience.entries]
    assert len(jobs[0].achievements) >= len(jobs[-1].achievements)
    assert jobs[0].description.text


def test_everything_that_went_is_told(
    person: profile_pb2.ProfileContent, make: Callable[..., Composition]
) -> None:
    made = make(person)

    shown = set(texts(made))
    told = "\n".join(made.notices)
    removed = {each.before for each in made.improvements if each.type == REMOVAL}
    for job in person.experience:
        for text in (job.description, *(each.text for each in job.achievements)):
            assert (text in shown) != (text in removed), text
            assert text in shown or text in told


def test_what_alone_answers_the_posting_stays(
    person: profile_pb2.ProfileContent,
    make: Callable[..., Composition],
    read_posting: Callable[..., postings_pb2.JobPosting],
) -> None:
    posting = read_posting("Requirements\n- COBOL")

    made = make(person, posting)

    assert "Wrote the tide tables in COBOL" in texts(made)
    assert made.match.tailored_score >= made.match.original_score


def test_a_short_resume_keeps_everything(make: Callable[..., Composition]) -> None:
    short = profile_pb2.ProfileContent(locale="en")
    short.experience.add(id="e", title="Baker", company="Oven", description="Bread.").start_date.year = 2001
    short.interests.add(id="i", name="Sailing")

    made = make(short)

    assert not [each for each in made.improvements if each.type == REMOVAL]
    assert "Sailing" in made.content_text


def test_a_scholars_list_is_not_cut(
    person: profile_pb2.ProfileContent, make: Callable[..., Composition]
) -> None:
    for number in range(12):
        person.publications.add(id=f"b{number}", name=f"On pumps {number}", summary="Pumps.")

    made = make(person)

    assert len(entries(made, "publications")) == 12
    assert not [each for each in made.improvements if "pages" in each.description]


def test_rows_grow_with_what_is_printed() -> None:
    resume = resume_pb2.StructuredResume()
    job = resume.sections.add().experience.entries.add(title="Baker")
    before = Ruler("en").rows(resume)
    job.achievements.add(text="Baked bread. " * 20)
    long = Ruler("en").rows(resume)
    job.achievements[0].CopyFrom(common_pb2.Line(text="月次決算" * 30))

    assert before + 2 < long
    assert Ruler("en").rows(resume) > before + 2
