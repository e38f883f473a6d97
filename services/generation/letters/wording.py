"""Lines of a resume as parts of sentences in the first person: bent where a rule is sure of it, else quoted."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from services.generation.composing.context import squeeze
from services.generation.letters.language import ClauseRule, Language

_FIRST_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_ABBREVIATION = re.compile(
    r"\b(?:[A-Za-zÄÖÜ]|Dr|St|Inc|Ltd|Co|Corp|No|Nr|vs|ca|bzw|inkl|etc|approx|env|Mr|Ms|Mrs)\."
)
_END = " .;,:–-"


@dataclass(frozen=True, slots=True)
class Worded:
    """A line, ready for a sentence."""

    kind: Literal["clause", "noun", "quote"]
    text: str
    """A clause that follows a lead ("At Acme, {clause}"), a noun phrase for a list, or the line as it stands."""
    also: str = ""
    """The clause as a sentence that adds to one before."""


def worded(line: str, language: Language, *, lasting: bool, is_common: Callable[[str], bool]) -> Worded:
    """A line as a part of a sentence.

    Args:
        line: One line of a resume, in the letter's language.
        language: The letter's language.
        lasting: Whether the work it tells of still goes on.
        is_common: Whether a word is known to be written small, for phrases that would lose their capital.
    """
    text = _bare(line)
    if _is_one_sentence(text):
        for rule in language.clauses:
            if rule.when != ("ended" if lasting else "lasting"):
                clause = _clause(text, rule, language)
                if clause is not None:
                    return clause
        noun = _noun(text, language, is_common)
        if noun:
            return Worded("noun", noun)
    return Worded("quote", text)


def first_person(line: str, language: Language) -> Iterator[str]:
    """A line that begins with a verb, as the language's grammar puts it in the first person: a true copy of it."""
    text = _bare(line)
    for rule in language.clauses:
        clause = _clause(text, rule, language) if rule.forms and text else None
        if clause is not None:
            yield from (clause.text, clause.also)


def elided(text: str, language: Language) -> str:
    """The text with short words joined to the vowel after them: "l'installation"."""
    if language.elision_before is None:
        return text
    for word, joined in language.elided:
        parts = re.split(rf"(?<!\w){re.escape(word)}", text)
        whole = parts[0]
        for part in parts[1:]:
            whole += (joined if language.elision_before.match(part) else word) + part
        text = whole
    return text


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def listed(items: list[str], language: Language) -> str:
    """Items as a list: "a, b and c", or "a and b as well as c" and "a; b, c; d" where an item is a list itself."""
    if len(items) < 2:
        return "".join(items)
    nested = any(mark in item for item in items for mark in language.nested)
    if nested and any("," in item or ";" in item for item in items):
        return language.long.join(items)
    return language.comma.join(items[:-1]) + (language.pair if nested else language.last) + items[-1]


def in_sentence(name: str, language: Language, is_common: Callable[[str], bool], canonical: str = "") -> str:
    """A name from a list as it stands inside a sentence: "Wound care" is written small there, "Terraform" is not.

    `canonical` is the name of the skill it is, if any: one of several words with small letters is no brand.
    """
    first, _, rest = name.partition(" ")
    if not language.small_nouns or not first[1:].islower() or (rest and not rest.islower()):
        return name
    if language.capitals is not None and language.capitals.match(name):
        return name
    ordinary = " " in canonical and canonical[1:].islower() and bool(rest)
    return _small(name) if ordinary or is_common(first.lower()) else name


def _bare(line: str) -> str:
    text = squeeze(line).strip(" •*–-")
    return text.rstrip(_END) if not re.search(r"\b\w\.$|\.\.\.$|…$", text) else text


def _is_one_sentence(text: str) -> bool:
    return not re.search(r"[.!?]\s+[A-ZÀ-ÖØ-Þ]", _ABBREVIATION.sub("", text))


