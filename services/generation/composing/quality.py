"""How good a version of a resume is (SPEC G11): coverage, readability, form, duplicates, and what to do about each."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from services.document.dates import month_number
from services.document.lines import LineRef, iter_entries, iter_lines
from services.generation.composing.extent import Ruler, page_rows
from services.generation.composing.length import PAGES
from services.generation.composing.readability import Fault, duplicates, reading_faults
from vitae.generation.v1 import documents_pb2, matching_pb2
from vitae.resume.v1 import common_pb2, resume_pb2

_SUMMARY_WORDS = 120
_MOST_BULLETS = 8
_RECENT = 15
"""Years before the newest job for which a job should say what was done."""
_MOST_FINDINGS = 30
_UNPROVED = "Nothing in the profile proves this line; check it, or add the fact to the profile."
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_BULLET = re.compile(r"^\s*[•▪●◦‣·*]")
_JOINERS = "\u200c\u200d\u200e\u200f"
"""Unseen characters that some scripts are spelled with."""


def quality(
    resume: resume_pb2.StructuredResume,
    match: matching_pb2.MatchAnalysis | None,
    lines: Iterable[LineRef] | None = None,
    rows: float | None = None,
) -> documents_pb2.QualityReport:
    """The report on a resume; `match` is its tailored match, None without a posting. `lines` are all of its lines and
    `rows` what it takes by the measure of `extent`, where they are known already.
    """
    coverage, missing = _coverage(resume, match)
    known = iter_lines(resume) if lines is None else lines
    shown = [each for each in known if each.section is None or not each.section.hidden]
    bullets = [each.line for each in shown if ".achievements[" in each.path and each.line.text]
    running = [each.line.text for each in shown if _is_running(each)]
    reading = [
        *reading_faults(bullets, running, resume.locale),
        *_summary_faults(resume),
        *_job_faults(resume),
    ]
    form = [
        *_contact_faults(resume),
        *_form_faults(resume),
        *_text_faults(shown),
        *_length_faults(resume, Ruler(resume.locale).rows(resume) if rows is None else rows),
    ]
    twins = list(duplicates(bullets, resume.locale))
    unproved = [
        Fault("UNPROVED", _UNPROVED, 0, each.line.id) for each in shown if each.line.provenance.unproved
    ]
    faults = [*unproved, *missing, *twins, *_dearest(form), *_dearest(reading)]
    findings = {(each.code, each.line_id, each.message): each for each in faults}
    return documents_pb2.QualityReport(
        coverage=coverage,
        readability=_rate(reading),
        format_compliance=_rate(form),
        duplicates=len(twins),
        findings=[
            documents_pb2.QualityFinding(code=each.code, line_id=each.line_id, message=each.message)
            for each in list(findings.values())[:_MOST_FINDINGS]
        ],
    )


def _dearest(faults: Iterable[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: -fault.cost)


def _rate(faults: list[Fault]) -> float:
    return round(max(0.0, 100.0 - sum(each.cost for each in faults)), 1)


def _coverage(
    resume: resume_pb2.StructuredResume, match: matching_pb2.MatchAnalysis | None
) -> tuple[float, list[Fault]]:
    """Of what the posting asks and the person proves, the part that is shown; without a posting, of the sections a
    resume needs, the part that is there.
    """
    if match is None:
        present = {section.WhichOneof("content") for section in resume.sections if not section.hidden}
        needed = {"summary", "skills", "experience", "education"}
        if "projects" in present and "experience" not in present:
            needed = needed - {"experience"} | {"projects"}
        gaps = sorted(needed - present)
        return round(100.0 * (1 - len(gaps) / len(needed)), 1), [_section_missing(each, 0) for each in gaps]
    matched = set(match.matched_skills)
    compared = [row for row in match.skill_comparison if row.skill in matched]
    hidden = [row.skill for row in compared if row.standing == matching_pb2.SKILL_STANDING_HIDDEN]
    faults = [
        Fault("SKILL_HIDDEN", f"Show {each}: the posting asks for it and the profile proves it.", 0)
        for each in hidden
    ]
    return (round(100.0 * (1 - len(hidden) / len(compared)), 1) if compared else 100.0), faults


def _section_missing(kind: str, cost: float) -> Fault:
    return Fault("SECTION_MISSING", f"Add a section “{kind}”; readers and parsers look for it.", cost)


def _summary_faults(resume: resume_pb2.StructuredResume) -> Iterator[Fault]:
    for section in resume.sections:
        count = sum(len(each.text.split()) for each in section.summary.lines)
        if count > _SUMMARY_WORDS:
            message = f"Shorten the summary of {count} words; {_SUMMARY_WORDS} are read at most."
            yield Fault("SUMMARY_TOO_LONG", message, 10)


def _job_faults(resume: resume_pb2.StructuredResume) -> Iterator[Fault]:
    """Jobs with too much or nothing to read; of those long past a title is enough."""
    jobs = [job for section in resume.sections if not section.hidden for job in section.experience.entries]
    newest = max((_last_year(job) for job in jobs), default=0)
    for job in jobs:
        name = job.title or job.company
        if len(job.achievements) > _MOST_BULLETS:
            message = f"Keep the best {_MOST_BULLETS} of the {len(job.achievements)} lines of “{name}”."
            yield Fault("TOO_MANY_LINES", message, 5)
        if not job.achievements and not job.description.text and newest - _last_year(job) < _RECENT:
            yield Fault("ENTRY_EMPTY", f"Say what was done as “{name}”.", 5)


def _last_year(job: resume_pb2.ExperienceEntry) -> int:
    """The year a job ended, or began where it lasts."""
    return job.end_date.year or job.start_date.year


def _contact_faults(resume: resume_pb2.StructuredResume) -> Iterator[Fault]:
    header = resume.header
    if not header.full_name:
        yield Fault("NAME_MISSING", "Add the full name; parsers file a resume under it.", 30)
    if not header.email:
        yield Fault("EMAIL_MISSING", "Add a mail address.", 20)
    elif not _EMAIL.fullmatch(header.email):
        yield Fault("EMAIL_ODD", "Check the mail address; parsers will not take it for one.", 10)
    if not header.phone:
        yield Fault("PHONE_MISSING", "Add a telephone number.", 5)
    if not header.location:
        yield Fault("LOCATION_MISSING", "Add the city; many employers filter by it.", 3)


def _form_faults(resume: resume_pb2.StructuredResume) -> Iterator[Fault]:
    kinds = {section.WhichOneof("content") for section in resume.sections if not section.hidden}
    for kind, cost in (("experience", 10), ("education", 5), ("skills", 10)):
        if kind not in kinds:
            yield _section_missing(kind, cost)
    for section in resume.sections:
        for job in section.experience.entries:
            name = job.title or job.company
            if not job.start_date.year:
                yield Fault("DATE_MISSING", f"Add the first month of “{name}”.", 4)
            elif not job.start_date.month:
                yield Fault("MONTH_MISSING", f"Add the month in which “{name}” began.", 1)
            if not job.title or not job.company:
                yield Fault(
                    "FIELD_MISSING", f"Add {'the employer' if job.title else 'the title'} of “{name}”.", 4
                )
    for each in iter_entries(resume):
        start, end = getattr(each.entry, "start_date", None), getattr(each.entry, "end_date", None)
        if start is not None and end is not None and _is_turned(start, end):
            name = next(
                (
                    text
                    for field in ("title", "name", "degree", "position")
                    if (text := getattr(each.entry, field, ""))
                ),
                "",
            )
            yield Fault("DATES_TURNED", f"Check the dates of “{name}”: it ends before it begins.", 5)


def _is_turned(start: common_pb2.PartialDate, end: common_pb2.PartialDate) -> bool:
    first, last = month_number(start), month_number(end, last=True)
    return first is not None and last is not None and last < first


def _text_faults(lines: Iterable[LineRef]) -> Iterator[Fault]:
    """Characters that parsers stumble over."""
    for each in lines:
        text = each.line.text
        odd = "" if text.isascii() and text.isprintable() else next(filter(_is_odd, text), "")
        if odd:
            message = (
                f"Type this line anew: it holds a character that is not seen or not text (U+{ord(odd):04X})."
            )
            yield Fault("ODD_CHARACTER", message, 3, each.line.id)
        if _BULLET.match(each.line.text):
            yield Fault(
                "BULLET_IN_TEXT", "Take the bullet out of the text; it is printed anyway.", 1, each.line.id
            )


def _is_odd(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cf", "Co", "Cn", "Cc") and letter not in _JOINERS


def _length_faults(resume: resume_pb2.StructuredResume, rows: float) -> Iterator[Fault]:
    pages = rows / page_rows(resume.locale)
    scholar = any(len(section.publications.entries) > _MOST_BULLETS for section in resume.sections)
    if pages > PAGES + 0.1 and not scholar:
        message = f"Shorten it: it takes about {pages:.1f} pages, and {PAGES} are read."
        yield Fault("TOO_LONG", message, 5)


def _is_running(each: LineRef) -> bool:
    """Whether a line is a sentence rather than a name in a list."""
    return each.section is not None and any(
        part in each.path for part in (".achievements[", "summary", ".description", ".text")
    )
