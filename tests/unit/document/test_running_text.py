"""Sentences run on, and parts of a phrase are parted, as the document's language does it."""

import pytest

from services.document.blocks import Entry, Paragraph, TextLine
from services.document.plain import run_on
from services.document.view import present
from vitae.resume.v1.resume_pb2 import EducationEntry, EducationSection, ResumeSection, StructuredResume


@pytest.mark.parametrize(
    ("sentences", "text"),
    [
        (["One.", "Two."], "One. Two."),
        (["設計に携わる。", "画面を減らす。"], "設計に携わる。画面を減らす。"),
        (["负责平台。", "Python 专家。"], "负责平台。Python 专家。"),
        (["한다.", "한국어로"], "한다. 한국어로"),
        (["開発した", "Python を使う"], "開発した Python を使う"),
        (["", "alone"], "alone"),
        ([], ""),
    ],
)
def test_blanks_stand_where_the_script_has_them(sentences: list[str], text: str) -> None:
    assert run_on(sentences) == text
    assert Paragraph(tuple(TextLine(each) for each in sentences)).text == text


@pytest.mark.parametrize(
    ("locale", "printed"),
    [
        ("en", "MSc, Physics"),
        ("ja", "MSc、Physics"),
        ("zh", "MSc，Physics"),
        ("zh-TW", "MSc，Physics"),
        ("ar", "MSc، Physics"),
        ("he", "MSc, Physics"),
    ],
)
def test_a_degree_and_its_field_are_parted_by_the_comma_of_the_language(locale: str, printed: str) -> None:
    entry = EducationEntry(institution="School", degree="MSc", field_of_study="Physics")
    resume = StructuredResume(
        locale=locale, sections=[ResumeSection(education=EducationSection(entries=[entry]))]
    )

    [block] = present(resume).sections[0].blocks

    assert isinstance(block, Entry)
    assert block.subheading == printed
