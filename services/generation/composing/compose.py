"""Composes a resume from what the profile proves (SPEC G6, G7)."""

from dataclasses import dataclass
from datetime import date

from services.generation.skills.table import SkillTable
from vitae.generation.v1 import documents_pb2, matching_pb2, postings_pb2, resumes_pb2
from vitae.resume.v1 import profile_pb2, resume_pb2

COMPOSER_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Composition:
    """A resume and all that is known about how it was made."""

    structure: resume_pb2.StructuredResume
    content_text: str
    match: matching_pb2.MatchAnalysis
    """Empty but for method_version when there is no posting."""
    improvements: tuple[documents_pb2.Improvement, ...]
    qa: documents_pb2.QualityReport
    notices: tuple[str, ...]
    """What was left out or could not be used, for the person."""


def compose(
    profile: profile_pb2.ProfileContent,
    posting: postings_pb2.JobPosting | None,
    ranking: matching_pb2.Ranking,
    options: resumes_pb2.TailoringOptions,
    today: date,
    skills: SkillTable,
) -> Composition:
    """A resume for the posting, or a general one without. Deterministic.

    Every entry, achievement and skill of the profile has an id (profiles/identifiers.py); `ranking` is that of
    the same profile and posting.

    Raises:
        Internal: reason UNPROVED_CONTENT, when the composer wrote something that the profile does not prove.
    """
    raise NotImplementedError
