"""Which achievements are printed: the most relevant of each entry, and every one that alone answers the posting."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.generation.composing.context import Context
from services.generation.composing.strength import strength
from services.generation.composing.tidying import twins
from services.generation.matching.facts import Source
from services.generation.matching.reading import Naming
from services.generation.matching.tenure import last_month
from services.generation.postings.requirements import NEGATED
from vitae.generation.v1 import documents_pb2
from vitae.resume.v1 import profile_pb2

DEFAULT_MOST = 6
"""Bullets of the most relevant job: what recruiters' guides agree on as the most that is read."""
_LEAST = 2
_STRENGTH = 0.2
"""Relevance that the strongest wording is worth."""
_BARE = 0.2
"""Strength of a line without a figure and a skill."""
_FILLED = 4
"""Lines up to which an entry is filled with ones that say little."""
_OLD, _VERY_OLD = 120, 180
"""Months since its end after which a job gets half, and a third, of its bullets."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The achievements of an entry to print, in reading order, and those left out."""

    kept: tuple[profile_pb2.Achievement, ...]
    dropped: tuple[profile_pb2.Achievement, ...]


def choose(
    context: Context, entries: Sequence[profile_pb2.Experience | profile_pb2.Project]
) -> dict[str, Chosen]:
    """What to print of each entry, by the entry's id."""
    most = context.options.max_achievements or DEFAULT_MOST
    top = max((context.relevance_of(each.id) for each in entries), default=0.0)
    strong = _strengths(context, entries)
    same = {id_: first for entry in entries for id_, first in twins(entry.achievements).items()}
    ordered = {
        entry.id: _best_first(context, (each for each in entry.achievements if each.id not in same), strong)
        for entry in entries
    }
    kept: dict[str, list[profile_pb2.Achievement]] = {}
    for entry in entries:
        worthy = _worthy(context, ordered[entry.id], strong)
        kept[entry.id] = worthy[: _budget(context, entry, top, most)]
    ids = {each.id for chosen in kept.values() for each in chosen}
    needed = _needed(context, ids, {each.id for entry in entries for each in entry.achievements})
    found = {}
    for entry in entries:
        wanted = {each.id for each in kept[entry.id]} | {same.get(each, each) for each in needed}
        found[entry.id] = Chosen(
            tuple(each for each in ordered[entry.id] if each.id in wanted),
            tuple(each for each in entry.achievements if each.id not in wanted),
        )
    return found


def note_left_out(
    context: Context, section: str, name: str, dropped: Iterable[profile_pb2.Achievement]
) -> None:
    """Tells the person what was left out of an entry."""
    dropped = list(dropped)
    for each in dropped:
        context.notes.improve(
            section,
            documents_pb2.IMPROVEMENT_TYPE_REMOVAL,
            f"Left out of “{name}”: other lines answer this posting better."
            if context.wanted
            else f"Left out of “{name}” to keep the resume short.",
            before=each.enhanced_text or each.text,
        )
    if dropped:
        lines = "line was" if len(dropped) == 1 else "lines were"
        listed = "; ".join(f"“{(each.enhanced_text or each.text)[:100]}”" for each in dropped)
        context.notes.notices.append(f"{len(dropped)} {lines} left out of “{name}”: {listed}")


def _strengths(
    context: Context, entries: Iterable[profile_pb2.Experience | profile_pb2.Project]
) -> Mapping[str, float]:
    """Strength of each achievement by its id; none where nothing is asked for, as it then changes nothing."""
    if context.wanted is None:
        return {}
    naming = {each.fact.id for namings in context.reading.skills.values() for each in namings}
    return {
        each.id: strength(each.enhanced_text or each.text, names_skill=each.id in naming)
        for entry in entries
        for each in entry.achievements
    }


def _best_first(
    context: Context, achievements: Iterable[profile_pb2.Achievement], strong: Mapping[str, float]
) -> list[profile_pb2.Achievement]:
    """What the posting wants most first, the stronger of two alike first; as given where nothing is asked."""
    if context.wanted is None:
        return list(achievements)
    return sorted(
        achievements, key=lambda each: -(context.relevance_of(each.id) + _STRENGTH * strong[each.id])
    )


def _worthy(
    context: Context, ordered: list[profile_pb2.Achievement], strong: Mapping[str, float]
) -> list[profile_pb2.Achievement]:
    """Without lines that neither answer the posting nor say much, which only fill an entry that has few others."""
    if context.wanted is None:
        return ordered
    good = {each.id for each in ordered if context.relevance_of(each.id) > 0 or strong[each.id] > _BARE}
    weak = [each.id for each in ordered if each.id not in good]
    kept = good | set(weak[: max(0, _FILLED - len(good))])
    return [each for each in ordered if each.id in kept]


def _budget(
    context: Context, entry: profile_pb2.Experience | profile_pb2.Project, top: float, most: int
) -> int:
    """Bullets an entry may have: all for the most relevant, half for one not to the point, fewer for an old one."""
    share = 0.5 + 0.5 * context.relevance_of(entry.id) / top if top else 1.0
    lasts = isinstance(entry, profile_pb2.Experience) and (entry.is_current or not entry.end_date.year)
    month = last_month((entry.start_date, entry.end_date), lasts=lasts, today=context.today)
    age = 0 if month is None else context.today.year * 12 + context.today.month - 1 - month
    if age > _OLD:
        share *= 0.34 if age > _VERY_OLD else 0.5
    return max(1 if age > _VERY_OLD else min(_LEAST, most), round(most * share))


def _needed(context: Context, kept: set[str], selectable: set[str]) -> set[str]:
    """Achievements beyond the budgets without which the resume would answer less of the posting than the profile."""
    if context.wanted is None:
        return set()
    added: set[str] = set()

    def shown(namings: Iterable[Naming]) -> bool:
        return any(each.fact.id not in selectable or each.fact.id in kept | added for each in namings)

    for skill in context.wanted.skills:
        namings = [] if skill.importance == NEGATED else context.reading.skills.get(skill.name, [])
        proofs = [each for each in namings if each.fact.source is Source.PROVED]
        own_words = [each for each in namings if each.key in skill.keys]
        for group in (proofs, own_words):
            if group and not shown(group):
                added.add(_best(context, (each.fact.id for each in group)))
    for holders in _keyword_holders(context).values():
        if not any(each not in selectable or each in kept | added for each in holders):
            added.add(_best(context, holders))
    return added


def _best(context: Context, fact_ids: Iterable[str]) -> str:
    return max(sorted(set(fact_ids)), key=context.relevance_of)


def _keyword_holders(context: Context) -> Mapping[str, set[str]]:
    """Ids of the facts that hold each keyword of the posting."""
    return context.ranker.keyword_holders()
