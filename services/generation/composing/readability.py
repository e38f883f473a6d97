"""How easily the lines of a resume read, by the measures of their language (SPEC G11).

Long words and sentences are weighed by LIX (Björnsson 1968: words a sentence plus the percentage of words over six
letters), which holds for every language that writes words apart, each with its own limit; scripts without spaces are
measured by the width of their lines and sentences alone.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from services.generation.composing.strength import has_figure
from services.generation.postings.language import language
from services.generation.skills.stems import stem
from services.generation.skills.tokens import Tokenizer
from vitae.resume.v1 import common_pb2

_LIX = {
    "en": 55, "fr": 55, "es": 55, "it": 55, "pt": 55, "ca": 55, "ro": 55,
    "de": 62, "nl": 60, "sv": 60, "da": 60, "nb": 60, "pl": 65, "ru": 65, "uk": 65, "cs": 65, "tr": 65, "fi": 70,
}  # fmt: skip
"""Above this a text reads like a law: 60 for Swedish by its author, moved by how long a language's words are."""
_LIX_WORDS = 60
"""Words below which the index says nothing."""
_LONG_WORD = 6
_LONG_LINE = 280
"""Narrow characters after which a line runs over three printed rows."""
_SHORT_LINE = 20
_LONG_SENTENCE = 35
"""Words after which a sentence is hard to read in one go."""
_WIDE_SENTENCE = 160
"""The same as a width, for scripts without spaces."""
_WITH_FIGURES = 0.25
"""Part of the achievements that should name a figure."""
_FEW = 3
"""Lines below which a share says nothing."""
_ALIKE = 0.75
"""Part of their words two lines share when they say the same."""
_SENTENCE = re.compile(r"[.!?;:](?:\s|$)|[。！？；]")
_WORD = re.compile(r"[^\W\d_]+")
_WEAK = {
    "en": ("responsible for", "duties included", "tasked with", "was in charge of", "helped with various"),
    "de": ("verantwortlich für", "zuständig für", "zu meinen aufgaben", "aufgaben waren", "tätigkeiten:"),
    "fr": ("responsable de", "chargé de", "chargée de", "en charge de", "mes missions"),
    "es": ("responsable de", "encargado de", "encargada de", "mis funciones", "funciones:"),
    "it": ("responsabile di", "responsabile del", "incaricato di", "mansioni:"),
    "pt": ("responsável por", "responsável pelo", "encarregado de", "encarregada de"),
    "nl": ("verantwoordelijk voor", "mijn taken"),
    "pl": ("odpowiedzialny za", "odpowiedzialna za", "do moich obowiązków"),
}
"""How lines begin that name a duty where a deed should stand."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to mend."""

    code: str
    message: str
    """What to do."""
    cost: float
    line_id: str = ""


def reading_faults(bullets: Sequence[common_pb2.Line], texts: Iterable[str], locale: str) -> Iterator[Fault]:
    """What makes lines on work hard to read. `texts` is all running text, summary and descriptions with it."""
    tag = _tag(locale)
    share = 40.0 / max(1, len(bullets))
    for each in bullets:
        yield from _line_faults(each, tag, share)
    figures = sum(has_figure(each.text, tag) for each in bullets)
    if len(bullets) >= _FEW and figures < len(bullets) * _WITH_FIGURES:
        named = f"{figures} of {len(bullets)} lines {'names' if figures == 1 else 'name'} a figure"
        yield Fault("NO_NUMBERS", f"Only {named}; say how much, how many, how fast.", 15)
    index = lix(list(texts)) if tag in _LIX else 0
    if index > _LIX.get(tag, 0):
        yield Fault(
            "HARD_TO_READ",
            f"The text reads like a law (LIX {index:.0f}, {_LIX[tag]} is plenty): shorten sentences, and long words.",
            15,
        )


def lix(texts: Sequence[str]) -> float:
    """Words a sentence plus the percentage of long words; 0 for too little text."""
    words = [word for text in texts for word in _WORD.findall(text)]
    sentences = sum(max(1, sum(bool(part.strip()) for part in _SENTENCE.split(text))) for text in texts)
    if len(words) < _LIX_WORDS:
        return 0.0
    return len(words) / sentences + 100 * sum(len(word) > _LONG_WORD for word in words) / len(words)


def duplicates(bullets: Sequence[common_pb2.Line], locale: str) -> Iterator[Fault]:
    """Lines that say what a line before them says, in the same or in other forms of the same words."""
    tag = _tag(locale)
    small = language(tag).stop_words
    tokenizer = Tokenizer()
    seen: list[tuple[frozenset[str], str]] = []
    for each in bullets:
        words = tokenizer.split(each.text).words()
        found = frozenset(stem(word, tag) for word in words if word not in small)
        if len(found) < _FEW:
            continue
        twin = next((text for other, text in seen if _are_alike(found, other)), "")
        if twin:
            message = f"This line says what another says; keep the better one: “{twin[:80]}”."
            yield Fault("DUPLICATE", message, 0, each.id)
        seen.append((found, each.text))


def _are_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shared = len(one & other)
    return shared >= _ALIKE * (len(one) + len(other) - shared)


def width(text: str) -> int:
    """The width of a text in narrow characters: an ideograph takes the room of two letters."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _tag(locale: str) -> str:
    """The bare language; no locale is English, as everywhere."""
    return locale.partition("-")[0].lower() or "en"


def _line_faults(line: common_pb2.Line, tag: str, share: float) -> Iterator[Fault]:
    wide = width(line.text)
    if wide > _LONG_LINE:
        rows = -(-wide // 95)
        yield Fault(
            "LINE_TOO_LONG",
            f"Split or shorten this line; it takes {rows} rows, three are read.",
            share,
            line.id,
        )
    elif _longest_sentence(line.text) > 1:
        yield Fault("SENTENCE_TOO_LONG", "Break this sentence in two.", share / 2, line.id)
    elif wide < _SHORT_LINE:
        yield Fault("LINE_TOO_SHORT", "Say what was done and what came of it.", share / 2, line.id)
    start = line.text.casefold()
    weak = next((each for each in _WEAK.get(tag, ()) if start.startswith(each)), "")
    if weak:
        yield Fault(
            "WEAK_START", f"Begin with what you did, not with “{line.text[: len(weak)]}”.", share / 4, line.id
        )


def _longest_sentence(text: str) -> float:
    """The longest sentence as a multiple of what is read in one go."""
    sentences = [part for part in _SENTENCE.split(text) if part.strip()]
    return max(
        (
            max(len(part.split()) / _LONG_SENTENCE, width(part) / _WIDE_SENTENCE if _unspaced(part) else 0)
            for part in sentences
        ),
        default=0,
    )


def _unspaced(text: str) -> bool:
    return len(text.split()) * 12 < width(text)
