"""What makes WeasyPrint faster changes nothing that it draws."""

import gc
import io
import re
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import pypdf
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageStat

from services.document.view import DocumentView, present
from services.render import engine
from services.render.fonts import catalogue
from services.render.formats import page, weasy, weasy_source, weasyprint_70
from services.render.look import Look, look_of
from services.render.options import resolve
from services.render.templates.manifest import Template, all_templates
from tests.unit.render_formats import people
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions
from vitae.resume.v1.document_pb2 import Document

PEOPLE = people.everyone()
TEMPLATES = all_templates()

BLANK_AT_A_LINES_END = re.compile(rb"\n<[0-9a-f]{4}> Tj(?=\n)")
"""Nobody sees it, and the originals do not write it (line_ends.py)."""

RIGHT_TO_LEFT = ("layla", "noam")
"""Their files differ on purpose: what is read of them is right (codes.py). What is drawn is the same."""


@pytest.fixture(autouse=True, scope="module")
def _warm() -> None:
    engine.warm_up()


@pytest.fixture(scope="module")
def their_fonts() -> object:
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


def pdf(document: Document, template: str = "modern", **options: Any) -> bytes:
    return engine.render(document, engine.plan(document, FORMAT_PDF, template, RenderOptions(**options))).data


def shown(document: Document, template: Template) -> tuple[DocumentView, Look]:
    view = present(document)
    return view, look_of(resolve(RenderOptions(), template, FORMAT_PDF, view.locale), template, view.locale)


def drawn(data: bytes) -> tuple[list[bytes], list[object]]:
    """What a file draws: pages, fonts and pictures without how they are packed, widths, boxes and links.

    Not its structure tree, which is our own (structure.py; test_pdf_accessibility.py), nor the table of positions.
    """
    found = re.findall(rb"<<([^\n]*)>>\nstream\n(.*?)\nendstream", data, re.DOTALL)
    found = [(about, each) for about, each in found if b"/ObjStm" not in about and b"/XRef" not in about]
    plain = [zlib.decompress(each) if b"FlateDecode" in about else each for about, each in found]
    reader = pypdf.PdfReader(io.BytesIO(data))
    about: list[object] = [reader.metadata, *(_about(page) for page in reader.pages)]
    return [BLANK_AT_A_LINES_END.sub(b"", each) for each in plain], about


def _about(page: Any) -> list[object]:
    fonts = [each.get_object() for each in page["/Resources"]["/Font"].values()]
    notes = [each.get_object() for each in page.get("/Annots", [])]
    return [
        [float(each) for each in page.mediabox],
        [(font["/BaseFont"], font["/DescendantFonts"][0].get_object()["/W"]) for font in fonts],
        [([float(each) for each in note["/Rect"]], note["/A"]["/URI"], note["/Contents"]) for note in notes],
    ]


def test_every_replaced_function_is_the_one_that_was_measured() -> None:
    """Fails when WeasyPrint changes one: compare the two, measure, and write down the new fingerprint."""
    from services.render.formats.weasyprint_70.replacement import fingerprint, replacements

    with weasyprint_70.originals():
        found = {f"{each.owner.__name__}.{each.name}": fingerprint(each.original) for each in replacements()}

    assert found == {f"{each.owner.__name__}.{each.name}": each.source for each in replacements()}
    assert weasyprint_70.replaced()


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", [each for each in PEOPLE if each not in RIGHT_TO_LEFT])
def test_files_are_those_of_the_originals(name: str, template: str) -> None:
    fast = pdf(PEOPLE[name], template)
    with weasyprint_70.originals():
        slow = pdf(PEOPLE[name], template)

    assert drawn(fast) == drawn(slow)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", RIGHT_TO_LEFT)
def test_pictures_are_those_of_the_originals(name: str, template: str) -> None:
    fast = pdf(PEOPLE[name], template)
    with weasyprint_70.originals():
        slow = pdf(PEOPLE[name], template)

    for ours, theirs in zip(pictures(fast), pictures(slow), strict=True):
        difference = ImageStat.Stat(ImageChops.difference(ours, theirs))
        assert difference.mean[0] < 0.2, (
            "marks stand a hundredth of a millimetre from where they stood, no more"
        )


def pictures(data: bytes) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(data)
    try:
        return [page.render(scale=2).to_pil().convert("L") for page in document]
    finally:
        document.close()


