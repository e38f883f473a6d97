"""How much of the corpus programs read back, and what is promised of it.

reports(name, template, Method.FULL)      the product's own measure, PDF and DOCX
words_read(name, template)                for right-to-left text, whose order every extractor scrambles in its own way
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

from services.document.text import content_text
from services.render import engine
from services.render.fidelity import pdf_others, pdf_rows, pdf_stream
from services.render.fidelity.expectation import expected
from services.render.fidelity.measure import measure
from services.render.fidelity.method import Method
from tests.corpus.corpus import everyone, is_right_to_left
from vitae.render.v1.fidelity_pb2 import FidelityReport
from vitae.render.v1.options_pb2 import FORMAT_DOCX, FORMAT_PDF, Format, RenderOptions

PROMISED: Mapping[str, float] = {"ats_optimized": 1.0, "classic": 1.0, "modern": 0.99, "creative": 0.99}
"""Least score of a template; a new template owes as much as Modern."""

_LETTERS = re.compile(r"[^\W_]+")


def promised(name: str, template: str, format_: Format.ValueType) -> float:
    """The least score a person's file may have."""
    if format_ == FORMAT_PDF and is_right_to_left(name):
        return 0.0
    return PROMISED.get(template, 0.99)


@cache
def file_of(name: str, template: str, format_: Format.ValueType) -> bytes:
    """A person's file, with the template's own options."""
    document = everyone()[name]
    return engine.render(document, engine.plan(document, format_, template, RenderOptions())).data


@cache
def report(name: str, template: str, format_: Format.ValueType, method: Method) -> FidelityReport:
    """What is read back of a person's file."""
    document = everyone()[name]
    options = engine.plan(document, format_, template, RenderOptions()).options
    return measure(file_of(name, template, format_), format_, expected(document, options), method)


def words_read(name: str, template: str) -> Mapping[str, float]:
    """Part of a person's words that each extractor gives in a PDF, whatever the order of words and of their letters.

    Bidi-normalised: NFKC, without vowel signs and direction marks; a word counts where its letters stand together,
    forwards or backwards.
    """
    data = file_of(name, template, FORMAT_PDF)
    wanted = _words(content_text(everyone()[name]).splitlines())
    readings = (
        pdf_stream.read(data)[0],
        pdf_rows.read(data),
        pdf_others.read_with_pdfminer(data),
        pdf_others.read_with_pypdf(data),
    )
    return {
        each.extractor.partition(" ")[0]: _share(wanted, "".join(_words(each.lines))) for each in readings
    }


def formats() -> tuple[Format.ValueType, ...]:
    return (FORMAT_PDF, FORMAT_DOCX)


def _words(lines: Iterable[str]) -> list[str]:
    plain = (
        _plain(each) for each in lines if set(each) != {"-"}
    )  # a rule under a heading is not the person's
    return [word for line in plain for word in _LETTERS.findall(line)]


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text)).casefold()
    return "".join(each for each in decomposed if unicodedata.category(each) not in {"Mn", "Cf"})


def _share(wanted: list[str], text: str) -> float:
    return sum(_stands_in(each, text) for each in wanted) / len(wanted)


def _stands_in(word: str, text: str) -> bool:
    return word in text or word[::-1] in text
