"""Files that are broken on purpose: each fault gets its finding, and costs its share of the score."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from html import escape

import docx
import pytest
import weasyprint
from docx.shared import Pt, RGBColor
from PIL import Image

from services.document.blocks import Entry, ItemGroup, Paragraph
from services.document.view import DocumentView, present
from services.render.fidelity.expectation import Expectation, expected
from services.render.fidelity.measure import measure
from services.render.fidelity.method import Method
from services.render.samples import sample
from services.runtime.errors import InvalidArgument
from vitae.render.v1.fidelity_pb2 import FidelityReport
from vitae.render.v1.options_pb2 import FORMAT_DOCX, FORMAT_PDF, FORMAT_TXT, Format, RenderOptions
from vitae.resume.v1.document_pb2 import Document

STYLE = "@page{size:A4;margin:18mm} body{font:9.5pt 'DejaVu Sans'} p{margin:2pt 0} h2{margin:9pt 0 3pt}"


@pytest.fixture(scope="module")
def document() -> Document:
    return sample("en")


@pytest.fixture(scope="module")
def view(document: Document) -> DocumentView:
    return present(document)


@pytest.fixture(scope="module")
def wanted(document: Document) -> Expectation:
    return expected(document, RenderOptions())


def page(view: DocumentView, *, contacts: bool = True) -> str:
    parts = [f"<h1>{escape(view.header.name)}</h1>"]
    if view.header.title is not None:
        parts.append(f"<p>{escape(view.header.title.text)}</p>")
    if contacts:
        parts += [f"<p>{escape(each.text)}</p>" for each in view.header.contacts]
    for section in view.sections:
        parts.append(f"<h2>{escape(section.title)}</h2>")
        for block in section.blocks:
            parts += entry(block) if isinstance(block, Entry) else [text(block)]
    return "\n".join(parts)


def entry(block: Entry) -> list[str]:
    parts = [
        f"<p>{escape(line.text)} <span class=aside>{escape(line.aside)}</span></p>"
        for line in block.head
        if line.text
    ]
    if block.link is not None:
        parts.append(f"<p>{escape(block.link.text)}</p>")
    parts += [text(each) for each in block.paragraphs]
    parts += [f"<p>• {escape(each.text)}</p>" for each in block.bullets]
    return [*parts, *(text(each) for each in block.items)]


def text(block: Paragraph | ItemGroup) -> str:
    label = f"{escape(block.label)}: " if isinstance(block, ItemGroup) and block.label else ""
    return f"<p>{label}{escape(block.text)}</p>"


def pdf(body: str, style: str = "") -> bytes:
    html = (
        f"<html lang=en><head><title>x</title><style>{STYLE}{style}</style></head><body>{body}</body></html>"
    )
    data: bytes = weasyprint.HTML(string=html).write_pdf()
    return data


def codes(report: FidelityReport) -> set[str]:
    return {each.code for each in report.findings}


def read(data: bytes, wanted: Expectation | None, method: Method = Method.QUICK) -> FidelityReport:
    return measure(data, FORMAT_PDF, wanted, method)


def test_a_plain_page_is_read_whole_by_every_parser(view: DocumentView, wanted: Expectation) -> None:
    report = read(pdf(page(view)), wanted, Method.FULL)
    assert [each.extractor.split()[0] for each in report.extractors] == [
        "pypdfium2",
        "pdf_oxide",
        "pdfminer.six",
        "pypdf",
    ]
    assert list(report.findings) == []
    assert report.score == 1.0


Break = Callable[[DocumentView], bytes]


def columns(view: DocumentView) -> bytes:
    before, after = page(view).split("<h2>Experience")
    return pdf(f"<table><tr><td style='width:33%'>{before}</td><td><h2>Experience{after}</td></tr></table>")


def hidden_below_ground(view: DocumentView) -> bytes:
    return pdf(page(view) + "<p style='background:#123456;color:#123557'>java rust scala</p>")


@pytest.mark.parametrize(
    ("broken", "code", "most"),
    [
        (lambda view: pdf(page(view), "h2{letter-spacing:.4em}"), "LETTER_SPACED", 0.81),
        (lambda view: pdf(page(view, contacts=False)), "FIELD_MISSING", 0.85),
        (lambda view: pdf(page(view) + "<p style='color:white'>java rust scala</p>"), "HIDDEN_TEXT", 0.7),
        (lambda view: pdf(page(view) + "<p style='font-size:1px'>java rust scala</p>"), "HIDDEN_TEXT", 0.7),
        (
            lambda view: pdf(page(view) + "<p style='color:rgba(0,0,0,0.01)'>java rust scala</p>"),
            "HIDDEN_TEXT",
            0.7,
        ),
        (hidden_below_ground, "HIDDEN_TEXT", 0.7),
        (lambda view: pdf(page(view), ".aside{float:right}"), "ATTRIBUTION", 0.7),
        (columns, "ORDER", 0.7),
        (lambda view: pdf(page(view).replace("fi", "\ufb01")), "LIGATURE", 0.95),
        (lambda view: pdf(page(view).replace("<h2>", "<h2>\ue001 ")), "PRIVATE_USE", 0.8),
        (lambda view: pdf(page(view) + "<p>" + "lorem ipsum dolor " * 12 + "</p>"), "EXCESS_TEXT", 0.95),
        (lambda view: pdf(page(view).replace("Experience<", "My Journey<")), "HEADING_MISSING", 0.98),
    ],
)
def test_each_fault_is_found(
    view: DocumentView, wanted: Expectation, broken: Break, code: str, most: float
) -> None:
    report = read(broken(view), wanted, Method.FULL)
    assert code in codes(report)
    assert report.score <= most
    assert report.score == min(each.score for each in report.extractors)


def test_text_on_a_dark_ground_and_inside_frames_is_not_hidden(
    view: DocumentView, wanted: Expectation
) -> None:
    style = (
        "h1{background:#1d3557;color:white} h2{border:1pt solid black} h2+p{border-bottom:.6pt solid black}"
    )
    assert "HIDDEN_TEXT" not in codes(read(pdf(page(view), style), wanted))


def test_a_picture_of_a_resume_has_no_text(wanted: Expectation) -> None:
    data = io.BytesIO()
    Image.new("RGB", (600, 800), "white").save(data, "PDF")
    report = read(data.getvalue(), wanted)
    assert "TEXT_AS_PICTURE" in codes(report)
    assert report.score == 0.0
    assert read(data.getvalue(), None).score == 0.0


def test_missing_fields_are_named_by_their_path(
    document: Document, view: DocumentView, wanted: Expectation
) -> None:
    body = page(view).replace(document.resume.header.email, "").replace("Tidewater Bank", "")
    missing = {each.field for each in read(pdf(body), wanted).findings if each.code == "FIELD_MISSING"}
    assert missing == {"header.email", "sections[2].experience.entries[1].company"}


def test_an_unusual_section_name_is_unknown_to_parsers(document: Document) -> None:
    changed = Document()
    changed.CopyFrom(document)
    changed.resume.sections[2].title = "My Journey"
    report = read(pdf(page(present(changed))), expected(changed, RenderOptions()))
    assert [each.field for each in report.findings if each.code == "HEADING_UNKNOWN"] == [
        "sections[2].title"
    ] * 2


def test_dates_are_found_in_another_form(view: DocumentView, wanted: Expectation) -> None:
    body = page(view)
    for printed, other in (
        ("Mar 2021 – Present", "03/2021 – now"),
        ("Sep 2017 – Feb 2021", "2017-09 to 2021-02"),
    ):
        assert printed in body
        body = body.replace(printed, other)
    assert "FIELD_MISSING" not in codes(read(pdf(body), wanted))


def test_omitted_lines_are_not_asked_for(document: Document, view: DocumentView) -> None:
    first = view.sections[2].blocks[0]
    assert isinstance(first, Entry)
    dropped = first.bullets[0]
    wanted = expected(document, RenderOptions(), omitted=[dropped.id or "line-13"])
    full = {each.text for each in expected(document, RenderOptions()).fields}
    assert full - {each.text for each in wanted.fields}


def test_without_a_document_only_the_files_own_faults_are_told(view: DocumentView) -> None:
    assert read(pdf(page(view)), None).score == 1.0
    assert codes(read(pdf(page(view) + "<p style='color:white'>java</p>"), None)) == {"HIDDEN_TEXT"}


@pytest.mark.parametrize("format_", [FORMAT_PDF, FORMAT_DOCX])
@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 nonsense", b"PK\x03\x04 nonsense"])
def test_what_is_no_file_is_refused(format_: Format.ValueType, data: bytes) -> None:
    with pytest.raises(InvalidArgument) as caught:
        measure(data, format_, None, Method.FULL)
    assert caught.value.reason == "UNREADABLE_FILE"


def test_formats_that_are_not_measured_are_refused() -> None:
    with pytest.raises(InvalidArgument):
        measure(b"text", FORMAT_TXT, None, Method.QUICK)


# --------------------------------------------------------------------------------------------------------- DOCX


def word(view: DocumentView, extra: Callable[[docx.document.Document], object] | None = None) -> bytes:
    file = docx.Document()
    for line in [view.header.name, view.header.title.text if view.header.title else ""]:
        file.add_paragraph(line)
    for contact in view.header.contacts:
        file.add_paragraph(contact.text)
    for section in view.sections:
        file.add_heading(section.title, 1)
        for block in section.blocks:
            if isinstance(block, Entry):
                for head in block.head:
                    file.add_paragraph(f"{head.text}\t{head.aside}")
                if block.link is not None:
                    file.add_paragraph(block.link.text)
                texts = [*(each.text for each in block.paragraphs), *(each.text for each in block.bullets)]
                for part in (*texts, *(each.text for each in block.items)):
                    file.add_paragraph(part)
            else:
                file.add_paragraph(block.text)
    if extra is not None:
        extra(file)
    data = io.BytesIO()
    file.save(data)
    return data.getvalue()


def test_the_body_of_a_docx_is_read_whole(view: DocumentView, wanted: Expectation) -> None:
    report = measure(word(view), FORMAT_DOCX, wanted, Method.QUICK)
    assert list(report.findings) == []
    assert report.score == 1.0


@pytest.mark.parametrize("how", ["vanish", "white", "tiny"])
def test_hidden_runs_of_a_docx_are_found(view: DocumentView, wanted: Expectation, how: str) -> None:
    def hide(file: docx.document.Document) -> None:
        font = file.add_paragraph().add_run("java rust scala").font
        if how == "vanish":
            font.hidden = True
        elif how == "white":
            font.color.rgb = RGBColor(255, 255, 255)
        else:
            font.size = Pt(1)

    report = measure(word(view, hide), FORMAT_DOCX, wanted, Method.QUICK)
    assert codes(report) == {"HIDDEN_TEXT"}
    assert report.score == 0.7


def test_soft_hyphens_of_a_docx_are_found(document: Document) -> None:
    report = measure(
        word(present(document), lambda file: file.add_paragraph("ser\u00advice")),
        FORMAT_DOCX,
        None,
        Method.QUICK,
    )
    assert codes(report) == {"SOFT_HYPHEN"}
    assert report.score < 1


def test_a_docx_that_unfolds_to_gigabytes_is_refused() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (33 * 2**20))
    with pytest.raises(InvalidArgument) as caught:
        measure(data.getvalue(), FORMAT_DOCX, None, Method.QUICK)
    assert caught.value.reason == "FILE_TOO_LARGE"


def test_entities_of_a_docx_are_not_resolved() -> None:
    xml = (
        '<!DOCTYPE d [<!ENTITY secret SYSTEM "file:///etc/hostname">]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>a&secret;b</w:t></w:r></w:p></w:body></w:document>"
    )
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("word/document.xml", xml)
    from services.render.fidelity import docx_body

    reading, _ = docx_body.read(data.getvalue())
    assert reading.lines in (("a",), ("ab",))
