"""How four independent programs read a PDF's text, and what of a view they should find."""

import io
import re
import subprocess
import unicodedata
from collections.abc import Callable, Iterator, Mapping

import pypdf
import pypdfium2
from pdfminer.high_level import extract_text

from services.document.blocks import Entry, ItemGroup, Paragraph
from services.document.view import DocumentView
from tests.support.programs import need


def by_pypdf(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def by_pdfium(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def by_pdfminer(data: bytes) -> str:
    return extract_text(io.BytesIO(data))


def by_pdftotext(data: bytes) -> str:
    need("pdftotext")
    done = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", "-", "-"], input=data, capture_output=True, check=True
    )
    return done.stdout.decode()


EXTRACTORS: Mapping[str, Callable[[bytes], str]] = {
    "pypdf": by_pypdf,
    "pdfium": by_pdfium,
    "pdfminer": by_pdfminer,
    "pdftotext": by_pdftotext,
}


def plain(text: str) -> str:
    """Text without what reading a page may change: white space, soft line ends, invisible characters."""
    visible = "".join(each for each in text if unicodedata.category(each) != "Cf" or each.isspace())
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", visible))


def printed(view: DocumentView) -> Iterator[str]:
    """What a view prints, in reading order."""
    header = view.header
    yield header.name
    if header.title:
        yield header.title.text
    yield from (each.text for each in header.contacts)
    for section in view.sections:
        yield section.title
        for block in section.blocks:
            match block:
                case Paragraph():
                    yield block.text
                case ItemGroup():
                    yield block.lead + block.text
                case Entry():
                    yield from _entry(block)
    if view.letter:
        letter = view.letter
        lines = (letter.subject, letter.salutation, *letter.paragraphs, letter.closing)
        yield letter.date
        yield from letter.recipient
        yield from (each.text for each in lines if each)
        yield letter.signature


def _entry(entry: Entry) -> Iterator[str]:
    link = entry.link.text if entry.link else ""
    yield from (each for each in (entry.heading, entry.location, link, entry.subheading, entry.dates) if each)
    yield from (each.text for each in entry.paragraphs)
    yield from (each.text for each in entry.bullets)
    yield from (each.lead + each.text for each in entry.items)


def out_of_order(view: DocumentView, text: str) -> list[str]:
    """Printed texts that are missing, or do not stand behind the one before them."""
    found, at, lost = plain(text), 0, []
    for each in printed(view):
        place = found.find(plain(each), at)
        if place < 0:
            lost.append(each)
        else:
            at = place + len(plain(each))
    return lost
