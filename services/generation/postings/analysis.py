"""Reads a posting: text or HTML in, structure out (SPEC G3)."""

from dataclasses import dataclass

from services.generation.postings.conditions import (
    education_requirements,
    remote_policy,
    responsibilities,
    seniority_span,
    title_seniority,
)
from services.generation.postings.headline import read_headline
from services.generation.postings.hygiene import clean, finding
from services.generation.postings.keywords import keywords
from services.generation.postings.language import Language, guess_posting_language, language
from services.generation.postings.markup import MarkupText, looks_like_html, visible_text
from services.generation.postings.named import named_skills
from services.generation.postings.others import of_the_applicant
from services.generation.postings.requirements import STRENGTH, ImportanceReader, posting_skills
from services.generation.postings.sections import Sections, divide
from services.generation.postings.sentences import sentences, tokens_by_line
from services.generation.postings.years import years_required
from services.generation.skills.extraction import find_skills
from services.generation.skills.table import SkillTable
from services.generation.skills.tokens import Tokens
from vitae.generation.v1 import postings_pb2

ANALYZER_VERSION = "5"

_MOST_FINDINGS = 50


@dataclass(frozen=True, slots=True)
class PostingReading:
    """What a posting says. Guesses are empty where the text does not tell."""

    analysis: postings_pb2.PostingAnalysis
    title: str
    company: str
    location: str
    locale: str
    """BCP 47 tag of the language; "" when nothing tells."""


def analyze(posting: postings_pb2.JobPosting, skills: SkillTable) -> PostingReading:
    """Reads `source_text`; title, company, location and locale the caller gave win over guesses. Never raises."""
    visible = _visible(posting)
    cleaned = clean(visible.text)
    text = cleaned.text
    locale = posting.locale or guess_posting_language(text)
    words = language(locale)
    sections = divide(text, words)
    guess = read_headline(text, visible.headline, sections, words)
    title = posting.title or guess.title
    company = posting.company or _unless_skill(guess.company, skills)
    location = posting.location or _unless_skill(guess.location, skills)
    hidden = [finding("HIDDEN_TEXT", each) for each in visible.hidden]
    comments = [finding("COMMENT", each) for each in visible.comments]
    analysis = _read(text, title, (company, location), sections, words, skills)
    analysis.hygiene.extend((*cleaned.findings, *hidden, *comments)[:_MOST_FINDINGS])
    return PostingReading(analysis, title, company, location, locale)


@dataclass(frozen=True, slots=True)
class PostingText:
    """A posting's text taken apart, for whoever looks for more in it than its analysis holds."""

    tokens: Tokens
    importance: ImportanceReader


def reread(analysis: postings_pb2.PostingAnalysis, locale: str, skills: SkillTable) -> PostingText:
    """The text of an analysis, taken apart again."""
    words = language(locale or guess_posting_language(analysis.text))
    tokens = tokens_by_line(analysis.text, skills)
    return PostingText(tokens, ImportanceReader(tokens, divide(analysis.text, words), words))


def _unless_skill(guess: str, skills: SkillTable) -> str:
    """A guessed name, unless it is that of a skill: "Experience in Java" tells no place."""
    tokens = skills.tokens(guess)
    mentions = find_skills(tokens, skills)
    return "" if len(mentions) == 1 and mentions[0].written(guess) == guess else guess


def _visible(posting: postings_pb2.JobPosting) -> MarkupText:
    source = posting.source_text
    is_html = posting.source_format == postings_pb2.POSTING_FORMAT_HTML or (
        posting.source_format == postings_pb2.POSTING_FORMAT_UNSPECIFIED and looks_like_html(source)
    )
    return visible_text(source) if is_html else MarkupText(source, "")


def _read(
    text: str, title: str, apart: tuple[str, str], sections: Sections, words: Language, skills: SkillTable
) -> postings_pb2.PostingAnalysis:
    tokens = tokens_by_line(text, skills)
    parts = list(sentences(tokens))
    reader = ImportanceReader(tokens, sections, words)
    names = tokens.find(skills.tokenizer.key(apart[0])) if apart[0] else []
    in_title = [mention.skill.name for mention in find_skills(skills.tokens(title), skills)]
    named_here = find_skills(tokens, skills)
    mentions = [
        each
        for each in of_the_applicant(named_here, tokens, parts, sections, reader, in_title, words)
        if not any(start <= each.start < end for start, end in names)
    ]
    beside = frozenset(skills.tokens(" ".join((title, *apart))).words())
    named = named_skills(tokens, parts, sections, mentions, reader, beside, words, skills.aliases)
    spans = [span for each in named for span in each.spans]
    asked = [*posting_skills(mentions, reader, tokens, in_title), *named]
    asked.sort(key=lambda skill: STRENGTH.index(skill.importance))
    analysis = postings_pb2.PostingAnalysis(
        text=text,
        skills=asked,
        remote=remote_policy(tokens, words),
        keywords=keywords(tokens, sections, [*mentions, *spans], beside, reader, words),
        responsibilities=responsibilities(parts, sections, words),
        education_requirements=education_requirements(parts, reader, words),
        analyzer_version=ANALYZER_VERSION,
    )
    years = years_required(tokens, parts, sections, reader, words)
    if years is not None:
        analysis.years_required = years.years
        analysis.years_span.CopyFrom(postings_pb2.TextSpan(start=years.start, end=years.end))
    title_key = skills.tokenizer.key(title)
    analysis.seniority = title_seniority(title_key, words)
    span = seniority_span(title_key, tokens, words) if analysis.seniority else None
    if span:
        analysis.seniority_span.CopyFrom(postings_pb2.TextSpan(start=span[0], end=span[1]))
    return analysis
