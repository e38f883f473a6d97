"""Editing a resume over a real socket and a real database: what is saved, whose words it holds, who wins."""

import asyncio

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from services.document.lines import iter_lines
from services.runtime.auth import Role
from services.runtime.errors import Aborted, InvalidArgument, NotFound
from tests.support.editing import (
    exported,
    first_bullet,
    generated,
    history,
    imported,
    line,
    posted,
    read,
    save,
    section,
)
from tests.support.generation_service import GenerationHarness, running_generation
from tests.support.postgres import Databases
from vitae.generation.v1 import documents_pb2, postings_pb2, profiles_pb2, resumes_pb2
from vitae.resume.v1 import common_pb2, resume_pb2

USER_EDIT = common_pb2.TRANSFORMATION_USER_EDIT


async def test_an_edit_makes_a_version_and_text_scores_and_quality_follow(
    generation: GenerationHarness,
) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume()
    edit.CopyFrom(resume)
    first_bullet(edit.structure).text = "Rewrote everything in Elasticsearch for 999 tenants."

    saved = await save(maya, edit, note="for the phone call")

    assert saved.version == 2
    assert saved.etag != resume.etag
    assert "for 999 tenants." in saved.content_text
    changed = first_bullet(saved.structure)
    assert (changed.provenance.transformation, changed.provenance.unproved) == (USER_EDIT, True)
    assert list(changed.provenance.source_ids) == []
    assert ("UNPROVED", changed.id) in [(each.code, each.line_id) for each in saved.qa.findings]
    assert "Elasticsearch" in saved.match.missing_skills
    assert saved.match.original_score == resume.match.original_score
    assert await read(maya, resume.id) == saved
    snapshot = await exported(maya, resume.id)
    assert snapshot.document.resume == saved.structure
    versions = await history(maya, resume.id)
    assert [(each.version, each.origin, each.note) for each in versions] == [
        (2, documents_pb2.VERSION_ORIGIN_USER_EDIT, "for the phone call"),
        (1, documents_pb2.VERSION_ORIGIN_COMPOSED, ""),
    ]
    assert versions[0].change_summary.startswith("Changed Experience, Halden Freight, first bullet from")


