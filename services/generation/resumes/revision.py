"""A changed structure made into a version: origins settled, text, scores and quality made anew. Pure."""

from dataclasses import dataclass, replace
from datetime import date

from services.document.diff import diff
from services.document.text import content_text
from services.generation.composing.quality import quality
from services.generation.documents.summary import summary
from services.generation.documents.versions import NewVersion
from services.generation.matching.scoring import score_resume
from services.generation.resumes.origins import settle_origins
from services.generation.resumes.proof import Prover
from services.generation.resumes.structure import name_holders, name_lines
from services.generation.skills.table import SkillTable
from vitae.generation.v1 import documents_pb2, postings_pb2, resumes_pb2
from vitae.resume.v1 import document_pb2, profile_pb2, resume_pb2


@dataclass(frozen=True, slots=True)
class Ground:
    """What a version is made on."""

    head: resume_pb2.StructuredResume
    details: resumes_pb2.Resume
    """Of the head."""
    before: resume_pb2.StructuredResume
    """The version that the change is told against: the head, or the one before it when the head is rewritten."""
    profile: profile_pb2.ProfileContent
    posting: postings_pb2.JobPosting | None
    """None when there is none or it is gone; the match is then left as it was."""
    number: int
    """Of the version being made."""
    today: date
    skills: SkillTable


def edited(
    structure: resume_pb2.StructuredResume,
    ground: Ground,
    origin: documents_pb2.VersionOrigin.ValueType,
    note: str,
) -> NewVersion:
    """The version that a person's edit makes. `structure` is valid."""
    settled = resume_pb2.StructuredResume()
    settled.CopyFrom(structure)
    name_holders(settled, ground.number)
    settle_origins(settled, ground.head, Prover(ground.profile, ground.today, ground.skills, settled.locale))
    name_lines(settled, ground.number)
    return _version(settled, ground, origin, summary(diff(ground.before, settled)), note)


def restored(
    structure: resume_pb2.StructuredResume, details: resumes_pb2.Resume, ground: Ground, from_version: int
) -> NewVersion:
    """The version that going back to an old one makes: its content and origins, with today's scores."""
    changes = summary(diff(ground.before, structure))
    return _version(
        structure,
        replace(ground, details=details),
        documents_pb2.VERSION_ORIGIN_RESTORED,
        f"Restored version {from_version}. {changes}",
        "",
    )


def _version(
    structure: resume_pb2.StructuredResume,
    ground: Ground,
    origin: documents_pb2.VersionOrigin.ValueType,
    change_summary: str,
    note: str,
) -> NewVersion:
    details = resumes_pb2.Resume()
    details.CopyFrom(ground.details)
    match = None
    if ground.posting is not None:
        match = score_resume(structure, ground.profile, ground.posting, ground.today, ground.skills)
        details.match.CopyFrom(match)
    details.qa.CopyFrom(quality(structure, match))
    return NewVersion(
        document=document_pb2.Document(resume=structure),
        content_text=content_text(structure),
        details=details,
        origin=origin,
        change_summary=change_summary,
        note=note,
    )
