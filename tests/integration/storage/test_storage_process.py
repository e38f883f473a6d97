"""The storage process itself: it starts, tells its ports, survives kill -9, and stops while workers wait."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.runtime.auth import Identity, InternalSigner, generate_key, key_set
from services.runtime.client import open_channel
from services.runtime.errors import Unavailable
from tests.support.postgres import Databases
from tests.support.storage_service import SECRET, Worker
from vitae.render.v1.options_pb2 import FORMAT_PDF
from vitae.storage.v1 import exports_pb2, exports_pb2_grpc, usage_pb2, usage_pb2_grpc, work_pb2_grpc

REPOSITORY = Path(__file__).parents[3]


class Started:
    """A storage process under test."""

    def __init__(self, environ: dict[str, str], ready: Path) -> None:
        self.environ = environ
        self._ready = ready
        self.process: Process | None = None
        self.ports: dict[str, int] = {}

    async def start(self) -> None:
        self._ready.unlink(missing_ok=True)
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.storage",
            env=self.environ,
            cwd=REPOSITORY,
            stdout=PIPE,
            stderr=PIPE,
        )
        for _ in range(300):
            if self._ready.exists():
                self.ports = json.loads(self._ready.read_text())["ports"]
                return
            if self.process.returncode is not None:
                _, errors = await self.process.communicate()
                raise AssertionError(errors.decode())
            await asyncio.sleep(0.05)
        raise AssertionError("not ready within 15 s")

    async def line_with(self, words: str) -> str:
        """The first line of its log that has them."""
        assert self.process is not None
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            if words in line.decode():
                return line.decode()
        raise AssertionError(f"it ended without saying {words!r}")

    async def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        await asyncio.wait_for(self.process.communicate(), 10)
        assert self.process.returncode is not None
        return self.process.returncode


@pytest.fixture
def signers() -> dict[str, InternalSigner]:
    return {
        name: InternalSigner.from_pem(generate_key(), issuer=name) for name in ("gateway", "render-worker")
    }


@pytest.fixture
async def started(
    databases: Databases, tmp_path: Path, signers: dict[str, InternalSigner]
) -> AsyncIterator[Started]:
    urls = databases.migrated("storage", "services.storage")
    ready = tmp_path / "ready.json"
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'protos/gen'}",
        "VITAE_INTERNAL_JWKS": key_set(signers.values()),
        "VITAE_STORAGE_DATABASE_URL": urls.login_url,
        "VITAE_STORAGE_OBJECTS_FOLDER": str(tmp_path / "objects"),
        "VITAE_STORAGE_LINK_SECRETS": SECRET,
        "VITAE_STORAGE_GENERATION_ADDRESS": "127.0.0.1:1",
        "VITAE_STORAGE_RENDER_ADDRESS": "127.0.0.1:1",
        "VITAE_STORAGE_READY_FILE": str(ready),
    }
    process = Started(environ, ready)
    await process.start()
    yield process
    await process.end(signal.SIGKILL)


async def test_it_serves_and_stops_while_a_worker_waits(
    started: Started, signers: dict[str, InternalSigner]
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{started.ports['ops']}") as ops:
        assert (await ops.get("/readyz")).status_code == 200
        metrics = (await ops.get("/metrics")).text
    assert 'vitae_storage_queue_depth{state="ready"} 0.0' in metrics
    target = f"127.0.0.1:{started.ports['grpc']}"
    channel = open_channel(target, token=lambda: signers["render-worker"].for_service(audience=["storage"]))
    worker = Worker(work_pb2_grpc.WorkServiceStub(channel))
    waiting = asyncio.create_task(worker.lease(wait=30))
    await asyncio.sleep(0.3)
    began = asyncio.get_running_loop().time()
    code = await started.end(signal.SIGTERM)
    assert code == 0
    assert asyncio.get_running_loop().time() - began < 5
    assert await waiting == []
    await channel.close()


async def test_neighbours_that_are_down_are_unavailable_and_nothing_is_half_made(
    started: Started, signers: dict[str, InternalSigner]
) -> None:
    identity = Identity(uuid4(), uuid4())
    target = f"127.0.0.1:{started.ports['grpc']}"
    everywhere = ["storage", "generation", "render"]
    channel = open_channel(target, token=lambda: signers["gateway"].for_user(identity, audience=everywhere))
    exports = exports_pb2_grpc.ExportServiceStub(channel)
    request = exports_pb2.CreateExportRequest(document_id=str(uuid4()), format=FORMAT_PDF, request_id="once")
    with pytest.raises(Unavailable):
        await exports.CreateExport(request)
    await channel.close()
    await started.end(signal.SIGKILL)
    await started.start()
    channel = open_channel(
        f"127.0.0.1:{started.ports['grpc']}",
        token=lambda: signers["gateway"].for_user(identity, audience=everywhere),
    )
    usage = await usage_pb2_grpc.UsageServiceStub(channel).GetUsage(usage_pb2.GetUsageRequest())
    assert (usage.waiting, usage.reserved_bytes) == (0, 0)
    await channel.close()


async def test_a_store_that_goes_away_does_not_take_the_service_along(
    started: Started, signers: dict[str, InternalSigner], tmp_path: Path
) -> None:
    (tmp_path / "objects").rename(tmp_path / "away")
    identity = Identity(uuid4(), uuid4())
    channel = open_channel(
        f"127.0.0.1:{started.ports['grpc']}",
        token=lambda: signers["gateway"].for_user(identity, audience=["storage"]),
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{started.ports['ops']}") as ops:
        await asyncio.sleep(2.5)  # longer than readiness is believed
        assert (await ops.get("/readyz")).status_code == 200
    listed = await exports_pb2_grpc.ExportServiceStub(channel).ListExports(exports_pb2.ListExportsRequest())
    assert listed.total_size == 0
    await channel.close()


async def test_a_link_host_that_nobody_reaches_is_told_at_the_start(started: Started, tmp_path: Path) -> None:
    await started.end(signal.SIGTERM)
    started.environ["VITAE_STORAGE_PUBLIC_URL"] = "http://127.0.0.1:9"
    await started.start()
    said = await asyncio.wait_for(started.line_with("not set up well"), 20)
    assert "public_url" in said
    assert "VITAE_STORAGE_PUBLIC_URL has to be the gateway's address as clients see it" in said


async def test_a_database_without_migrations_is_refused_with_the_command_to_run(
    databases: Databases, tmp_path: Path, signers: dict[str, InternalSigner]
) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'protos/gen'}",
        "VITAE_INTERNAL_JWKS": key_set(signers.values()),
        "VITAE_STORAGE_DATABASE_URL": databases.empty("storage").login_url,
        "VITAE_STORAGE_OBJECTS_FOLDER": str(tmp_path / "objects"),
        "VITAE_STORAGE_LINK_SECRETS": SECRET,
        "VITAE_STORAGE_GENERATION_ADDRESS": "127.0.0.1:1",
        "VITAE_STORAGE_RENDER_ADDRESS": "127.0.0.1:1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.storage", env=environ, cwd=REPOSITORY, stdout=PIPE, stderr=PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert b"python -m services.storage.migrate upgrade" in output + errors
