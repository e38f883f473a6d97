"""Invented people of twenty languages are read back whole, in order, every bullet under its own job.

Every person is measured here in two templates as PDF and in one as DOCX, which goes round all templates; `make
fidelity` measures all of them in all.
"""

from __future__ import annotations

import pytest

from services.render import engine
from services.render.fidelity.expectation import expected
from services.render.fidelity.measure import measure
from services.render.fidelity.method import Method
from services.render.templates.manifest import all_templates
from tests.corpus.corpus import everyone, is_right_to_left, language_of
from tests.corpus.measuring import promised, report, words_read
from tests.unit.render_formats import people
from vitae.render.v1.options_pb2 import FORMAT_DOCX, FORMAT_PDF, RenderOptions

TEMPLATES = tuple(all_templates())
PEOPLE = tuple(everyone())


def template_of(name: str, step: int) -> str:
    return TEMPLATES[(PEOPLE.index(name) + step) % len(TEMPLATES)]


def test_the_corpus_is_as_wide_as_it_says() -> None:
    languages = {language_of(each) for each in PEOPLE}

    assert len(PEOPLE) >= 30
    assert len(languages) >= 12
    assert {"ar", "he", "fa", "ja", "zh", "zh-hant", "ko"} <= languages


@pytest.mark.parametrize("name", [each for each in PEOPLE if not is_right_to_left(each)])
def test_four_extractors_read_a_pdf_as_it_is_meant(name: str) -> None:
    template = template_of(name, 0)

    found = report(name, template, FORMAT_PDF, Method.FULL)

    assert len(found.extractors) == 4
    assert found.score >= promised(name, template, FORMAT_PDF), (template, found.findings[:4])


@pytest.mark.parametrize("name", [each for each in PEOPLE if not is_right_to_left(each)])
def test_the_measure_of_every_export_agrees(name: str) -> None:
    template = template_of(name, 1)

    found = report(name, template, FORMAT_PDF, Method.QUICK)

    assert found.score >= promised(name, template, FORMAT_PDF), (template, found.findings[:4])


@pytest.mark.parametrize("name", PEOPLE)
def test_a_docx_is_read_as_it_is_meant(name: str) -> None:
    """Right-to-left people too: a DOCX holds its text in the order of reading."""
    template = template_of(name, 2)

    found = report(name, template, FORMAT_DOCX, Method.QUICK)

    assert found.score >= promised(name, template, FORMAT_DOCX), (template, found.findings[:4])


@pytest.mark.parametrize("name", [each for each in PEOPLE if is_right_to_left(each)])
def test_right_to_left_words_are_all_there(name: str) -> None:
    for template in (template_of(name, 0), template_of(name, 1)):
        shares = words_read(name, template)

        assert len(shares) == 4
        assert shares == dict.fromkeys(shares, 1.0), template


def test_a_file_that_left_entries_out_is_measured_against_what_it_kept() -> None:
    document = people.full()
    plan = engine.plan(document, FORMAT_PDF, "classic", RenderOptions(fit_pages=2))
    made = engine.render(document, plan)

    wanted = expected(document, plan.options, omitted=[each.line_id for each in made.omitted_lines])

    assert made.page_count == 2
    assert measure(made.data, FORMAT_PDF, wanted, Method.QUICK).score == 1.0
