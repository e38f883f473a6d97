"""Everything held about a person: taken along whole, erased without a trace, reported honestly."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.document.jsonresume import import_json_resume
from services.generation.persons.archive import CHUNK
from services.generation.persons.holdings import holdings
from services.generation.tables import metadata
from services.runtime.auth import Identity, InternalSigner, Role, generate_key
from services.runtime.errors import InvalidArgument, PermissionDenied
from tests.support.admin_stub import AdminStub, admin_client, eventually, running_admin
from tests.support.editing import generated, imported, posted, read, save
from tests.support.generation_service import Caller, GenerationHarness, running_generation
from tests.support.postgres import Databases
from vitae.generation.v1 import (
    documents_pb2,
    person_data_pb2,
    profiles_pb2,
    resumes_pb2,
)

RECRUITER = frozenset({Role.RECRUITER})
TENANT_ADMIN = frozenset({Role.TENANT_ADMIN})


@pytest.fixture
def storage() -> AdminStub:
    return AdminStub()


@pytest.fixture
async def relaying(databases: Databases, storage: AdminStub) -> AsyncIterator[GenerationHarness]:
    """A service that relays to the stub."""
    signer = InternalSigner.from_pem(generate_key(), issuer="generation")
    urls = databases.migrated("generation", "services.generation")
    async with (
        running_admin(storage, signer) as port,
        admin_client(port, signer) as client,
        running_generation(urls, storage=client) as harness,
    ):
        yield harness


async def archive(caller: Caller) -> dict[str, bytes]:
    """The files of the caller's archive."""
    whole = b""
    async for each in caller.persons.ExportPersonData(person_data_pb2.ExportPersonDataRequest()):
        assert len(each.chunk) <= CHUNK
        whole += each.chunk
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


async def erase(
    caller: Caller, user: str = "", *, validate_only: bool = False
) -> person_data_pb2.ErasureReport:
    """The report on an erasure."""
    return await caller.persons.ErasePersonData(
        person_data_pb2.ErasePersonDataRequest(user_id=user, validate_only=validate_only)
    )


def counts(held: object) -> dict[str, int]:
    return {each.kind: each.count for each in held}  # type: ignore[attr-defined]


async def rows(harness: GenerationHarness, identity: Identity, user: UUID | None) -> dict[str, int]:
    """How many rows of each table carry a user's id; of nobody's with None."""
    whose = "user_id is null" if user is None else f"user_id = '{user}'"
    found = {}
    async with harness.database.user_transaction(identity, shared=True) as connection:
        for table in metadata.sorted_tables:
            owned = (
                whose if "user_id" in table.c else f"profile_id in (select id from profiles where {whose})"
            )
            query = text(f"select count(*) from {table.name} where {owned}")
            found[table.name] = (await connection.execute(query)).scalar_one()
    return {table: count for table, count in found.items() if count}


async def test_the_archive_holds_everything_and_nothing_of_others(generation: GenerationHarness) -> None:
    maya = generation.user()
    ben = generation.user(tenant=maya.identity.tenant_id)
    recruiter = generation.user(tenant=maya.identity.tenant_id, roles=RECRUITER)
    resume = await save(maya, await generated(maya), note="second")
    about_maya = await recruiter.resumes.GenerateResume(
        resumes_pb2.GenerateResumeRequest(profile_id=resume.profile_id)
    )
    await generated(ben)

    files = await archive(maya)

    assert set(files) == {
        "README.txt",
        f"profiles/{resume.profile_id}/resume.json",
        f"profiles/{resume.profile_id}/profile.json",
        f"job_postings/{resume.job_posting_id}.json",
        f"rankings/{resume.ranking_id}.json",
        f"documents/{resume.id}/document.json",
        f"documents/{resume.id}/versions/1.json",
        f"documents/{resume.id}/versions/1.details.json",
        f"documents/{resume.id}/versions/2.json",
        f"documents/{resume.id}/versions/2.details.json",
        f"documents/{about_maya.id}/document.json",
        f"documents/{about_maya.id}/versions/1.json",
        f"documents/{about_maya.id}/versions/1.details.json",
    }
    content, _ = import_json_resume(files[f"profiles/{resume.profile_id}/resume.json"])
    assert content.personal.full_name == "Maya Okonkwo"
    second = json.loads(files[f"documents/{resume.id}/versions/2.json"])
    assert (second["note"], second["content_text"]) == ("second", resume.content_text)
    posting = json.loads(files[f"job_postings/{resume.job_posting_id}.json"])
    assert "Northline Parcel" in posting["source_text"]


async def test_an_archive_of_nothing_says_what_it_is(generation: GenerationHarness) -> None:
    assert set(await archive(generation.user())) == {"README.txt"}


async def test_a_long_history_comes_in_parts(generation: GenerationHarness) -> None:
    maya = generation.user()
    ids = {(await imported(maya)).id for _ in range(25)}
    files = await archive(maya)
    assert {name.split("/")[1] for name in files if name.startswith("profiles/")} == ids


