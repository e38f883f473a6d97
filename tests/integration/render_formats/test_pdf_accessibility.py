"""PDF/UA-1 (ISO 14289-1) and PDF/A-2u (ISO 19005-2), checked on the files' structure.

The names of the tests follow the Matterhorn Protocol 1.1, which lists what can break PDF/UA-1.
"""

from __future__ import annotations

import gc
import io
import re
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image

from services.document.text import content_text
from services.render import engine
from services.render.samples import sample
from services.render.templates.manifest import all_templates
from tests.corpus.corpus import letters, person
from tests.support.tagged_pdf import Element, TaggedPdf
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions
from vitae.resume.v1.document_pb2 import Document

STANDARD = frozenset(
    "Document Part Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 H6 L LI Lbl LBody"
    " Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link Annot Ruby Warichu Figure Formula"
    " Form".split()
)
"""ISO 32000-1, 14.8.4."""

_WORD = re.compile(r"\w+")


def with_portrait() -> Document:
    out = io.BytesIO()
    Image.new("RGB", (500, 600), "#556677").save(out, "PNG")
    document = Document()
    document.CopyFrom(person("en-nurse"))
    document.resume.header.photo.data = out.getvalue()
    return document


DOCUMENTS: Mapping[str, Callable[[], Document]] = {
    "portrait": with_portrait,
    "several pages": lambda: sample("en-long"),
    "Arabic": lambda: person("ar-muhandisa"),
    "Hebrew": lambda: person("he-rofea"),
    "Persian": lambda: person("fa-tarrah"),
    "Japanese": lambda: person("ja-kaikei"),
    "Hindi": lambda: person("hi-abhiyanta"),
    "emoji": lambda: person("en-emoji"),
    "letter": lambda: letters()["en"],
    "Arabic letter": lambda: letters()["ar"],
}

CASES = [(template, name) for template in all_templates() for name in DOCUMENTS]

each_case = pytest.mark.parametrize(("template", "name"), CASES)


@cache
def tagged(template: str, name: str, *, pdf_a: bool = False) -> TaggedPdf:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint 70 leaves its own colour profile open
        options = RenderOptions(photo=True, pdf_a=pdf_a)
        document = DOCUMENTS[name]()
        made = engine.render(document, engine.plan(document, FORMAT_PDF, template, options))
        gc.collect()
    return TaggedPdf(made.data)


@each_case
def test_01_all_content_is_tagged_or_an_artifact(template: str, name: str) -> None:
    file = tagged(template, name)

    assert file.unmarked == []
    held = [each for element in file.elements for each in element.kids if isinstance(each, tuple)]
    assert sorted(held) == sorted(file.marked), "every piece of marked content is held by one element"


@each_case
def test_01_the_parent_tree_leads_from_content_to_its_element(template: str, name: str) -> None:
    file = tagged(template, name)
    numbers = file.root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    parents = {int(numbers[at]): numbers[at + 1] for at in range(0, len(numbers), 2)}

    for number, page in enumerate(file.pages):
        assert int(page["/StructParents"]) == number
    for element in file.elements:
        for each in element.kids:
            if isinstance(each, tuple):
                assert parents[each[0]][each[1]].get_object() == element.raw


@each_case
def test_02_types_are_standard(template: str, name: str) -> None:
    assert {each.kind for each in tagged(template, name).elements} <= STANDARD


@each_case
def test_06_07_the_file_says_what_it_is(template: str, name: str) -> None:
    file = tagged(template, name)
    about = file.root["/Metadata"].get_object().get_data().decode()
    title = file.reader.metadata.title if file.reader.metadata else None

    assert title
    assert re.search(rf"<dc:title>.*{re.escape(title)}.*</dc:title>", about, re.DOTALL)
    assert re.search(r'pdfuaid:part(="|>)1', about)
    assert file.root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert file.root["/MarkInfo"]["/Marked"]
    assert not file.root["/MarkInfo"].get("/Suspects", False)
    assert file.root["/Lang"] == document_language(DOCUMENTS[name]())


def document_language(document: Document) -> str:
    return document.resume.locale or document.cover_letter.locale


