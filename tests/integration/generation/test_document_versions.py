"""Versions: immutable, listed, compared, restored, merged by autosaves, kept when exported, pruned otherwise."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from services.runtime.errors import NotFound
from tests.support.editing import exported, first_bullet, generated, history, line, read, save, section
from tests.support.generation_service import Caller, GenerationHarness, running_generation
from tests.support.postgres import Databases
from vitae.generation.v1 import documents_pb2, profiles_pb2, resumes_pb2

COMPOSED = documents_pb2.VERSION_ORIGIN_COMPOSED
USER_EDIT = documents_pb2.VERSION_ORIGIN_USER_EDIT
AUTOSAVE = documents_pb2.VERSION_ORIGIN_AUTOSAVE
RESTORED = documents_pb2.VERSION_ORIGIN_RESTORED


@pytest.fixture
async def forgetful(databases: Databases) -> AsyncIterator[GenerationHarness]:
    """A service that keeps the last three versions."""
    urls = databases.migrated("generation", "services.generation")
    async with running_generation(urls, kept_versions=3) as harness:
        yield harness


async def phoned(caller: Caller, resume: resumes_pb2.Resume, phone: str, **how: object) -> resumes_pb2.Resume:
    """The resume saved with another phone number."""
    resume.structure.header.phone = phone
    return await save(caller, resume, ["structure.header.phone"], **how)  # type: ignore[arg-type]


async def test_autosaves_become_one_version_and_never_touch_what_was_meant(
    generation: GenerationHarness,
) -> None:
    maya = generation.user()
    composed = await generated(maya)
    first_text = composed.content_text
    saved = await phoned(maya, composed, "1", autosave=True, note="at night")
    assert saved.version == 2
    merged = await phoned(maya, saved, "2", autosave=True)
    assert (merged.version, merged.structure.header.phone) == (2, "2")
    assert merged.etag != saved.etag
    meant = await phoned(maya, merged, "3", note="now")
    assert meant.version == 3
    again = await phoned(maya, meant, "4", autosave=True)
    assert again.version == 4

    versions = await history(maya, composed.id)
    assert [(each.version, each.origin, each.note) for each in versions] == [
        (4, AUTOSAVE, ""),
        (3, USER_EDIT, "now"),
        (2, AUTOSAVE, "at night"),
        (1, COMPOSED, ""),
    ]
    assert "to “2”" in versions[2].change_summary
    assert "from “1”" not in versions[2].change_summary
    first = await maya.documents.GetDocumentVersion(
        documents_pb2.GetDocumentVersionRequest(document_id=composed.id, version=1)
    )
    assert first.content_text == first_text


async def test_an_autosave_without_a_change_writes_nothing(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    assert await save(maya, resume, autosave=True) == resume


async def test_an_exported_autosave_is_not_rewritten(generation: GenerationHarness) -> None:
    maya = generation.user()
    saved = await phoned(maya, await generated(maya), "1", autosave=True)
    snapshot = await exported(maya, saved.id)
    assert snapshot.version == 2
    after = await phoned(maya, saved, "2", autosave=True)
    assert after.version == 3
    kept = await exported(maya, saved.id, 2)
    assert kept.document == snapshot.document
    assert [(each.version, each.exported) for each in await history(maya, saved.id)] == [
        (3, False),
        (2, True),
        (1, False),
    ]


async def test_what_is_exported_while_autosaves_run_is_kept_as_it_was_exported(
    generation: GenerationHarness,
) -> None:
    maya = generation.user()
    resume = await phoned(maya, await generated(maya), "0", autosave=True)
    resume.ClearField("etag")

    async def autosaves() -> None:
        for number in range(1, 15):
            await phoned(maya, resume, str(number), autosave=True)

    async def exports() -> list[documents_pb2.DocumentSnapshot]:
        return [await exported(maya, resume.id) for _ in range(15)]

    _, snapshots = await asyncio.gather(autosaves(), exports())
    for snapshot in snapshots:
        kept = await maya.documents.GetDocumentVersion(
            documents_pb2.GetDocumentVersionRequest(document_id=resume.id, version=snapshot.version)
        )
        assert kept.document == snapshot.document


async def test_repeated_snapshots_write_nothing(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    await exported(maya, resume.id)
    query = text("select xmin::text from document_versions")
    async with generation.database.user_transaction(maya.identity) as connection:
        before = (await connection.execute(query)).scalars().all()
    await exported(maya, resume.id)
    await exported(maya, resume.id, 1)
    async with generation.database.user_transaction(maya.identity) as connection:
        assert (await connection.execute(query)).scalars().all() == before
    assert (await read(maya, resume.id)).etag == resume.etag


async def test_the_last_versions_and_the_exported_ones_are_kept(forgetful: GenerationHarness) -> None:
    maya = forgetful.user()
    resume = await generated(maya)
    for number in range(2, 5):
        resume = await phoned(maya, resume, str(number))
    await exported(maya, resume.id, 3)
    for number in range(5, 9):
        resume = await phoned(maya, resume, str(number))

    assert [each.version for each in await history(maya, resume.id)] == [8, 7, 6, 3]
    with pytest.raises(NotFound):
        await exported(maya, resume.id, 5)


async def test_a_restored_version_is_a_new_one_with_todays_scores(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    original = first_bullet(resume.structure).text
    edit = resumes_pb2.Resume()
    edit.CopyFrom(resume)
    first_bullet(edit.structure).text = "Did something else entirely, 77 times."
    saved = await save(maya, edit)
    profile = await maya.profiles.GetProfile(profiles_pb2.GetProfileRequest(id=resume.profile_id))
    del profile.content.experience[1:]
    await maya.profiles.UpdateProfile(
        profiles_pb2.UpdateProfileRequest(profile=profile, update_mask=FieldMask(paths=["content"]))
    )

    back = await maya.documents.RestoreDocumentVersion(
        documents_pb2.RestoreDocumentVersionRequest(document_id=resume.id, version=1, etag=saved.etag)
    )

    assert (back.version, back.origin) == (3, RESTORED)
    assert back.document.resume == resume.structure
    assert back.content_text == resume.content_text
    assert back.change_summary.startswith("Restored version 1. Changed Experience, Halden Freight")
    now = await read(maya, resume.id)
    assert first_bullet(now.structure).text == original
    assert now.version == 3
    assert now.match.original_score < resume.match.original_score
    assert now.notices == resume.notices
    assert [each.version for each in await history(maya, resume.id)] == [3, 2, 1]
    with pytest.raises(NotFound):
        await maya.documents.RestoreDocumentVersion(
            documents_pb2.RestoreDocumentVersionRequest(document_id=resume.id, version=9, etag=now.etag)
        )


async def test_a_difference_is_told_in_words(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    dropped = section(resume.structure, "experience").entries[0].achievements[1].text
    del section(resume.structure, "experience").entries[0].achievements[1]
    resume.structure.header.phone = "+49"
    saved = await save(maya, resume)

    request = documents_pb2.DiffDocumentVersionsRequest(document_id=saved.id, base_version=1)
    told = await maya.documents.DiffDocumentVersions(request)

    assert told.summary == "1 changed, 1 removed."
    assert [(each.kind, each.place) for each in told.changes] == [
        ("changed", "Header, phone"),
        ("removed", "Experience, Halden Freight, second bullet"),
    ]
    assert told.changes[1].before == dropped
    assert told.changes[0].message.startswith("Changed Header, phone from")
    request.base_version = 2
    assert (await maya.documents.DiffDocumentVersions(request)).summary == "No change."
    summary = (await history(maya, saved.id))[0].change_summary
    assert summary == "1 changed, 1 removed: Header, phone; Experience, Halden Freight, second bullet."


async def test_pages_of_versions_hold_each_once(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    for number in range(4):
        resume = await phoned(maya, resume, str(number))
    seen, token = list[int](), ""
    while True:
        page = await maya.documents.ListDocumentVersions(
            documents_pb2.ListDocumentVersionsRequest(document_id=resume.id, page_size=2, page_token=token)
        )
        assert page.total_size == 5
        assert not any(each.HasField("document") for each in page.versions)
        seen += [each.version for each in page.versions]
        token = page.next_page_token
        if not token:
            break
    assert seen == [5, 4, 3, 2, 1]


async def test_an_alternate_takes_a_lines_place_with_its_origin(generation: GenerationHarness) -> None:
    maya = generation.user()
    resume = await generated(maya)
    original = first_bullet(resume.structure).text
    edit = resumes_pb2.Resume()
    edit.CopyFrom(resume)
    first_bullet(edit.structure).text = "Typed over it."
    typed = await save(maya, edit)
    assert first_bullet(typed.structure).alternates[0] == original
    line(typed.structure, "Typed over it.").text = original
    back = await save(maya, typed)
    assert not first_bullet(back.structure).provenance.unproved
    assert (
        first_bullet(back.structure).provenance.source_ids
        == first_bullet(resume.structure).provenance.source_ids
    )