async def test_erasing_leaves_nothing_behind(relaying: GenerationHarness, storage: AdminStub) -> None:
    maya, ben = relaying.user(), relaying.user()
    recruiter = relaying.user(tenant=maya.identity.tenant_id, roles=RECRUITER)
    resume = await save(maya, await generated(maya), note="second")
    about_maya = await recruiter.resumes.GenerateResume(
        resumes_pb2.GenerateResumeRequest(profile_id=resume.profile_id)
    )
    await maya.profiles.ImportProfile(
        profiles_pb2.ImportProfileRequest(
            format=profiles_pb2.PROFILE_FORMAT_JSON_RESUME,
            data=b'{"basics": {"name": "Ana"}}',
            request_id="k1",
        )
    )
    bens = await generated(ben)
    would = await erase(maya, validate_only=True)
    assert await read(maya, resume.id) == resume

    report = await erase(maya)

    here = {
        "profiles": 2,
        "job_postings": 1,
        "rankings": 1,
        "resumes": 2,
        "versions": 3,
        "request_ids": 1,
    }
    assert counts(would.erased) == here
    assert list(would.pending) == ["storage: exports, files and usage"]
    assert counts(report.erased) == {**here, "exports": 4, "files": 5}
    assert list(report.pending) == []
    assert list(report.kept) == []
    assert set(storage.forgotten[0].document_ids) == {resume.id, about_maya.id}
    assert storage.forgotten[0].delete_files
    assert [(each.tenant_id, each.user_id) for each in storage.erased] == [
        (str(maya.identity.tenant_id), str(maya.identity.user_id))
    ]
    assert await rows(relaying, maya.identity, maya.identity.user_id) == {}
    assert await rows(relaying, maya.identity, None) == {}
    assert await rows(relaying, recruiter.identity, recruiter.identity.user_id) == {}
    assert await read(ben, bens.id) == bens
    assert set(await archive(maya)) == {"README.txt"}
    assert counts((await erase(maya)).erased) == {"exports": 4, "files": 3}


async def test_what_storage_has_not_acknowledged_is_reported_until_it_has(
    relaying: GenerationHarness, storage: AdminStub
) -> None:
    storage.failures = 2
    maya = relaying.user()
    await generated(maya)

    report = await erase(maya)

    assert counts(report.erased)["resumes"] == 1
    assert list(report.pending) == [
        "storage: exports, files and usage",
        "storage: exports of deleted documents",
    ]

    async def told() -> bool:
        return bool(storage.erased and storage.forgotten)

    await eventually(told, within=15)
    assert list((await erase(maya)).pending) == []


async def test_without_a_storage_an_erasure_stays_pending(generation: GenerationHarness) -> None:
    maya = generation.user()
    await imported(maya)
    report = await erase(maya)
    assert counts(report.erased) == {"profiles": 1}
    assert list(report.pending) == ["storage: exports, files and usage"]
    assert list((await erase(maya)).pending) == ["storage: exports, files and usage"]


async def test_a_recruiters_work_stays_the_tenants_without_their_id(relaying: GenerationHarness) -> None:
    anna = relaying.user(roles=RECRUITER)
    tenant = anna.identity.tenant_id
    colleague = relaying.user(tenant=tenant, roles=RECRUITER)
    maya = relaying.user(tenant=tenant)
    candidate = await generated(anna)
    mayas = await imported(maya)
    for_maya = await anna.resumes.GenerateResume(resumes_pb2.GenerateResumeRequest(profile_id=mayas.id))
    would = await erase(anna, validate_only=True)

    report = await erase(anna)

    kept = {"profiles": 1, "job_postings": 1, "rankings": 1, "resumes": 2, "versions": 2}
    assert counts(would.kept) == counts(report.kept) == kept
    assert counts(report.erased) == {"exports": 4, "files": 3}
    assert await rows(relaying, anna.identity, anna.identity.user_id) == {}
    seen = await read(colleague, candidate.id)
    assert (seen.created_by, seen.content_text) == ("", candidate.content_text)
    profile = await colleague.profiles.GetProfile(profiles_pb2.GetProfileRequest(id=candidate.profile_id))
    assert profile.created_by == ""
    edited = await save(colleague, seen, note="goes on")
    assert edited.version == 2
    stranger = relaying.user(tenant=tenant)
    assert (await stranger.resumes.ListResumes(resumes_pb2.ListResumesRequest())).total_size == 0

    gone = await erase(maya)
    assert counts(gone.erased)["resumes"] == 1
    left = await colleague.resumes.ListResumes(resumes_pb2.ListResumesRequest())
    assert [each.id for each in left.resumes] == [candidate.id]
    assert for_maya.id != candidate.id


async def test_only_a_tenant_admin_erases_somebody_else_and_only_of_the_tenant(
    relaying: GenerationHarness, storage: AdminStub
) -> None:
    maya = relaying.user()
    resume = await generated(maya)
    user = str(maya.identity.user_id)
    neighbour = relaying.user(tenant=maya.identity.tenant_id, roles=RECRUITER)
    for validate_only in (True, False):
        with pytest.raises(PermissionDenied):
            await erase(neighbour, user, validate_only=validate_only)
    with pytest.raises(InvalidArgument):
        await erase(maya, "me")
    stranger = relaying.user(roles=TENANT_ADMIN)
    assert "resumes" not in counts((await erase(stranger, user)).erased)
    assert storage.erased[-1].tenant_id == str(stranger.identity.tenant_id)
    assert await read(maya, resume.id) == resume

    admin = relaying.user(tenant=maya.identity.tenant_id, roles=TENANT_ADMIN)
    report = await erase(admin, user)

    assert counts(report.erased)["resumes"] == 1
    assert await rows(relaying, maya.identity, maya.identity.user_id) == {}


def test_every_table_with_a_user_is_known_to_the_erasure() -> None:
    known = {each.table.name for each in holdings(uuid4(), uuid4())}
    held = {table.name for table in metadata.sorted_tables if "user_id" in table.c}
    assert held - known == {"outbox"}, "a new table has to be added to persons/holdings.py"


async def test_a_snapshot_of_somebody_erased_is_not_found(relaying: GenerationHarness) -> None:
    maya = relaying.user()
    resume = await generated(maya)
    await posted(maya)
    await erase(maya)
    with pytest.raises(Exception, match="No document has this id"):
        await maya.documents.GetDocumentSnapshot(
            documents_pb2.GetDocumentSnapshotRequest(document_id=resume.id)
        )