@each_case
def test_09_lists_are_made_of_items_with_label_and_body(template: str, name: str) -> None:
    for element in tagged(template, name).elements:
        kinds = [each.kind for each in element.kids if isinstance(each, Element)]
        if element.kind == "L":
            assert set(kinds) == {"LI"}
            assert element.raw["/A"]["/ListNumbering"] == "/Disc"
        if element.kind == "LI":
            assert kinds in (["Lbl", "LBody"], ["LBody"])
            assert element.parent is not None
            assert element.parent.kind == "L"


@each_case
def test_10_every_code_has_text(template: str, name: str) -> None:
    file = tagged(template, name)

    assert file.codes
    assert not [
        code for code, said in file.codes if not said or set(said) & {"\0", "\ufeff", "\ufffe", "\ufffd"}
    ]


@each_case
def test_13_pictures_have_a_text_in_their_place(template: str, name: str) -> None:
    file = tagged(template, name)
    figures = [each for each in file.elements if each.kind == "Figure"]

    assert len(figures) == (name == "portrait")
    for each in figures:
        left, bottom, right, top = (float(edge) for edge in each.raw["/A"]["/BBox"])
        _, _, width, height = (float(edge) for edge in file.pages[0].mediabox)
        assert each.raw["/Alt"] == person("en-nurse").resume.header.full_name
        assert 0 <= left < right <= width
        assert height * 0.6 <= bottom < top <= height


@each_case
def test_14_headings_go_down_by_one_level(template: str, name: str) -> None:
    levels = [
        int(each.kind[1]) for each in tagged(template, name).elements if re.fullmatch("H[1-6]", each.kind)
    ]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@each_case
def test_28_links_are_tagged_and_described(template: str, name: str) -> None:
    file = tagged(template, name)
    linked = {}
    for element in file.elements:
        for each in element.kids:
            if isinstance(each, dict):
                assert element.kind == "Link"
                linked[each.raw_get("/Obj").idnum] = element
    annotations = [each for page in file.pages for each in page.get("/Annots", [])]

    assert annotations
    assert all(page["/Tabs"] == "/S" for page in file.pages)
    for each in annotations:
        raw: Any = each.get_object()
        assert raw["/Subtype"] == "/Link"
        assert raw["/Contents"] == raw["/A"]["/URI"]
        assert "/StructParent" in raw
        assert file.said_by(linked[each.idnum])


@each_case
def test_31_fonts_are_embedded_and_mapped(template: str, name: str) -> None:
    for page in tagged(template, name).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            made = font.get_object()
            descendant = made["/DescendantFonts"][0].get_object()
            assert made["/Encoding"] == "/Identity-H"
            assert "/ToUnicode" in made
            assert "/CIDToGIDMap" in descendant
            assert {"/FontFile2", "/FontFile3"} & set(descendant["/FontDescriptor"])


@each_case
def test_reading_goes_in_the_order_of_the_document(template: str, name: str) -> None:
    """Of right-to-left scripts too: what a page holds from left to right, the structure says in logical order."""
    document = DOCUMENTS[name]()
    read = iter(_WORD.findall(tagged(template, name).text()))

    wanted = _WORD.findall(content_text(document).replace("\N{LEFT-TO-RIGHT MARK}", ""))
    missed = [word for word in wanted if not any(word == each for each in read)]

    assert missed == []


@pytest.mark.parametrize("name", ["portrait", "Arabic", "Hindi", "Japanese", "letter"])
@pytest.mark.parametrize("template", all_templates())
def test_pdf_a_2u(template: str, name: str) -> None:
    file = tagged(template, name, pdf_a=True)
    about = file.root["/Metadata"].get_object().get_data().decode()
    (intent,) = file.root["/OutputIntents"]
    intent = intent.get_object()

    assert re.search(r'pdfaid:part(="|>)2', about)
    assert re.search(r'pdfaid:conformance(="|>)U', about)
    assert "/Filter" not in file.root["/Metadata"].get_object() or file.reader.pdf_header == "%PDF-1.7"
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"].get_object()["/N"] == 3
    assert "/ID" in file.reader.trailer
    assert "/Encrypt" not in file.reader.trailer
    assert not {"/JavaScript", "/EmbeddedFiles"} & set(file.root.get("/Names", {}))
    assert "/OpenAction" not in file.root
    assert not [code for code, said in file.codes if not said]
    assert all(each.get_object()["/F"] == 4 for page in file.pages for each in page.get("/Annots", []))
    assert file.root["/MarkInfo"]["/Marked"]
