import gc
import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import docx
import pypdf
import pypdfium2
import pytest
from PIL import Image

from services.document.canonical import content_hash
from services.render import engine
from services.render.fonts import catalogue
from services.render.templates.manifest import all_templates
from services.runtime.errors import InvalidArgument
from tests.unit.render_formats import people
from tests.unit.render_formats.reading import by_pdfium, plain
from vitae.render.v1.options_pb2 import (
    FORMAT_DOCX,
    FORMAT_HTML,
    FORMAT_PDF,
    FORMAT_PNG,
    FORMAT_TXT,
    FORMAT_UNSPECIFIED,
    PAGE_SIZE_A4,
    Format,
    RenderOptions,
)
from vitae.resume.v1.document_pb2 import Document
from vitae.resume.v1.resume_pb2 import (
    SECTION_TYPE_EDUCATION,
    SECTION_TYPE_SKILLS,
    SECTION_TYPE_SUMMARY,
    ExperienceSection,
    ResumeSection,
    StructuredResume,
)

ROOT = Path(__file__).parents[3]
TEMPLATES = tuple(all_templates())

HASHES = """
import hashlib, json
from services.render import engine
from tests.unit.render_formats import people
from vitae.render.v1.options_pb2 import Format, RenderOptions
hashes = {}
for name in ("maya", "letter", "layla", "yuki"):
    for format in range(1, 7):
        document = people.everyone()[name]
        plan = engine.plan(document, format, "modern", RenderOptions())
        key = f"{name} {Format.Name(format)} {plan.cache_key}"
        hashes[key] = hashlib.sha256(engine.render(document, plan).data).hexdigest()
print(json.dumps(hashes))
"""


def rendered(
    document: Document,
    options: RenderOptions | None = None,
    template: str = "modern",
    format_: Format.ValueType = FORMAT_PDF,
) -> engine.Rendered:
    return engine.render(document, engine.plan(document, format_, template, options or RenderOptions()))


def hashes(seed: str, order: int) -> dict[str, str]:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}",
        "TZ": "UTC",
    }
    script = (
        HASHES
        if order == 1
        else HASHES.replace('("maya", "letter", "layla", "yuki")', '("yuki", "layla", "letter", "maya")')
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_equal_input_gives_equal_bytes_in_every_process_and_order() -> None:
    assert hashes("1", 1) == hashes("4242", -1)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_pdf_is_tagged_and_says_title_language_and_author(template: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(rendered(people.maya(), template=template).data))
    root: Any = reader.trailer["/Root"]

    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("Maya Okonkwo – Resume", "Maya Okonkwo")
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    assert "/ID" not in reader.trailer
    assert {"/H1", "/H2", "/H3", "/L", "/LI", "/P"} <= tags(root["/StructTreeRoot"])


def tags(node: object) -> set[str]:
    node = node.get_object() if isinstance(node, pypdf.generic.IndirectObject) else node
    if isinstance(node, list):
        return set().union(*(tags(each) for each in node))
    if not isinstance(node, dict):
        return set()
    return {str(node.get("/S", ""))} | (tags(node["/K"]) if "/K" in node else set())


def test_pdf_a_is_2u() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint 70 leaves its own colour profile open
        data = rendered(people.maya(), RenderOptions(pdf_a=True)).data
        gc.collect()
    root: Any = pypdf.PdfReader(io.BytesIO(data)).trailer["/Root"]
    metadata = root["/Metadata"].get_object().get_data()

    assert b"<pdfaid:part>2<" in metadata.replace(b'pdfaid:part="2"', b"<pdfaid:part>2<")
    assert b"U" in metadata.partition(b"conformance")[2][:20]
    assert "/OutputIntents" in root


@pytest.mark.parametrize("name", ["maya", "yuki", "layla"])
def test_only_bundled_fonts_are_used_and_embedded(name: str) -> None:
    known = {each.replace(" ", "") for each in catalogue.coverage()}

    found = fonts_of(rendered(people.everyone()[name]).data)

    assert found
    assert all(any(each.startswith(family) for family in known) for each in found), found


def fonts_of(data: bytes) -> set[str]:
    """Names of a PDF's fonts without spaces and hyphens; each must be embedded."""
    found = set()
    for page in pypdf.PdfReader(io.BytesIO(data)).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descendant["/FontDescriptor"].get_object())
            found.add(str(descendant["/BaseFont"]).partition("+")[2].replace("-", ""))
    return found


