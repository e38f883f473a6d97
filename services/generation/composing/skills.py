"""The skills of a resume: the person's own groups, best first, with what else the profile proves."""

import re
from collections import Counter
from dataclasses import dataclass, field

from services.document.locales import words
from services.generation.composing.context import REORDERED, SUBSTITUTED, VERBATIM, Context, line, squeeze
from services.generation.composing.localized import source_of
from services.generation.matching.asked import AskedSkill
from services.generation.matching.reading import Naming
from services.generation.postings.requirements import MUST, NEGATED, NICE
from services.generation.skills.tokens import fold
from vitae.generation.v1 import documents_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

_SOFT_GROUP = re.compile(
    r"\bsoft|interpersonal|people skills|personal|persönlich|sozial|comportement|blandas|interpersonales|transversal",
    re.IGNORECASE,
)
_LONGEST_NAME = 300
_PREFIX = 5
_KINDS = {
    profile_pb2.SKILL_KIND_TECHNICAL: resume_pb2.SKILLS_CATEGORY_KIND_TECHNICAL,
    profile_pb2.SKILL_KIND_SOFT: resume_pb2.SKILLS_CATEGORY_KIND_SOFT,
}


@dataclass(slots=True)
class _Group:
    name: str
    kind: resume_pb2.SkillsCategoryKind.ValueType
    items: list[common_pb2.Line] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    """How many of its skills belong to each field of the table."""


