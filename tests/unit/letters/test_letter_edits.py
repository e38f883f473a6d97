"""What of a typed sentence needs proof."""

from collections.abc import Callable
from datetime import date

import pytest

from services.generation.letters.origins import LetterProver
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import profile_pb2


@pytest.mark.parametrize(
    ("text", "locale", "free"),
    [
        ("I want to work at Saltmarsh because I like ferries.", "en", True),
        ("My papers are enclosed.", "en", True),
        ("I look forward to using Kubernetes with you.", "en", True),
        ("I look forward to using Azure with you.", "en", False),
        ("I saved 9 million.", "en", False),
        ("I was with Globex before.", "en", False),
        ("Ihre Haltung zur Ausbildung überzeugt mich.", "de", True),
        ("Ich kenne Azure.", "de", False),
    ],
)
def test_wishes_need_no_proof_and_claims_do(
    person: Callable[[str], profile_pb2.ProfileContent],
    posting: Callable[[str], postings_pb2.JobPosting],
    skills: SkillTable,
    today: date,
    text: str,
    locale: str,
    free: bool,
) -> None:
    profile, job = person("platform_engineer_en"), posting("platform_engineer_en")
    assert LetterProver(profile, job, today, skills, locale).claims_nothing(text) is free
