"""What a sentence says beyond its frame: the parts that somebody has to prove.

The frames are the texts of languages/, which claim nothing about anybody. Whoever wrote a sentence, composer or model,
what stands in its gaps is a claim; a sentence that fits no frame is one as a whole.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from string import Formatter

from services.generation.letters.language import Language, Pattern


def claims(text: str, language: Language, known: Iterable[str] = ()) -> list[str]:
    """The parts of a sentence that stand in the gaps of the frame that leaves least open, without the phrases that are
    known to be true as they stand; the whole sentence without them where no frame fits.
    """
    phrases = [_phrase(each) for each in sorted(set(known), key=lambda each: (-len(each), each)) if each]
    marked = _marked(text, phrases)
    found = [
        [_marked(each, phrases) for each in match.groups() if each]
        # A phrase may hold words of a frame, and a frame the words of a phrase: both readings are tried.
        for reading in dict.fromkeys((text, marked))
        for frame in _frames(language)
        if (match := frame.fullmatch(reading)) is not None
    ] or [[marked]]
    parts = min(found, key=lambda each: sum(map(len, each)))
    pieces = (piece for part in parts for piece in _without_joints(part, language).split(_KNOWN))
    return [bare for each in pieces if re.search(r"\w", bare := each.strip(" ,;:"))]


_KNOWN = "\ue000"
"""Stands for a phrase that is known."""


def _marked(text: str, phrases: Iterable[Pattern]) -> str:
    for phrase in phrases:
        text = phrase.sub(_KNOWN, text)
    return text


def _phrase(text: str) -> Pattern:
    """A pattern of a whole phrase, in every spelling."""
    spelled = re.escape(" ".join(text.split())).replace("ß", "(?:ß|ss)")
    return re.compile(rf"(?<!\w){spelled}(?!\w)", re.IGNORECASE)


def _without_joints(part: str, language: Language) -> str:
    """A part without the words that bend a line into a clause and join the items of a list."""
    for joint in (language.pair, language.last):
        part = part.replace(joint, ", ")
    for constant in _fixed(language):
        part = re.sub(rf"(?i)(?<!\w){re.escape(constant)}(?!\w)", " ", part)
    for lead in _leads(language):
        part = re.sub(rf"(?i)(^|, ){re.escape(lead)}(?=\S)", r"\1", part)
    return " ".join(part.split())


@lru_cache(maxsize=32)
def _frames(language: Language) -> tuple[Pattern, ...]:
    return tuple(
        re.compile(_pattern(variant, language), re.IGNORECASE)
        for variant in dict.fromkeys(text for variants in language.says.values() for text in variants)
    )


@lru_cache(maxsize=32)
def _leads(language: Language) -> tuple[str, ...]:
    """What clauses begin with before the first word of a line: "I also ", "it was my job to ", "j'"."""
    leads = set()
    for rule in language.clauses:
        for template in (rule.clause, rule.also):
            lead = template.partition("{")[0]
            leads.add(lead)
            leads.update(
                lead[: -len(word)] + joined for word, joined in language.elided if lead.endswith(word)
            )
    return tuple(sorted(filter(None, leads), key=lambda each: (-len(each), each)))


@lru_cache(maxsize=32)
def _fixed(language: Language) -> tuple[str, ...]:
    """What is said before an employer's name, or for it where there is none: "as a freelancer", "bei der"."""
    texts = {text.partition("{")[0].strip() for _, text in language.at}
    return tuple(sorted(filter(None, texts), key=lambda each: (-len(each), each)))


def _pattern(variant: str, language: Language) -> str:
    """A pattern with a group for each run of fields; punctuation between fields belongs to the run."""
    parts = list(_pieces(variant))
    pattern, is_open = "", False
    for number, (literal, is_field) in enumerate(parts):
        if is_field:
            pattern += "" if is_open else "("
            pattern, is_open = f"{pattern}.+?", True
            continue
        inner = 0 < number < len(parts) - 1
        if not (inner and is_open and not re.search(r"[\w:]", literal)):
            pattern, is_open = pattern + (")" if is_open else ""), False
        pattern += _literal(literal, language, before_field=number + 1 < len(parts))
    return pattern + (")" if is_open else "")


def _pieces(variant: str) -> Iterator[tuple[str, bool]]:
    for literal, name, _, _ in Formatter().parse(variant):
        if literal:
            yield literal, False
        if name:
            yield name, True


def _literal(text: str, language: Language, *, before_field: bool) -> str:
    """A pattern of a fixed text, in every country's spelling."""
    joined = ""
    for word, short in language.elided if before_field else ():
        if re.search(rf"(?<!\w){re.escape(word)}$", text):
            text, joined = text[: -len(word)], f"(?:{re.escape(word)}|{re.escape(short)})"
            break
    pattern = re.escape(text)
    for old, new in language.replace:
        pattern = pattern.replace(old, f"(?:{old}|{new})")
    return re.sub(r"(\\\.|,)$", r"[.,]?", pattern) + joined
