"""Deleting resumes and profiles: nothing stays behind, and storage hears of it whatever happens in between."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import text

from services.generation.outbox import store as outbox
from services.generation.outbox.relay import LEASE
from services.generation.sweeping import sweep
from services.runtime.auth import InternalSigner, Role, generate_key, key_set
from services.runtime.client import open_channel
from services.runtime.db import Database
from services.runtime.errors import NotFound
from services.runtime.ready import read_ready_file, remove_ready_file
from tests.support.admin_stub import AdminStub, admin_client, eventually, running_admin
from tests.support.editing import generated, history, imported, save
from tests.support.generation_service import GenerationHarness, running_generation
from tests.support.postgres import Databases
from vitae.generation.v1 import documents_pb2, profiles_pb2, resumes_pb2, resumes_pb2_grpc

REPOSITORY = Path(__file__).parents[3]
TABLES = (
    "profiles",
    "job_postings",
    "rankings",
    "documents",
    "document_versions",
    "idempotency_keys",
    "outbox",
)


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


async def waiting(database: Database) -> int:
    async with database.queue_transaction() as connection:
        return (await outbox.depth(connection))[0]


async def test_a_deleted_resume_is_gone_and_storage_hears_of_it(
    relaying: GenerationHarness, storage: AdminStub
) -> None:
    maya = relaying.user()
    resume = await generated(maya)
    resume = await save(maya, resume, note="second")
    await maya.resumes.DeleteResume(
        resumes_pb2.DeleteResumeRequest(id=resume.id, etag=resume.etag, delete_files=True)
    )

    for call in (
        maya.resumes.GetResume(resumes_pb2.GetResumeRequest(id=resume.id)),
        maya.resumes.DeleteResume(resumes_pb2.DeleteResumeRequest(id=resume.id)),
        maya.documents.GetDocumentSnapshot(
            documents_pb2.GetDocumentSnapshotRequest(document_id=resume.id, version=1)
        ),
        history(maya, resume.id),
    ):
        with pytest.raises(NotFound):
            await call
    async with relaying.database.user_transaction(maya.identity) as connection:
        for table in ("documents", "document_versions"):
            assert (await connection.execute(text(f"select count(*) from {table}"))).scalar_one() == 0

    async def told() -> bool:
        return bool(storage.forgotten) and not await waiting(relaying.database)

    await eventually(told)
    call_made = storage.forgotten[0]
    assert (call_made.tenant_id, list(call_made.document_ids), call_made.delete_files) == (
        str(maya.identity.tenant_id),
        [resume.id],
        True,
    )
    assert call_made.request_id
    assert len(storage.forgotten) == 1


async def test_a_profile_takes_along_what_anybody_made_from_it(
    relaying: GenerationHarness, storage: AdminStub
) -> None:
    maya = relaying.user()
    own = await generated(maya)
    recruiter = relaying.user(tenant=maya.identity.tenant_id, roles=frozenset({Role.RECRUITER}))
    theirs = await recruiter.resumes.GenerateResume(
        resumes_pb2.GenerateResumeRequest(profile_id=own.profile_id)
    )
    other = await generated(maya)

    await maya.profiles.DeleteProfile(profiles_pb2.DeleteProfileRequest(id=own.profile_id))

    async def told() -> bool:
        return bool(storage.forgotten)

    await eventually(told)
    assert set(storage.forgotten[0].document_ids) == {own.id, theirs.id}
    left = await recruiter.resumes.ListResumes(resumes_pb2.ListResumesRequest())
    assert [each.id for each in left.resumes] == [other.id]
    with pytest.raises(NotFound):
        await maya.profiles.GetProfile(profiles_pb2.GetProfileRequest(id=own.profile_id))


async def test_a_profile_without_documents_needs_no_call(
    relaying: GenerationHarness, storage: AdminStub
) -> None:
    maya = relaying.user()
    profile = await imported(maya)
    await maya.profiles.DeleteProfile(profiles_pb2.DeleteProfileRequest(id=profile.id, etag=profile.etag))
    async with relaying.database.user_transaction(maya.identity) as connection:
        for table in TABLES:
            count = (await connection.execute(text(f"select count(*) from {table}"))).scalar_one()
            assert count == 0, table
    assert storage.forgotten == []


async def test_storage_is_told_until_it_acknowledges(relaying: GenerationHarness, storage: AdminStub) -> None:
    storage.failures = 2
    maya = relaying.user()
    resume = await generated(maya)
    await maya.resumes.DeleteResume(resumes_pb2.DeleteResumeRequest(id=resume.id))

    async def refused_once() -> bool:
        return storage.refused > 0

    await eventually(refused_once)
    assert await waiting(relaying.database) == 1

    async def told() -> bool:
        return not await waiting(relaying.database)

    await eventually(told, within=15)
    assert [list(each.document_ids) for each in storage.forgotten] == [[resume.id]]
    assert storage.refused == 2


async def test_a_deletion_that_fails_notes_nothing(relaying: GenerationHarness, storage: AdminStub) -> None:
    maya = relaying.user()
    with pytest.raises(NotFound):
        await maya.resumes.DeleteResume(resumes_pb2.DeleteResumeRequest(id=str(uuid4())))
    assert await waiting(relaying.database) == 0


async def test_a_deletion_and_a_generation_at_once_leave_nothing_unheard(
    relaying: GenerationHarness, storage: AdminStub
) -> None:
    maya = relaying.user()
    profile = await imported(maya)

    async def generate() -> str:
        try:
            request = resumes_pb2.GenerateResumeRequest(profile_id=profile.id)
            return (await maya.resumes.GenerateResume(request)).id
        except NotFound:
            return ""

    made, _ = await asyncio.gather(
        asyncio.gather(*(generate() for _ in range(6))),
        maya.profiles.DeleteProfile(profiles_pb2.DeleteProfileRequest(id=profile.id)),
    )

    async def told() -> bool:
        return not await waiting(relaying.database)

    await eventually(told)
    heard = {each for call in storage.forgotten for each in call.document_ids}
    assert heard == set(filter(None, made))
    assert (await maya.resumes.ListResumes(resumes_pb2.ListResumesRequest())).total_size == 0


async def test_many_documents_are_told_in_calls_storage_takes(generation: GenerationHarness) -> None:
    maya = generation.user().identity
    ids = [uuid4() for _ in range(2001)]
    async with generation.database.user_transaction(maya) as connection:
        noted = await outbox.note_forgotten(connection, maya.tenant_id, maya.user, ids, delete_files=False)
    assert len(noted) == 3


async def test_each_note_is_taken_by_one_replica(generation: GenerationHarness) -> None:
    maya = generation.user().identity
    async with generation.database.user_transaction(maya) as connection:
        for _ in range(8):
            await outbox.note_forgotten(connection, maya.tenant_id, maya.user, [uuid4()], delete_files=False)

    async def take() -> object:
        async with generation.database.queue_transaction() as connection:
            taken = await outbox.claim(connection, lease=LEASE)
            await asyncio.sleep(0.02)
            return taken and taken.id

    taken = await asyncio.gather(*(take() for _ in range(10)))
    held = [each for each in taken if each is not None]
    assert len(held) == len(set(held)) == 8


async def test_nobody_but_the_owner_sees_what_is_noted_and_nobody_takes_it_back(
    generation: GenerationHarness,
) -> None:
    maya, ben = generation.user(), generation.user()
    resume = await generated(maya)
    await maya.resumes.DeleteResume(resumes_pb2.DeleteResumeRequest(id=resume.id))
    async with generation.database.user_transaction(maya.identity) as connection:
        assert (await connection.execute(text("select count(*) from outbox"))).scalar_one() == 1
    async with generation.database.user_transaction(ben.identity) as connection:
        assert (await connection.execute(text("select count(*) from outbox"))).scalar_one() == 0
    for statement in ("delete from outbox", "update outbox set tries = 0"):
        with pytest.raises(Exception, match="permission denied"):
            async with generation.database.user_transaction(maya.identity) as connection:
                await connection.execute(text(statement))


async def test_idempotency_keys_are_swept_when_they_are_kept_no_longer(generation: GenerationHarness) -> None:
    maya = generation.user()
    await maya.profiles.ImportProfile(
        profiles_pb2.ImportProfileRequest(
            format=profiles_pb2.PROFILE_FORMAT_JSON_RESUME,
            data=b'{"basics": {"name": "Ana"}}',
            request_id="k1",
        )
    )
    async with generation.database.user_transaction(maya.identity) as connection:
        fresh = "update idempotency_keys set create_time = now() - interval '23 hours'"
        await connection.execute(text(fresh))
    assert await sweep(generation.database) == 0
    async with generation.database.user_transaction(maya.identity) as connection:
        await connection.execute(
            text("update idempotency_keys set create_time = now() - interval '25 hours'")
        )
    assert await sweep(generation.database) == 1


async def test_a_killed_process_forgets_no_deletion(databases: Databases, tmp_path: Path) -> None:
    urls = databases.migrated("generation", "services.generation")
    signers = {
        name: InternalSigner.from_pem(generate_key(), issuer=name) for name in ("gateway", "generation")
    }
    async with running_generation(urls) as harness:
        maya = harness.user()
        resume = await generated(maya)
    stub = AdminStub(failures=10**6)
    async with running_admin(stub, signers["generation"]) as port:
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'protos/gen'}",
            "VITAE_INTERNAL_JWKS": key_set(signers.values()),
            "VITAE_GENERATION_DATABASE_URL": urls.login_url,
            "VITAE_GENERATION_STORAGE_ADDRESS": f"127.0.0.1:{port}",
            "VITAE_GENERATION_OUTBOX_POLL": "100ms",
            "VITAE_GENERATION_READY_FILE": str(tmp_path / "ready.json"),
        }
        (tmp_path / "key.pem").write_text(_pem(signers["generation"]))
        environ["VITAE_GENERATION_SIGNING_KEY_FILE"] = str(tmp_path / "key.pem")
        process, rpc_port = await _started(environ)
        channel = open_channel(
            f"127.0.0.1:{rpc_port}",
            token=lambda: signers["gateway"].for_user(maya.identity, audience=["generation"]),
        )
        await resumes_pb2_grpc.ResumeServiceStub(channel).DeleteResume(
            resumes_pb2.DeleteResumeRequest(id=resume.id)
        )

        async with Database(urls.login_url, application="test") as database:

            async def put_off() -> bool:
                # Killed in the middle of a call it would be left to that process for the whole lease.
                query = "select count(*) from outbox where tries > 0 and due_time < now() + interval '10 s'"
                async with database.queue_transaction() as connection:
                    return bool((await connection.execute(text(query))).scalar_one() == 1)

            await eventually(put_off)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        await channel.close()

        stub.failures = 0
        process, _ = await _started(environ)
        try:
            async with Database(urls.login_url, application="test") as database:

                async def told() -> bool:
                    return not await waiting(database)

                await eventually(told, within=15)
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0
    assert [list(each.document_ids) for each in stub.forgotten] == [[resume.id]]


async def _started(environ: dict[str, str]) -> tuple[Process, int]:
    remove_ready_file(Path(environ["VITAE_GENERATION_READY_FILE"]))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.generation", env=environ, cwd=REPOSITORY, stdout=DEVNULL, stderr=PIPE
    )
    for _ in range(300):
        ready = read_ready_file(Path(environ["VITAE_GENERATION_READY_FILE"]))
        if ready is not None:
            return process, ready.ports["grpc"]
        if process.returncode is not None:
            _, errors = await process.communicate()
            raise AssertionError(errors.decode())
        await asyncio.sleep(0.05)
    process.kill()
    raise AssertionError("not ready within 15 s")


def _pem(signer: InternalSigner) -> str:
    encoded = signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded.decode()
