"""Worker processes as they run, and the real storage service: exports survive whatever happens to a worker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.render import engine
from services.render.samples import sample
from tests.support.postgres import Databases
from tests.support.storage_service import Caller, StorageHarness, create_request, downloaded, running_storage
from vitae.render.v1.options_pb2 import FORMAT_DOCX, FORMAT_PDF, Format, RenderOptions
from vitae.resume.v1.common_pb2 import (
    WORK_STATUS_CANCELLED,
    WORK_STATUS_COMPLETED,
    WORK_STATUS_PENDING,
    WORK_STATUS_PROCESSING,
)
from vitae.storage.v1 import exports_pb2


@pytest.fixture
async def storage(databases: Databases, tmp_path: Path) -> AsyncIterator[StorageHarness]:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path / "objects", lease="3s") as harness:
        yield harness


@asynccontextmanager
async def worker_process(
    storage: StorageHarness, folder: Path, name: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker as it is deployed, ready."""
    signer = storage.services["render-worker"]
    pem = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    channel = storage.channel(lambda: "")
    ready = folder / f"{name}.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.render",
        "worker",
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
            "TMPDIR": str(folder),
            "VITAE_RENDER_STORAGE_ADDRESS": channel._channel.target.decode(),  # type: ignore[attr-defined]
            "VITAE_RENDER_SIGNING_KEY": pem,
            "VITAE_RENDER_CHILDREN": "1",
            "VITAE_RENDER_SPARES": "0",
            "VITAE_RENDER_READY_FILE": str(ready),
            "VITAE_SHUTDOWN_GRACE": "5s",
        },
    )
    try:
        await until(lambda: ready.exists() and bool(json.loads(ready.read_text())["ports"]), 20)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 15) == 0


async def until(holds: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - the condition lies in other processes
            await asyncio.sleep(0.02)


async def asked(storage: StorageHarness, user: Caller, name: str, format_: Format.ValueType) -> str:
    document_id = storage.document(user)
    snapshot = storage.neighbours.documents[user.identity.tenant_id, user.identity.user, document_id]
    snapshot.document.CopyFrom(sample(name))
    options = engine.plan(snapshot.document, format_, "modern", RenderOptions()).options
    created = await user.exports.CreateExport(
        create_request(document_id, format=format_, template="modern", options=options)
    )
    assert created.state.status == WORK_STATUS_PENDING
    return str(created.id)


async def finished(user: Caller, export: str, seconds: float = 30.0) -> exports_pb2.Export:
    async with asyncio.timeout(seconds):
        while True:
            found = await user.exports.WaitExport(exports_pb2.WaitExportRequest(id=export))
            if found.state.status not in (WORK_STATUS_PENDING, WORK_STATUS_PROCESSING):
                return found


async def test_exports_become_files_with_their_fidelity(storage: StorageHarness, tmp_path: Path) -> None:
    user = storage.user()
    async with worker_process(storage, tmp_path, "one"):
        exports = [
            await asked(storage, user, name, format_)
            for name in ("en", "ja")
            for format_ in (FORMAT_PDF, FORMAT_DOCX)
        ]
        for export in exports:
            done = await finished(user, export)
            assert done.state.status == WORK_STATUS_COMPLETED, done.state.error
            assert done.fidelity.score >= 0.9
            _, data = await downloaded(user, export)
            assert len(data) == done.file_size_bytes
            assert data[:4] in (b"%PDF", b"PK\x03\x04")


async def test_a_worker_killed_at_work_loses_no_export(storage: StorageHarness, tmp_path: Path) -> None:
    user = storage.user()
    exports = [await asked(storage, user, "en-long", FORMAT_PDF) for _ in range(3)]
    async with worker_process(storage, tmp_path, "first") as first:
        while await pending(user, exports) == len(exports):  # noqa: ASYNC110 - the worker is another process
            await asyncio.sleep(0.005)
        first.send_signal(signal.SIGKILL)
        await first.wait()
    assert any(
        each.state.status != WORK_STATUS_COMPLETED for each in [await got(user, one) for one in exports]
    )
    async with worker_process(storage, tmp_path, "second"):
        done = [await finished(user, each) for each in exports]
    assert {each.state.status for each in done} == {WORK_STATUS_COMPLETED}
    assert len({each.sha256 for each in done}) == 1
    assert max(each.attempts for each in done) == 2


async def test_cancelling_frees_the_worker(storage: StorageHarness, tmp_path: Path) -> None:
    user = storage.user()
    export = await asked(storage, user, "en", FORMAT_PDF)
    await user.exports.CancelExport(exports_pb2.CancelExportRequest(id=export))
    async with worker_process(storage, tmp_path, "one"):
        after = await asked(storage, user, "de", FORMAT_PDF)
        assert (await finished(user, after)).state.status == WORK_STATUS_COMPLETED
    assert (await got(user, export)).state.status == WORK_STATUS_CANCELLED


async def pending(user: Caller, exports: list[str]) -> int:
    found = [await got(user, each) for each in exports]
    return sum(each.state.status == WORK_STATUS_PENDING for each in found)


async def got(user: Caller, export: str) -> exports_pb2.Export:
    return await user.exports.GetExport(exports_pb2.GetExportRequest(id=export))