def skills_section(context: Context) -> resume_pb2.SkillsSection:
    """Groups and their skills, most relevant first."""
    groups = _own_groups(context)
    _surface(context, groups)
    for group in groups:
        if context.wanted is not None:
            group.items.sort(key=lambda item: -item.relevance)
    groups = [group for group in groups if group.items]
    if context.wanted is not None:
        groups.sort(
            key=lambda group: (group.kind == resume_pb2.SKILLS_CATEGORY_KIND_SOFT, -group.items[0].relevance)
        )
    if len(groups) == 1 and groups[0].name == words(context.locale).labels["technical_skills"]:
        groups[0].name = ""  # "Skills" stands above it already, and a photographer's are not technical
    return resume_pb2.SkillsSection(
        categories=[
            resume_pb2.SkillsCategory(name=each.name, kind=each.kind, items=each.items) for each in groups
        ]
    )


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name: "NodeJS" and "Node.js", "k8s" and "Kubernetes", "Postgres" and "PostgreSQL",
    "NLP" and "natural language processing"; never a narrower or a wider term.
    """
    first, second = _squash(one), _squash(other)
    if not first or not second:
        return False
    short, long = sorted((first, second), key=len)
    if short == long or _is_numeronym(short, long) or long == f"{short}s":
        return True
    letters = {_initials(one), _initials(other)}
    if len(short) >= 2 and short in letters:
        return True
    return (
        len(short) >= _PREFIX
        and long.startswith(short)
        and len(long) - len(short) <= 3
        and " " not in squeeze(one + other)
    )


def _squash(name: str) -> str:
    return "".join(each for each in fold(name) if each.isalnum() or each in "+#")


def _initials(name: str) -> str:
    found = re.findall(r"[^\W_]+", fold(name))
    return "".join(word[0] for word in found) if len(found) > 1 else ""


def _is_numeronym(short: str, long: str) -> bool:
    match = re.fullmatch(r"([a-z])(\d+)([a-z])", short)
    return bool(match) and long == f"{short[0]}{long[1:-1]}{short[-1]}" and len(long) == int(short[1:-1]) + 2


def _own_groups(context: Context) -> list[_Group]:
    labels = words(context.locale).labels
    groups: list[_Group] = []
    loose: dict[int, _Group] = {}
    canonical = _canonical_names(context)
    seen: dict[str, common_pb2.Line] = {}
    for given in context.profile.skill_groups:
        kind = _kind(context, given)
        if given.skills:
            group = _Group(squeeze(given.name)[:_LONGEST_NAME], kind)
            groups.append(group)
            pairs = [(each.id, each.name) for each in given.skills]
        else:
            if kind not in loose:
                soft = kind == resume_pb2.SKILLS_CATEGORY_KIND_SOFT
                loose[kind] = _Group(labels["soft_skills" if soft else "technical_skills"], kind)
                groups.append(loose[kind])
            group = loose[kind]
            pairs = [(given.id, given.name)]
        for skill_id, name in pairs:
            _add(context, group, skill_id, name, canonical.get(skill_id, ""), seen)
    return groups


def _canonical_names(context: Context) -> dict[str, str]:
    """The canonical name of each listed skill that is nothing but one name, by its id."""
    found: dict[str, str] = {}
    for name, namings in context.reading.skills.items():
        for each in namings:
            fact = each.fact
            if fact.part == "skills" and each.start == 0 and each.end == len(fact.text.strip()):
                found.setdefault(fact.id, name)
    return found


def _add(
    context: Context,
    group: _Group,
    skill_id: str,
    name: str,
    canonical: str,
    seen: dict[str, common_pb2.Line],
) -> None:
    if not name.strip():
        return
    key = fold(squeeze(name))
    if key in seen:
        seen[key].provenance.source_ids.append(skill_id)
        context.notes.notices.append(f"“{squeeze(name)}” is listed twice among the skills and shown once.")
        return
    known = context.reading.table.skills.get(canonical)
    if known:
        group.fields[known.field] += 1
    term = _posting_term(context, canonical, name)
    item = line(
        term or name,
        [skill_id],
        how=SUBSTITUTED if term else VERBATIM,
        relevance=context.relevance_of(skill_id),
        alternates=[name] if term else (),
    )
    seen[key] = item
    if term:
        if fold(term) in seen:
            seen[fold(term)].provenance.source_ids.append(skill_id)
            return
        seen[fold(term)] = item
        context.notes.improve(
            "skills",
            documents_pb2.IMPROVEMENT_TYPE_KEYWORD_ADDITION,
            f"“{squeeze(name)}” is called “{term}” here, as the posting calls it.",
            before=squeeze(name),
            after=term,
        )
    group.items.append(item)


def _posting_term(context: Context, canonical: str, name: str) -> str:
    """The posting's own word for a listed skill where it is another spelling of the same name; "" where the person's
    word stays. A shorter word stands behind the full one, "Kubernetes (k8s)", so that either is found.
    """
    skill = _asked(context, canonical)
    if skill is None or skill.roots or context.reading.texts.key(name) in skill.keys:
        return ""
    term = next((squeeze(each) for each in skill.written if same_name(each, name)), "")
    is_short = term and _squash(name).startswith(term[0].lower()) and len(term) * 2 <= len(squeeze(name))
    return f"{squeeze(name)} ({term})" if is_short else term


def _asked(context: Context, canonical: str) -> AskedSkill | None:
    if context.wanted is None or not canonical:
        return None
    return next(
        (each for each in context.wanted.skills if each.name == canonical and each.importance != NEGATED),
        None,
    )


def _surface(context: Context, groups: list[_Group]) -> None:
    """Adds the skills that the posting asks for, work proves and no list names."""
    if context.wanted is None:
        return
    for skill in context.wanted.skills:
        known = context.reading.table.skills.get(skill.name)
        namings = context.reading.skills.get(skill.name, [])
        if skill.importance not in (MUST, NICE) or not namings or (known and known.kind != "technical"):
            continue
        if skill.roots:
            continue  # words of the posting that a line happens to hold are no name the person has for a skill
        if any(each.fact.part == "skills" or each.fact.prominent for each in namings):
            continue  # listed, or seen at a glance in a title or the summary: a second mention shows nothing new
        text, how = _surfaced_name(skill, namings, english=context.locale.lower().startswith("en"))
        item = line(
            text,
            (source_of(each.fact.id) for each in namings),
            how=how,
            relevance=context.ranker.skill_relevance(skill.name),
        )
        _group_for(context, groups, known.field if known else "").items.append(item)
        context.notes.improve(
            "skills",
            documents_pb2.IMPROVEMENT_TYPE_KEYWORD_ADDITION,
            f"The posting asks for {skill.name}; the profile proves it and did not list it.",
            after=text,
        )


def _surfaced_name(
    skill: AskedSkill, namings: list[Naming], *, english: bool
) -> tuple[str, common_pb2.Transformation.ValueType]:
    """The person's own word for the skill; the posting's where both are spellings of one name; in English the canonical
    name, which no word that proves the skill is wider than.
    """
    own = [squeeze(each.fact.text[each.start : each.end]) for each in namings]
    same = [word for word, each in zip(own, namings, strict=True) if each.key in skill.keys]
    if same:
        return _capital(same[0]), REORDERED
    for term in map(squeeze, skill.written):
        if any(same_name(term, word) for word in own):
            return _capital(term), SUBSTITUTED
    if english and skill.name not in own:
        return skill.name, SUBSTITUTED
    return _capital(own[0]), REORDERED


def _capital(name: str) -> str:
    """A name as it stands in a list: words in small letters get a capital; "dbt" and "iOS" stay."""
    is_words = name.islower() and len(name) > 4 and name.replace(" ", "").replace("-", "").isalpha()
    return name[0].upper() + name[1:] if is_words else name


def _group_for(context: Context, groups: list[_Group], skill_field: str) -> _Group:
    """The group most of whose skills are of the same field, else that of loose skills, made where there is none."""
    fitting = [
        group for group in groups if skill_field and 2 * group.fields[skill_field] > group.fields.total()
    ]
    if fitting:
        return fitting[0]
    name = words(context.locale).labels["technical_skills"]
    group = next((each for each in groups if each.name == name), None)
    if group is None:
        group = _Group(name, resume_pb2.SKILLS_CATEGORY_KIND_TECHNICAL)
        groups.append(group)
    return group


def _kind(context: Context, group: profile_pb2.SkillGroup) -> resume_pb2.SkillsCategoryKind.ValueType:
    if group.kind in _KINDS:
        return _KINDS[group.kind]
    if _SOFT_GROUP.search(group.name) and group.skills:
        return resume_pb2.SKILLS_CATEGORY_KIND_SOFT
    ids = {each.id for each in group.skills} or {group.id}
    kinds = [
        known.kind
        for name, namings in context.reading.skills.items()
        if (known := context.reading.table.skills.get(name)) and any(each.fact.id in ids for each in namings)
    ]
    soft = kinds.count("soft") * 2 > max(len(kinds), len(ids)) or (not group.skills and kinds == ["soft"])
    return resume_pb2.SKILLS_CATEGORY_KIND_SOFT if soft else resume_pb2.SKILLS_CATEGORY_KIND_TECHNICAL
