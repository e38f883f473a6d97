"""Finds skills by name in any text: whole words only, the longest name wins, ambiguous names need their context."""

from typing import NamedTuple

from services.generation.skills.table import Alias, Rule, Skill, SkillTable
from services.generation.skills.tokens import PAUSE, STOP, Tokens

_REACH = 6
"""Tokens to either side that count as the context of an ambiguous name: the length of "A, B, C" to each side."""


_OR = frozenset("or oder ou o lub of and und et y e en i".split())
"""Words between the languages of a list."""


class Mention(NamedTuple):
    """A skill and where it stands: text[start:end], in Unicode code points."""

    skill: Skill
    start: int
    end: int

    def written(self, text: str) -> str:
        """The name as the text has it."""
        return text[self.start : self.end]


def find_skills(tokens: Tokens, table: SkillTable) -> list[Mention]:
    """The skills a text names, in order, never overlapping.

    A text that is nothing but one name (an item of a list of skills) means that name, however ambiguous it is in prose.
    """
    candidates = table.candidates(tokens)
    if not candidates:
        return []
    whole = [
        alias for at, alias in candidates if at == 0 and alias.length == len(tokens.keys) and alias.skill
    ]
    if whole and whole[0].skill:
        return [Mention(whole[0].skill, tokens.starts[0], tokens.ends[-1])]
    if any(alias.rule is not Rule.OPEN for _, alias in candidates):
        candidates = _meant(candidates, tokens)
    mentions, free_from = [], 0
    for at, alias in sorted(candidates, key=lambda found: (found[0], -found[1].length)):
        if at < free_from:
            continue
        free_from = at + alias.length
        if alias.skill:
            mentions.append(Mention(alias.skill, tokens.starts[at], tokens.ends[free_from - 1]))
    return mentions


def _meant(candidates: list[tuple[int, Alias]], tokens: Tokens) -> list[tuple[int, Alias]]:
    """Without ambiguous spellings that do not mean their skill here."""
    certain = _places([(at, alias) for at, alias in candidates if alias.rule is Rule.OPEN and alias.skill])
    unsure = _places(
        [(at, alias) for at, alias in candidates if alias.rule is Rule.STRICT and _in_case(at, alias, tokens)]
    )
    return [
        (at, alias)
        for at, alias in candidates
        if alias.rule is Rule.OPEN or _is_meant(at, alias, tokens, certain, unsure)
    ]


def _is_meant(at: int, alias: Alias, tokens: Tokens, certain: dict[int, str], unsure: dict[int, str]) -> bool:
    """Whether an ambiguous spelling means its skill here."""
    skill = alias.skill
    if skill is None or not _in_case(at, alias, tokens):
        return False
    if alias.rule is Rule.EXACT or _stands_alone(at, alias, tokens):
        return True
    if (
        alias.rule is Rule.PROPER
        and at > 0
        and tokens.keys[at - 1] != STOP
        and not _shouts(at, alias, tokens)
    ):
        return True
    if skill.kind == "language" and _closes_with_languages(at, alias, tokens, unsure):
        return True
    around = _around(at, alias.length, tokens)
    if any(tokens.keys[index] in skill.cues or certain.get(index) == skill.group for index in around):
        return True
    listed = [
        index
        for index in around
        if unsure.get(index) == skill.group and tokens.keys[index] != alias.key.strip()
    ]
    return (
        skill.kind != "language"
        and skill.group == "software"
        and bool(listed)
        and PAUSE in _keys(around, tokens)
    )


def _in_case(at: int, alias: Alias, tokens: Tokens) -> bool:
    return tokens.text[tokens.starts[at] : tokens.ends[at + alias.length - 1]] in alias.written


def _stands_alone(at: int, alias: Alias, tokens: Tokens) -> bool:
    """Whether it is a whole line of a list."""
    after = at + alias.length
    begins = at == 0 or tokens.keys[at - 1] == STOP
    return begins and (after == len(tokens.keys) or tokens.keys[after] == STOP)


def _closes_with_languages(at: int, alias: Alias, tokens: Tokens, unsure: dict[int, str]) -> bool:
    """Whether it belongs to the last item of a list that names nothing but languages: "..., Turkish or Arabic"."""
    first, last = at, at + alias.length
    while first > 0 and tokens.keys[first - 1] not in (PAUSE, STOP):
        first -= 1
    while last < len(tokens.keys) and tokens.keys[last] not in (PAUSE, STOP):
        last += 1
    if last < len(tokens.keys) and tokens.keys[last] == PAUSE:
        return False
    group = alias.skill.group if alias.skill else ""
    return all(unsure.get(index) == group or tokens.keys[index] in _OR for index in range(first, last))


def _shouts(at: int, alias: Alias, tokens: Tokens) -> bool:
    """Whether the words beside it are capitalised too, as in headings, so that its capital tells nothing."""
    beside = [index for index in (at - 1, at + alias.length) if 0 <= index < len(tokens.keys)]
    words = [tokens.text[tokens.starts[index]] for index in beside if tokens.keys[index] not in (PAUSE, STOP)]
    return bool(words) and all(letter.isupper() for letter in words)


def _around(at: int, length: int, tokens: Tokens) -> list[int]:
    """Indexes of the tokens near it in the same sentence."""
    found = []
    for index in range(at - 1, max(-1, at - 1 - _REACH), -1):
        if tokens.keys[index] == STOP:
            break
        found.append(index)
    for index in range(at + length, min(len(tokens.keys), at + length + _REACH)):
        if tokens.keys[index] == STOP:
            break
        found.append(index)
    return found


def _keys(indexes: list[int], tokens: Tokens) -> set[str]:
    return {tokens.keys[index] for index in indexes}


def _places(candidates: list[tuple[int, Alias]]) -> dict[int, str]:
    """Group of the skill by index of each token its name covers."""
    return {
        index: alias.skill.group
        for at, alias in candidates
        if alias.skill
        for index in range(at, at + alias.length)
    }