def test_a_system_font_is_out_of_reach(tmp_path: Path) -> None:
    script = (
        "from services.render.formats import weasy; weasy.check_libraries();"
        "from weasyprint.text.ffi import ffi, fontconfig;"
        "c = fontconfig.FcInitLoadConfigAndFonts(); f = fontconfig.FcConfigGetFonts(c, fontconfig.FcSetSystem);"
        "print(f.nfont)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}", "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)

    assert int(done.stdout) == len(catalogue.files())


@pytest.mark.parametrize("format_", [FORMAT_PDF, FORMAT_DOCX, FORMAT_HTML, FORMAT_PNG])
def test_rendering_calls_nobody(format_: Format.ValueType) -> None:
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def accept() -> None:
            try:
                while True:
                    calls.append(server.accept())
            except OSError:
                return

        listener = threading.Thread(target=accept, daemon=True)
        listener.start()
        url = f"http://127.0.0.1:{port}/x"
        document = people.maya()
        resume = document.resume
        resume.header.website = url
        resume.header.photo.url = url + ".png"
        resume.sections[0].summary.lines[0].text = f'<img src="{url}"><style>@import url({url});</style>'
        resume.sections[2].experience.entries[0].url = url
        resume.sections[2].experience.entries[0].achievements[
            0
        ].text = f"url({url}) <link rel=stylesheet href={url}>"

        rendered(document, format_=format_)
        server.shutdown(socket.SHUT_RDWR)
    listener.join(5)

    assert calls == []


def test_a_missing_glyph_stops_the_plan() -> None:
    document = people.maya()
    document.resume.header.full_name = "Maya \U00013000"

    with pytest.raises(InvalidArgument, match="no bundled font") as caught:
        engine.plan(document, FORMAT_PDF, "modern", RenderOptions())

    assert caught.value.reason == "GLYPHS_MISSING"
    engine.plan(document, FORMAT_DOCX, "modern", RenderOptions())


@pytest.mark.parametrize("template", TEMPLATES)
def test_many_jobs_and_endless_words_stay_on_the_page(template: str) -> None:
    document = people.full()
    document.resume.sections[2].experience.entries[0].achievements[0].text = "x" * 400
    document.resume.sections[2].experience.entries[1].title = "Programme" * 40
    document.resume.header.website = "https://example.org/" + "a" * 300

    made = rendered(document, template=template)
    opened = pypdfium2.PdfDocument(made.data)
    right = 0.0
    for page in opened:
        text = page.get_textpage()
        right = max(right, *(text.get_charbox(at)[2] for at in range(text.count_chars())))
    width = opened[0].get_width()
    opened.close()

    assert made.page_count > 4
    assert right < width - 10 * 72 / 25.4
    assert "x" * 400 in plain(by_pdfium(made.data))


@pytest.mark.parametrize("template", TEMPLATES)
def test_empty_documents_and_sections_make_a_page(template: str) -> None:
    empty = Document(resume=StructuredResume(locale="en"))
    hollow = Document(resume=StructuredResume(sections=[ResumeSection(experience=ExperienceSection())]))

    for document in (empty, hollow, people.letter()):
        assert rendered(document, template=template).page_count == 1
        assert rendered(document, template=template, format_=FORMAT_DOCX).data


def test_no_heading_ends_a_page() -> None:
    for size in (8.5, 9.0, 9.5, 10.0, 10.5, 11.0):
        data = rendered(people.full(), RenderOptions(base_font_size_pt=size)).data
        opened = pypdfium2.PdfDocument(data)
        ends = [page.get_textpage().get_text_range().split("\r\n")[-1] for page in opened][:-1]
        opened.close()

        assert not [
            each for each in ends if each.startswith(("Company Number", "Programme Manager", "Experience"))
        ]


def test_options_reach_the_pages() -> None:
    options = RenderOptions(
        page_size=PAGE_SIZE_A4,
        font_family="Noto Serif",
        locale="de",
        hidden_sections=[SECTION_TYPE_SUMMARY],
        section_order=[SECTION_TYPE_EDUCATION, SECTION_TYPE_SKILLS],
    )
    data = rendered(people.maya(), options).data
    text = plain(by_pdfium(data))
    page = pypdf.PdfReader(io.BytesIO(data)).pages[0]

    assert [round(float(each)) for each in page.mediabox[2:]] == [595, 842]
    assert all(each.startswith("NotoSerif") for each in fonts_of(data))
    assert "Berufserfahrung" in text
    assert "distributedsystemsforpayments" not in text
    assert text.index("Ausbildung") < text.index("Kenntnisse") < text.index("Berufserfahrung")


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("pages", [1, 2])
def test_a_long_resume_fits_the_pages_asked_for(template: str, pages: int) -> None:
    document = people.maya()
    natural = rendered(document, template=template)

    fitted = rendered(document, RenderOptions(fit_pages=pages), template)

    text = plain(by_pdfium(fitted.data))
    assert natural.page_count == 2
    assert fitted.page_count <= pages
    assert all(plain(each.text) not in text for each in fitted.omitted_lines)
    assert bool(fitted.omitted_lines) == (pages == 1)


def portrait_of(size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#556677").save(out, "PNG")
    return out.getvalue()


def test_a_portrait_is_shown_only_when_asked_for() -> None:
    document = people.maya()
    document.resume.header.photo.data = portrait_of((600, 800))
    document.resume.header.photo.content_type = "image/png"

    with_photo = pypdf.PdfReader(io.BytesIO(rendered(document, RenderOptions(photo=True)).data))
    without = pypdf.PdfReader(io.BytesIO(rendered(document).data))
    word = docx.Document(io.BytesIO(rendered(document, RenderOptions(photo=True), format_=FORMAT_DOCX).data))
    page = rendered(document, RenderOptions(photo=True), format_=FORMAT_HTML).data

    assert len(with_photo.pages[0].images) == 1
    assert len(without.pages[0].images) == 0
    assert any("image" in each.reltype for each in word.part.rels.values())
    assert b'src="data:image/jpeg;base64,' in page


@pytest.mark.parametrize("data", [b"GIF89a not a picture", b"\x89PNG\r\n\x1a\n broken", b"<svg onload=x>"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    document = people.maya()
    document.resume.header.photo.data = data

    with pytest.raises(InvalidArgument) as caught:
        rendered(document, RenderOptions(photo=True))

    assert caught.value.fields[0].field == "document.header.photo"


def test_pictures_of_pages_have_the_width_asked_for() -> None:
    document = people.full()
    plan = engine.plan(document, FORMAT_PDF, "", RenderOptions())

    preview = engine.preview(document, plan, width_px=400, first_page=2, page_limit=2)

    assert plan.template == "modern"
    assert preview.page_count > 4
    assert [(each.page, each.width_px) for each in preview.pages] == [(2, 400), (3, 400)]
    assert Image.open(io.BytesIO(preview.pages[0].png)).size == (400, preview.pages[0].height_px)
    assert engine.preview(document, plan, first_page=99).pages == ()


def test_the_cache_key_is_the_hash_of_all_that_decides_the_bytes() -> None:
    document, options = people.maya(), RenderOptions()
    key = engine.plan(document, FORMAT_PDF, "modern", options).cache_key
    other = people.maya()
    other.resume.header.phone = "1"

    assert key == engine.plan(people.maya(), FORMAT_PDF, "", RenderOptions(font_family="Inter")).cache_key
    assert (
        len(
            {
                key,
                engine.plan(other, FORMAT_PDF, "modern", options).cache_key,
                engine.plan(document, FORMAT_DOCX, "modern", options).cache_key,
                engine.plan(document, FORMAT_PDF, "ats_optimized", options).cache_key,
                engine.plan(document, FORMAT_PDF, "modern", RenderOptions(photo=True)).cache_key,
            }
        )
        == 5
    )


def test_what_a_document_holds_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    document = people.maya()
    document.resume.header.full_name = "Maya Known"
    read: list[Document] = []

    def counted(document: Document) -> str:
        read.append(document)
        return content_hash(document)

    monkeypatch.setattr(engine, "content_hash", counted)
    for options in (RenderOptions(), RenderOptions(accent_color="#204060"), RenderOptions(photo=True)):
        assert engine.plan(document, FORMAT_PDF, "modern", options).content_sha256 == content_hash(document)
    assert len(read) == 1

    document.resume.header.full_name = "Maya Other"
    assert engine.plan(document, FORMAT_PDF, "modern", RenderOptions()).content_sha256 == content_hash(
        document
    )
    assert len(read) == 2

    large = "long " * 30_000
    document.resume.header.full_name = large
    for _ in range(2):
        engine.plan(document, FORMAT_TXT, "modern", RenderOptions())
    assert len(read) == 4, "large documents are not kept"


def test_planning_loads_no_layout_engine() -> None:
    script = (
        "import sys; from services.render import engine; from tests.unit.render_formats import people;"
        "from vitae.render.v1.options_pb2 import RenderOptions;"
        "engine.plan(people.maya(), 1, '', RenderOptions()); engine.template_listing();"
        "print('weasyprint' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)

    assert done.stdout.strip() == b"False"


@pytest.mark.parametrize(
    ("document", "format_", "template", "field"),
    [
        (Document(), FORMAT_PDF, "", "document"),
        (people.maya(), FORMAT_UNSPECIFIED, "", "format"),
        (people.maya(), FORMAT_PDF, "../modern", "template"),
    ],
)
def test_wrong_requests_name_the_field(
    document: Document, format_: Format.ValueType, template: str, field: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        engine.plan(document, format_, template, RenderOptions())

    assert [each.field for each in caught.value.fields] == [field]


def test_warming_up_draws_everything_once() -> None:
    engine.warm_up()

    assert len(engine.renderer_digest()) == len(hashlib.sha256().hexdigest())
    assert [each.id for each in engine.template_listing()] == list(TEMPLATES)
