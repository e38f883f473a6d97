"""DOCX files are valid Office Open XML, by the rules of Microsoft's SDK (openxml-audit), and LibreOffice reads them."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import docx
import pypdfium2
import pytest
from docx.shared import Pt
from openxml_audit import OpenXmlValidator
from PIL import Image

from services.document.text import content_text
from services.render import engine
from services.render.templates.manifest import all_templates
from tests.corpus.corpus import letters, person
from tests.support.programs import need
from tests.unit.render_formats import people
from tests.unit.render_formats.reading import plain
from vitae.render.v1.options_pb2 import FORMAT_DOCX, RenderOptions
from vitae.resume.v1.document_pb2 import Document

TEMPLATES = tuple(all_templates())


def with_portrait() -> Document:
    out = io.BytesIO()
    Image.new("RGB", (500, 600), "#556677").save(out, "PNG")
    document = people.maya()
    document.resume.header.photo.data = out.getvalue()
    return document


DOCUMENTS: Mapping[str, Callable[[], Document]] = {
    "portrait": with_portrait,
    "right to left": lambda: person("he-rofea"),
    "japanese": lambda: person("ja-kaikei"),
    "letter": lambda: letters()["en"],
    "arabic letter": lambda: letters()["ar"],
    "empty": lambda: person("en-minimal"),
}


def file_of(document: Document, template: str, folder: Path) -> Path:
    plan = engine.plan(document, FORMAT_DOCX, template, RenderOptions(photo=True))
    path = folder / f"{template}.docx"
    path.write_bytes(engine.render(document, plan).data)
    return path


def convert(files: Sequence[Path], kind: str) -> None:
    """Has LibreOffice write each file as another kind, beside it."""
    need("soffice")
    folder = files[0].parent
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command: list[str | Path] = ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", folder]
    subprocess.run([*command, *files], check=True, capture_output=True, timeout=100)


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_docx_is_valid(template: str, name: str, tmp_path: Path) -> None:
    result = OpenXmlValidator().validate(file_of(DOCUMENTS[name](), template, tmp_path))

    assert [str(each) for each in result.errors] == []


def test_the_validator_sees_a_property_in_the_wrong_place(tmp_path: Path) -> None:
    path = file_of(people.maya(), "modern", tmp_path)
    broken = tmp_path / "broken.docx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "word/document.xml":
                data = data.replace(b"</w:sectPr>", b"<w:bidi/></w:sectPr>")
            new.writestr(name, data)

    assert OpenXmlValidator().validate(broken).errors


@pytest.mark.parametrize("name", ["portrait", "right to left", "letter"])
def test_libreoffice_reads_all_the_text(name: str, tmp_path: Path) -> None:
    document = DOCUMENTS[name]()
    files = [file_of(document, template, tmp_path) for template in TEMPLATES]
    convert(files, "txt:Text (encoded):UTF8")

    for path in files:
        read = plain(path.with_suffix(".txt").read_text(encoding="utf-8-sig"))
        for line in content_text(document).splitlines():
            if set(line) - {"-"}:
                for part in line.removeprefix("- ").split(" | "):
                    assert plain(part) in read, path.name


def test_bullets_stay_within_the_margins_from_right_to_left(tmp_path: Path) -> None:
    files = [file_of(person("he-rofea"), template, tmp_path) for template in TEMPLATES]

    convert(files, "pdf")

    for path in files:
        section = docx.Document(str(path)).sections[0]
        assert section.page_width is not None
        assert section.right_margin is not None
        edge = (section.page_width - section.right_margin) / Pt(1)
        with closing(pypdfium2.PdfDocument(path.with_suffix(".pdf"))) as file:
            text = file[0].get_textpage()
            bullets = [
                text.get_charbox(at)[2] for at, each in enumerate(text.get_text_range()) if each == "•"
            ]
        assert len(bullets) >= 2, path.name
        assert max(bullets) <= edge + 0.5, path.name
