"""Measures every person of the corpus in every template and writes docs/fidelity.md: `make fidelity`.

Ends with 1 when a file falls short of what is promised, so the page never publishes less than the tests ask.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from services.render.fidelity.method import Method
from services.render.templates.manifest import all_templates
from tests.corpus.corpus import everyone, is_right_to_left, language_of
from tests.corpus.measuring import promised, report, words_read
from vitae.render.v1.options_pb2 import FORMAT_DOCX, FORMAT_PDF, Format

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"

_HEAD = """# Parse fidelity, measured

What programs read back from the files of {people} invented people in {languages} languages (`tests/corpus`),
rendered with each template's own options. `make fidelity` measures again and writes this page; how a score comes
about is said in [services/render/fidelity/README.md](../services/render/fidelity/README.md). Method {method}.

A cell is the **lowest** score of all people of that language: 1.00 means that every field was read, in order, every
bullet and date under its own job, every heading recognised.

"""

_RIGHT_TO_LEFT = """## Right-to-left text in PDF

A PDF holds glyphs in the order in which they are drawn, and every extractor turns right-to-left lines back in its
own way, so the measure above is not told for them. Every word is there; this is the lowest part of a person's words
that an extractor gives once the order of words is set aside (NFKC, without vowel signs; a word counts forwards or
backwards). A DOCX holds the order of reading: send that where a machine reads Arabic, Hebrew or Persian first.

"""

_NOTES = """
What each does with such a line:

* **PDFium** gives logical order.
* **pdf_oxide in rows** reads each row from the right; blanks are doubled.
* **pdfminer.six** gives lines from left to right as drawn, so every word is spelled backwards.
* **pypdf** gives words in logical order and moves the pieces of a line that mixes scripts, numbers and punctuation.
* **pdftotext** gives logical order with direction marks; a vowel sign that ends a line comes first.

PDFium, pdf_oxide and pdftotext turn a line around code by code and its letters with it: of files in which one code
stands for several letters they exchange the two of a ligature (لا is read as ال), and a letter and its vowel sign.
Ours have a code for each letter: the first draws the ligature and takes a part of its width, the others draw nothing
and take the rest. Ligatures stay what they are, and letters keep their order in all five programs
(tests/integration/render_formats/test_scripts_are_read.py).

The structure tree, which assistive programs follow, says all of this text in logical order (ActualText);
tests/integration/render_formats/test_pdf_accessibility.py reads it word by word.

## Scripts of syllables in PDF

In Devanagari, Bengali, Tamil, Thai, Khmer and their like a syllable is drawn by several glyphs, in another order than
it is written. Our files hold a glyph for every such syllable that stands for all its letters, so all programs above
read these scripts as they were written (tests/integration/render_formats/test_scripts_are_read.py).
"""


def main() -> int:
    """Measures, writes the page, tells what falls short."""
    names, templates = tuple(everyone()), tuple(all_templates())
    short: list[str] = []
    tables = [
        _table(f"## {title}", templates, _lowest(names, templates, format_, short))
        for title, format_ in (("PDF", FORMAT_PDF), ("DOCX", FORMAT_DOCX))
    ]
    extractors = _by_extractor([each for each in names if _is_scored(each)], templates)
    page = _HEAD.format(
        people=len(names), languages=len(set(map(language_of, names))), method=Method.FULL.version
    )
    page += "\n".join(tables)
    page += "\n" + _table("## PDF, by extractor (all languages above)", templates, extractors)
    page += "\n" + _RIGHT_TO_LEFT + _right_to_left(names, templates) + _NOTES
    PAGE.write_text(page, encoding="utf-8")
    for each in short:
        print(each)
    print(f"wrote {PAGE.relative_to(Path.cwd())}" if PAGE.is_relative_to(Path.cwd()) else f"wrote {PAGE}")
    return 1 if short else 0


def _is_scored(name: str) -> bool:
    return promised(name, "modern", FORMAT_PDF) > 0


def _lowest(
    names: Iterable[str], templates: Sequence[str], format_: Format.ValueType, short: list[str]
) -> Mapping[str, list[float]]:
    """The lowest score by language and template; adds to `short` what is below its promise."""
    rows: dict[str, list[float]] = {}
    for name in names:
        if format_ == FORMAT_PDF and is_right_to_left(name):
            continue
        row = rows.setdefault(language_of(name), [1.0] * len(templates))
        for at, template in enumerate(templates):
            found = report(name, template, format_, Method.FULL)
            row[at] = min(row[at], found.score)
            if found.score < promised(name, template, format_):
                short.append(f"{name} {template} {Format.Name(format_)} {found.score} {found.findings[:3]}")
    return dict(sorted(rows.items()))


def _by_extractor(names: Sequence[str], templates: Sequence[str]) -> Mapping[str, list[float]]:
    rows: dict[str, list[float]] = defaultdict(lambda: [1.0] * len(templates))
    for name in names:
        for at, template in enumerate(templates):
            for each in report(name, template, FORMAT_PDF, Method.FULL).extractors:
                row = rows[each.extractor]
                row[at] = min(row[at], each.score)
    return rows


def _right_to_left(names: Iterable[str], templates: Sequence[str]) -> str:
    rows: dict[str, list[float]] = {}
    for name in filter(is_right_to_left, names):
        for at, template in enumerate(templates):
            for extractor, share in words_read(name, template).items():
                row = rows.setdefault(f"{language_of(name)}, {extractor}", [1.0] * len(templates))
                row[at] = min(row[at], share)
    return _table("", templates, dict(sorted(rows.items())))


def _table(heading: str, templates: Sequence[str], rows: Mapping[str, Sequence[float]]) -> str:
    lines = [heading, ""] if heading else []
    lines += ["| | " + " | ".join(templates) + " |", "|---" * (len(templates) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(f"{each:.2f}" for each in row) + " |" for name, row in rows.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
