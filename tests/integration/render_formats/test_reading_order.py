"""Five programs read an ATS-Optimized PDF in the same order: the document's.

pdftotext (poppler) and LibreOffice are programs that `make test` installs (tests/support/programs.py).
"""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from services.document.text import content_text
from services.render import engine
from services.render.fidelity import pdf_others, pdf_stream
from services.render.samples import samples
from tests.corpus.corpus import everyone, is_right_to_left, letters
from tests.support.programs import need
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions
from vitae.resume.v1.document_pb2 import Document

PEOPLE: Mapping[str, Document] = {
    **{name: each for name, each in everyone().items() if not is_right_to_left(name)},
    **samples(),
    **{f"letter {name}": each for name, each in letters().items() if name != "ar"},
}


def pdftotext(data: bytes) -> list[str]:
    done = subprocess.run(["pdftotext", "-", "-"], input=data, capture_output=True, check=True)
    return done.stdout.decode().splitlines()


READERS: Mapping[str, Callable[[bytes], Iterable[str]]] = {
    "pypdfium2": lambda data: pdf_stream.read(data)[0].lines,
    "pdfminer": lambda data: pdf_others.read_with_pdfminer(data).lines,
    "pypdf": lambda data: pdf_others.read_with_pypdf(data).lines,
    "pdftotext": pdftotext,
}

OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
TEXT, PAGE = f"{{{OFFICE}text:1.0}}p", f"{{{OFFICE}text:1.0}}anchor-page-number"
FRAME, DEPTH = f"{{{OFFICE}drawing:1.0}}frame", f"{{{OFFICE}drawing:1.0}}z-index"

IN_LIBREOFFICE = ("en-engineer", "en-single-name", "zh-gongchengshi", "en-long")
"""It takes seconds to start, and reads several files at once."""


def pdf_of(name: str) -> bytes:
    document = PEOPLE[name]
    return engine.render(document, engine.plan(document, FORMAT_PDF, "ats_optimized", RenderOptions())).data


def signs(lines: Iterable[str]) -> str:
    """What is read, sign by sign, without blanks and what prints nothing."""
    text = unicodedata.normalize("NFKC", "".join(lines))
    return "".join(
        each for each in text if not each.isspace() and unicodedata.category(each) not in {"Cf", "Mn"}
    )


@pytest.mark.parametrize("name", PEOPLE)
def test_every_program_reads_in_the_same_order(name: str) -> None:
    need("pdftotext")
    data = pdf_of(name)
    read = {reader: signs(each(data)) for reader, each in READERS.items()}

    assert len(set(read.values())) == 1, first_difference(read)


@pytest.mark.parametrize("name", PEOPLE)
def test_that_order_is_the_order_of_the_document(name: str) -> None:
    text = rest = signs(pdf_stream.read(pdf_of(name))[0].lines)

    for line in content_text(PEOPLE[name]).splitlines():
        if not line.strip("-"):
            continue
        for part in re.split(r" \| ", line.removeprefix("- ")):
            if is_link(part):
                assert signs([part]) in text
                continue
            before, found, rest = rest.partition(signs([part]))
            assert found, (part, before[:80])


def is_link(part: str) -> bool:
    """Addresses of entries stand behind the name in print, and last in plain text."""
    return "/" in part and " " not in part


def test_libreoffice_reads_in_that_order(tmp_path: Path) -> None:
    need("soffice")
    files = {name: tmp_path / f"{name}.pdf" for name in IN_LIBREOFFICE}
    for name, path in files.items():
        path.write_bytes(pdf_of(name))
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    how = ["--headless", "--infilter=writer_pdf_import", "--convert-to", "fodt", "--outdir", str(tmp_path)]

    subprocess.run(
        ["soffice", profile, *how, *map(str, files.values())], check=True, capture_output=True, timeout=240
    )

    for path in files.values():
        frames = sorted(
            ET.parse(path.with_suffix(".fodt")).iter(FRAME),
            key=lambda each: (int(each.get(PAGE, "1")), int(each.get(DEPTH, "0"))),
        )
        office = signs(text for frame in frames for line in frame.iter(TEXT) for text in line.itertext())
        read = {"LibreOffice": office, "pypdfium2": signs(pdf_stream.read(path.read_bytes())[0].lines)}
        assert len(set(read.values())) == 1, first_difference(read)


def first_difference(read: Mapping[str, str]) -> list[tuple[str, str]]:
    least = min(map(len, read.values()))
    at = next((n for n in range(least) if len({each[n] for each in read.values()}) > 1), least)
    return [(reader, each[max(0, at - 20) : at + 40]) for reader, each in read.items()]
