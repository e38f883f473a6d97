"""The same document says the same in every format and every template (SPEC R8), and reads in order (R6)."""

import html
import io
import re

import docx
import pytest

from services.document.view import present
from services.render import engine
from services.render.templates.manifest import all_templates
from tests.unit.render_formats import people
from tests.unit.render_formats.reading import EXTRACTORS, by_pdfium, out_of_order, plain, printed
from vitae.render.v1.options_pb2 import (
    FORMAT_DOCX,
    FORMAT_HTML,
    FORMAT_MARKDOWN,
    FORMAT_PDF,
    FORMAT_TXT,
    Format,
    RenderOptions,
)

LEFT_TO_RIGHT = ("maya", "ines", "full", "letter", "yuki", "wei")
TEMPLATES = tuple(all_templates())


def made(name: str, format_: Format.ValueType, template: str) -> bytes:
    document = people.everyone()[name]
    return engine.render(document, engine.plan(document, format_, template, RenderOptions())).data


def text_of_docx(data: bytes) -> str:
    return "\n".join(each.text for each in docx.Document(io.BytesIO(data)).paragraphs)


def text_of_html(data: bytes) -> str:
    body = data.decode().partition("<body")[2].partition(">")[2]
    return html.unescape(re.sub(r"<[^>]*>", "", body))


def text_of_markdown(data: bytes) -> str:
    text = re.sub(r"\]\(<?[^)\s]*>?\)", "", data.decode())
    text = re.sub(r"(?m)^\s*(#+|-)\s", "", text)
    return html.unescape(
        re.sub(r"\\([^\w\s])", r"\1", text).replace("**", "").replace("[", "").replace("]", "")
    )


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", LEFT_TO_RIGHT)
def test_every_extractor_reads_every_field_in_order(name: str, template: str) -> None:
    data = made(name, FORMAT_PDF, template)
    view = present(people.everyone()[name])

    lost = {reader: out_of_order(view, read(data)) for reader, read in EXTRACTORS.items()}

    assert lost == {reader: [] for reader in EXTRACTORS}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", people.everyone())
def test_docx_and_html_say_every_field_in_order(name: str, template: str) -> None:
    view = present(people.everyone()[name])

    assert out_of_order(view, text_of_docx(made(name, FORMAT_DOCX, template))) == []
    assert out_of_order(view, text_of_html(made(name, FORMAT_HTML, template))) == []


@pytest.mark.parametrize("name", people.everyone())
def test_text_and_markdown_say_every_field(name: str) -> None:
    text = plain(made(name, FORMAT_TXT, "modern").decode())
    markdown = plain(text_of_markdown(made(name, FORMAT_MARKDOWN, "modern")))

    for each in printed(present(people.everyone()[name])):
        assert plain(each) in text
        assert plain(each.strip("[]")) in markdown


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", LEFT_TO_RIGHT)
def test_a_pdf_holds_no_ligature_no_private_character_and_no_soft_hyphen(name: str, template: str) -> None:
    text = by_pdfium(made(name, FORMAT_PDF, template))

    assert not re.search("[\ufb00-\ufb06\ue000-\uf8ff\u00ad\ufffd]", text)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", ["layla", "noam"])
def test_right_to_left_pdfs_hold_all_characters(name: str, template: str) -> None:
    """Extractors order such text each in its own way; what a PDF can promise is that no letter is lost."""
    letters = {each for text in printed(present(people.everyone()[name])) for each in plain(text)}

    assert letters <= set(plain(by_pdfium(made(name, FORMAT_PDF, template))))


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("family", ["Inter", "Carlito", "Noto Serif"])
@pytest.mark.parametrize("name", ["maya", "ines", "letter"])
def test_name_title_and_headings_have_lines_of_their_own(name: str, family: str, template: str) -> None:
    document = people.everyone()[name]
    options = RenderOptions(font_family=family)
    data = engine.render(document, engine.plan(document, FORMAT_PDF, template, options)).data
    view = present(document)
    alone = {view.header.name, *(each.title for each in view.sections)}
    if view.header.title:
        alone.add(view.header.title.text)

    for reader, read in EXTRACTORS.items():
        assert alone <= {each.strip() for each in read(data).splitlines()}, reader
