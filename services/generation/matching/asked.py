"""What a posting asks for, the skills of the person's own naming included."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from services.generation.matching.reading import Reading, stems_of
from services.generation.matching.titles import title_words
from services.generation.matching.weights import weights
from services.generation.postings.analysis import PostingText, reread
from services.generation.postings.conditions import least_education_level, mentions
from services.generation.postings.language import Language, guess_posting_language, language
from services.generation.postings.requirements import MUST, NEGATED, NICE
from services.generation.skills.stems import stem
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import fold
from services.generation.skills.vocabulary import trade_words
from vitae.generation.v1 import postings_pb2

_SOFT = 0.5
"""What a way of working tells against a skill: everybody claims teamwork."""
_UNKNOWN = 0.5
"""What a skill tells that no table knows: many have it and call it otherwise."""
_NICE = 0.5
"""What a nice-to-have tells of the posting against a must-have."""
_MOST_MENTIONS = 3
"""Times that a word is named after which naming it again adds nothing."""


@dataclass(frozen=True, slots=True)
class AskedSkill:
    """A skill a posting names."""

    name: str
    importance: postings_pb2.Importance.ValueType
    mentions: int
    spans: tuple[postings_pb2.TextSpan, ...]
    keys: frozenset[str]
    """The posting's own words for it, folded, with a space before and after."""
    written: tuple[str, ...]
    """The same as written, first mention first."""
    listing_suffices: bool
    """True for languages, licences and ways of working, which a list is enough to show."""
    soft: bool
    licence: bool
    """True for certificates and licences."""
    neighbours: frozenset[str] = frozenset()
    """Skills close to it, of which one shows a little of it; none of what a list is enough to show."""
    roots: str = ""
    """Stems of its words, with a space around each, where no table knows it and only these words answer it."""

    @property
    def certainty(self) -> float:
        """How much it tells against a skill of the table, 0 to 1."""
        return _SOFT if self.soft else _UNKNOWN if self.roots else 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A posting as matching sees it."""

    analysis: postings_pb2.PostingAnalysis
    language: Language
    skills: tuple[AskedSkill, ...]
    """In the analysis's order: most wanted first."""
    named: Mapping[str, str]
    """Stems of the words of skills that no table knows, by name."""
    keywords: tuple[tuple[str, int], ...]
    """(stem, weight) of the analysis's keywords: how often it is named, up to three times, and twice that where the
    word tells a trade."""
    trade: frozenset[str]
    """Words of the must-have skills, as titles have them."""
    degree: int
    """The least degree that would do, as `least_education_level` counts; 0 when none is asked for."""
    experience_instead: bool
    """Whether experience would do instead of the degree."""
    weights: Mapping[str, float]
    """Of the score's components, by name. The same for everybody, whatever skills of their own the posting names."""


