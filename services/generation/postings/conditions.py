"""Seniority, place of work and education a posting asks for."""

from collections.abc import Sequence
from functools import cache

from services.generation.postings.language import Language, Phrases
from services.generation.postings.language import language as language_of
from services.generation.postings.requirements import MUST, NICE, ImportanceReader
from services.generation.postings.sections import Sections
from services.generation.postings.sentences import Part
from services.generation.skills.tokens import Tokens
from vitae.generation.v1 import postings_pb2

_LEVELS: tuple[tuple[str, postings_pb2.Seniority.ValueType], ...] = (
    # "Junior" and "trainee" say what the rest of a title does not: a junior store manager is junior.
    ("intern", postings_pb2.SENIORITY_INTERN),
    ("junior", postings_pb2.SENIORITY_JUNIOR),
    ("executive", postings_pb2.SENIORITY_EXECUTIVE),
    ("manager", postings_pb2.SENIORITY_MANAGER),
    ("lead", postings_pb2.SENIORITY_LEAD),
    ("senior", postings_pb2.SENIORITY_SENIOR),
    ("mid", postings_pb2.SENIORITY_MID),
)
_EDUCATION = ("doctor", "master", "bachelor", "vocational", "school")
_LONGEST = 300


def title_seniority(title: str, language: Language) -> postings_pb2.Seniority.ValueType:
    """The rank that a title names, given its keys with a space around each; unspecified when it names none."""
    for phrase in language.seniority["not"]:
        title = title.replace(phrase, " , ")
    for name, level in _LEVELS:
        if any(phrase in title for phrase in language.seniority[name]):
            return level
    return postings_pb2.SENIORITY_UNSPECIFIED


def seniority_span(title: str, tokens: Tokens, language: Language) -> tuple[int, int] | None:
    """Where the text names the rank that its title names."""
    for name, _ in _LEVELS:
        for phrase in sorted(language.seniority[name], key=len, reverse=True):
            if phrase in title:
                return next(iter(tokens.find(phrase)), None)
    return None


def remote_policy(tokens: Tokens, language: Language) -> postings_pb2.RemotePolicy.ValueType:
    """Whether the work can be done from elsewhere, by the words for it."""
    text = tokens.joined
    on_site, hybrid, remote = (
        any(phrase in text for phrase in language.remote[name]) for name in ("on_site", "hybrid", "remote")
    )
    # "Remote" alone counts where it is a label or stands apart: "Berlin (Remote)", "Engineer | Remote".
    remote = remote or " , remote " in text or " . remote " in text or text.startswith(" remote ")
    if hybrid or (remote and on_site and " no remote " not in text and " not remote " not in text):
        return postings_pb2.REMOTE_POLICY_HYBRID
    if on_site:
        return postings_pb2.REMOTE_POLICY_ON_SITE
    return postings_pb2.REMOTE_POLICY_REMOTE if remote else postings_pb2.REMOTE_POLICY_UNSPECIFIED


def education_requirements(parts: Sequence[Part], reader: ImportanceReader, language: Language) -> list[str]:
    """The sentences that ask for a degree, as written; those that only wish for one where none does."""
    found: dict[postings_pb2.Importance.ValueType, list[str]] = {MUST: [], NICE: []}
    for sentence in parts:
        span = _degree(sentence, language)
        if span is None:
            continue
        importance = reader.importance(*span)
        # "Lehre" is an apprenticeship, and what one does who teaches.
        if importance == MUST or (importance == NICE and reader.kind(span[0]) != "responsibilities"):
            found[importance].append(_written(sentence))
    return list(dict.fromkeys(found[MUST] or found[NICE]))[:10]


def _degree(sentence: Part, language: Language) -> tuple[int, int] | None:
    """Where a sentence names a degree."""
    keys = sentence.keys
    for phrase in language.education["not"]:
        # Its words stay words, so that what follows stays in its place.
        keys = keys.replace(phrase, f" {' '.join('-' * (phrase.count(' ') - 1))} ")
    for name in _EDUCATION:
        for phrase in language.education[name]:
            at = keys.find(phrase)
            if at >= 0:
                first = sentence.first + keys.count(" ", 0, at + 1) - 1
                tokens = sentence.tokens
                return tokens.starts[first], tokens.ends[first + phrase.count(" ") - 2]
    return None


def education_level(text: str, language: Language) -> int:
    """The highest degree some keys name: 5 doctor, 4 master, 3 bachelor, 2 vocational, 1 school, 0 none."""
    return max(_levels(text, language), default=0)


def least_education_level(text: str, language: Language) -> int:
    """The lowest degree that would do, by the same scale: "bachelor or master" asks for a bachelor."""
    return min(_levels(text, language), default=0)


def _levels(text: str, language: Language) -> list[int]:
    for phrase in language.education["not"]:
        text = text.replace(phrase, " ")
    found = []
    for level, phrases in _degrees(language.tag):
        for phrase in phrases:
            if phrase in text:
                found.append(level)
                # "degree" inside "master degree" is the same degree.
                text = text.replace(phrase, " , ")
    return found


@cache
def _degrees(tag: str) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """(level, the phrases for it, the longest first) of a language, the highest degree first."""
    education = language_of(tag).education
    return tuple(
        (len(_EDUCATION) - place, tuple(sorted(education[name], key=len, reverse=True)))
        for place, name in enumerate(_EDUCATION)
    )


def mentions(text: str, phrases: Phrases) -> bool:
    """Whether keys with a space around each hold one of the phrases."""
    return any(phrase in text for phrase in phrases)


def responsibilities(parts: Sequence[Part], sections: Sections, language: Language) -> list[str]:
    """What the person will do: the sentences of the parts on duties, else those that begin with "you will"."""
    headings = sections.headings
    duties = [
        each
        for each in parts
        if sections.kind_at(each.start) == "responsibilities"
        and each.last - each.first >= 3
        and not any(start <= each.start and each.end <= end for start, end in headings)
    ]
    if not duties:
        will = tuple(phrase for phrase in language.headings["responsibilities"] if phrase in _YOU_WILL)
        duties = [each for each in parts if each.keys.startswith(will)] if will else []
    return [_written(each) for each in duties][:40]


_YOU_WILL = frozenset([" you will ", " du wirst ", " sie werden ", " vous serez ", " you ll "])


def _written(sentence: Part) -> str:
    written = " ".join(sentence.tokens.text[sentence.start : sentence.end].split())
    return written if len(written) <= _LONGEST else written[: _LONGEST - 1].rsplit(" ", 1)[0] + "…"
