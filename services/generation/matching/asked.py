"""What a posting asks for, the skills of the person's own naming included."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.generation.postings.analysis import reread
from services.generation.postings.language import Language, guess_posting_language, language
from services.generation.postings.requirements import NEGATED
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import fold
from vitae.generation.v1 import postings_pb2


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


@dataclass(frozen=True, slots=True)
class Asked:
    """A posting as matching sees it."""

    analysis: postings_pb2.PostingAnalysis
    language: Language
    skills: tuple[AskedSkill, ...]
    """In the analysis's order: most wanted first."""


def asked(
    analysis: postings_pb2.PostingAnalysis, own: Mapping[str, str], table: SkillTable, locale: str = ""
) -> Asked:
    """What a posting asks for.

    Args:
        analysis: The posting.
        own: Skills of the person's own naming (name by key); those that the posting names count as asked for.
        table: The known skills.
        locale: The posting's language; guessed when empty.
    """
    locale = locale or guess_posting_language(analysis.text)
    skills = [_known(skill, analysis.text, table) for skill in analysis.skills]
    words = language(locale)
    named = {skill.name for skill in skills}
    skills.extend(each for each in _own(analysis, own, words, table, locale) if each.name not in named)
    return Asked(analysis, words, tuple(skills))


def _known(skill: postings_pb2.PostingSkill, text: str, table: SkillTable) -> AskedSkill:
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
    )


def _own(
    analysis: postings_pb2.PostingAnalysis,
    own: Mapping[str, str],
    words: Language,
    table: SkillTable,
    locale: str,
) -> list[AskedSkill]:
    folded = fold(analysis.text)
    likely = {
        key: name for key, name in own.items() if key.split()[0] in folded and not _says_nothing(key, words)
    }
    if not likely:
        return []
    posting = reread(analysis, locale, table)
    found = []
    for key, name in sorted(likely.items()):
        spans = posting.tokens.find(key)
        said = [posting.importance.importance(start, end) for start, end in spans]
        wanted = [(span, how) for span, how in zip(spans, said, strict=True) if how != NEGATED]
        if wanted:
            found.append(
                AskedSkill(
                    name=name,
                    importance=min(how for _, how in wanted),
                    mentions=len(wanted),
                    spans=tuple(postings_pb2.TextSpan(start=start, end=end) for (start, end), _ in wanted),
                    keys=frozenset([key]),
                    written=tuple(analysis.text[start:end] for (start, end), _ in wanted),
                    listing_suffices=False,
                    soft=False,
                )
            )
    return found


def _says_nothing(key: str, words: Language) -> bool:
    return all(word in words.stop_words or word in words.generic_words for word in key.split())
