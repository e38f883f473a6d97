"""Reading a file back and scoring what is read (SPEC R6)."""

from collections.abc import Callable, Iterable
from functools import cache

from services.document.dates import parse_date
from services.render.fidelity import faults
from services.render.fidelity.expectation import Expectation
from services.render.fidelity.faults import Fault
from services.render.fidelity.method import FORMATS, Method
from services.render.fidelity.reading import Observation, Reading
from services.render.fidelity.scoring import Outcome, score
from services.render.fidelity.texts import Text
from services.runtime.errors import InvalidArgument
from vitae.render.v1.fidelity_pb2 import ExtractorReport, FidelityFinding, FidelityReport
from vitae.render.v1.options_pb2 import FORMAT_PDF, Format

Reader = Callable[[bytes], tuple[Reading, Observation]]
Extractor = Callable[[bytes], Reading]

_MOST_FINDINGS = 100

_SEVERITY = (
    "TEXT_AS_PICTURE",
    "HIDDEN_TEXT",
    "UNREADABLE",
    "FIELD_MISSING",
    "ATTRIBUTION",
    "ORDER",
    "LETTER_SPACED",
    "HEADING_MISSING",
    "HEADING_UNKNOWN",
    "EXCESS_TEXT",
    "PRIVATE_USE",
    "LIGATURE",
    "SOFT_HYPHEN",
    "ZERO_WIDTH",
)


def measure(
    data: bytes, format: Format.ValueType, wanted: Expectation | None, method: Method
) -> FidelityReport:
    """What parsers find in a file, next to what it should say. Without `wanted`, faults of the file alone.

    Raises InvalidArgument (UNREADABLE_FILE) for bytes that are no file of this format.
    """
    if format not in FORMATS:
        raise InvalidArgument(
            "Parse fidelity is measured for PDF and DOCX files only.", reason="FORMAT_NOT_MEASURED"
        )
    read, others = _pdf_readers(method) if format == FORMAT_PDF else _docx_readers()
    first, observation = read(data)
    readings = [first, *(extract(data) for extract in others)]
    report = FidelityReport(method_version=method.version)
    findings: list[FidelityFinding] = []
    for reading in readings:
        text = Text(reading.lines)
        found = faults.character_faults(reading)
        found += faults.hidden_text(observation, reading.extractor)
        found += faults.picture_text(observation, text, wanted, reading.extractor)
        outcome = None
        if wanted is not None:
            outcome = score(wanted, text, reading.extractor)
            found += faults.excess_text(wanted, text, reading.extractor)
            findings += outcome.findings
        findings += [each.finding for each in found]
        report.extractors.append(_report(reading.extractor, outcome, found))
    report.score = min(each.score for each in report.extractors)
    findings.sort(key=lambda each: _SEVERITY.index(each.code))
    report.findings.extend(findings[:_MOST_FINDINGS])
    return report


def warm_up(wanted: Expectation) -> None:
    """Loads the extractors of every export and compares `wanted` with itself, so that the first pays for neither."""
    _pdf_readers(Method.QUICK)
    _docx_readers()
    parse_date("May 2020")  # reads the months of all languages
    score(wanted, Text([each.text for each in wanted.fields]), "warm-up")


def _report(extractor: str, outcome: Outcome | None, found: Iterable[Fault]) -> ExtractorReport:
    penalty = min(1.0, sum(each.penalty for each in found))
    if outcome is None:
        return ExtractorReport(extractor=extractor, score=round(1 - penalty, 4))
    read = min(outcome.recall, outcome.order, outcome.attribution) * (0.8 + 0.2 * outcome.headings)
    return ExtractorReport(
        extractor=extractor,
        score=round(max(0.0, read - penalty), 4),
        recall=round(outcome.recall, 4),
        order=round(outcome.order, 4),
        attribution=round(outcome.attribution, 4),
        headings=round(outcome.headings, 4),
    )


@cache
def _pdf_readers(method: Method) -> tuple[Reader, tuple[Extractor, ...]]:
    from services.render.fidelity import pdf_rows, pdf_stream

    if method is Method.QUICK:
        return pdf_stream.read, (pdf_rows.read,)
    from services.render.fidelity import pdf_others

    return pdf_stream.read, (pdf_rows.read, pdf_others.read_with_pdfminer, pdf_others.read_with_pypdf)


@cache
def _docx_readers() -> tuple[Reader, tuple[Extractor, ...]]:
    from services.render.fidelity import docx_body

    return docx_body.read, ()
