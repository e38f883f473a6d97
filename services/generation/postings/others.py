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
            if _beside(mention, tokens, language):
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
