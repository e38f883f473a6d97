"""What the tests of matching and composing share: the table of skills, and invented people and postings."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from services.document.jsonresume import import_json_resume
from services.generation.postings.analysis import analyze
from services.generation.skills.table import SkillTable
from tests.support.skills import skill_table
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import profile_pb2

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="session")
def skills() -> SkillTable:
    return skill_table()


@pytest.fixture(scope="session")
def today() -> date:
    return date(2026, 11, 20)


@pytest.fixture
def profile() -> Callable[[str], profile_pb2.ProfileContent]:
    def load(name: str) -> profile_pb2.ProfileContent:
        content, _ = import_json_resume((DATA / "profiles" / f"{name}.json").read_bytes())
        return content

    return load


@pytest.fixture
def read_posting(skills: SkillTable) -> Callable[..., postings_pb2.JobPosting]:
    """A posting with its analysis, from a text and a language where the text is too short to tell."""

    def read(text: str, locale: str = "") -> postings_pb2.JobPosting:
        posting = postings_pb2.JobPosting(source_text=text, locale=locale)
        reading = analyze(posting, skills)
        posting.title, posting.company, posting.locale = reading.title, reading.company, reading.locale
        posting.location = reading.location
        posting.analysis.CopyFrom(reading.analysis)
        return posting

    return read


@pytest.fixture
def posting(
    read_posting: Callable[..., postings_pb2.JobPosting],
) -> Callable[..., postings_pb2.JobPosting]:
    def load(name: str) -> postings_pb2.JobPosting:
        path = next(each for each in (DATA / "postings").iterdir() if each.stem == name)
        return read_posting(path.read_text(encoding="utf-8"))

    return load
