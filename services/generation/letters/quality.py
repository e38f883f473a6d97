"""How good a version of a letter is (SPEC G11): coverage, readability, form, repetition, and what to do about each."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from services.document.lines import iter_lines
from services.generation.letters.language import letter_language
from services.generation.matching.asked import Asked
from services.generation.matching.reading import Reading
from services.generation.postings.requirements import MUST
from services.generation.skills.extraction import find_skills
from services.generation.skills.tokens import Tokenizer
from vitae.generation.v1 import documents_pb2
from vitae.resume.v1 import common_pb2, cover_letter_pb2

_SHORTEST, _LONGEST = 150, 400
"""Words of the body under which a letter says too little, and over which it leaves the page."""
_LONG_SENTENCE = 40
_LONG_PARAGRAPH = 120
_ALIKE = 0.7
_COVERING = 4
"""Skills asked for that one letter can name; more belong into the resume."""
_UNPROVED = "Nothing in the profile proves this sentence; check it, or add the fact to the profile."


@dataclass(frozen=True, slots=True)
class _Fault:
    code: str
    message: str
    cost: float
    line_id: str = ""


def letter_quality(
    letter: cover_letter_pb2.StructuredCoverLetter,
    wanted: Asked | None,
    reading: Reading,
    company: str,
) -> documents_pb2.QualityReport:
    """The report on a letter.

    Args:
        letter: The letter.
        wanted: What the posting asks for; None where it is gone, and coverage is then that of the letter's parts.
        reading: The profile, read.
        company: The posting's company; empty where none is known.
    """
    lines = [line for part in letter.paragraphs for line in part.lines if line.text]
    coverage, missing = _coverage(letter, lines, wanted, reading)
    reads, form = list(_reading(letter, lines)), list(_form(letter, company))
    repeated = list(_repeated(lines))
    unproved = [
        _Fault("UNPROVED", _UNPROVED, 0, ref.line.id)
        for ref in iter_lines(letter)
        if ref.line.provenance.unproved
    ]
    return documents_pb2.QualityReport(
        coverage=coverage,
        readability=_rate(reads),
        format_compliance=_rate(form),
        duplicates=len(repeated),
        findings=[
            documents_pb2.QualityFinding(code=each.code, line_id=each.line_id, message=each.message)
            for each in (*unproved, *missing, *repeated, *form, *sorted(reads, key=lambda each: -each.cost))
        ][:30],
    )


def _rate(faults: list[_Fault]) -> float:
    return round(max(0.0, 100.0 - sum(each.cost for each in faults)), 1)


def _coverage(
    letter: cover_letter_pb2.StructuredCoverLetter,
    lines: list[common_pb2.Line],
    wanted: Asked | None,
    reading: Reading,
) -> tuple[float, list[_Fault]]:
    """Of the skills the posting insists on and the person proves, the part the letter names, as far as one can."""
    if wanted is None:
        parts = (letter.salutation.text, lines, letter.closing.text, letter.signature)
        return round(100.0 * sum(map(bool, parts)) / len(parts), 1), []
    proved = [each.name for each in wanted.skills if each.importance == MUST and each.name in reading.skills]
    if not proved:
        return 100.0, []
    table = reading.table
    named = {mention.skill.name for line in lines for mention in find_skills(table.tokens(line.text), table)}
    named |= {
        name
        for name in proved
        if any(
            _says(line.text, each.fact.text[each.start : each.end])
            for line in lines
            for each in reading.skills[name]
        )
    }
    shown = len([name for name in proved if name in named])
    needed = min(len(proved), _COVERING)
    left = [name for name in proved if name not in named][: max(0, needed - shown)]
    faults = [
        _Fault("SKILL_HIDDEN", f"Name {each}: the posting insists on it and the profile proves it.", 0)
        for each in left
    ]
    return round(100.0 * min(1.0, shown / needed), 1), faults


def _says(text: str, word: str) -> bool:
    """Whether a sentence holds a word of the person's own, be it one that context has to tell ("R")."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def _reading(
    letter: cover_letter_pb2.StructuredCoverLetter, lines: list[common_pb2.Line]
) -> Iterator[_Fault]:
    words = sum(len(each.text.split()) for each in lines)
    if words < _SHORTEST:
        told = f"The letter has {words} words; say more of what you did, or add achievements to the profile."
        yield _Fault("LETTER_TOO_SHORT", told, 20)
    elif words > _LONGEST:
        yield _Fault("LETTER_TOO_LONG", f"The letter has {words} words; {_LONGEST} fit a page.", 20)
    for each in lines:
        longest = max((len(part.split()) for part in re.split(r"[.!?;:]\s", each.text)), default=0)
        if longest > _LONG_SENTENCE:
            yield _Fault("SENTENCE_TOO_LONG", "Break this sentence in two.", 10, each.id)
    for part in letter.paragraphs:
        if sum(len(each.text.split()) for each in part.lines) > _LONG_PARAGRAPH:
            yield _Fault("PARAGRAPH_TOO_LONG", "Break this paragraph in two.", 5, part.lines[0].id)
    if lines and not any(letter_.isdigit() for each in lines for letter_ in each.text):
        yield _Fault("NO_NUMBERS", "No sentence names a figure; say how much, how many, how fast.", 10)
    language = letter_language(letter.locale)
    for phrase in language.cliches if language is not None else ():
        for each in lines:
            if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", each.text.casefold()):
                yield _Fault(
                    "CLICHE", f"“{phrase}” stands in every letter; say it with an example.", 5, each.id
                )


def _form(letter: cover_letter_pb2.StructuredCoverLetter, company: str) -> Iterator[_Fault]:
    if not letter.sender.full_name:
        yield _Fault("NAME_MISSING", "Add the full name of the sender.", 20)
    if not letter.sender.email and not letter.sender.phone:
        yield _Fault("CONTACT_MISSING", "Add a mail address or a telephone number.", 20)
    if not letter.date.year:
        yield _Fault("DATE_MISSING", "Add the date.", 10)
    if not letter.recipient.company and not letter.recipient.name:
        yield _Fault("RECIPIENT_MISSING", "Say to whom the letter goes.", 10)
    for field in ("salutation", "closing"):
        if not getattr(letter, field).text:
            yield _Fault(f"{field.upper()}_MISSING", f"Add the {field}.", 15)
    if not letter.signature:
        yield _Fault("SIGNATURE_MISSING", "Add the name under the closing.", 15)
    text = " ".join(line.text for part in letter.paragraphs for line in part.lines)
    if company and company.casefold() not in text.casefold():
        yield _Fault(
            "COMPANY_UNNAMED", f"Name {company}: a letter that names nobody reads like one for all.", 10
        )


def _repeated(lines: list[common_pb2.Line]) -> Iterator[_Fault]:
    """Sentences that say what another says, and those that begin as two others do."""
    tokenizer = Tokenizer()
    seen: list[tuple[frozenset[str], str]] = []
    beginnings: Counter[str] = Counter()
    for each in lines:
        found = frozenset(tokenizer.split(each.text).words())
        twin = next((text for other, text in seen if len(found & other) >= _ALIKE * len(found | other)), "")
        if twin and len(found) > 3:
            yield _Fault("DUPLICATE", f"This sentence says what another says: “{twin[:80]}”.", 0, each.id)
        seen.append((found, each.text))
        beginning = " ".join(each.text.casefold().split()[:3])
        beginnings[beginning] += 1
        if beginnings[beginning] == 3:
            yield _Fault(
                "SAME_BEGINNING",
                "Three sentences begin with the same words; begin one otherwise.",
                0,
                each.id,
            )
