"""What of a person a posting asks for, in words that can stand in a sentence."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from services.generation.composing.context import Context, squeeze
from services.generation.composing.localized import source_of
from services.generation.letters.evidence import speaks
from services.generation.letters.language import Language, letter_language
from services.generation.letters.pen import Told
from services.generation.letters.wording import in_sentence
from services.generation.matching.asked import AskedSkill
from services.generation.matching.facts import Source
from services.generation.matching.reading import Naming
from services.generation.postings.requirements import MUST, NEGATED, NICE
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2
from vitae.resume.v1 import profile_pb2

_LONGEST = 40
"""Characters of a skill that can stand in a sentence."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """Skills, certificates and languages that a letter may name."""

    wanted: tuple[Told, ...]
    """Asked for and proved, most wanted first, ways of working last."""
    listed: tuple[Told, ...]
    """Listed by the person and not asked for, as ranked."""
    certificates: tuple[tuple[Told, bool], ...]
    """Each with whether the posting asks for it."""
    languages_asked: bool

    def without(self, fact_ids: frozenset[str]) -> "Strengths":
        """The same without what comes from these facts alone."""

        def stays(told: Told) -> bool:
            return not fact_ids.issuperset(told.sources)

        return replace(
            self,
            wanted=tuple(filter(stays, self.wanted)),
            listed=tuple(filter(stays, self.listed)),
            certificates=tuple(each for each in self.certificates if stays(each[0])),
        )


def strengths(
    context: Context,
    posting: postings_pb2.JobPosting,
    language: Language,
    is_common: Callable[[str], bool],
) -> Strengths:
    """What speaks for the person."""
    table = context.reading.table
    found: list[tuple[bool, Told]] = []
    credentials: list[tuple[Told, bool]] = []
    named: set[str] = set()
    languages = False
    spoken = letter_language(posting.locale)
    same_language = spoken is not None and spoken.tag == language.tag
    in_language = speaks(context.profile, language)
    for skill in context.wanted.skills if context.wanted is not None else ():
        namings = context.reading.skills.get(skill.name, [])
        if skill.importance == NEGATED:
            named |= {each.key.strip() for each in namings}
        if skill.importance not in (MUST, NICE) or not namings:
            continue
        if not in_language:
            # Words of sentences in another language stay there; what a list holds is mostly a name.
            namings = [
                each for each in namings if each.fact.part in ("skills", "languages", "certifications")
            ]
            if not namings:
                continue
        kind = table.skills[skill.name].kind if skill.name in table.skills else "technical"
        word = in_sentence(
            _word(namings, skill, language, same_language=same_language), language, is_common, skill.name
        )
        sources = tuple(dict.fromkeys(source_of(each.fact.id) for each in namings))
        named |= {each.key.strip() for each in namings}
        if kind == "language":
            languages = True
        elif kind == "credential":
            listed_apart = any(each.fact.part == "certifications" for each in namings)
            if not listed_apart and word.casefold() not in posting.title.casefold():
                credentials.append((Told(word, sources), True))
        elif len(word) <= _LONGEST and all(word.casefold() != told.text.casefold() for _, told in found):
            found.append((skill.soft, Told(word, sources)))
    found.sort(key=lambda each: each[0])
    return Strengths(
        tuple(told for _, told in found),
        _listed(context, named, language, is_common),
        (*_certificates(context), *credentials),
        languages and bool(context.profile.languages),
    )


def _listed(
    context: Context, named: set[str], language: Language, is_common: Callable[[str], bool]
) -> tuple[Told, ...]:
    table = context.reading.table
    tokenizer = table.tokenizer
    certified = " ".join(each.name.casefold() for each in context.profile.certifications)
    found = [
        Told(
            in_sentence(squeeze(skill.name), language, is_common, _canonical(table, skill.name)), (skill.id,)
        )
        for group in context.profile.skill_groups
        for skill in (group.skills or [profile_pb2.Skill(id=group.id, name=group.name)])
        if skill.name.strip()
        and len(skill.name) <= _LONGEST
        and tokenizer.key(skill.name).strip() not in named
        and skill.name.casefold() not in certified
    ]
    found.sort(key=lambda each: -context.relevance_of(each.sources[0]))
    return tuple(dict.fromkeys(found))


def _canonical(table: SkillTable, name: str) -> str:
    alias = table.aliases.get(table.tokenizer.key(name))
    return alias.skill.name if alias is not None and alias.skill is not None else ""


def _certificates(context: Context) -> tuple[tuple[Told, bool], ...]:
    found = [
        (Told(squeeze(each.name), (each.id,)), context.relevance_of(each.id) > 0)
        for each in context.profile.certifications
        if each.name.strip()
    ]
    return tuple(sorted(found, key=lambda each: not each[1]))


def _word(namings: list[Naming], skill: AskedSkill, language: Language, *, same_language: bool) -> str:
    """The person's own word where it stands in a list of theirs; else in English the skill's own name where that is no
    brand, and in every language the posting's word, where that is written small; else any word of the person's.
    """
    best = min(
        namings,
        key=lambda each: (
            each.key not in skill.keys,
            each.fact.part != "skills",
            each.fact.source is not Source.LISTED,
        ),
    )
    if same_language and best.fact.part != "skills":
        if language.tag == "en" and " " in skill.name and skill.name[1:].islower():
            return skill.name
        theirs = next((each for each in map(squeeze, skill.written) if each.islower()), "")
        if theirs and not re.search(r"\d", theirs):
            return theirs
    return squeeze(best.fact.text[best.start : best.end])
