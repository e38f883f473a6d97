"""Names of skills that speak of somebody else: what the company makes and offers, and whom one works with."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence

from services.generation.postings.language import Language
from services.generation.postings.requirements import ImportanceReader
from services.generation.postings.sections import Sections
from services.generation.postings.sentences import Part
from services.generation.skills.extraction import Mention
from services.generation.skills.tokens import PAUSE, STOP, Tokens

_REACH = 5
"""Tokens between "closely with" and the last department that belongs to it: "sales, production and logistics"."""
_NEAR = 4
"""Tokens between "with" and a department: "with colleagues of the sales"."""
_CLOSE = 2
"""Tokens between "our" and a colleague ("our new technician"), between "Mrs" and a name."""
_ADDRESS = 3
"""Tokens between a street and its name ("rue de la"), and between either and its number."""


def of_the_applicant(
    mentions: Iterable[Mention],
    tokens: Tokens,
    parts: Sequence[Part],
    sections: Sections,
    reader: ImportanceReader,
    in_title: Collection[str],
    language: Language,
) -> Iterator[Mention]:
    """The mentions without those of others: "makes valves", "closely with production", "our technician", an offer.

    Skills that the title names always speak of the applicant, and so do software, languages, certificates and ways
    of working outside the offer, the parts about the company and the law.
    """
    made = [
        each
        for each in parts
        if sections.kind_at(each.start) in ("intro", "company") and each.has(language.cues["makes"])
    ]
    for mention in mentions:
        skill = mention.skill
        if skill.name not in in_title:
            if _is_of_company(mention, reader):
                continue
            if skill.kind == "technical" and skill.group != "software":
                if any(each.start <= mention.start < each.end for each in made):
                    continue
                if _beside(mention, tokens, language) or _is_department(mention, tokens, language):
                    continue
                if _is_somebody(mention, tokens, language):
                    continue
            if skill.kind == "technical" and _is_address(mention, tokens, language):
                continue
        yield mention


def _is_of_company(mention: Mention, reader: ImportanceReader) -> bool:
    """Whether a mention stands where a posting asks for nothing, and is no software, product or standard with a name
    of its own: that the company has those is worth knowing.
    """
    if mention.skill.group == "software" or any(letter.isupper() for letter in mention.skill.name[1:]):
        return False
    return reader.kind(mention.start) in ("company", "offer", "legal")


def _beside(mention: Mention, tokens: Tokens, language: Language) -> bool:
    """Whether a mention is one of those named right after "closely with"."""
    at = bisect_left(tokens.starts, mention.start)
    first = at
    while first > 0 and at - first < _REACH + 3 and tokens.keys[first - 1] != STOP:
        first -= 1
    words = [key for key in tokens.keys[first:at] if key != PAUSE]
    said = f" {' '.join(words)} "
    for cue in language.cues["beside"]:
        found = said.rfind(cue)
        if found >= 0 and said.count(" ", found + len(cue)) <= _REACH:
            return True
    return False


def _is_department(mention: Mention, tokens: Tokens, language: Language) -> bool:
    """Whether a mention names a department one deals with ("with the sales team", "au service achats"), or people of
    another occupation ("our level designers", "avec la technicienne de laboratoire").
    """
    first = bisect_left(tokens.starts, mention.start)
    after = bisect_left(tokens.starts, mention.end)
    before = _before(tokens, first, _NEAR)
    # "Experience with sales teams" is one's own.
    if not language.named["heads"].isdisjoint(before):
        return False
    if _is_worker(tokens.keys[first:after], language):
        near = before[-_CLOSE:]
        if not (language.whom["ours"].isdisjoint(near) and language.cues["towards"].isdisjoint(near)):
            return True
    beside = {*before[-2:], *(f" {key} " for key in tokens.keys[after : after + 1])}
    return not (
        beside.isdisjoint(language.cues["departments"]) or language.cues["towards"].isdisjoint(before)
    )


def _before(tokens: Tokens, first: int, reach: int) -> list[str]:
    """The words before a token in its sentence, with a space around each."""
    start = max(0, first - reach)
    if STOP in tokens.keys[start:first]:
        start = first - tokens.keys[start:first][::-1].index(STOP)
    return [f" {key} " for key in tokens.keys[start:first]]


def _is_worker(keys: Sequence[str], language: Language) -> bool:
    """Whether words name somebody by their work: "level designers", "technicienne de laboratoire", "head of sales"."""
    names = [keys[-1]]
    if len(keys) > 1 and f" {keys[1]} " in language.named["joiners"]:
        names.append(keys[0])
    return any(key in language.title_nouns or key.removesuffix("s") in language.title_nouns for key in names)


def _is_somebody(mention: Mention, tokens: Tokens, language: Language) -> bool:
    """Whether a mention is the name of a person: "Frau Koch", "Mr Paul Baker"."""
    first = bisect_left(tokens.starts, mention.start)
    for index in range(first - 1, max(-1, first - 1 - _CLOSE), -1):
        if f" {tokens.keys[index]} " in language.whom["persons"]:
            return True
        if not tokens.text[tokens.starts[index]].isupper() and tokens.keys[index] != STOP:
            return False  # no given name, nor the dot of "Dr."
    return False


def _is_address(mention: Mention, tokens: Tokens, language: Language) -> bool:
    """Whether a mention is the name of a street with a number: "14 Java Street", "3, rue de la Musique"."""
    first = bisect_left(tokens.starts, mention.start)
    after = bisect_left(tokens.starts, mention.end)
    streets = language.whom["streets"]
    before = _before(tokens, first, _ADDRESS)
    if streets.isdisjoint([*before, *(f" {key} " for key in tokens.keys[after : after + 1])]):
        return False
    around = tokens.keys[max(0, first - 2 * _ADDRESS) : after + _ADDRESS]
    return any(key.isdigit() for key in around)