@pytest.mark.parametrize(
    "options", [{"pdf_a": True}, {"fit_pages": 1}, {"font_family": "Noto Serif"}, {"base_font_size_pt": 12.0}]
)
def test_options_change_nothing_about_that(options: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint 70 leaves its own colour profile open
        fast = pdf(PEOPLE["full"], **options)
        with weasyprint_70.originals():
            slow = pdf(PEOPLE["full"], **options)
        gc.collect()

    assert drawn(fast) == drawn(slow)


def test_a_document_with_more_lines_than_are_kept_is_the_same() -> None:
    document = Document()
    document.CopyFrom(PEOPLE["full"])
    experience = next(each.experience for each in document.resume.sections if each.HasField("experience"))
    for number in range(60):
        entry = experience.entries.add()
        entry.CopyFrom(experience.entries[0])
        for index, line in enumerate(entry.achievements):
            line.id = f"more-{number}-{index}"
            line.text = f"{line.text} {'and again ' * 40}{number}{'x' * 400 if number % 9 == 0 else ''}."

    fast = pdf(document)
    with weasyprint_70.originals():
        slow = pdf(document)

    assert (
        engine.render(document, engine.plan(document, FORMAT_PDF, "modern", RenderOptions())).page_count > 20
    )
    assert drawn(fast) == drawn(slow)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda each: each.id)
@pytest.mark.parametrize("name", PEOPLE)
def test_our_parser_and_sheet_draw_what_those_for_all_of_html_draw(
    name: str, template: Template, their_fonts: object
) -> None:
    import weasyprint

    document = PEOPLE[name]
    view, look = shown(document, template)
    markup = page.compose(view, template, look)
    css = page.stylesheet(template) + page.properties(look, catalogue.stack(look.family.name, view.locale))
    theirs = weasyprint.HTML(string=markup).write_pdf(
        stylesheets=[weasyprint.CSS(string=css)],
        font_config=their_fonts,
        pdf_variant="pdf/ua-1",
        pdf_tags=True,
    )

    assert drawn(weasy.lay_out(view, template, look).pdf()) == drawn(theirs)


def test_pages_have_no_elements_that_the_sheet_of_defaults_forgets() -> None:
    sheet = weasy_source.USER_AGENT.read_text(encoding="utf-8")
    known = set(re.findall(r"[a-z]+[1-3]?", " ".join(re.findall(r"(?m)^([a-z0-9, ]+) \{", sheet))))

    assert set(_elements()) <= known | {"a", "span"}


def _elements() -> Iterator[str]:
    for template in TEMPLATES.values():
        for document in PEOPLE.values():
            view, look = shown(document, template)
            yield from re.findall(
                r"<([a-z0-9]+)", page.compose(view, template, look, photo_url="memory:photo")
            )


def test_what_only_a_browser_parses_is_drawn_too() -> None:
    source = weasy_source.source_class()("<html lang='en'><title>t</title><body><p>one\x0btwo<br>three", None)

    assert source.etree_element.tag == "html"
    assert len(source.render(font_config=weasy._fonts()).pages) == 1


def test_bytes_do_not_depend_on_what_was_drawn_before() -> None:
    before = [pdf(PEOPLE["maya"], each) for each in TEMPLATES]
    others = [(name, each) for name in PEOPLE for each in TEMPLATES]
    for number in range(50):
        name, other = others[number % len(others)]
        pdf(PEOPLE[name], other, base_font_size_pt=9.0 + number % 7 / 4)

    assert [pdf(PEOPLE["maya"], each) for each in TEMPLATES] == before


@pytest.mark.parametrize("words", range(20, 40))
def test_no_line_ends_behind_its_first_word_for_want_of_room_for_a_blank(words: int) -> None:
    document = people.maya()
    line = next(
        entry.achievements[0]
        for section in document.resume.sections
        for entry in section.experience.entries
        if entry.achievements
    )
    for length in range(3, 9):
        line.text = "Split " + "amid " * words + "n" * length + " instead of two days"
        plan = engine.plan(document, FORMAT_PDF, "modern", RenderOptions())
        with pypdfium2.PdfDocument(engine.render(document, plan).data) as file:
            text = file[0].get_textpage().get_text_range()
        assert "Split amid amid" in text
