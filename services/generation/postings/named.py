"""Skills a posting names and no table knows, taken under the posting's own words.

Only where postings name skills and little else: after "experience with", "knowledge of" and the like, and in short
items of the lists that ask. A name that would need guessing is left out, and so is a word that is only a piece of a
phrase.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from services.generation.postings.language import Language
from services.generation.postings.requirements import MUST, NICE, ImportanceReader
from services.generation.postings.sections import Sections
from services.generation.postings.sentences import Part
from services.generation.skills.extraction import Mention
from services.generation.skills.tokens import PAUSE, Tokens
from vitae.generation.v1 import postings_pb2

_MOST_WORDS = 4
_MOST_ITEM_WORDS = 3
"""An item of a list without "experience with" before it is a name only while it is this short."""
_SHORTEST = 3
_MOST = 30
_GERUND = 5
"""Letters that a word with the ending of a gerund has more of: "king" is none."""
_BULLET = re.compile(r"\s*(?:[-–—•▪●◦‣·*+]|\d{1,2}[.)])\s")
_INITIAL = re.compile(r"(?<!\w)[^\W\d_]\.$")
_BESIDE = ("company", "offer", "legal")
_ASKING = ("requirements", "nice")


@dataclass(frozen=True, slots=True)
class _Name:
    """Tokens first (inclusive) to last (exclusive) that name a skill."""

    first: int
    last: int


def named_skills(
    tokens: Tokens,
    parts: Sequence[Part],
    sections: Sections,
    mentions: Iterable[Mention],
    reader: ImportanceReader,
    apart: Collection[str],
    language: Language,
    spellings: Collection[str],
) -> list[postings_pb2.PostingSkill]:
    """The skills under their own names, most wanted first, then as named.

    Args:
        tokens: The posting.
        parts: Its sentences.
        sections: Its parts.
        mentions: Known skills; what overlaps one is that one.
        reader: How badly a place is wanted.
        apart: Folded words of the company's name, the place and the title, which name no skill.
        language: How such postings speak.
        spellings: Of all skills, as `Tokenizer.key` writes them: a word that is one somewhere may stand alone.
    """
    known = sorted((each.start, each.end) for each in mentions)
    found: dict[str, postings_pb2.PostingSkill] = {}
    for sentence in (_without_heading(each, sections) for each in parts):
        # What one has years of is the work, which is measured by the years.
        if (
            sentence.first == sentence.last
            or sections.kind_at(sentence.start) in _BESIDE
            or sentence.has(language.year_units)
        ):
            continue
        for name in _names(sentence, sections, apart, language):
            start, end = tokens.starts[name.first], tokens.ends[name.last - 1]
            if _is_piece(tokens, name, language, spellings):
                continue
            if any(first < end and start < last for first, last in known):
                continue
            importance = reader.importance(start, end)
            if importance not in (MUST, NICE):
                continue
            key = f" {' '.join(tokens.keys[name.first : name.last])} "
            skill = found.get(key)
            if skill is None:
                written = " ".join(tokens.text[start:end].split())
                skill = postings_pb2.PostingSkill(
                    skill=written, written_as=written, importance=importance, named_by_posting=True
                )
                found[key] = skill
            skill.importance = min(skill.importance, importance)
            skill.mentions += 1
            skill.spans.add(start=start, end=end)
    return sorted(found.values(), key=lambda skill: skill.importance)[:_MOST]


def _without_heading(sentence: Part, sections: Sections) -> Part:
    """A sentence without the heading it is or begins with."""
    first, starts = sentence.first, sentence.tokens.starts
    end = next((end for start, end in sections.headings if start <= sentence.start < end), 0)
    while first < sentence.last and starts[first] < end:
        first += 1
    return Part(sentence.tokens, first, sentence.last)


def _names(sentence: Part, sections: Sections, apart: Collection[str], language: Language) -> Iterator[_Name]:
    """The names in a sentence."""
    lists = _is_listed(sentence, sections) and not _asks_for_training(sentence, language)
    items: list[_Name] = []
    introduced = False
    for first, last in _pieces(sentence, language):
        begin = _after_introduction(sentence.tokens, first, last, language)
        introduced = introduced or begin is not None
        if begin == last:
            return  # a field of work, and what follows it are others
        if introduced:
            name, goes_on = _introduced(sentence.tokens, first if begin is None else begin, last, language)
            if name and _is_name(sentence.tokens, name, apart, language, _MOST_WORDS):
                yield name
            if not goes_on:
                return
        elif lists:
            item = _item(sentence.tokens, first, last, language)
            if item is None:
                lists = False  # one item in prose makes the others prose
            elif item.last > item.first:
                items.append(item)
    if lists:
        yield from (
            each for each in items if _is_name(sentence.tokens, each, apart, language, _MOST_ITEM_WORDS)
        )


def _is_listed(sentence: Part, sections: Sections) -> bool:
    """Whether a sentence is an item of a list that asks, or stands right behind its heading: what stands in a
    paragraph after the list is mostly about pay and shifts.
    """
    if sections.kind_at(sentence.start) not in _ASKING:
        return False
    text = sentence.tokens.text
    line = text[text.rfind("\n", 0, sentence.start) + 1 : sentence.start]
    if _BULLET.match(line):
        return True
    heading = max((end for _, end in sections.headings if end <= sentence.start), default=0)
    between = text[heading : sentence.start].strip(" \t").removeprefix("\n")
    return not any(mark in between for mark in "\n.!?")


def _asks_for_training(sentence: Part, language: Language) -> bool:
    """Whether a sentence asks for a degree, which is no skill."""
    return any(sentence.has(phrases) for name, phrases in language.education.items() if name != "not")


def _pieces(sentence: Part, language: Language) -> Iterator[tuple[int, int]]:
    """The parts of a sentence between commas and words like "and"."""
    parting = {PAUSE} | {phrase.strip() for phrase in language.named["and"]}
    begin = sentence.first
    for index in range(sentence.first, sentence.last + 1):
        if index == sentence.last or sentence.tokens.keys[index] in parting:
            if index > begin:
                yield begin, index
            begin = index + 1


def _after_introduction(tokens: Tokens, first: int, last: int, language: Language) -> int | None:
    """The token after the last "experience with" of a piece; None without one.

    "Experience in" tells a field of work, and so do "experience with the" and the like: `last`, for no name follows.
    """
    named = language.named
    for index in range(last - 2, first - 1, -1):
        head, following = (f" {key} " for key in tokens.keys[index : index + 2])
        if head in named["heads"] and following in named["after"]:
            is_field = head in language.year_experience and following in named["setting"]
            after = f" {tokens.keys[index + 2]} " if index + 2 < last else ""
            return last if is_field or after in named["definite"] else index + 2
    return None


def _introduced(tokens: Tokens, first: int, last: int, language: Language) -> tuple[_Name | None, bool]:
    """The name that begins at a token, and whether others may follow it: not after "experience with X in Y and Z"."""
    begin = _skip(tokens, first, last, language.before_names | language.stop_words)
    end = begin
    while end < last and not _ends_name(tokens.keys[end], language):
        end += 1
    whole = end == last
    end = _trimmed(tokens, begin, end, language)
    return (_Name(begin, end) if end > begin else None), whole


def _item(tokens: Tokens, first: int, last: int, language: Language) -> _Name | None:
    """The name that an item of a list is; empty where it has no word of its own, None where it is prose."""
    if f" {tokens.keys[first]} " in language.named["one"]:
        return None
    begin = _skip(tokens, first, last, language.before_names)
    end = _trimmed(tokens, begin, last, language)
    if any(_ends_name(key, language) for key in tokens.keys[first:last]):
        return None
    return _Name(begin, end)


def _is_piece(tokens: Tokens, name: _Name, language: Language, spellings: Collection[str]) -> bool:
    """Whether a name is a piece of a phrase and says nothing alone: "checklists" after a bracket, "reports", the
    surname after an initial, "Sauberes" in "Sauberes und sicheres Arbeiten".
    """
    before = tokens.text[: tokens.starts[name.first]].rstrip()
    if before.endswith((")", "]")) or _INITIAL.search(before, max(0, len(before) - 3)):
        return True
    if name.last - name.first > 1:
        return False
    key = tokens.keys[name.first]
    if f" {key} " in language.named["alone"] or _shares_noun(tokens, name, language):
        return True
    gerund = len(key) > _GERUND and any(key.endswith(end.strip()) for end in language.named["gerund"])
    return gerund and f" {key} " not in spellings


def _shares_noun(tokens: Tokens, name: _Name, language: Language) -> bool:
    """Whether a German name is an adjective of a noun that follows another one: both end alike, the other is small."""
    other = name.last + 1
    if language.tag != "de" or other >= len(tokens.keys):
        return False
    joined = f" {tokens.keys[name.last]} " in language.named["and"]
    ending = tokens.keys[name.first][-2:]
    return joined and tokens.text[tokens.starts[other]].islower() and tokens.keys[other].endswith(ending)


def _skip(tokens: Tokens, first: int, last: int, words: Collection[str]) -> int:
    while first < last and (tokens.keys[first] in words or len(tokens.keys[first]) == 1):
        first += 1
    return first


def _trimmed(tokens: Tokens, first: int, last: int, language: Language) -> int:
    while last > first and tokens.keys[last - 1] in language.after_names:
        last -= 1
    return last


def _ends_name(key: str, language: Language) -> bool:
    return key in language.stop_words and f" {key} " not in language.named["joiners"]


def _is_name(tokens: Tokens, name: _Name, apart: Collection[str], language: Language, most: int) -> bool:
    keys = tokens.keys[name.first : name.last]
    own = [key for key in keys if f" {key} " not in language.named["joiners"]]
    common = language.generic_words | language.furniture
    if (
        not own
        or len(own) > most
        or keys[0].isdigit()
        or any(key in language.numbers for key in keys)
        or max(map(len, own)) < _SHORTEST
        or f" {keys[-1]} " in language.named["joiners"]
        or all(key in common or key in apart or f" {key} " in language.named["not"] for key in own)
        or any(f" {key} " in language.named["not"] for key in (own[0], own[-1]))
        or own[-1] in language.title_nouns
    ):
        return False
    written = tokens.text[tokens.starts[name.first] : tokens.ends[name.last - 1]]
    # German writes nouns with a capital; without one it is an adjective or a verb.
    return language.tag != "de" or any(word[0].isupper() for word in written.split())
