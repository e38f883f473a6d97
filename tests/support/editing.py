"""What people do with the generation service: import, generate, edit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from services.document.lines import iter_lines
from tests.support.generation_service import Caller
from vitae.generation.v1 import documents_pb2, postings_pb2, profiles_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, profile_pb2, resume_pb2

SAMPLES = Path(__file__).parents[2] / "deploy/local/samples"


async def imported(caller: Caller) -> profile_pb2.Profile:
    """The sample profile, stored."""
    request = profiles_pb2.ImportProfileRequest(
        format=profiles_pb2.PROFILE_FORMAT_JSON_RESUME, data=(SAMPLES / "profile.json").read_bytes()
    )
    return (await caller.profiles.ImportProfile(request)).profile


async def posted(caller: Caller) -> postings_pb2.JobPosting:
    """The sample posting, stored."""
    posting = postings_pb2.JobPosting(source_text=(SAMPLES / "posting.txt").read_text("utf-8"))
    return await caller.postings.CreateJobPosting(postings_pb2.CreateJobPostingRequest(job_posting=posting))


async def generated(caller: Caller) -> resumes_pb2.Resume:
    """A resume of the sample profile for the sample posting."""
    profile, posting = await imported(caller), await posted(caller)
    return await caller.resumes.GenerateResume(
        resumes_pb2.GenerateResumeRequest(profile_id=profile.id, job_posting_id=posting.id)
    )


async def save(
    caller: Caller,
    resume: resumes_pb2.Resume,
    paths: Sequence[str] = ("structure",),
    *,
    note: str = "",
    autosave: bool = False,
) -> resumes_pb2.Resume:
    """Saves the resume as it is now in the caller's hands."""
    return await caller.resumes.UpdateResume(
        resumes_pb2.UpdateResumeRequest(
            resume=resume, update_mask=FieldMask(paths=list(paths)), note=note, autosave=autosave
        )
    )


async def read(caller: Caller, resume_id: str) -> resumes_pb2.Resume:
    """The resume at its head."""
    return await caller.resumes.GetResume(resumes_pb2.GetResumeRequest(id=resume_id))


async def history(caller: Caller, resume_id: str) -> list[documents_pb2.DocumentVersion]:
    """All versions, newest first."""
    request = documents_pb2.ListDocumentVersionsRequest(document_id=resume_id, page_size=100)
    return list((await caller.documents.ListDocumentVersions(request)).versions)


async def exported(caller: Caller, resume_id: str, version: int = 0) -> documents_pb2.DocumentSnapshot:
    """What storage asks for when an export is created."""
    request = documents_pb2.GetDocumentSnapshotRequest(document_id=resume_id, version=version)
    return await caller.documents.GetDocumentSnapshot(request)


def section(structure: resume_pb2.StructuredResume, kind: str) -> Any:
    """The content of the first section of a kind."""
    return next(getattr(each, kind) for each in structure.sections if each.HasField(kind))  # type: ignore[arg-type]


def first_bullet(structure: resume_pb2.StructuredResume) -> common_pb2.Line:
    """The first line on what was achieved in a job."""
    line: common_pb2.Line = section(structure, "experience").entries[0].achievements[0]
    return line


def line(structure: resume_pb2.StructuredResume, text: str) -> common_pb2.Line:
    """The line that says this."""
    return next(ref.line for ref in iter_lines(structure) if ref.line.text == text)
