"""What generation believes of the paper a resume takes is what the templates print, within a few rows.

Generation never lays a page out; it plans two pages by `composing/extent.py`. These tests render for real and fail
where a style sheet or the estimate has moved away from the other.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.document.jsonresume import import_json_resume
from services.generation.composing.compose import Composition, compose
from services.generation.composing.extent import Ruler, page_rows
from services.generation.composing.length import MARGIN_ROWS, PAGES
from services.generation.matching.ranking import rank
from services.generation.postings.analysis import analyze
from services.generation.skills.table import SkillTable
from services.render.templates.manifest import all_templates
from tests.corpus.corpus import everyone
from tests.support.printed_rows import printed
from vitae.generation.v1 import postings_pb2, resumes_pb2
from vitae.resume.v1 import profile_pb2
from vitae.resume.v1.document_pb2 import Document

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "deploy" / "local" / "samples"
TODAY = date(2026, 11, 20)
TEMPLATES = tuple(all_templates())
PEOPLE = tuple(everyone())
OFF = {"modern": 3.0, "classic": 3.5, "creative": 4.5, "ats_optimized": 5.5}
"""Rows by which the estimate may be wrong; it is made for Modern, and the others are set wider or closer."""


@pytest.fixture(scope="module")
def skills() -> SkillTable:
    return SkillTable.load()


def sample(skills: SkillTable, locale: str) -> Composition:
    """The demo's person for the demo's posting, on the paper of a locale."""
    person, _ = import_json_resume((SAMPLES / "profile.json").read_bytes())
    posting = postings_pb2.JobPosting(source_text=(SAMPLES / "posting.txt").read_text(encoding="utf-8"))
    reading = analyze(posting, skills)
    posting.title, posting.company, posting.locale = reading.title, reading.company, reading.locale
    posting.analysis.CopyFrom(reading.analysis)
    return made(person, posting, skills, locale)


def made(
    person: profile_pb2.ProfileContent,
    posting: postings_pb2.JobPosting | None,
    skills: SkillTable,
    locale: str,
) -> Composition:
    ranking = rank(person, posting.analysis if posting else None, TODAY, skills)
    options = resumes_pb2.TailoringOptions(locale=locale)
    return compose(person, posting, ranking, options, TODAY, skills)


@pytest.mark.parametrize("name", PEOPLE)
def test_the_estimate_is_what_is_printed(name: str) -> None:
    document = everyone()[name]
    resume = document.resume
    planned = Ruler(resume.locale).rows(resume)

    for step in (0, 2):
        template = TEMPLATES[(PEOPLE.index(name) + step) % len(TEMPLATES)]
        real = printed(document, template).filled * page_rows(resume.locale)
        assert abs(planned - real) <= OFF.get(template, max(OFF.values())), (template, planned, real)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("locale", ["en", "en-GB"])
def test_a_long_resume_fills_two_pages_and_no_third(locale: str, template: str, skills: SkillTable) -> None:
    composed = sample(skills, locale)
    paper = printed(Document(resume=composed.structure), template)

    assert paper.pages == PAGES
    # The smaller sheet has no room for all of it. What is cut comes in pieces of a few rows: one of them and the margin
    # may stay free, and no more.
    cut = [each for each in composed.notices if "to keep the resume to 2 pages" in each]
    assert bool(cut) == (locale == "en")
    free = (PAGES - paper.reached) * page_rows(locale)
    assert free <= MARGIN_ROWS + OFF[template] + 4, free
