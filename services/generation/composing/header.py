"""The head of a resume, its summary, and the figures about the person."""

from collections.abc import Iterable

from services.document.dates import years_in_words
from services.document.locales import cldr, words
from services.generation.composing.beginners import is_graduate, is_learning
from services.generation.composing.context import REWRITTEN, Context, fitting, line, provenance, squeeze
from services.generation.composing.phrases import phrases as phrases_of
from services.generation.composing.truth.industries import industries_told, industry_words
from services.generation.matching.facts import PERSONAL_ID, SUMMARY_ID
from services.generation.matching.tenure import tenure
from services.generation.skills.tokens import Tokenizer
from vitae.generation.v1 import matching_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

_MOST_PARAGRAPHS = 20
_TOP_SKILLS = 10
_SUMMARY_SKILLS = 6
_INDUSTRIES = 5


def header(context: Context, ranking: matching_pb2.Ranking) -> resume_pb2.ResumeHeader:
    """Name and contact. The title is that of the first ranked job; the person's headline where there is no job."""
    personal = context.profile.personal
    accounts = {_bare(url) for url in (personal.linkedin, personal.github, personal.website) if url}
    made = resume_pb2.ResumeHeader(
        full_name=squeeze(personal.full_name),
        title=_title(context, ranking),
        email=personal.email,
        phone=personal.phone,
        location=place(personal.location, context.locale),
        linkedin=personal.linkedin,
        github=personal.github,
        website=personal.website,
        links=[
            each for each in personal.links if _bare(each.url) not in accounts and (each.url or each.username)
        ],
        provenance=provenance([PERSONAL_ID]),
    )
    if context.photo.data:
        made.photo.CopyFrom(context.photo)
    headline = squeeze(personal.headline)
    if headline and headline != made.title.text:
        context.notes.notices.append(
            f"Your headline “{headline}” is not shown: the line under the name is the title of your most relevant job."
        )
    return made


def summary(
    context: Context, ranking: matching_pb2.Ranking, skills: resume_pb2.SkillsSection
) -> resume_pb2.SummarySection:
    """The person's own words; where there are none, a summary of nothing but facts; empty where there are too few."""
    own = context.profile.enhanced_summary or context.profile.summary
    paragraphs = [each for each in own.splitlines() if each.strip()]
    if paragraphs:
        lines = []
        for paragraph in paragraphs[:_MOST_PARAGRAPHS]:
            text, rest = fitting(paragraph)
            lines.append(line(text, [SUMMARY_ID], relevance=context.relevance_of(SUMMARY_ID)))
            if rest:
                context.notes.notices.append(
                    f"The summary is too long for one paragraph and was cut before “{rest[:100]}”."
                )
        if len(paragraphs) > _MOST_PARAGRAPHS:
            context.notes.notices.append(
                f"The summary has {len(paragraphs)} paragraphs; the first {_MOST_PARAGRAPHS} are shown."
            )
        return resume_pb2.SummarySection(lines=lines)
    return resume_pb2.SummarySection(lines=_written_summary(context, ranking, skills))


def metadata(context: Context, top_skills: list[str]) -> resume_pb2.ResumeMetadata:
    """Figures derived from the profile and never from the posting, but for the order of the skills."""
    return resume_pb2.ResumeMetadata(
        total_years_experience=min(100.0, tenure(context.profile.experience, context.today).years),
        top_skills=top_skills[:_TOP_SKILLS],
        industries=_industries(context.profile.experience),
        total_projects=len(context.profile.projects),
        total_certifications=len(context.profile.certifications),
    )


def top_skills(context: Context, section: resume_pb2.SkillsSection) -> list[str]:
    """Canonical names of the skills shown, best first; as written where the table has none."""
    items = [item for category in section.categories for item in category.items]
    if context.wanted is not None:
        items.sort(key=lambda item: -item.relevance)
    else:
        mentions = context.reading.mentions
        items.sort(key=lambda item: -max((mentions[name] for name in _names(context, item)), default=0))
    return list(dict.fromkeys(next(iter(_names(context, item)), _own_word(item)) for item in items))


def place(location: common_pb2.Location, locale: str) -> str:
    """A place on one line, the country by its name in the resume's language; never the street."""
    if location.text.strip():
        return squeeze(location.text)[:300]
    code = location.country_code.strip()
    country = cldr(locale).territories.get(code.upper(), code) if len(code) == 2 else code
    parts = (squeeze(each) for each in (location.city, location.region, country))
    return ", ".join(dict.fromkeys(part for part in parts if part))[:300]


