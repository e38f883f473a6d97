"""Orders the parts of a profile for one posting, each with the reason (SPEC G4)."""

from datetime import date

from services.generation.skills.table import SkillTable
from vitae.generation.v1 import matching_pb2, postings_pb2
from vitae.resume.v1 import profile_pb2

METHOD_VERSION = "1"


def rank(
    profile: profile_pb2.ProfileContent,
    analysis: postings_pb2.PostingAnalysis | None,
    today: date,
    skills: SkillTable,
) -> matching_pb2.Ranking:
    """The ranking, without id, profile_id, job_posting_id, input_sha256 and create_time, which the caller fills.
    With no analysis, recency alone orders."""
    raise NotImplementedError


def ranking_key(
    profile: profile_pb2.ProfileContent, analysis: postings_pb2.PostingAnalysis, today: date
) -> str:
    """SHA-256 of all that a ranking depends on: an equal key means an equal ranking."""
    raise NotImplementedError
