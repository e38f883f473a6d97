"""Every template draws every hard case in every format, or says what is wrong with it."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Callable, Mapping

import docx
import pypdfium2
import pytest
from PIL import Image

from services.render import engine
from services.render.templates.manifest import Template, all_templates
from services.runtime.errors import InvalidArgument, Unimplemented
from tests.corpus.corpus import person
from tests.unit.render_formats import people
from tests.unit.render_formats.reading import by_pdfium, plain
from vitae.render.v1.options_pb2 import (
    DATE_FORMAT_ISO,
    DATE_FORMAT_MONTH_YEAR_LONG,
    FORMAT_DOCX,
    FORMAT_HTML,
    FORMAT_MARKDOWN,
    FORMAT_PDF,
    FORMAT_PNG,
    FORMAT_TXT,
    PAGE_SIZE_A4,
    PAGE_SIZE_LETTER,
    Margins,
    RenderOptions,
)
from vitae.resume.v1.common_pb2 import Line
from vitae.resume.v1.document_pb2 import Document
from vitae.resume.v1.resume_pb2 import (
    EducationSection,
    ExperienceSection,
    ResumeHeader,
    ResumeSection,
    SkillsSection,
    StructuredResume,
    SummarySection,
)

TEMPLATES = all_templates()
MM = 72 / 25.4


def empty_sections() -> Document:
    return Document(
        resume=StructuredResume(
            locale="en",
            header=ResumeHeader(full_name="Nobody Yet"),
            sections=[
                ResumeSection(summary=SummarySection()),
                ResumeSection(skills=SkillsSection()),
                ResumeSection(experience=ExperienceSection()),
                ResumeSection(education=EducationSection(), title="School"),
            ],
        )
    )


def one_line() -> Document:
    return Document(
        resume=StructuredResume(
            locale="en", sections=[ResumeSection(summary=SummarySection(lines=[Line(text="Available.")]))]
        )
    )


def long_words() -> Document:
    document = people.maya()
    word, resume = "Grundstücksverkehrsgenehmigungszuständigkeit" * 9 + "sübe", document.resume
    assert len(word) == 400
    job = resume.sections[2].experience.entries[0]
    job.achievements[0].text = job.company = job.title = job.location = word
    resume.sections[1].skills.categories[0].items[0].text = word
    resume.header.title.text = resume.header.location = word
    resume.header.website = "https://example.org/" + "a" * 380
    return document


CASES: Mapping[str, Callable[[], Document]] = {
    "empty sections": empty_sections,
    "one line": one_line,
    "25 jobs": people.full,
    "400-character words": long_words,
    "emoji": lambda: person("en-emoji"),
    "right to left": lambda: person("ar-muhandisa"),
    "chinese": lambda: person("zh-gongchengshi"),
    "japanese": lambda: person("ja-kaikei"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_hard_case_is_drawn_in_every_format(template: str, case: str) -> None:
    document = CASES[case]()
    name = document.resume.header.full_name

    for format_ in (FORMAT_TXT, FORMAT_MARKDOWN, FORMAT_HTML):
        written = made(document, template, RenderOptions(), format_).data.decode()
        assert plain(name.split()[0] if name else "Available.") in plain(written)
    assert docx.Document(io.BytesIO(made(document, template, RenderOptions(), FORMAT_DOCX).data)).paragraphs
    pdf = made(document, template, RenderOptions(), FORMAT_PDF)
    assert pdf.page_count >= 1
    assert_inside_the_margins(pdf.data, template)
    picture = Image.open(io.BytesIO(made(document, template, RenderOptions(), FORMAT_PNG).data))
    assert picture.size[0] == engine.PREVIEW_WIDTH_PX


@pytest.mark.parametrize("most", [False, True], ids=["all options least", "all options most"])
@pytest.mark.parametrize("name", ["en-engineer", "ar-muhandisa", "ja-kaikei"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_options_may_stand_at_their_ends(template: str, name: str, most: bool) -> None:
    document, folder = person(name), TEMPLATES[template]
    document.resume.header.photo.data = square()

    for family in folder.font_family.choices[:: 1 if name == "en-engineer" else 3]:
        options = at_the_end(folder, family, most=most)
        assert_inside_the_margins(made(document, template, options, FORMAT_PDF).data, template, options)
        if most:
            options.ClearField("fit_pages")
        assert made(document, template, options, FORMAT_DOCX).data
        assert b"<main>" in made(document, template, options, FORMAT_HTML).data


def product() -> list[tuple[str, str]]:
    """Cases and templates: all with all where VITAE_TEST_RENDER_PRODUCT is set, else each case with one template."""
    if os.environ.get("VITAE_TEST_RENDER_PRODUCT"):
        return list(itertools.product(CASES, TEMPLATES))
    return list(zip(CASES, itertools.cycle(TEMPLATES), strict=False))


@pytest.mark.parametrize("most", [False, True], ids=["all options least", "all options most"])
@pytest.mark.parametrize(("case", "template"), product())
def test_hard_cases_are_drawn_with_options_at_their_ends(case: str, template: str, most: bool) -> None:
    """Every format makes a file, or says which option it cannot keep."""
    document, folder = CASES[case](), TEMPLATES[template]
    document.resume.header.photo.data = square()
    options = at_the_end(folder, folder.font_family.default, most=most)

    file = made(document, template, options, FORMAT_PDF)
    assert_inside_the_margins(file.data, template, options)
    assert made(document, template, options, FORMAT_PNG).page_count == file.page_count >= 1
    if most:
        with pytest.raises(Unimplemented) as caught:
            made(document, template, options, FORMAT_DOCX)
        assert caught.value.fields[0].field == "options.fit_pages"
        options.ClearField("fit_pages")
    for format_ in (FORMAT_DOCX, FORMAT_HTML, FORMAT_TXT, FORMAT_MARKDOWN):
        assert made(document, template, options, format_).data


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_no_font_draws_is_named(template: str) -> None:
    document = one_line()
    document.resume.sections[0].summary.lines[0].text = "Reads \U00013000 fluently."

    for format_ in (FORMAT_PDF, FORMAT_PNG):
        with pytest.raises(InvalidArgument) as caught:
            made(document, template, RenderOptions(), format_)
        assert caught.value.reason == "GLYPHS_MISSING"
        assert "U+13000" in caught.value.fields[0].description
    for format_ in (FORMAT_DOCX, FORMAT_HTML, FORMAT_TXT, FORMAT_MARKDOWN):
        assert made(document, template, RenderOptions(), format_).data


def made(document: Document, template: str, options: RenderOptions, format_: int) -> engine.Rendered:
    plan = engine.plan(document, format_, template, options)  # type: ignore[arg-type]
    return engine.render(document, plan)


def at_the_end(template: Template, family: str, *, most: bool) -> RenderOptions:
    def end(name: str) -> float:
        return float(getattr(getattr(template, name), "maximum" if most else "minimum"))

    margin = end("margins_mm")
    return RenderOptions(
        font_family=family,
        base_font_size_pt=end("base_font_size_pt"),
        line_spacing=end("line_spacing"),
        margins=Margins(top_mm=margin, right_mm=margin, bottom_mm=margin, left_mm=margin),
        accent_color="#000000" if most else "#767676",
        page_size=PAGE_SIZE_LETTER if most else PAGE_SIZE_A4,
        date_format=DATE_FORMAT_MONTH_YEAR_LONG if most else DATE_FORMAT_ISO,
        photo=most,
        fit_pages=20 if most else 0,
    )


def assert_inside_the_margins(data: bytes, template: str, options: RenderOptions | None = None) -> None:
    """No letter stands beyond the text's edges, a millimetre of slack for what overhangs its own box."""
    folder = TEMPLATES[template]
    if options is not None:
        left = right = options.margins.left_mm
    else:
        _, right, _, left = folder.margins_mm.default
    document = pypdfium2.PdfDocument(data)
    try:
        for page in document:
            text, width = page.get_textpage(), page.get_width()
            boxes = [text.get_charbox(at) for at in range(text.count_chars())]
            assert all(box[0] >= (left - 1) * MM for box in boxes if box[2] > box[0])
            assert all(box[2] <= width - (right - 1) * MM for box in boxes if box[2] > box[0])
    finally:
        document.close()
    assert by_pdfium(data).strip()


def square() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 720), "#556677").save(out, "PNG")
    return out.getvalue()