def _title(context: Context, ranking: matching_pb2.Ranking) -> common_pb2.Line:
    jobs = {job.id: job for job in context.profile.experience}
    for item in ranking.experience:
        job = jobs.get(item.fact_id)
        if job is not None and job.title.strip():
            return line(job.title, [job.id], relevance=context.relevance_of(job.id))
    headline = context.profile.personal.headline
    if headline.strip():
        return line(headline, [PERSONAL_ID])
    return line(words(context.locale).labels["professional"], [PERSONAL_ID], how=REWRITTEN)


def _written_summary(
    context: Context, ranking: matching_pb2.Ranking, skills: resume_pb2.SkillsSection
) -> list[common_pb2.Line]:
    """At most two short lines: title and years, skills as the list below calls them; each with the facts behind it.

    Whoever learns or has just learned is not summed up by a job beside it, nor is the list of skills said twice.
    """
    phrases = phrases_of(context.locale)
    worked = tenure(context.profile.experience, context.today)
    jobs = [job_id for job_id, _ in worked.by_job]
    title = _title(context, ranking)
    lines = []
    if worked.years >= 1 and not is_graduate(context) and not is_learning(title.text):
        number = int(worked.years)
        shape = phrases["years"]
        if title.provenance.transformation != REWRITTEN:
            shape = (
                phrases.get("with_one_year", phrases["with_years"]) if number == 1 else phrases["with_years"]
            )
        text = shape.format(title=title.text, years=years_in_words(number, context.locale), number=number)
        lines.append(line(text, [*title.provenance.source_ids, *jobs], how=REWRITTEN))
    named = _named_skills(context, ranking, skills)
    if len(named) >= 2 and (lines or not context.profile.experience):
        text = phrases["skills"].format(skills=words(context.locale).list_mark.join(named.values()))
        lines.append(line(text, named, how=REWRITTEN))
    return lines


def _named_skills(
    context: Context, ranking: matching_pb2.Ranking, skills: resume_pb2.SkillsSection
) -> dict[str, str]:
    """The best listed skills by the ids of their facts, as the resume shows them."""
    shown = {
        source: item.text
        for category in skills.categories
        for item in category.items
        for source in item.provenance.source_ids[:1]
    }
    listed = {skill.id for group in context.profile.skill_groups for skill in group.skills}
    listed.update(group.id for group in context.profile.skill_groups if not group.skills)
    # A choice of them says something; all of them stand right below.
    most = min(_SUMMARY_SKILLS, len(shown) // 2)
    ids = [item.fact_id for item in ranking.skills[:most]]
    return {each: shown[each] for each in ids if each in listed and each in shown}


def _own_word(item: common_pb2.Line) -> str:
    return item.alternates[0] if item.alternates else item.text


def _names(context: Context, item: common_pb2.Line) -> list[str]:
    """Canonical names of a skill shown, by its text or, where that joins two spellings, by the person's own."""
    ids = set(item.provenance.source_ids)
    keys = [context.reading.texts.key(text) for text in (item.text, *item.alternates)]
    for key in keys:
        alias = context.reading.table.aliases.get(key)
        if alias and alias.skill and alias.skill.name in context.reading.skills:
            return [alias.skill.name]
    return [
        name
        for name, namings in context.reading.skills.items()
        if any(each.fact.id in ids and each.key in keys for each in namings)
    ]


def _industries(jobs: Iterable[profile_pb2.Experience]) -> list[str]:
    """Industries of the employers, the latest first; their names where no industry is known."""
    tokenizer = Tokenizer()
    found: list[str] = []
    employers: list[str] = []
    for job in sorted(jobs, key=recent_first):
        # Parted by line ends, which no word reaches over.
        text = "\n".join(map(tokenizer.key, (job.company_description, job.company, job.title)))
        hits = industries_told(text)
        most = max(hits.values(), default=0)
        if most:
            found.append(next(name for name in industry_words() if hits[name] == most))
        elif job.company.strip():
            employers.append(squeeze(job.company))
    return (list(dict.fromkeys(found)) or list(dict.fromkeys(employers)))[:_INDUSTRIES]


def recent_first(job: profile_pb2.Experience) -> tuple[bool, int, int]:
    """Sort key of jobs: what lasts, then what ended last, then what began last."""
    lasts = job.is_current or not job.end_date.year
    return (
        not lasts,
        -(job.end_date.year * 12 + job.end_date.month),
        -(job.start_date.year * 12 + job.start_date.month),
    )


def _bare(url: str) -> str:
    return url.lower().removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")