async def test_a_skill_taken_out_lowers_the_score(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume(id=resume.id, etag=resume.etag)
    for each in resume.structure.sections:
        if each.HasField("summary") or each.HasField("education"):
            edit.structure.sections.add().CopyFrom(each)

    saved = await save(maya, edit, ["structure.sections"])

    assert saved.match.tailored_score < resume.match.tailored_score
    assert saved.qa.coverage < resume.qa.coverage
    assert saved.structure.header == resume.structure.header
    assert saved.structure.metadata == resume.structure.metadata


async def test_a_part_is_changed_and_nothing_else(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume(id=resume.id, etag=resume.etag)
    edit.structure.header.email = "maya@elsewhere.example"

    saved = await save(maya, edit, ["structure.header.email"])

    assert saved.structure.header.email == "maya@elsewhere.example"
    assert saved.structure.header.provenance.unproved
    assert saved.structure.sections == resume.structure.sections
    assert "maya@elsewhere.example" in saved.content_text


async def test_a_claimed_origin_is_not_believed(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume()
    edit.CopyFrom(resume)
    lie = first_bullet(edit.structure)
    lie.text = "Raised 40 million dollars."
    entry = section(edit.structure, "experience").entries[0]
    entry.company = "Nobel Committee"

    saved = await save(maya, edit)

    told = line(saved.structure, "Raised 40 million dollars.")
    assert (told.provenance.transformation, told.provenance.unproved) == (USER_EDIT, True)
    job = section(saved.structure, "experience").entries[0]
    assert (job.provenance.transformation, job.provenance.unproved) == (USER_EDIT, True)


async def test_a_typed_line_that_the_profile_bears_out_is_not_flagged(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume()
    edit.CopyFrom(resume)
    jobs = section(edit.structure, "experience").entries
    old = next(each for each in jobs if each.company == "Cobalt Pay")
    old.achievements.add(text="Led the audit for four services.")
    jobs[0].achievements.add(text="Led the PCI DSS audit for 77 services")
    section(edit.structure, "skills").categories[0].items.add(text="Redis")
    section(edit.structure, "skills").categories[0].items.add(text="Blorptran")

    saved = await save(maya, edit)

    assert not line(saved.structure, "Led the audit for four services.").provenance.unproved
    assert line(saved.structure, "Led the PCI DSS audit for 77 services").provenance.unproved
    assert not line(saved.structure, "Redis").provenance.unproved
    assert line(saved.structure, "Blorptran").provenance.unproved
    assert all(each.line.id for each in iter_lines(saved.structure))
    assert len({each.line.id for each in iter_lines(saved.structure)}) == len(
        list(iter_lines(saved.structure))
    )


async def test_proof_added_to_the_profile_lifts_the_flag_at_the_next_save(
    generation: GenerationHarness,
) -> None:
    maya = generation.user()
    resume = await generated(maya)
    section(resume.structure, "skills").categories[0].items.add(text="Blorptran")
    flagged = await save(maya, resume)
    assert line(flagged.structure, "Blorptran").provenance.unproved
    profile = await maya.profiles.GetProfile(profiles_pb2.GetProfileRequest(id=resume.profile_id))
    profile.content.skill_groups[0].skills.add(name="Blorptran")
    await maya.profiles.UpdateProfile(
        profiles_pb2.UpdateProfileRequest(profile=profile, update_mask=FieldMask(paths=["content"]))
    )

    again = await save(maya, flagged)

    assert not line(again.structure, "Blorptran").provenance.unproved
    assert line(again.structure, "Blorptran").provenance.source_ids


async def test_the_title_alone_makes_no_version(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume(id=resume.id, etag=resume.etag, title="For Northline")

    saved = await save(maya, edit, ["title"])

    assert (saved.title, saved.version) == ("For Northline", 1)
    assert saved.etag != resume.etag
    assert saved.structure == resume.structure


@pytest.mark.parametrize(
    "paths",
    [[], ["content_text"], ["structure.nothing"], ["structure.sections.title"], ["structure.metadata"]],
)
async def test_a_mask_names_what_may_be_written(generation: GenerationHarness, paths: list[str]) -> None:
    maya = generation.user()
    resume = await generated(maya)
    with pytest.raises(InvalidArgument) as refused:
        await save(maya, resume, paths)
    assert refused.value.reason == "FIELD_MASK_INVALID"
    assert [each.field for each in refused.value.fields] == ["update_mask"]
    assert (await read(maya, resume.id)).version == 1


async def test_a_structure_that_is_not_valid_is_not_written_in_any_part(
    generation: GenerationHarness,
) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume()
    edit.CopyFrom(resume)
    edit.title = "Renamed"
    edit.structure.header.email = "maya@elsewhere.example"
    entry = section(edit.structure, "experience").entries[0]
    entry.achievements[0].text = "two\nlines"
    entry.achievements[1].id = entry.achievements[2].id
    edit.structure.sections.add(title="Nothing in it")

    with pytest.raises(InvalidArgument) as refused:
        await save(maya, edit, ["title", "structure"])

    assert any("sections[" in each.field for each in refused.value.fields)
    assert await read(maya, resume.id) == resume

    del edit.structure.sections[-1]
    with pytest.raises(InvalidArgument) as refused:
        await save(maya, edit, ["title", "structure"])
    assert refused.value.reason == "STRUCTURE_INVALID"
    places = [each.field.split(".achievements")[1] for each in refused.value.fields]
    assert places == ["[2].id", "[0].text"]
    assert await read(maya, resume.id) == resume


async def test_a_stale_etag_is_told_the_current_one(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    first = await save(maya, resume, note="first")
    for call in (
        save(maya, resume),
        save(maya, resume, ["title"]),
        maya.resumes.DeleteResume(resumes_pb2.DeleteResumeRequest(id=resume.id, etag=resume.etag)),
        maya.documents.RestoreDocumentVersion(
            documents_pb2.RestoreDocumentVersionRequest(document_id=resume.id, version=1, etag=resume.etag)
        ),
    ):
        with pytest.raises(Aborted) as stale:
            await call
        assert (stale.value.reason, stale.value.metadata) == ("ETAG_MISMATCH", {"etag": first.etag})
    resume.ClearField("etag")
    assert (await save(maya, resume)).version == 3


async def test_of_two_hundred_writers_with_one_etag_one_wins(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)

    async def write(number: int) -> resumes_pb2.Resume | Aborted:
        edit = resumes_pb2.Resume()
        edit.CopyFrom(resume)
        edit.title = f"By {number}"
        edit.structure.header.phone = f"+1 {number}"
        try:
            return await save(maya, edit, ["title", "structure"], note=f"note {number}")
        except Aborted as error:
            return error

    answers = await asyncio.gather(*(write(number) for number in range(200)))

    won = [each for each in answers if isinstance(each, resumes_pb2.Resume)]
    lost = [each for each in answers if isinstance(each, Aborted)]
    assert (len(won), len(lost)) == (1, 199)
    assert {(each.reason, each.metadata["etag"]) for each in lost} == {("ETAG_MISMATCH", won[0].etag)}
    assert await read(maya, resume.id) == won[0]
    number = won[0].title.removeprefix("By ")
    versions = await history(maya, resume.id)
    assert [each.note for each in versions] == [f"note {number}", ""]
    assert won[0].structure.header.phone == f"+1 {number}"


async def test_of_two_hundred_writers_on_two_replicas_one_wins(databases: Databases) -> None:
    urls = databases.migrated("generation", "services.generation")
    async with running_generation(urls) as one, running_generation(urls) as other:
        maya = one.user()
        elsewhere = other.caller(maya.identity)
        resume = await generated(maya)

        async def write(number: int) -> resumes_pb2.Resume | Aborted:
            edit = resumes_pb2.Resume()
            edit.CopyFrom(resume)
            edit.structure.header.phone = f"+1 {number}"
            try:
                return await save((maya, elsewhere)[number % 2], edit, note=f"note {number}")
            except Aborted as error:
                return error

        answers = await asyncio.gather(*(write(number) for number in range(200)))

        won = [each for each in answers if isinstance(each, resumes_pb2.Resume)]
        lost = [each for each in answers if isinstance(each, Aborted)]
        assert (len(won), len(lost)) == (1, 199)
        assert {(each.reason, each.metadata["etag"]) for each in lost} == {("ETAG_MISMATCH", won[0].etag)}
        assert await read(elsewhere, resume.id) == won[0]
        number = won[0].structure.header.phone.removeprefix("+1 ")
        assert [each.note for each in await history(maya, resume.id)] == [f"note {number}", ""]


async def test_writers_without_an_etag_all_win_one_after_the_other(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume(id=resume.id)
    edit.structure.header.phone = "+1"
    saved = await asyncio.gather(*(save(maya, edit, ["structure.header.phone"]) for _ in range(8)))
    assert sorted(each.version for each in saved) == list(range(2, 10))


async def test_without_its_posting_a_resume_keeps_its_match(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    await maya.postings.DeleteJobPosting(postings_pb2.DeleteJobPostingRequest(id=resume.job_posting_id))
    section(resume.structure, "summary").lines[0].text = "Somebody else."
    resume.ClearField("etag")

    saved = await save(maya, resume)

    assert saved.match == resume.match
    assert saved.job_title == resume.job_title


async def test_a_recruiters_edit_stays_the_owners(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    recruiter = generation.user(tenant=maya.identity.tenant_id, roles=frozenset({Role.RECRUITER}))
    saved = await save(recruiter, resume, note="by the agency")
    assert await read(maya, resume.id) == saved
    assert [each.note for each in await history(maya, resume.id)] == ["by the agency", ""]


async def test_another_persons_resume_is_no_resume(generation: GenerationHarness) -> None:
    maya, ben = generation.user(), generation.user()
    resume = await generated(maya)
    for call in (
        save(ben, resume),
        ben.resumes.DeleteResume(resumes_pb2.DeleteResumeRequest(id=resume.id)),
        ben.profiles.DeleteProfile(profiles_pb2.DeleteProfileRequest(id=resume.profile_id)),
        ben.documents.RestoreDocumentVersion(
            documents_pb2.RestoreDocumentVersionRequest(document_id=resume.id, version=1, etag=resume.etag)
        ),
    ):
        with pytest.raises(NotFound):
            await call
    with pytest.raises(InvalidArgument) as refused:
        await save(maya, resumes_pb2.Resume(id="mine"), ["title"])
    assert [each.field for each in refused.value.fields] == ["resume.id"]
    assert await read(maya, resume.id) == resume


async def test_a_client_that_drops_ids_keeps_the_origins(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    edit = resumes_pb2.Resume()
    edit.CopyFrom(resume)
    for each in iter_lines(edit.structure):
        each.line.ClearField("id")
        each.line.ClearField("provenance")

    saved = await save(maya, edit)

    assert saved.structure == resume.structure


async def test_a_new_job_like_one_of_the_profile_is_proved_by_it(generation: GenerationHarness) -> None:
    maya = generation.user()
    profile, posting = await imported(maya), await posted(maya)
    resume = await maya.resumes.GenerateResume(
        resumes_pb2.GenerateResumeRequest(profile_id=profile.id, job_posting_id=posting.id)
    )
    jobs = section(resume.structure, "experience").entries
    again = resume_pb2.ExperienceEntry()
    again.CopyFrom(jobs[1])
    source = again.id
    del jobs[1]
    again.ClearField("id")
    del again.achievements[:]
    again.ClearField("description")
    del again.technologies[:]
    jobs.insert(1, again)
    invented = jobs.add(title="Astronaut", company="NASA")
    invented.start_date.year = 1999

    saved = await save(maya, resume)

    kept = section(saved.structure, "experience").entries
    assert (list(kept[1].provenance.source_ids), kept[1].provenance.unproved) == ([source], False)
    assert kept[-1].provenance.unproved
    assert kept[1].id
    assert kept[1].id != kept[-1].id
