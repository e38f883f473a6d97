"""Text of scripts whose letters and glyphs do not go one by one is read from a PDF as it was written."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import pypdf
import pytest
from fontTools.ttLib import TTFont

from services.render import engine
from services.render.fidelity import pdf_others, pdf_rows, pdf_stream
from services.render.templates.manifest import all_templates
from tests.corpus.corpus import person
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions
from vitae.resume.v1.document_pb2 import Document

TEXTS: Mapping[str, str] = {
    "Devanagari": "अनन्या कृष्णमूर्ति त्रिपाठी सह्याद्रि टेक्नोलॉजीज़ कि की र्कि",
    "Bengali": "কোলকাতা বৈজ্ঞানিক প্রকৌশলী শ্রী কৌশল",
    "Gujarati": "ગુજરાતી ઇજનેર ક્ષેત્ર શ્રી",
    "Gurmukhi": "ਪੰਜਾਬੀ ਇੰਜੀਨੀਅਰ ਸ੍ਰੀ",
    "Kannada": "ಕನ್ನಡ ಎಂಜಿನಿಯರ್ ಕೊಡಗು",
    "Khmer": "វិស្វករកម្មវិធី ភ្នំពេញ កោះ",
    "Lao": "ວິສະວະກອນ ນໍ້າ ກຳ",
    "Malayalam": "മലയാളം എഞ്ചിനീയർ കോഴിക്കോട് ക്ഷേത്രം",
    "Tamil": "தமிழ் பொறியாளர் கௌரவம் சென்னை ஸ்ரீ",
    "Telugu": "తెలుగు ఇంజనీర్ క్షేత్రం స్త్రీ",
    "Thai": "วิศวกรซอฟต์แวร์ กำลังทำงานที่นี่ น้ำ",
    "marks on Latin": "x̄ and é̱ and R̥",
    "letters of one shape": "Ω and Ω, 5 µm and 5 μm, Å and Å",
}

RIGHT_TO_LEFT: Mapping[str, str] = {
    "Arabic": "لا سلامة الأستاذة الإدارة الآن ملايين كمالا",
    "Arabic with vowel signs": "مُحَمَّد عُمَّان لَا سَلَامٌ بدر",
    "Persian": "سلام علی رضا گلاب پلاک",
    "Hebrew": "שלום ירושלים",
    "Hebrew with points": "שָׁלוֹם בְּרֵאשִׁית",
}
"""Words of a name: the ligatures of lam and alef, and marks on letters. pdftotext moves a mark that ends a line to the
line's beginning, whoever wrote the file; so none does here."""

DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e]")


def pdftotext(data: bytes) -> tuple[str, ...]:
    done = subprocess.run(["pdftotext", "-", "-"], input=data, capture_output=True, check=True)
    return tuple(done.stdout.decode().splitlines())


READERS: Mapping[str, Callable[[bytes], tuple[str, ...]]] = {
    "PDFium": lambda data: pdf_stream.read(data)[0].lines,
    "pdf_oxide": lambda data: pdf_rows.read(data).lines,
    "pdfminer": lambda data: pdf_others.read_with_pdfminer(data).lines,
    "pypdf": lambda data: pdf_others.read_with_pypdf(data).lines,
}
if shutil.which("pdftotext"):
    READERS = {**READERS, "pdftotext": pdftotext}


def named(name: str) -> Document:
    document = Document()
    document.CopyFrom(person("en-minimal"))
    document.resume.header.full_name = name
    return document


def pdf(document: Document, template: str = "ats_optimized") -> bytes:
    return engine.render(document, engine.plan(document, FORMAT_PDF, template, RenderOptions())).data


@pytest.mark.parametrize("script", TEXTS)
@pytest.mark.parametrize("template", all_templates())
def test_every_program_reads_what_was_written(script: str, template: str) -> None:
    data = pdf(named(TEXTS[script]), template)

    wanted = unicodedata.normalize("NFC", TEXTS[script])
    for reader, read in READERS.items():
        said = unicodedata.normalize("NFC", " ".join(" ".join(read(data)).split()))
        assert said.startswith(wanted), (reader, said[:100])


@pytest.mark.parametrize("script", RIGHT_TO_LEFT)
@pytest.mark.parametrize("template", all_templates())
def test_letters_of_right_to_left_words_keep_their_order(script: str, template: str) -> None:
    """Also those that one glyph draws together, and vowel signs; pdfminer gives every word from its end."""
    data = pdf(named(RIGHT_TO_LEFT[script]), template)

    wanted = unicodedata.normalize("NFC", RIGHT_TO_LEFT[script]).split()
    for reader, read in READERS.items():
        said = " ".join(read(data)) if reader != "pdfminer" else " ".join(read(data))[::-1]
        words = unicodedata.normalize("NFC", DIRECTIONS.sub("", said)).split()
        assert all(each in words for each in wanted), (reader, words[:20])


def test_a_hyphen_is_the_one_that_was_written() -> None:
    """Fonts draw several hyphens and blanks with one glyph; mail addresses need the right one."""
    document = named("Ana\N{HYPHEN}Luisa\N{NO-BREAK SPACE}Lima")
    document.resume.header.email = "ana-luisa@example.org"

    for template in all_templates():
        for reader, read in READERS.items():
            said = "\n".join(read(pdf(document, template)))
            assert "ana-luisa@example.org" in said, (template, reader)
            assert "Ana\N{HYPHEN}Luisa Lima" in said, (template, reader)


@pytest.mark.parametrize("name", ["hi-abhiyanta", "ar-muhandisa"])
def test_widths_in_the_file_are_those_of_its_fonts(name: str) -> None:
    """PDF/UA-1 7.21.5 and PDF/A-2 6.2.11.5: within a thousandth of the font's size."""
    found = 0
    for page in pypdf.PdfReader(io.BytesIO(pdf(person(name)))).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            mapped = descendant["/CIDToGIDMap"]
            file = descendant["/FontDescriptor"].get("/FontFile2")
            if file is None or mapped == "/Identity":
                continue
            gids = mapped.get_object().get_data()
            embedded = TTFont(io.BytesIO(file.get_object().get_data()))
            order, em = embedded.getGlyphOrder(), embedded["head"].unitsPerEm
            for code, width in widths(descendant["/W"]):
                gid = int.from_bytes(gids[2 * code : 2 * code + 2])
                assert abs(embedded["hmtx"].metrics[order[gid]][0] * 1000 / em - width) <= 1
                found += 1
    assert found > 20


def widths(table: Any) -> list[tuple[int, float]]:
    result = []
    for first, values in zip(table[::2], table[1::2], strict=True):
        result += [(int(first) + at, float(value)) for at, value in enumerate(values)]
    return result
