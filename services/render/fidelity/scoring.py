"""How much of what a file should say one extractor read: recall, order, attribution, headings, and what is wrong.

The weights and the reasons for them are in README.md.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from services.document.dates import parse_date
from services.render.fidelity.expectation import Comparison, Expectation, Field, Group, Record, Section
from services.render.fidelity.headings import is_known
from services.render.fidelity.texts import Phrase, Place, Text, longest_chain, split_letters
from vitae.render.v1.fidelity_pb2 import FidelityFinding

WEIGHTS = {Group.CONTACT: 0.35, Group.FACT: 0.35, Group.TEXT: 0.30}
"""Of recall. A parser that misses one of five ways to reach the person has missed more than one of fifty bullets."""

_HEAD_REACH = 30
"""Words between an employer and the job title that still are one head."""

_DATE_REACH = 10
_DATE_FORMS = tuple(
    map(
        re.compile,
        (
            r"\d{4}-\d{1,2}",
            r"\d{1,2}[./]\d{4}",
            r"\d{4} ?[年년] ?\d{1,2} ?[月월]",
            r"[^\W\d_]+\.? \d{4}",
            r"\d{4}",
        ),
    )
)


@dataclass(frozen=True)
class Outcome:
    """What one extractor read."""

    recall: float
    order: float
    attribution: float
    headings: float
    findings: tuple[FidelityFinding, ...]


@dataclass
class _Unit:
    """Something with a place in the reading order."""

    places: list[int]
    field: Field
    chosen: int | None = None


@dataclass
class _Reader:
    """One pass over a text."""

    wanted: Expectation
    text: Text
    extractor: str
    findings: list[FidelityFinding] = field(default_factory=list)

    def find(self, each: Field) -> list[Place]:
        if each.comparison is Comparison.EXACT:
            return self.text.find_exactly(each.phrase)
        if each.comparison is Comparison.DIGITS:
            return self.text.find_digits(each.phrase)
        if each.comparison is Comparison.DATES:
            return self.text.find(each.phrase) or _find_dates(self.text, each.text)
        return self.text.find(each.phrase)

    def report(self, code: str, each: Field | None, message: str) -> None:
        path = self.wanted.path(each) if each is not None else ""
        self.findings.append(
            FidelityFinding(code=code, field=path, message=message, extractor=self.extractor)
        )


def score(wanted: Expectation, text: Text, extractor: str) -> Outcome:
    """Compares an extractor's text with what the file should say."""
    reader = _Reader(wanted, text, extractor)
    found = {each: reader.find(each) for each in wanted.fields}
    recall = _recall(reader, found)
    headings = [_find_heading(reader, each) for each in wanted.sections]
    units, anchors, belongings = _units(wanted, found, headings)
    order = _order(reader, units)
    attribution = _attribution(reader, headings, anchors, belongings, found)
    known = _headings(reader, headings)
    return Outcome(recall, order, attribution, known, tuple(reader.findings))


def _recall(reader: _Reader, found: dict[Field, list[Place]]) -> float:
    total = dict.fromkeys(Group, 0)
    read = dict.fromkeys(Group, 0)
    for each, places in found.items():
        total[each.group] += 1
        if places:
            read[each.group] += 1
        else:
            reader.report("FIELD_MISSING", each, f"{_shown(each)} is not in the text a parser reads.")
    weights = {group: weight for group, weight in WEIGHTS.items() if total[group]}
    if not weights:
        return 1.0
    return sum(weight * read[group] / total[group] for group, weight in weights.items()) / sum(
        weights.values()
    )


# ---------------------------------------------------------------------------------------------------------- order


@dataclass
class _Heading:
    section: Section
    unit: _Unit
    own_line: bool


def _find_heading(reader: _Reader, section: Section) -> _Heading:
    own = reader.text.own_lines(section.heading.phrase)
    places = own or reader.find(section.heading)
    return _Heading(section, _Unit([each.start for each in places], section.heading), bool(own))


def _units(
    wanted: Expectation, found: dict[Field, list[Place]], headings: Sequence[_Heading]
) -> tuple[list[_Unit], dict[int, _Unit], list[tuple[Field, int]]]:
    """Everything in reading order; the anchor of each entry; and which field belongs to which entry."""
    units = [_unit(each, found) for each in (*_present(wanted.name), *wanted.opening)]
    anchors: dict[int, _Unit] = {}
    belongings: list[tuple[Field, int]] = []
    for heading in headings:
        units.append(heading.unit)
        for part in heading.section.parts:
            if not isinstance(part, Record):
                units += [_unit(each, found) for each in part[:1]]
                continue
            number = len(anchors)
            anchor = _anchor(part, found)
            units.append(anchor)
            anchors[number] = anchor
            units += [_unit(group[0], found) for group in part.body if group]
            belongings += [(each, number) for each in (*_present(part.dates), *part.extras)]
            belongings += [(group[0], number) for group in part.body if group]
    units += [_unit(each, found) for each in wanted.letter]
    chain = longest_chain([each.places for each in units])
    for unit, place in zip(units, chain, strict=True):
        unit.chosen = place if place is not None else next(iter(unit.places), None)
    return units, anchors, belongings


