"""Cover letters over a real socket and a real database: made, edited, versioned, deleted, taken along, erased."""

import asyncio
import io
import json
import zipfile
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from services.document.lines import iter_lines
from services.runtime.auth import Role
from services.runtime.errors import Aborted, InvalidArgument, NotFound
from tests.support.editing import exported, generated, history, imported, posted
from tests.support.generation_service import Caller, GenerationHarness
from vitae.generation.v1 import (
    cover_letters_pb2,
    documents_pb2,
    person_data_pb2,
    postings_pb2,
    profiles_pb2,
    resumes_pb2,
)
from vitae.resume.v1 import common_pb2, document_pb2

USER_EDIT = common_pb2.TRANSFORMATION_USER_EDIT
CoverLetter = cover_letters_pb2.CoverLetter


async def written(caller: Caller, **more: object) -> CoverLetter:
    """A letter of the sample profile for the sample posting."""
    profile, posting = await imported(caller), await posted(caller)
    request = cover_letters_pb2.GenerateCoverLetterRequest(
        profile_id=profile.id,
        job_posting_id=posting.id,
        **more,  # type: ignore[arg-type]
    )
    return await caller.letters.GenerateCoverLetter(request)


async def read(caller: Caller, letter_id: str) -> CoverLetter:
    return await caller.letters.GetCoverLetter(cover_letters_pb2.GetCoverLetterRequest(id=letter_id))


async def save(
    caller: Caller, letter: CoverLetter, *paths: str, note: str = "", autosave: bool = False
) -> CoverLetter:
    request = cover_letters_pb2.UpdateCoverLetterRequest(
        cover_letter=letter, update_mask=FieldMask(paths=paths), note=note, autosave=autosave
    )
    return await caller.letters.UpdateCoverLetter(request)


def copy(letter: CoverLetter) -> CoverLetter:
    made = CoverLetter()
    made.CopyFrom(letter)
    return made


async def test_a_letter_is_made_from_what_the_profile_proves(generation: GenerationHarness) -> None:
    maya = generation.user()
    letter = await written(maya)
    assert letter.version == 1
    assert letter.structure.recipient.company == "Northline Parcel"
    assert letter.structure.salutation.text == "Dear Hiring Team,"
    assert (
        "I am applying for the position of Senior Backend Engineer at Northline Parcel."
        in letter.content_text
    )
    assert letter.title == f"{letter.structure.signature} – Senior Backend Engineer – Northline Parcel"
    assert "PostgreSQL" in letter.job_keywords
    assert 0 < letter.match_score <= 1
    assert letter.qa.format_compliance == 100
    assert letter.generation.tone == "professional"
    assert letter.generation.state.status == common_pb2.WORK_STATUS_COMPLETED
    for ref in iter_lines(letter.structure):
        assert ref.line.provenance.source_ids
    assert await read(maya, letter.id) == letter
    snapshot = await exported(maya, letter.id)
    assert snapshot.document_type == document_pb2.DOCUMENT_TYPE_COVER_LETTER
    assert snapshot.document.cover_letter == letter.structure
    assert snapshot.full_name == letter.structure.sender.full_name


