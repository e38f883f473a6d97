"""Faults of a whole text: characters that keep keywords from matching, hidden text, text that nobody asked for."""

import re
from collections import Counter
from dataclasses import dataclass

from services.document.locales import present_words
from services.render.fidelity.expectation import Expectation
from services.render.fidelity.reading import Observation, Reading
from services.render.fidelity.texts import Text, normalised, words
from vitae.render.v1.fidelity_pb2 import FidelityFinding

_LEAST = 0.05
_MOST = 0.4
"""Bounds of what one kind of fault takes from a score; between them the share of words it touches decides."""

_HIDDEN = 0.3
"""What hidden text takes at least: systems that notice it throw the whole file away."""

_EXCESS_ALLOWED = 0.03
"""Share of words beyond the document's own that renderings need: page numbers, a word for a link."""

_CHARACTERS = (
    (
        "LIGATURE",
        re.compile("[\ufb00-\ufb06]"),
        "Letters are joined into one character (ﬁ, ﬂ), so keywords do not match.",
    ),
    ("SOFT_HYPHEN", re.compile("\u00ad"), "Words are cut by hyphens that a parser keeps."),
    (
        "PRIVATE_USE",
        re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]"),
        "Icons are read as characters without meaning.",
    ),
    ("UNREADABLE", re.compile("\ufffd|\\(cid:\\d+\\)"), "Characters cannot be read as text."),
    ("ZERO_WIDTH", re.compile("[\u200b\u2060]"), "Invisible characters stand inside the text."),
)


@dataclass(frozen=True)
class Fault:
    """Something wrong with a file, and what it takes from the score."""

    finding: FidelityFinding
    penalty: float


def character_faults(reading: Reading) -> list[Fault]:
    """Characters of the text layer that no keyword search matches."""
    whole = "\n".join(reading.lines)
    faults = []
    for code, pattern, message in _CHARACTERS:
        if pattern.search(whole) is None:
            continue
        tokens = whole.split()
        touched = sum(pattern.search(each) is not None for each in tokens)
        if touched:
            finding = FidelityFinding(
                code=code, message=f"{message} Words touched: {touched}.", extractor=reading.extractor
            )
            faults.append(Fault(finding, min(_MOST, _LEAST + touched / len(tokens))))
    return faults


def hidden_text(observation: Observation, extractor: str) -> list[Fault]:
    """Text that parsers read and people cannot see."""
    if not observation.hidden:
        return []
    count = sum(len(each.split()) for each in observation.hidden)
    message = f"{count} words cannot be seen (background colour, no ink, tiny or off the page)."
    return [Fault(FidelityFinding(code="HIDDEN_TEXT", message=message, extractor=extractor), _HIDDEN)]


def picture_text(
    observation: Observation, text: Text, wanted: Expectation | None, extractor: str
) -> list[Fault]:
    """A file that shows its text as a picture."""
    asked = sum(len(each.phrase.words) for each in wanted.fields) if wanted else 0
    if len(text.words) > asked * 0.1 or (wanted is None and text.words) or not observation.pictures:
        return []
    message = "The file holds pictures and next to no text: parsers read nothing."
    return [
        Fault(
            FidelityFinding(code="TEXT_AS_PICTURE", message=message, extractor=extractor),
            0.0 if asked else 1.0,
        )
    ]


def excess_text(wanted: Expectation, text: Text, extractor: str) -> list[Fault]:
    """Words the document does not have."""
    allowed: Counter[str] = Counter()
    for each in (*wanted.fields, *(section.heading for section in wanted.sections)):
        allowed.update(each.phrase.words)
    free = present_words() | {word for label in wanted.labels for word in words(normalised(label))}
    excess = text.counts - allowed
    many = sum(count for word, count in excess.items() if word not in free and not _is_page_number(word))
    total = sum(text.counts.values())
    if total == 0 or many < 5 or many / total <= _EXCESS_ALLOWED:
        return []
    message = f"{many} words of the file's text are not in the document."
    penalty = min(_MOST, many / total)
    return [Fault(FidelityFinding(code="EXCESS_TEXT", message=message, extractor=extractor), penalty)]


def _is_page_number(word: str) -> bool:
    return word.isdigit() and len(word) <= 2
