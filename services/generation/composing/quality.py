"""How good a version of a resume is (SPEC G11): coverage, readability, form, duplicates, and what to do about each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.document.lines import LineRef, iter_lines
from services.generation.skills.tokens import Tokenizer
from vitae.generation.v1 import documents_pb2, matching_pb2
from vitae.resume.v1 import common_pb2, resume_pb2

_LONG_LINE = 280
"""Characters after which a bullet runs over three printed lines."""
_LONG_SENTENCE = 35
"""Words after which a sentence is hard to read in one go."""
_SHORT_LINE = 20
_SUMMARY_WORDS = 120
_MOST_BULLETS = 8
_WITH_FIGURES = 0.25
"""Part of the achievements that should name a figure."""
_ALIKE = 0.8
"""Part of their words two lines share when they say the same."""
_MOST_FINDINGS = 30
_UNPROVED = "Nothing in the profile proves this line; check it, or add the fact to the profile."
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class _Fault:
    code: str
    message: str
    cost: float
    line_id: str = ""


def quality(
    resume: resume_pb2.StructuredResume, match: matching_pb2.MatchAnalysis | None
) -> documents_pb2.QualityReport:
    """The report on a resume; `match` is its tailored match, None without a posting."""
    coverage, missing = _coverage(resume, match)
    lines = list(iter_lines(resume))
    bullets = [each.line for each in lines if _is_bullet(each)]
    reading, form = list(_reading_faults(resume, bullets)), [*_contact_faults(resume), *_form_faults(resume)]
    duplicates = list(_duplicates(bullets))
    unproved = [
        _Fault("UNPROVED", _UNPROVED, 0, each.line.id) for each in lines if each.line.provenance.unproved
    ]
    faults = [*unproved, *missing, *duplicates, *form, *sorted(reading, key=lambda fault: -fault.cost)]
    return documents_pb2.QualityReport(
        coverage=coverage,
        readability=_rate(reading),
        format_compliance=_rate(form),
        duplicates=len(duplicates),
        findings=[
            documents_pb2.QualityFinding(code=each.code, line_id=each.line_id, message=each.message)
            for each in faults[:_MOST_FINDINGS]
        ],
    )


def _rate(faults: list[_Fault]) -> float:
    return round(max(0.0, 100.0 - sum(each.cost for each in faults)), 1)


def _coverage(
    resume: resume_pb2.StructuredResume, match: matching_pb2.MatchAnalysis | None
) -> tuple[float, list[_Fault]]:
    """Of what the posting asks and the person proves, the part that is shown; without a posting, of the sections a
    resume needs, the part that is there.
    """
    if match is None:
        present = {section.WhichOneof("content") for section in resume.sections if not section.hidden}
        needed = {"summary", "skills", "experience", "education"}
        if "projects" in present and "experience" not in present:
            needed = needed - {"experience"} | {"projects"}
        gaps = sorted(needed - present)
        faults = [_Fault("SECTION_MISSING", f"Add a section “{each}” to the profile.", 0) for each in gaps]
        return round(100.0 * (1 - len(gaps) / len(needed)), 1), faults
    matched = set(match.matched_skills)
    rows = [row for row in match.skill_comparison if row.skill in matched]
    hidden = [row.skill for row in rows if row.standing == matching_pb2.SKILL_STANDING_HIDDEN]
    faults = [
        _Fault("SKILL_HIDDEN", f"Show {each}: the posting asks for it and the profile proves it.", 0)
        for each in hidden
    ]
    return (round(100.0 * (1 - len(hidden) / len(rows)), 1) if rows else 100.0), faults


def _reading_faults(resume: resume_pb2.StructuredResume, bullets: list[common_pb2.Line]) -> Iterator[_Fault]:
    share = 40.0 / max(1, len(bullets))
    for each in bullets:
        if len(each.text) > _LONG_LINE:
            yield _Fault(
                "LINE_TOO_LONG", f"Split or shorten this line of {len(each.text)} characters.", share, each.id
            )
        elif (
            max((len(part.split()) for part in re.split(r"[.!?;]\s", each.text)), default=0) > _LONG_SENTENCE
        ):
            yield _Fault("SENTENCE_TOO_LONG", "Break this sentence in two.", share / 2, each.id)
        elif len(each.text) < _SHORT_LINE:
            yield _Fault("LINE_TOO_SHORT", "Say what was done and what came of it.", share / 2, each.id)
    with_figures = sum(any(letter.isdigit() for letter in each.text) for each in bullets)
    if bullets and with_figures < len(bullets) * _WITH_FIGURES:
        share_said = f"Only {with_figures} of {len(bullets)} lines name a figure"
        yield _Fault("NO_NUMBERS", f"{share_said}; say how much, how many, how fast.", 15)
    for section in resume.sections:
        count = sum(len(each.text.split()) for each in section.summary.lines)
        if count > _SUMMARY_WORDS:
            yield _Fault(
                "SUMMARY_TOO_LONG", f"The summary has {count} words; {_SUMMARY_WORDS} are read at most.", 10
            )
        for job in section.experience.entries:
            if len(job.achievements) > _MOST_BULLETS:
                count = len(job.achievements)
                yield _Fault(
                    "TOO_MANY_LINES", f"“{job.title}” has {count} lines; {_MOST_BULLETS} are enough.", 5
                )
            if not job.achievements and not job.description.text:
                yield _Fault("ENTRY_EMPTY", f"Say what was done as “{job.title}”.", 5)


def _contact_faults(resume: resume_pb2.StructuredResume) -> Iterator[_Fault]:
    header = resume.header
    if not header.full_name:
        yield _Fault("NAME_MISSING", "Add the full name; parsers file a resume under it.", 30)
    if not header.email:
        yield _Fault("EMAIL_MISSING", "Add a mail address.", 20)
    elif not _EMAIL.fullmatch(header.email):
        yield _Fault("EMAIL_ODD", "Check the mail address; parsers will not take it for one.", 10)
    if not header.phone:
        yield _Fault("PHONE_MISSING", "Add a telephone number.", 5)
    if not header.location:
        yield _Fault("LOCATION_MISSING", "Add the city; many employers filter by it.", 3)


def _form_faults(resume: resume_pb2.StructuredResume) -> Iterator[_Fault]:
    kinds = {section.WhichOneof("content") for section in resume.sections if not section.hidden}
    for kind, cost in (("experience", 10), ("education", 5), ("skills", 10)):
        if kind not in kinds:
            yield _Fault("SECTION_MISSING", f"There is no section “{kind}”; parsers look for it.", cost)
    for section in resume.sections:
        for job in section.experience.entries:
            if not job.start_date.year:
                yield _Fault("DATE_MISSING", f"Add the first month of “{job.title or job.company}”.", 4)
            elif not job.start_date.month:
                yield _Fault(
                    "MONTH_MISSING", f"Add the month in which “{job.title or job.company}” began.", 1
                )
            if not job.title or not job.company:
                which = job.title or job.company
                yield _Fault("FIELD_MISSING", f"Every job needs a title and an employer; see “{which}”.", 4)


def _duplicates(bullets: list[common_pb2.Line]) -> Iterator[_Fault]:
    tokenizer = Tokenizer()
    seen: list[tuple[frozenset[str], str]] = []
    for each in bullets:
        found = frozenset(tokenizer.split(each.text).words())
        if len(found) < 4:
            continue
        twin = next((text for other, text in seen if len(found & other) >= _ALIKE * len(found | other)), "")
        if twin:
            yield _Fault("DUPLICATE", f"This line says what another says: “{twin[:80]}”.", 0, each.id)
        seen.append((found, each.text))


def _is_bullet(each: LineRef) -> bool:
    """Whether it is a visible line on what was done."""
    visible = each.section is not None and not each.section.hidden
    return visible and ".achievements[" in each.path and bool(each.line.text)