class Asker:
    """Tells what a posting asks of each of many people, who name skills of their own.

    Not for use by two threads at once: it remembers what it has looked for in the posting.
    """

    def __init__(self, analysis: postings_pb2.PostingAnalysis, table: SkillTable, locale: str = "") -> None:
        """Takes the posting's language from `locale`; guesses it when that is empty."""
        self._analysis = analysis
        self._table = table
        self._locale = locale or guess_posting_language(analysis.text)
        self._language = language(self._locale)
        self._folded = fold(analysis.text)
        tag = self._language.tag
        self._known = tuple(_known(skill, analysis.text, table, tag) for skill in analysis.skills)
        self._taken = [(span.start, span.end) for skill in self._known if skill.roots for span in skill.spans]
        self._names = frozenset(skill.name for skill in self._known)
        self._found: dict[tuple[str, str], AskedSkill | None] = {}
        self._whole = self._of(self._known)

    def asked(self, own: Mapping[str, str]) -> Asked:
        """What the posting asks for, skills of a person's own naming (name by key) that it names included."""
        found = [skill for key, name in sorted(own.items()) if (skill := self._own(key, name)) is not None]
        skills = [skill for skill in found if skill.name not in self._names]
        if not skills:
            return self._whole
        return replace(self._whole, skills=(*self._known, *skills))

    def _of(self, skills: tuple[AskedSkill, ...]) -> Asked:
        demands = [self._table.tokenizer.key(text) for text in self._analysis.education_requirements]
        levels = [level for each in demands if (level := least_education_level(each, self._language))]
        equivalent = self._language.education["equivalent"]
        trade = trade_words(self._table)
        return Asked(
            self._analysis,
            self._language,
            skills,
            named={skill.name: skill.roots for skill in skills if skill.roots},
            keywords=tuple(
                (stem(word, self._language.tag), min(mentions, _MOST_MENTIONS) * (1 + (word in trade)))
                for word, mentions in ((fold(each.text), each.mentions) for each in self._analysis.keywords)
            ),
            trade=frozenset(
                word
                for skill in skills
                if skill.importance == MUST and not skill.listing_suffices
                for key in skill.keys
                for word in title_words(key, self._language)
            ),
            degree=min(levels, default=0),
            experience_instead=any(mentions(each, equivalent) for each in demands),
            weights=weights(
                sum(
                    skill.certainty * (1.0 if skill.importance == MUST else _NICE)
                    for skill in skills
                    if skill.importance in (MUST, NICE)
                )
            ),
        )

    def _own(self, key: str, name: str) -> AskedSkill | None:
        if (key, name) not in self._found:
            self._found[key, name] = self._look_for(key, name)
        return self._found[key, name]

    def _look_for(self, key: str, name: str) -> AskedSkill | None:
        if key.split(maxsplit=1)[0] not in self._folded or _says_nothing(key, self._language):
            return None
        posting, text = self._posting, self._analysis.text
        spans = [
            (start, end)
            for start, end in posting.tokens.find(key)
            if not any(start < last and first < end for first, last in self._taken)
        ]
        said = [posting.importance.importance(start, end) for start, end in spans]
        wanted = [(span, how) for span, how in zip(spans, said, strict=True) if how != NEGATED]
        if not wanted:
            return None
        return AskedSkill(
            name=name,
            importance=min(how for _, how in wanted),
            mentions=len(wanted),
            spans=tuple(postings_pb2.TextSpan(start=start, end=end) for (start, end), _ in wanted),
            keys=frozenset([key]),
            written=tuple(text[start:end] for (start, end), _ in wanted),
            listing_suffices=False,
            soft=False,
            licence=False,
        )

    @cached_property
    def _posting(self) -> PostingText:
        return reread(self._analysis, self._locale, self._table)


def asked(
    analysis: postings_pb2.PostingAnalysis, own: Mapping[str, str], table: SkillTable, locale: str = ""
) -> Asked:
    """What a posting asks of one person; see Asker."""
    return Asker(analysis, table, locale).asked(own)


def answered(reading: Reading, wanted: Asked | None) -> Reading:
    """A reading with the skills that the posting names and no table knows."""
    return reading.answering(wanted.named, wanted.language.tag) if wanted else reading


def _known(skill: postings_pb2.PostingSkill, text: str, table: SkillTable, tag: str) -> AskedSkill:
    known = table.skills.get(skill.skill)
    kind = known.kind if known else "technical"
    written = tuple(dict.fromkeys((skill.written_as, *(text[span.start : span.end] for span in skill.spans))))
    return AskedSkill(
        name=skill.skill,
        importance=skill.importance,
        mentions=skill.mentions,
        spans=tuple(skill.spans),
        keys=frozenset(table.tokenizer.key(each) for each in written),
        written=written,
        listing_suffices=kind != "technical",
        soft=kind == "soft",
        licence=kind == "credential",
        neighbours=known.neighbours if known and kind == "technical" else frozenset(),
        roots=stems_of(table.tokenizer.key(skill.skill).split(), tag) if skill.named_by_posting else "",
    )


def _says_nothing(key: str, words: Language) -> bool:
    return all(word in words.stop_words or word in words.generic_words for word in key.split())