def _clause(text: str, rule: ClauseRule, language: Language) -> Worded | None:
    before, first, rest = _split(text, language)
    verb = first.lower()
    if not _fits(text, verb, rest, rule):
        return None
    if rule.verbs:
        verb = _bent(verb, rule)
        bent = _bend_rest(rest, rule, language) if rule.forms else rest
        if not verb or bent is None:
            return None
        rest = bent
    whole = text if rule.lower is not None and not rule.lower.search(text) else _small(text)
    parts = {"text": whole, "verb": f"{before}{verb}", "rest": rest}

    def filled(template: str) -> str:
        return squeeze(elided(template.format(**parts), language))

    return Worded("clause", filled(rule.clause), filled(rule.also))


def _fits(text: str, first: str, rest: str, rule: ClauseRule) -> bool:
    """Whether a line is of the form that a rule is for, its verb left out of account."""
    if rule.start is not None and not rule.start.search(text):
        return False
    if rule.end is not None:
        last = text.rpartition(" ")[2].lower()
        if not rule.end.search(text) or last in rule.not_end:
            return False
    if rule.first is not None and (not rule.first.fullmatch(first) or first in rule.not_first):
        return False
    if rule.not_second is not None and rule.not_second.match(rest):
        return False
    return (bool(first) or not rule.verbs) and (rule.second is None or bool(rule.second.match(rest)))


def _split(text: str, language: Language) -> tuple[str, str, str]:
    """An adverb before the first word, the word, and what follows: ("successfully ", "managed", "5 people")."""
    before = ""
    match = _FIRST_WORD.match(text)
    if match and language.adverbs.fullmatch(match.group()):
        before = f"{match.group().lower()} "
        text = text[match.end() :].lstrip()
        match = _FIRST_WORD.match(text)
    if match is None or (text[match.end() : match.end() + 1] not in ("", " ")):
        return before, "", text
    return before, match.group(), text[match.end() :].lstrip()


def _bent(word: str, rule: ClauseRule) -> str:
    """The verb in the first person; "" when the word is none the rule knows."""
    if not rule.forms:
        return word if word in rule.verbs else ""
    if rule.from_list and word not in rule.verbs:
        return ""
    for old, new in rule.forms:
        if old.search(word):
            made = old.sub(new, word)
            if rule.from_list or made in rule.verbs:
                return made
    return ""


def _bend_rest(rest: str, rule: ClauseRule, language: Language) -> str | None:
    """What follows the verb, further verbs after "and" bent with it; None when one of them may be a noun."""
    parts = language.joints.split(rest)
    marks = language.joints.findall(rest)
    made = parts[0]
    for mark, part in zip(marks, parts[1:], strict=True):
        word = part.split(" ", 1)[0]
        bent = _bent(word, rule) if word.islower() else ""
        if bent and (bent in language.nouns_too or word in language.nouns_too):
            return None
        made += mark + (bent + part[len(word) :] if bent else part)
    return made


def _noun(text: str, language: Language, is_common: Callable[[str], bool]) -> str:
    for rule in language.nouns:
        match = rule.match.match(text if not rule.lower else text[:1].lower() + text[1:])
        if match is None:
            continue
        phrase = text[match.end() :] if rule.strip else text
        first = _FIRST_WORD.match(phrase)
        if rule.lower and not rule.strip and first is not None and phrase[:1].isupper():
            known = first.group()[1:].islower() or len(first.group()) == 1
            proper = language.capitals is not None and language.capitals.match(phrase)
            whole = match.end() <= first.end() + 1
            if not known or proper or not (whole or is_common(first.group().lower())):
                return ""
            phrase = _small(phrase)
        return elided(f"{rule.article} {phrase}", language) if rule.article else phrase
    return ""


def _small(text: str) -> str:
    """The text without the capital of its first word, where that is an ordinary word."""
    match = _FIRST_WORD.match(text)
    if match is None or not match.group()[1:].islower():
        return text[:1].lower() + text[1:] if match and len(match.group()) == 1 else text
    return text[:1].lower() + text[1:]
