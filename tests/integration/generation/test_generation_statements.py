"""A document is made in one transaction of few statements: each costs as much as composing a section."""

from pathlib import Path
from uuid import uuid4

import grpc
import pytest

from services.document.jsonresume import import_json_resume
from services.runtime.errors import NotFound
from tests.support.generation_service import Caller, GenerationHarness
from tests.support.sent_statements import sent_statements
from vitae.generation.v1 import cover_letters_pb2, postings_pb2, profiles_pb2, resumes_pb2
from vitae.resume.v1 import profile_pb2

DATA = Path(__file__).parents[2] / "data"


async def stored(user: Caller) -> tuple[str, str]:
    """Ids of a profile and a posting."""
    content, _ = import_json_resume((DATA / "profiles" / "nurse_en.json").read_bytes())
    profile = await user.profiles.CreateProfile(
        profiles_pb2.CreateProfileRequest(profile=profile_pb2.Profile(content=content))
    )
    text = (DATA / "postings" / "nurse_en.txt").read_text(encoding="utf-8")
    posting = await user.postings.CreateJobPosting(
        postings_pb2.CreateJobPostingRequest(job_posting=postings_pb2.JobPosting(source_text=text))
    )
    return profile.id, posting.id


async def test_a_resume_and_a_letter_take_three_statements_each(generation: GenerationHarness) -> None:
    user = generation.user()
    profile_id, posting_id = await stored(user)
    resume = resumes_pb2.GenerateResumeRequest(profile_id=profile_id, job_posting_id=posting_id)
    letter = cover_letters_pb2.GenerateCoverLetterRequest(profile_id=profile_id, job_posting_id=posting_id)
    await user.resumes.GenerateResume(resume)  # makes the ranking

    with sent_statements() as of_resume:
        made = await user.resumes.GenerateResume(resume)
    with sent_statements() as of_letter:
        written = await user.letters.GenerateCoverLetter(letter)

    # The first begins the transaction.
    assert len(of_resume) == 3, of_resume
    assert len(of_letter) == 3, of_letter
    assert made == await user.resumes.GetResume(resumes_pb2.GetResumeRequest(id=made.id))
    read = cover_letters_pb2.GetCoverLetterRequest(id=written.id)
    assert written == await user.letters.GetCoverLetter(read)


@pytest.mark.parametrize(("missing", "name"), [("profile", "profile"), ("posting", "job posting")])
async def test_what_is_missing_is_named(generation: GenerationHarness, missing: str, name: str) -> None:
    user = generation.user()
    profile_id, posting_id = await stored(user)
    request = resumes_pb2.GenerateResumeRequest(
        profile_id=str(uuid4()) if missing == "profile" else profile_id,
        job_posting_id=str(uuid4()) if missing == "posting" else posting_id,
    )

    with pytest.raises((NotFound, grpc.aio.AioRpcError), match=f"No {name} has this id"):
        await user.resumes.GenerateResume(request)


async def test_nobody_composes_from_what_is_another_persons(generation: GenerationHarness) -> None:
    owner, stranger = generation.user(), generation.user()
    profile_id, posting_id = await stored(owner)
    own_profile, own_posting = await stored(stranger)

    for profile, posting in ((profile_id, own_posting), (own_profile, posting_id), (profile_id, posting_id)):
        request = resumes_pb2.GenerateResumeRequest(profile_id=profile, job_posting_id=posting)
        with pytest.raises((NotFound, grpc.aio.AioRpcError), match="has this id"):
            await stranger.resumes.GenerateResume(request)
