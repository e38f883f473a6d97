"""DOCX files are valid Office Open XML, by the rules of Microsoft's SDK (openxml-audit), and LibreOffice reads them."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
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
    need("soffice")
    document = DOCUMENTS[name]()
    files = [file_of(document, template, tmp_path) for template in TEMPLATES]
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"

    subprocess.run(
        [
            "soffice",
            profile,
            "--headless",
            "--convert-to",
            "txt:Text (encoded):UTF8",
            "--outdir",
            tmp_path,
            *files,
        ],
        check=True,
        capture_output=True,
        timeout=100,
    )

    for path in files:
        read = plain(path.with_suffix(".txt").read_text(encoding="utf-8-sig"))
        for line in content_text(document).splitlines():
            if set(line) - {"-"}:
                for part in line.removeprefix("- ").split(" | "):
                    assert plain(part) in read, path.name
