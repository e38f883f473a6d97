"""Years of experience, overlapping jobs counted once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from vitae.generation.v1 import match_readings_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

Job = profile_pb2.Experience | resume_pb2.ExperienceEntry | match_readings_pb2.WorkSpan

_SHORTEST = 6
"""Months that a job counts whose first and last year are all that is known and the same: half of that year."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """Months of work, and how many of them each job adds that no earlier one covers."""

    months: int
    by_job: tuple[tuple[str, int], ...]
    """(id of the job, months), in order of their beginning."""

    @property
    def years(self) -> float:
        """One decimal."""
        return round(self.months / 12, 1)


def tenure(jobs: Iterable[Job], today: date) -> Tenure:
    """The time worked until today. Jobs without a first year add nothing; one without an end lasts."""
    spans = sorted(span for job in jobs if (span := _span(job, today)) is not None)
    covered, total, shares = 0, 0, []
    for start, end, job_id in spans:
        added = max(0, end - max(start, covered))
        covered = max(covered, end)
        total += added
        shares.append((job_id, added))
    return Tenure(total, tuple(shares))


def last_month(dates: Sequence[common_pb2.PartialDate], *, lasts: bool, today: date) -> int | None:
    """Month number of the last known date, that of today while it lasts; None when nothing is known."""
    if lasts:
        return _now(today)
    return max((_month(each, year_only=12) for each in dates if each.year), default=None)


def _span(job: Job, today: date) -> tuple[int, int, str] | None:
    """First month, month after the last, and id."""
    now = _now(today) + 1
    if not job.start_date.year:
        return None
    start = _month(job.start_date, year_only=7)
    lasts = job.is_current or not job.end_date.year
    end = now if lasts else min(now, _month(job.end_date, year_only=6) + 1)
    by_years = not lasts and not job.start_date.month and not job.end_date.month
    if by_years and job.end_date.year >= job.start_date.year:
        end = min(now, start + max(_SHORTEST, 12 * (job.end_date.year - job.start_date.year)))
    return (start, end, job.id) if end > start else None


def _month(moment: common_pb2.PartialDate, *, year_only: int) -> int:
    return moment.year * 12 + (moment.month or year_only) - 1


def _now(today: date) -> int:
    return today.year * 12 + today.month - 1
