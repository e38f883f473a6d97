"""Scores many profiles against one posting: the same score as one by one, from what is kept of each profile.

A kept reading is an index of its profile by canonical skill, so a score costs one look-up for each skill that the
posting asks for, and more only for those they have in common. What the posting says is read once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.generation.matching.asked import Asker
from services.generation.matching.candidates import KeptCandidate
from services.generation.matching.components import parts, total
from services.generation.matching.scoring import is_wanted
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import match_readings_pb2, matching_pb2, postings_pb2


@dataclass(frozen=True, slots=True)
class Scored:
    """How well one of many profiles fits."""

    score: float
    matched: tuple[str, ...]
    missing: tuple[str, ...]


class BatchScorer:
    """Scores profiles against one posting. For one thread at a time."""

    def __init__(self, posting: postings_pb2.JobPosting, table: SkillTable, today: date) -> None:
        """`posting` carries its analysis and title."""
        self._asker = Asker(posting.analysis, table, posting.locale)
        self._title = posting.title
        self._table = table
        self._today = today
        # Most profiles match few skills, and many the same: equal lists of names are held once.
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}

    def score(self, reading: match_readings_pb2.MatchReading) -> Scored:
        """The score of a profile by what is kept of it."""
        wanted = self._asker.asked(reading.own_skills)
        candidate = KeptCandidate(reading, self._table, wanted.named, wanted.language.tag)
        names = [each.name for each in wanted.skills if is_wanted(each.importance)]
        return Scored(
            total(parts(candidate, wanted, self._title, self._today), wanted.weights),
            self._once(name for name in names if name in candidate.names),
            self._once(name for name in names if name not in candidate.names),
        )

    def _once(self, names: Iterable[str]) -> tuple[str, ...]:
        key = tuple(names)
        return self._names.setdefault(key, key)


def ranked(scored: Iterable[tuple[str, Scored]]) -> Iterable[matching_pb2.ProfileMatch]:
    """(profile id, score) as messages, best first, equal scores in the order of their ids, sharing a rank."""
    ordered = sorted(scored, key=lambda each: (-each[1].score, each[0]))
    rank, before = 0, None
    for place, (profile_id, each) in enumerate(ordered, start=1):
        if each.score != before:
            rank, before = place, each.score
        yield matching_pb2.ProfileMatch(
            profile_id=profile_id,
            score=each.score,
            matched_skills=each.matched,
            missing_skills=each.missing,
            rank=rank,
        )
