"""Reads a posting: text or HTML in, structure out (SPEC G3)."""

from dataclasses import dataclass

from services.generation.skills.table import SkillTable
from vitae.generation.v1 import postings_pb2

ANALYZER_VERSION = "1"


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
    raise NotImplementedError
