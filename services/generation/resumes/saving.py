"""Who writes changes of resumes."""

from collections.abc import Callable
from datetime import datetime

from services.generation.documents.saving import DocumentWriter, Read
from services.generation.resumes.revision import Ground
from services.generation.skills.table import SkillTable
from services.runtime.db import Database
from vitae.resume.v1 import document_pb2

RESUME = document_pb2.DOCUMENT_TYPE_RESUME

ResumeWriter = DocumentWriter[Ground]


def resume_writer(
    database: Database, skills: SkillTable, clock: Callable[[], datetime], kept_versions: int
) -> ResumeWriter:
    """Writes changes to resumes and keeps the last `kept_versions`."""
    return ResumeWriter(RESUME, _ground, database, skills, clock, kept_versions)


def _ground(read: Read) -> Ground:
    return Ground(
        head=read.head.resume,
        details=read.details,
        before=read.before.resume,
        profile=read.profile,
        posting=read.posting,
        number=read.number,
        today=read.today,
        skills=read.skills,
    )
