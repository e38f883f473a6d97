"""What the tests of letters share: the table of skills, invented people and postings, and letters for them."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from services.document.jsonresume import import_json_resume
from services.generation.letters.compose import LetterComposition, Wish, compose_letter
from services.generation.matching.ranking import rank
from services.generation.postings.analysis import analyze
from services.generation.skills.table import SkillTable
from tests.support.skills import skill_table
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import profile_pb2

DATA = Path(__file__).parents[2] / "data"
PEOPLE = Path(__file__).parents[2] / "corpus" / "people"
PAIRS = ("platform_engineer_en", "nurse_en", "luthier_en", "electrician_de", "teacher_fr")

Write = Callable[..., LetterComposition]


@pytest.fixture(scope="session")
def skills() -> SkillTable:
    return skill_table()


@pytest.fixture(scope="session")
def today() -> date:
    return date(2026, 11, 20)


@pytest.fixture(scope="session")
def person() -> Callable[[str], profile_pb2.ProfileContent]:
    """A person of the tests' data or of the corpus, by the file's name."""

    def load(name: str) -> profile_pb2.ProfileContent:
        own = DATA / "profiles" / f"{name}.json"
        path = own if own.exists() else PEOPLE / f"{name}.json"
        content, _ = import_json_resume(path.read_bytes())
        return content

    return load


@pytest.fixture(scope="session")
def read_posting(skills: SkillTable) -> Callable[..., postings_pb2.JobPosting]:
    """A posting with its analysis."""

    def read(text: str, locale: str = "", **given: str) -> postings_pb2.JobPosting:
        posting = postings_pb2.JobPosting(source_text=text, locale=locale, **given)  # type: ignore[arg-type]
        reading = analyze(posting, skills)
        posting.title, posting.company, posting.locale = reading.title, reading.company, reading.locale
        posting.analysis.CopyFrom(reading.analysis)
        return posting

    return read


@pytest.fixture(scope="session")
def posting(
    read_posting: Callable[..., postings_pb2.JobPosting],
) -> Callable[[str], postings_pb2.JobPosting]:
    """A posting of the tests' data, by the file's name."""

    def load(name: str) -> postings_pb2.JobPosting:
        stem = "platform_engineer_en" if name == "platform_engineer" else name
        path = next(each for each in (DATA / "postings").iterdir() if each.stem == stem)
        return read_posting(path.read_text(encoding="utf-8"))

    return load


@pytest.fixture(scope="session")
def write(skills: SkillTable, today: date) -> Write:
    """The letter of a person for a posting."""

    def make(
        profile: profile_pb2.ProfileContent,
        posting: postings_pb2.JobPosting,
        tone: str = "professional",
        *,
        recipient: str = "",
        locale: str = "",
    ) -> LetterComposition:
        ranking = rank(profile, posting.analysis, today, skills)
        return compose_letter(profile, posting, ranking, Wish(tone, recipient, locale), today, skills)

    return make
