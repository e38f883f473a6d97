"""Scores a profile, or a resume made from it, against a posting (SPEC G5); docs/matching.md has the formula."""

from datetime import date

from services.generation.skills.table import SkillTable
from vitae.generation.v1 import matching_pb2, postings_pb2
from vitae.resume.v1 import profile_pb2, resume_pb2

METHOD_VERSION = "1"


def score(
    profile: profile_pb2.ProfileContent, posting: postings_pb2.JobPosting, today: date, skills: SkillTable
) -> matching_pb2.MatchAnalysis:
    """The profile as it is written; no tailored score. `posting` carries its analysis and title."""
    raise NotImplementedError


def score_resume(
    resume: resume_pb2.StructuredResume,
    profile: profile_pb2.ProfileContent,
    posting: postings_pb2.JobPosting,
    today: date,
    skills: SkillTable,
) -> matching_pb2.MatchAnalysis:
    """The profile as it is written and the resume made from it, on the same yardstick; call it again after edits."""
    raise NotImplementedError
