"""Names of skills that speak of somebody else: what the company makes, and whom one works with."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from services.generation.postings.language import Language
from services.generation.postings.sections import Sections
from services.generation.postings.sentences import Part
from services.generation.skills.extraction import Mention
from services.generation.skills.tokens import PAUSE, STOP, Tokens

_REACH = 5
"""Tokens between "closely with" and the last department that belongs to it: "sales, production and logistics"."""
_NEAR = 4
"""Tokens between "with" and a department: "with colleagues of the sales"."""


def of_the_applicant(
    mentions: Iterable[Mention],
    tokens: Tokens,
    parts: Sequence[Part],
    sections: Sections,
    language: Language,
) -> Iterator[Mention]:
    """The mentions without those of products and departments: "makes valves", "closely with production".

    Software, languages, certificates and ways of working always speak of the applicant.
    """
    made = [
        each
        for each in parts
        if sections.kind_at(each.start) in ("intro", "company") and each.has(language.cues["makes"])
    ]
    for mention in mentions:
        skill = mention.skill
        if skill.kind == "technical" and skill.group != "software":
            if any(each.start <= mention.start < each.end for each in made):
                continue
            if _beside(mention, tokens, language) or _is_department(mention, tokens, language):
                continue
        yield mention


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
    """Whether a mention names a department one deals with: "with the sales team", "au service achats"."""
    first = bisect_left(tokens.starts, mention.start)
    after = bisect_left(tokens.starts, mention.end)
    start = max(0, first - _NEAR)
    if STOP in tokens.keys[start:first]:
        start = first - tokens.keys[start:first][::-1].index(STOP)
    before = [f" {key} " for key in tokens.keys[start:first]]
    # "Experience with sales teams" is one's own.
    if not language.named["heads"].isdisjoint(before):
        return False
    beside = {*before[-2:], *(f" {key} " for key in tokens.keys[after : after + 1])}
    return not (
        beside.isdisjoint(language.cues["departments"]) or language.cues["towards"].isdisjoint(before)
    )
