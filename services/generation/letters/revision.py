"""A changed letter made into a version: origins settled, text and quality made anew. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.document.diff import diff
from services.document.text import content_text
from services.generation.documents.saving import DocumentWriter, Read
from services.generation.documents.summary import summary
from services.generation.documents.versions import NewVersion
from services.generation.letters.origins import LetterProver, settle_origins
from services.generation.letters.quality import letter_quality
from services.generation.matching.asked import answered, asked
from services.generation.matching.facts import profile_facts
from services.generation.matching.reading import Reading
from services.generation.resumes.structure import name_lines
from services.generation.skills.table import SkillTable
from services.runtime.db import Database
from vitae.generation.v1 import documents_pb2, postings_pb2, resumes_pb2
from vitae.resume.v1 import cover_letter_pb2, document_pb2, profile_pb2

COVER_LETTER = document_pb2.DOCUMENT_TYPE_COVER_LETTER

Letter = cover_letter_pb2.StructuredCoverLetter


@dataclass(frozen=True, slots=True)
class LetterGround:
    """What a version of a letter is made on."""

    head: Letter
    details: resumes_pb2.Resume
    """Of the head."""
    before: Letter
    """The version that the change is told against."""
    profile: profile_pb2.ProfileContent
    posting: postings_pb2.JobPosting | None
    number: int
    today: date
    skills: SkillTable


LetterWriter = DocumentWriter[LetterGround]


def letter_writer(
    database: Database, skills: SkillTable, clock: Callable[[], datetime], kept_versions: int
) -> LetterWriter:
    """Writes changes to letters and keeps the last `kept_versions`."""
    return LetterWriter(COVER_LETTER, _ground, database, skills, clock, kept_versions)


def edited(
    letter: Letter, ground: LetterGround, origin: documents_pb2.VersionOrigin.ValueType, note: str
) -> NewVersion:
    """The version that a person's edit makes. `letter` is valid."""
    settled = Letter()
    settled.CopyFrom(letter)
    prover = LetterProver(ground.profile, ground.posting, ground.today, ground.skills, settled.locale)
    settle_origins(settled, ground.head, prover)
    name_lines(settled, ground.number)
    return _version(settled, ground, origin, summary(diff(ground.before, settled)), note)


def restored(
    letter: Letter, details: resumes_pb2.Resume, ground: LetterGround, from_version: int
) -> NewVersion:
    """The version that going back to an old one makes: its content and origins, with today's quality."""
    changes = summary(diff(ground.before, letter))
    return _version(
        letter,
        replace(ground, details=details),
        documents_pb2.VERSION_ORIGIN_RESTORED,
        f"Restored version {from_version}. {changes}",
        "",
    )


def _version(
    letter: Letter,
    ground: LetterGround,
    origin: documents_pb2.VersionOrigin.ValueType,
    change_summary: str,
    note: str,
) -> NewVersion:
    details = resumes_pb2.Resume()
    details.CopyFrom(ground.details)
    reading, posting = Reading(profile_facts(ground.profile), ground.skills), ground.posting
    wanted = (
        asked(posting.analysis, reading.own, ground.skills, posting.locale) if posting is not None else None
    )
    company = posting.company if posting is not None else ""
    details.qa.CopyFrom(letter_quality(letter, wanted, answered(reading, wanted), company))
    return NewVersion(
        document=document_pb2.Document(cover_letter=letter),
        content_text=content_text(letter),
        details=details,
        origin=origin,
        change_summary=change_summary,
        note=note,
    )


def _ground(read: Read) -> LetterGround:
    return LetterGround(
        head=read.head.cover_letter,
        details=read.details,
        before=read.before.cover_letter,
        profile=read.profile,
        posting=read.posting,
        number=read.number,
        today=read.today,
        skills=read.skills,
    )