def _anchor(record: Record, found: dict[Field, list[Place]]) -> _Unit:
    """Where an entry begins: the first of its head's fields, where all of them stand together."""
    if not record.head:
        first = record.dates or record.body[0][0]
        return _unit(first, found)
    first, *others = record.head
    starts = []
    for place in found[first]:
        near = [_nearest(place.start, found[each]) for each in others]
        if all(each is not None and abs(each - place.start) <= _HEAD_REACH for each in near):
            starts.append(
                min(place.start, *(each for each in near if each is not None)) if near else place.start
            )
    fallback = [each.start for each in found[first]] or [
        each.start for other in others for each in found[other]
    ]
    return _Unit(starts or fallback, first)


def _order(reader: _Reader, units: Sequence[_Unit]) -> float:
    read = [each for each in units if each.places]
    if len(read) < 2:
        return 1.0
    kept = longest_chain([each.places for each in read])
    for unit, place in zip(read, kept, strict=True):
        if place is None:
            reader.report("ORDER", unit.field, f"{_shown(unit.field)} is read out of its order.")
    return sum(place is not None for place in kept) / len(read)


def _attribution(
    reader: _Reader,
    headings: Sequence[_Heading],
    anchors: dict[int, _Unit],
    belongings: Sequence[tuple[Field, int]],
    found: dict[Field, list[Place]],
) -> float:
    """Part of what belongs to an entry that is read after its head and before the next head or heading."""
    if not belongings:
        return 1.0
    marks = sorted(
        [(each.chosen, number) for number, each in anchors.items() if each.chosen is not None]
        + [(each.unit.chosen, -1) for each in headings if each.unit.chosen is not None]
    )
    right = 0
    for each, owner in belongings:
        places = found[each]
        if any(_owner(marks, place.start) == owner for place in places):
            right += 1
        elif places:
            head = anchors[owner].field
            reader.report("ATTRIBUTION", each, f"{_shown(each)} is not read under {_shown(head)}.")
    return right / len(belongings)


def _owner(marks: Sequence[tuple[int, int]], place: int) -> int | None:
    owner = None
    for start, number in marks:
        if start > place:
            break
        owner = number
    return owner


def _headings(reader: _Reader, headings: Sequence[_Heading]) -> float:
    if not headings:
        return 1.0
    recognised = 0
    for each in headings:
        title = each.section.heading
        if each.own_line and is_known(title.text, each.section.type):
            recognised += 1
        elif _is_letter_spaced(reader.text, title.phrase):
            reader.report("LETTER_SPACED", title, f"The heading {_shown(title)} is read as single letters.")
        elif not each.unit.places:
            reader.report(
                "HEADING_MISSING", title, f"The heading {_shown(title)} is not in the text a parser reads."
            )
        elif not each.own_line:
            reader.report(
                "HEADING_UNKNOWN", title, f"The heading {_shown(title)} is not read as a line of its own."
            )
        else:
            reader.report("HEADING_UNKNOWN", title, f"{_shown(title)} is no section name that parsers know.")
    return recognised / len(headings)


def _is_letter_spaced(text: Text, title: Phrase) -> bool:
    bare = title.normalised.replace(" ", "")
    return any(split_letters(line) and line.replace(" ", "") == bare for line in text.lines)


# ---------------------------------------------------------------------------------------------------------- dates


def _find_dates(text: Text, dates: str) -> list[Place]:
    """Where the same months stand in another form: "03/2021" for "Mar 2021"."""
    wanted = [each for each in map(_month, re.split(r"\s+[–—-]\s+|\s*～\s*", dates)) if each is not None]
    if not wanted:
        return []
    mentions = [
        (found, text.find(Phrase(written)))
        for form in _DATE_FORMS
        for written in dict.fromkeys(form.findall(text.joined))
        if (found := _month(written)) is not None
    ]
    places = []
    for found, at in mentions:
        if found != wanted[0]:
            continue
        for place in at:
            near = [p for month, others in mentions if month == wanted[-1] for p in others]
            if any(0 <= each.start - place.start <= _DATE_REACH for each in near):
                places.append(place)
    return places


@lru_cache(maxsize=4096)
def _month(text: str) -> tuple[int, int] | None:
    date = parse_date(text.strip())
    return (date.year, date.month) if date is not None and date.year else None


def _unit(each: Field, found: dict[Field, list[Place]]) -> _Unit:
    return _Unit([place.start for place in found[each]], each)


def _nearest(start: int, places: Iterable[Place]) -> int | None:
    return min((each.start for each in places), key=lambda at: abs(at - start), default=None)


def _present(each: Field | None) -> tuple[Field, ...]:
    return () if each is None else (each,)


def _shown(each: Field) -> str:
    """A field's text for a finding: short, and without its end when it is long."""
    shown = each.text if len(each.text) <= 60 else f"{each.text[:57]}..."
    return f"“{shown}”" if each.phrase.words else each.name