async def test_tone_language_and_recipient_are_the_callers(generation: GenerationHarness) -> None:
    maya = generation.user()
    letter = await written(maya, tone=cover_letters_pb2.TONE_WARM, recipient_name="Ms Ada Ng")
    assert letter.structure.salutation.text == "Dear Ms Ng,"
    assert letter.structure.closing.text == "Warm regards,"
    german = await written(maya, options=resumes_pb2.TailoringOptions(locale="de-AT"))
    assert german.structure.locale == "de-AT"
    assert german.structure.salutation.text == "Sehr geehrte Damen und Herren,"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (resumes_pb2.TailoringOptions(locale="ja"), "LETTER_LANGUAGE_UNKNOWN"),
        (resumes_pb2.TailoringOptions(provider="openai"), "MODEL_NOT_CONFIGURED"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_name(
    generation: GenerationHarness, options: resumes_pb2.TailoringOptions, reason: str
) -> None:
    maya = generation.user()
    with pytest.raises(InvalidArgument) as caught:
        await written(maya, options=options)
    assert caught.value.reason == reason
    assert caught.value.fields
    assert not (await maya.letters.ListCoverLetters(cover_letters_pb2.ListCoverLettersRequest())).total_size


async def test_the_same_request_id_makes_one_letter(generation: GenerationHarness) -> None:
    maya = generation.user()
    profile, posting = await imported(maya), await posted(maya)
    request = cover_letters_pb2.GenerateCoverLetterRequest(
        profile_id=profile.id, job_posting_id=posting.id, request_id="once"
    )
    made = await asyncio.gather(*(maya.letters.GenerateCoverLetter(request) for _ in range(3)))
    assert len({each.id for each in made}) == 1


async def test_letters_and_resumes_are_listed_apart(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    letters = [await written(maya) for _ in range(3)]
    page = await maya.letters.ListCoverLetters(cover_letters_pb2.ListCoverLettersRequest(page_size=2))
    assert len(page.cover_letters) == 2
    assert page.total_size == 3
    assert not page.cover_letters[0].HasField("structure")
    assert page.cover_letters[0].qa == letters[0].qa
    rest = await maya.letters.ListCoverLetters(
        cover_letters_pb2.ListCoverLettersRequest(page_size=2, page_token=page.next_page_token)
    )
    listed = [each.id for each in (*page.cover_letters, *rest.cover_letters)]
    assert sorted(listed) == sorted(each.id for each in letters)
    resumes = await maya.resumes.ListResumes(resumes_pb2.ListResumesRequest())
    assert [each.id for each in resumes.resumes] == [resume.id]
    with pytest.raises(NotFound, match="cover letter"):
        await read(maya, resume.id)
    with pytest.raises(NotFound):
        await maya.resumes.GetResume(resumes_pb2.GetResumeRequest(id=letters[0].id))


async def test_an_edit_is_the_persons_own_and_flagged_where_nothing_bears_it_out(
    generation: GenerationHarness,
) -> None:
    maya = generation.user()
    letter = await written(maya)
    edit = copy(letter)
    lines = edit.structure.paragraphs[1].lines
    kept = lines[0].text
    lines[1].text = "I also tripled the revenue of Globex to 999 million with Fortran."
    edit.structure.paragraphs[0].lines[0].text = "I want to work at Northline Parcel."

    saved = await save(maya, edit, "structure", note="bolder")

    assert saved.version == 2
    changed = saved.structure.paragraphs[1].lines
    assert changed[0] == letter.structure.paragraphs[1].lines[0]
    assert changed[0].text == kept
    assert changed[1].id == letter.structure.paragraphs[1].lines[1].id
    assert (changed[1].provenance.transformation, changed[1].provenance.unproved) == (USER_EDIT, True)
    harmless = saved.structure.paragraphs[0].lines[0]
    assert (harmless.provenance.transformation, harmless.provenance.unproved) == (USER_EDIT, False)
    assert ("UNPROVED", changed[1].id) in [(each.code, each.line_id) for each in saved.qa.findings]
    assert "999 million" in saved.content_text
    newest = (await history(maya, letter.id))[0]
    assert (newest.note, newest.origin) == ("bolder", documents_pb2.VERSION_ORIGIN_USER_EDIT)
    assert newest.change_summary
    assert newest.qa == saved.qa


async def test_a_part_is_changed_and_nothing_else(generation: GenerationHarness) -> None:
    maya = generation.user()
    letter = await written(maya)
    edit = CoverLetter(id=letter.id, etag=letter.etag, title="For Ada")
    edit.structure.recipient.name = "Ms Ada Ng"
    edit.structure.salutation.text = "Dear Ms Ng,"
    saved = await save(maya, edit, "structure.recipient.name", "structure.salutation")
    assert saved.title == letter.title
    assert saved.structure.recipient.name == "Ms Ada Ng"
    assert saved.structure.recipient.company == letter.structure.recipient.company
    assert saved.structure.paragraphs == letter.structure.paragraphs
    titled = await save(maya, CoverLetter(id=letter.id, etag=saved.etag, title="For Ada"), "title")
    assert (titled.title, titled.version) == ("For Ada", saved.version)


@pytest.mark.parametrize("path", ["structure.paragraphs", "structure.closing"])
async def test_a_broken_structure_is_refused_whole(generation: GenerationHarness, path: str) -> None:
    maya = generation.user()
    letter = await written(maya)
    edit = copy(letter)
    line = edit.structure.closing if path.endswith("closing") else edit.structure.paragraphs[0].lines[0]
    line.text = "two\nlines"
    with pytest.raises(InvalidArgument) as caught:
        await save(maya, edit, path)
    assert caught.value.reason == "STRUCTURE_INVALID"
    assert caught.value.fields[0].field.startswith(path)
    assert await read(maya, letter.id) == letter


@pytest.mark.parametrize("path", ["company", "qa", "structure.metadata", "nonsense"])
async def test_what_is_not_the_persons_to_write_is_refused(generation: GenerationHarness, path: str) -> None:
    maya = generation.user()
    letter = await written(maya)
    with pytest.raises(InvalidArgument) as caught:
        await save(maya, copy(letter), path)
    assert caught.value.reason == "FIELD_MASK_INVALID"


async def test_of_many_writers_with_one_etag_one_wins(generation: GenerationHarness) -> None:
    maya = generation.user()
    letter = await written(maya)

    async def write(number: int) -> str:
        edit = CoverLetter(id=letter.id, etag=letter.etag)
        edit.structure.signature = f"Writer {number}"
        return (await save(maya, edit, "structure.signature")).structure.signature

    answers = await asyncio.gather(*(write(number) for number in range(20)), return_exceptions=True)
    lost = [each for each in answers if isinstance(each, Aborted) and each.metadata["etag"]]
    won = [each for each in answers if isinstance(each, str)]
    assert len(lost) == 19
    assert len(won) == 1
    assert (await read(maya, letter.id)).structure.signature == won[0]
    assert len(await history(maya, letter.id)) == 2


async def test_autosaves_join_until_the_version_is_exported(generation: GenerationHarness) -> None:
    maya = generation.user()
    letter = await written(maya)

    async def typed(name: str) -> CoverLetter:
        edit = CoverLetter(id=letter.id)
        edit.structure.signature = name
        return await save(maya, edit, "structure.signature", autosave=True)

    assert [(await typed(name)).version for name in ("A", "AB", "ABC")] == [2, 2, 2]
    await exported(maya, letter.id)
    assert (await typed("ABCD")).version == 3


async def test_versions_are_compared_in_words_and_restored(generation: GenerationHarness) -> None:
    maya = generation.user()
    letter = await written(maya)
    edit = copy(letter)
    edit.structure.paragraphs[-1].lines[0].text = "My papers are enclosed."
    del edit.structure.paragraphs[1].lines[1]
    edit.structure.recipient.name = "Ms Ada Ng"
    saved = await save(maya, edit, "structure")
    told = await maya.documents.DiffDocumentVersions(
        documents_pb2.DiffDocumentVersionsRequest(document_id=letter.id, base_version=1)
    )
    last = len(letter.structure.paragraphs)
    places = [each.place for each in told.changes]
    assert "Recipient, name" in places
    assert "Second paragraph, second sentence" in places
    assert any(place.endswith("paragraph, first sentence") for place in places), (last, places)
    assert any("My papers are enclosed." in each.message for each in told.changes)

    version = await maya.documents.RestoreDocumentVersion(
        documents_pb2.RestoreDocumentVersionRequest(document_id=letter.id, version=1, etag=saved.etag)
    )
    assert version.version == 3
    assert version.origin == documents_pb2.VERSION_ORIGIN_RESTORED
    assert version.change_summary.startswith("Restored version 1.")
    assert (await read(maya, letter.id)).structure == letter.structure


async def test_the_posting_goes_and_its_name_stays(generation: GenerationHarness) -> None:
    maya = generation.user()
    letter = await written(maya)
    await maya.postings.DeleteJobPosting(postings_pb2.DeleteJobPostingRequest(id=letter.job_posting_id))
    kept = await read(maya, letter.id)
    assert kept.job_posting_id == ""
    assert (kept.job_title, kept.company) == (letter.job_title, letter.company)
    edit = CoverLetter(id=letter.id, etag=kept.etag)
    edit.structure.signature = "M."
    assert (await save(maya, edit, "structure.signature")).qa.coverage == 100


async def test_a_letter_goes_alone_and_with_its_profile(generation: GenerationHarness) -> None:
    maya = generation.user()
    first, second = await written(maya), await written(maya)
    with pytest.raises(Aborted):
        await maya.letters.DeleteCoverLetter(
            cover_letters_pb2.DeleteCoverLetterRequest(id=first.id, etag="r99")
        )
    await maya.letters.DeleteCoverLetter(cover_letters_pb2.DeleteCoverLetterRequest(id=first.id))
    await maya.profiles.DeleteProfile(profiles_pb2.DeleteProfileRequest(id=second.profile_id))
    for each in (first, second):
        with pytest.raises(NotFound):
            await read(maya, each.id)


async def test_nobody_else_sees_it_but_the_tenants_recruiter(generation: GenerationHarness) -> None:
    maya = generation.user()
    letter = await written(maya)
    colleague = generation.user(tenant=maya.identity.tenant_id)
    recruiter = generation.user(tenant=maya.identity.tenant_id, roles=frozenset({Role.RECRUITER}))
    for stranger in (colleague, generation.user(), generation.user(roles=frozenset({Role.RECRUITER}))):
        for letter_id in (letter.id, str(uuid4())):
            with pytest.raises(NotFound) as caught:
                await read(stranger, letter_id)
            assert caught.value.reason == "COVER_LETTER_NOT_FOUND"
    assert (await read(recruiter, letter.id)).structure == letter.structure


async def test_it_is_in_the_persons_archive_and_goes_with_the_person(generation: GenerationHarness) -> None:
    maya = generation.user()
    letter = await written(maya)
    whole = b""
    async for each in maya.persons.ExportPersonData(person_data_pb2.ExportPersonDataRequest()):
        whole += each.chunk
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        about = json.loads(archive.read(f"documents/{letter.id}/document.json"))
        version = json.loads(archive.read(f"documents/{letter.id}/versions/1.json"))
    assert about["company"] == "Northline Parcel"
    assert version["document"]["cover_letter"]["signature"] == letter.structure.signature
    report = await maya.persons.ErasePersonData(person_data_pb2.ErasePersonDataRequest())
    assert {each.kind: each.count for each in report.erased}["cover_letters"] == 1
    with pytest.raises(NotFound):
        await read(maya, letter.id)
