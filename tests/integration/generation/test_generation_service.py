"""Profiles, postings and resumes over a real socket and a real database."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from services.runtime.auth import Role
from services.runtime.errors import Aborted, InvalidArgument, NotFound, Unimplemented, VitaeError
from tests.support.generation_service import Caller, GenerationHarness
from vitae.generation.v1 import (
    cover_letters_pb2,
    cover_letters_pb2_grpc,
    documents_pb2,
    matching_pb2,
    postings_pb2,
    profiles_pb2,
    resumes_pb2,
)
from vitae.resume.v1 import common_pb2, profile_pb2

SAMPLES = Path("deploy/local/samples")
JSON_RESUME = profiles_pb2.PROFILE_FORMAT_JSON_RESUME


async def imported(caller: Caller, data: bytes | None = None, request_id: str = "") -> profile_pb2.Profile:
    request = profiles_pb2.ImportProfileRequest(
        format=JSON_RESUME, data=data or (SAMPLES / "profile.json").read_bytes(), request_id=request_id
    )
    return (await caller.profiles.ImportProfile(request)).profile


async def posted(caller: Caller, source: str = "") -> postings_pb2.JobPosting:
    posting = postings_pb2.JobPosting(source_text=source or (SAMPLES / "posting.txt").read_text("utf-8"))
    return await caller.postings.CreateJobPosting(postings_pb2.CreateJobPostingRequest(job_posting=posting))


async def generated(caller: Caller) -> resumes_pb2.Resume:
    profile, posting = await imported(caller), await posted(caller)
    return await caller.resumes.GenerateResume(
        resumes_pb2.GenerateResumeRequest(profile_id=profile.id, job_posting_id=posting.id)
    )


async def test_a_profile_comes_back_as_it_was_stored(generation: GenerationHarness) -> None:
    maya = generation.user()
    stored = await imported(maya)
    read = await maya.profiles.GetProfile(profiles_pb2.GetProfileRequest(id=stored.id))
    assert read == stored
    assert (read.display_name, read.content.locale) == ("Maya Okonkwo", "en")
    assert len(read.content.experience) == 5


async def test_export_and_import_give_the_same_profile(generation: GenerationHarness) -> None:
    maya = generation.user()
    stored = await imported(maya)
    file = await maya.profiles.ExportProfile(
        profiles_pb2.ExportProfileRequest(id=stored.id, format=JSON_RESUME)
    )
    again = await imported(maya, file.data)
    assert again.content == stored.content


async def test_a_broken_file_names_the_place(generation: GenerationHarness) -> None:
    data = json.dumps({"basics": {"name": "Ana"}, "work": "none"}).encode()
    with pytest.raises(InvalidArgument) as refused:
        await imported(generation.user(), data)
    assert refused.value.reason == "JSON_RESUME_INVALID"
    assert [each.field for each in refused.value.fields] == ["/work"]


async def test_validate_only_reads_and_stores_nothing(generation: GenerationHarness) -> None:
    maya = generation.user()
    request = profiles_pb2.ImportProfileRequest(
        format=JSON_RESUME, data=(SAMPLES / "profile.json").read_bytes(), validate_only=True
    )
    read = await maya.profiles.ImportProfile(request)
    assert read.profile.id == ""
    assert (await maya.profiles.ListProfiles(profiles_pb2.ListProfilesRequest())).total_size == 0


async def test_a_repeated_import_stores_once(generation: GenerationHarness) -> None:
    maya = generation.user()
    first, second = await asyncio.gather(imported(maya, request_id="k1"), imported(maya, request_id="k1"))
    assert first == second
    with pytest.raises(InvalidArgument) as refused:
        await imported(maya, b'{"basics": {"name": "Somebody Else"}}', request_id="k1")
    assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"
    assert (await maya.profiles.ListProfiles(profiles_pb2.ListProfilesRequest())).total_size == 1


async def test_a_change_needs_the_current_etag(generation: GenerationHarness) -> None:
    maya = generation.user()
    stored = await imported(maya)

    async def change(summary: str) -> profile_pb2.Profile:
        profile = profile_pb2.Profile(id=stored.id, etag=stored.etag)
        profile.content.summary = summary
        return await maya.profiles.UpdateProfile(
            profiles_pb2.UpdateProfileRequest(
                profile=profile, update_mask=FieldMask(paths=["content.summary"])
            )
        )

    changed = await change("Shorter.")
    assert changed.content.summary == "Shorter."
    assert changed.content.experience == stored.content.experience
    with pytest.raises(Aborted) as stale:
        await change("Later.")
    assert stale.value.metadata == {"etag": changed.etag}


async def test_pages_of_profiles_hold_each_once(generation: GenerationHarness) -> None:
    maya = generation.user()
    made = {(await imported(maya)).id for _ in range(5)}
    seen, token = list[str](), ""
    while True:
        page = await maya.profiles.ListProfiles(
            profiles_pb2.ListProfilesRequest(page_size=2, page_token=token)
        )
        seen += [each.id for each in page.profiles]
        assert page.total_size == 5
        token = page.next_page_token
        if not token:
            break
    assert len(seen) == 5
    assert set(seen) == made


async def test_a_resume_is_stored_as_version_1_with_its_sources(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    assert (resume.version, resume.job_title, resume.company) == (
        1,
        "Senior Backend Engineer",
        "Northline Parcel",
    )
    assert 0 < resume.match.original_score <= resume.match.tailored_score <= 1
    assert "Python" in resume.match.matched_skills
    assert "Elasticsearch" in resume.match.missing_skills
    assert "Elasticsearch" not in resume.content_text
    assert resume.generation.state.status == common_pb2.WORK_STATUS_COMPLETED
    jobs = next(each.experience for each in resume.structure.sections if each.HasField("experience"))
    bullets = [line for entry in jobs.entries for line in entry.achievements]
    assert bullets
    assert all(line.provenance.source_ids for line in bullets)
    read = await maya.resumes.GetResume(resumes_pb2.GetResumeRequest(id=resume.id))
    assert read == resume


async def test_equal_input_gives_an_equal_resume(generation: GenerationHarness) -> None:
    first, second = await generated(generation.user()), await generated(generation.user())
    assert first.structure == second.structure
    assert first.content_text == second.content_text


async def test_a_resume_needs_no_posting(generation: GenerationHarness) -> None:
    maya = generation.user()
    profile = await imported(maya)
    resume = await maya.resumes.GenerateResume(resumes_pb2.GenerateResumeRequest(profile_id=profile.id))
    assert resume.job_posting_id == ""
    assert "Halden Freight" in resume.content_text


async def test_a_ranking_is_kept_until_the_profile_changes(generation: GenerationHarness) -> None:
    maya = generation.user()
    profile, posting = await imported(maya), await posted(maya)
    request = matching_pb2.GetRankingRequest(profile_id=profile.id, job_posting_id=posting.id)
    first, second = await maya.matches.GetRanking(request), await maya.matches.GetRanking(request)
    assert first == second
    changed = profile_pb2.Profile(id=profile.id)
    changed.content.skill_groups.add(name="Search").skills.add(name="Elasticsearch")
    await maya.profiles.UpdateProfile(
        profiles_pb2.UpdateProfileRequest(
            profile=changed, update_mask=FieldMask(paths=["content.skill_groups"])
        )
    )
    third = await maya.matches.GetRanking(request)
    assert third.id == first.id
    assert third.input_sha256 != first.input_sha256


async def test_a_deleted_posting_leaves_the_resume_its_job(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    await maya.postings.DeleteJobPosting(postings_pb2.DeleteJobPostingRequest(id=resume.job_posting_id))
    read = await maya.resumes.GetResume(resumes_pb2.GetResumeRequest(id=resume.id))
    assert (read.job_posting_id, read.job_title, read.company) == ("", resume.job_title, resume.company)
    assert read.job_keywords == resume.job_keywords


async def test_the_snapshot_is_the_head_and_names_its_job(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    snapshot = await maya.documents.GetDocumentSnapshot(
        documents_pb2.GetDocumentSnapshotRequest(document_id=resume.id)
    )
    assert snapshot.document.resume == resume.structure
    assert (snapshot.version, snapshot.full_name, snapshot.company) == (1, "Maya Okonkwo", "Northline Parcel")


async def test_another_persons_things_and_no_things_answer_alike(generation: GenerationHarness) -> None:
    maya, ben = generation.user(), generation.user()
    resume = await generated(maya)

    async def answers(profile: str, posting: str, document: str) -> list[tuple[str, str, str]]:
        return [
            await _refusal(call)
            for call in (
                ben.profiles.GetProfile(profiles_pb2.GetProfileRequest(id=profile)),
                ben.profiles.ExportProfile(profiles_pb2.ExportProfileRequest(id=profile, format=JSON_RESUME)),
                ben.postings.GetJobPosting(postings_pb2.GetJobPostingRequest(id=posting)),
                ben.postings.DeleteJobPosting(postings_pb2.DeleteJobPostingRequest(id=posting)),
                ben.matches.GetRanking(
                    matching_pb2.GetRankingRequest(profile_id=profile, job_posting_id=posting)
                ),
                ben.resumes.GenerateResume(
                    resumes_pb2.GenerateResumeRequest(profile_id=profile, job_posting_id=posting)
                ),
                ben.resumes.GetResume(resumes_pb2.GetResumeRequest(id=document)),
                ben.documents.GetDocumentSnapshot(
                    documents_pb2.GetDocumentSnapshotRequest(document_id=document)
                ),
                ben.documents.ListDocumentVersions(
                    documents_pb2.ListDocumentVersionsRequest(document_id=document)
                ),
            )
        ]

    foreign = await answers(resume.profile_id, resume.job_posting_id, resume.id)
    assert foreign == await answers(str(uuid4()), str(uuid4()), str(uuid4()))
    assert (await ben.resumes.ListResumes(resumes_pb2.ListResumesRequest())).total_size == 0


async def test_a_recruiter_shares_the_tenant_and_nothing_beyond(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    recruiter = generation.user(tenant=maya.identity.tenant_id, roles=frozenset({Role.RECRUITER}))
    stranger = generation.user(roles=frozenset({Role.RECRUITER}))
    request = resumes_pb2.GetResumeRequest(id=resume.id)
    assert (await recruiter.resumes.GetResume(request)).created_by == str(maya.identity.user_id)
    with pytest.raises(NotFound):
        await stranger.resumes.GetResume(request)


async def test_without_a_tenant_every_table_looks_empty(generation: GenerationHarness) -> None:
    await generated(generation.user())
    stranger = generation.user().identity
    async with generation.database.user_transaction(stranger) as connection:
        for table in ("profiles", "job_postings", "rankings", "documents", "document_versions"):
            count = await connection.execute(text(f"select count(*) from {table}"))
            assert count.scalar_one() == 0, table


async def test_what_is_not_served_yet_says_so(generation: GenerationHarness) -> None:
    maya = generation.user()
    letters = cover_letters_pb2_grpc.CoverLetterServiceStub(maya.channel)
    with pytest.raises(Unimplemented):
        await letters.GetWritingStyle(cover_letters_pb2.GetWritingStyleRequest())
    profile = await imported(maya)
    request = resumes_pb2.GenerateResumeRequest(
        profile_id=profile.id, options=resumes_pb2.TailoringOptions(provider="somebody")
    )
    with pytest.raises(InvalidArgument) as refused:
        await maya.resumes.GenerateResume(request)
    assert refused.value.reason == "MODEL_NOT_CONFIGURED"


async def _refusal(call: object) -> tuple[str, str, str]:
    with pytest.raises(VitaeError) as refused:
        await call  # type: ignore[misc]
    return type(refused.value).__name__, refused.value.reason, refused.value.message
