"""What a letter shows: the strongest achievements of the work that answers the posting best."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.document.locales import guess_language
from services.generation.composing.context import Context, squeeze
from services.generation.composing.header import recent_first
from services.generation.composing.localized import source_of
from services.generation.letters.language import Language
from services.generation.letters.wording import Worded, worded
from services.generation.postings.language import guess_posting_language
from vitae.resume.v1 import profile_pb2

_LONGEST = 45
"""Words of a line that a letter can still take as one sentence."""
_LONG = 28
_FIGURE, _CLAUSE, _TOO_LONG = 0.25, 0.1, 0.2
"""What a figure and a clause that needs no quoting add to the weight of a line, and what length takes."""
_LATEST = 0.05
_FEW = 3
"""Lines below which the description of a job is told from too."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One line on what was done, ready for a sentence."""

    source: str
    original: str
    worded: Worded
    weight: float
    relevance: float


@dataclass(frozen=True, slots=True)
class Entry:
    """A job, project or piece of unpaid work, with what a letter may show of it, best first."""

    kind: Literal["job", "project", "volunteer"]
    id: str
    name: str
    """Employer, project or organisation."""
    title: str
    lasting: bool
    proofs: tuple[Proof, ...]
    weight: float

    def quoting(self, fact_ids: frozenset[str]) -> "Entry":
        """The entry with the lines of these facts as quotations."""
        proofs = tuple(
            replace(each, worded=Worded("quote", each.original)) if each.source in fact_ids else each
            for each in self.proofs
        )
        return replace(self, proofs=proofs)


def entries(context: Context, language: Language, is_common: Callable[[str], bool]) -> list[Entry]:
    """All work there is, the most convincing first. Lines in another language than the letter's are left out."""
    profile = context.profile
    in_language = speaks(profile, language)
    found = []
    jobs = sorted(profile.experience, key=recent_first)
    for place, job in enumerate(jobs):
        lasting = job.is_current or bool(
            job.start_date.year and not job.end_date.year and not job.end_date.text
        )
        told = _described(job.id, job.enhanced_description or job.description)
        lines = _lines(job.achievements)
        proofs = _proofs(context, language, lines, told, lasting, is_common) if in_language else ()
        latest = _LATEST if not place else 0.0
        found.append(_entry(context, "job", job.id, (job.company, job.title), lasting, proofs, latest))
    for project in profile.projects:
        lasting = bool(project.start_date.year and not project.end_date.year and not project.end_date.text)
        told = _described(project.id, project.enhanced_description or project.description)
        lines = _lines(project.achievements)
        proofs = _proofs(context, language, lines, told, lasting, is_common) if in_language else ()
        role = ", ".join(project.roles)
        found.append(_entry(context, "project", project.id, (project.name, role), lasting, proofs, -_LATEST))
    for work in profile.volunteer:
        lasting = work.is_current or bool(work.start_date.year and not work.end_date.year)
        lines, told = _lines(work.achievements), _described(work.id, work.description)
        proofs = _proofs(context, language, lines, told, lasting, is_common) if in_language else ()
        names = (work.organization, work.position)
        found.append(_entry(context, "volunteer", work.id, names, lasting, proofs, -2 * _LATEST))
    return sorted(found, key=lambda each: -each.weight)


def choose(found: Sequence[Entry], most: int) -> list[Entry]:
    """The entries a letter tells of, each with the lines it takes: half for the first, fewer for the next ones."""
    with_proofs = [each for each in found if each.proofs]
    left, chosen = most, []
    for number, each in enumerate(with_proofs[:3]):
        share = left if len(with_proofs) == 1 else max(1, (left + 1) // 2)
        taken = each.proofs[: min(share, left, 4 if number == 0 else 2)]
        if taken:
            chosen.append(replace(each, proofs=taken))
        left -= len(taken)
    return chosen


def _entry(
    context: Context,
    kind: Literal["job", "project", "volunteer"],
    entry_id: str,
    names: tuple[str, str],
    lasting: bool,
    proofs: tuple[Proof, ...],
    bonus: float,
) -> Entry:
    name, title = map(squeeze, names)
    best = sum(sorted((each.weight for each in proofs), reverse=True)[:3]) / 3
    weight = context.relevance_of(entry_id) + best + bonus
    return Entry(kind, entry_id, name, title, lasting, proofs, weight)


def _lines(achievements: Iterable[profile_pb2.Achievement]) -> list[tuple[str, str]]:
    found = [(each.id, squeeze(each.enhanced_text or each.text)) for each in achievements]
    return [each for each in found if each[1]]


def _described(entry_id: str, description: str) -> list[tuple[str, str]]:
    """The first sentences of a description, for work without achievements."""
    parts = re.split(r"(?<=[.!?])\s+(?=[^\W\d_a-zß-öø-ÿ])", squeeze(description))
    return [(entry_id, part) for part in parts[:3] if part]


def _proofs(
    context: Context,
    language: Language,
    lines: Sequence[tuple[str, str]],
    described: Sequence[tuple[str, str]],
    lasting: bool,
    is_common: Callable[[str], bool],
) -> tuple[Proof, ...]:
    """The lines, and where they are few what the description tells besides: of that only deeds, for descriptions speak
    of the employer as well.
    """
    found = []
    known = {text.casefold().rstrip(" .") for _, text in lines}
    more = [each for each in described if each[1].casefold().rstrip(" .") not in known]
    for fact_id, text in (*lines, *(more if len(lines) < _FEW else ())):
        words = len(text.split())
        if words > _LONGEST or words < 2:
            continue
        said = worded(text, language, lasting=lasting, is_common=is_common)
        if lines and (fact_id, text) in more and said.kind != "clause":
            continue
        relevance = context.relevance_of(fact_id)
        weight = relevance + (_FIGURE if re.search(r"\d", text) else 0.0)
        weight += (_CLAUSE if said.kind == "clause" else 0.0) - (_TOO_LONG if words > _LONG else 0.0)
        found.append(Proof(source_of(fact_id), text.rstrip(" ."), said, weight, relevance))
    return tuple(sorted(found, key=lambda each: -each.weight))


def written_language(profile: profile_pb2.ProfileContent) -> str:
    """The language a profile is written in; "" when nothing tells."""
    texts = [profile.summary, profile.enhanced_summary, profile.personal.headline]
    for job in profile.experience:
        texts += [job.title, job.description, *(each.text for each in job.achievements)]
    for project in profile.projects:
        texts += [project.description, *(each.text for each in project.achievements)]
    for study in profile.education:
        texts += [study.degree, study.field_of_study, study.description, *study.coursework]
    texts += [f"{each.language} {each.fluency}" for each in profile.languages]
    texts += [skill.name for group in profile.skill_groups for skill in group.skills]
    return guess_language(texts) or guess_posting_language("\n".join(texts))


def speaks(profile: profile_pb2.ProfileContent, language: Language) -> bool:
    """Whether the person's lines are written in the letter's language."""
    texts = [each.enhanced_text or each.text for job in profile.experience for each in job.achievements]
    texts += [each.enhanced_text or each.text for job in profile.projects for each in job.achievements]
    texts += [each.enhanced_description or each.description for each in profile.experience]
    texts += [each.enhanced_description or each.description for each in profile.projects]
    spoken = profile.locale or written_language(profile)
    if not spoken or spoken.lower().startswith(language.tag):
        return True
    translated = any(each.locale.lower().startswith(language.tag) for each in profile.translations)
    return translated and guess_language(texts) in (language.tag, "")
