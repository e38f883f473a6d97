"""The worker against a storage that does what the test says, over a real socket."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import CollectorRegistry

from services.render.jobs import FileLimits
from services.render.metrics import WorkerMetrics
from services.render.supervisor import Supervisor
from services.render.worker import ExportWorker
from services.runtime.auth import (
    InternalSigner,
    InternalVerifier,
    authenticator,
    generate_key,
    key_set,
    require_service,
)
from services.runtime.client import as_service, open_channel
from services.runtime.config import load
from services.runtime.errors import Aborted, Unavailable
from services.runtime.server import RpcServer, build_server
from services.runtime.settings import ServerConfig
from vitae.render.v1.options_pb2 import FORMAT_TXT
from vitae.render.v1.render_pb2 import RenderedFile
from vitae.storage.v1 import work_pb2 as messages
from vitae.storage.v1.work_pb2_grpc import (
    WorkServiceServicer,
    WorkServiceStub,
    add_WorkServiceServicer_to_server,
)

Start = Callable[..., AbstractAsyncContextManager[Supervisor]]
LEASE = 1.5


class Storage(WorkServiceServicer):
    """Hands out what `add` was given, remembers what comes back, and fails as often as told."""

    def __init__(self) -> None:
        self.pending: asyncio.Queue[messages.ExportWork] = asyncio.Queue()
        self.files: dict[str, bytes] = {}
        self.failures: dict[str, messages.FailWorkRequest] = {}
        self.returned: list[str] = []
        self.progress: dict[str, list[tuple[int, str]]] = {}
        self.cancelled: set[str] = set()
        self.lost: set[str] = set()
        self.uploads_refused = 0
        self.leases_refused = 0
        self.attempts: list[str] = []
        self.announced: dict[str, RenderedFile] = {}
        self.described: dict[str, RenderedFile] = {}
        self.upload_error: Callable[[], Exception] = lambda: Unavailable("away")

    def add(self, command: str, *, max_file_bytes: int = 0) -> str:
        work = messages.ExportWork(
            max_file_bytes=max_file_bytes, request_id=f"request-{command.split(maxsplit=1)[0]}"
        )
        work.lease.export_id, work.lease.attempt = str(uuid4()), 1
        work.document.resume.header.full_name = command
        work.plan.format = FORMAT_TXT
        work.heartbeat_interval.FromTimedelta(timedelta(seconds=LEASE / 3))
        self.pending.put_nowait(work)
        return work.lease.export_id

    async def LeaseWork(self, request: messages.LeaseWorkRequest, context: Any) -> messages.LeaseWorkResponse:
        require_service("render-worker")
        UUID(request.owner)
        if self.leases_refused:
            self.leases_refused -= 1
            raise Unavailable("away")
        answer = messages.LeaseWorkResponse()
        try:
            async with asyncio.timeout(request.wait.ToMilliseconds() / 1000):
                answer.work.append(await self.pending.get())
        except TimeoutError:
            return answer
        while len(answer.work) < request.max_items and not self.pending.empty():
            answer.work.append(self.pending.get_nowait())
        for each in answer.work:
            each.lease.owner = request.owner
        return answer

    async def HeartbeatWork(
        self, request: messages.HeartbeatWorkRequest, context: Any
    ) -> messages.HeartbeatWorkResponse:
        for each in request.items:
            self.progress.setdefault(each.lease.export_id, []).append((each.progress, each.step))
        named = {each.lease.export_id for each in request.items}
        return messages.HeartbeatWorkResponse(
            cancelled_export_ids=named & self.cancelled, lost_export_ids=named & self.lost
        )

    async def CompleteWork(
        self, requests: AsyncIterator[messages.CompleteWorkRequest], context: Any
    ) -> messages.CompleteWorkResponse:
        header = (await anext(requests)).header
        self.attempts.append(header.lease.export_id)
        if self.uploads_refused:
            self.uploads_refused -= 1
            raise self.upload_error()
        self.announced[header.lease.export_id] = header.file
        parts = [each async for each in requests]
        data = b"".join(each.chunk for each in parts)
        assert header.file.sha256 == hashlib.sha256(data).hexdigest()
        self.described[header.lease.export_id] = (
            parts[-1].file if parts[-1].WhichOneof("part") == "file" else header.file
        )
        self.files[header.lease.export_id] = data
        return messages.CompleteWorkResponse()

    async def FailWork(self, request: messages.FailWorkRequest, context: Any) -> messages.FailWorkResponse:
        self.failures[request.lease.export_id] = request
        return messages.FailWorkResponse()

    async def ReturnWork(
        self, request: messages.ReturnWorkRequest, context: Any
    ) -> messages.ReturnWorkResponse:
        self.returned += [each.export_id for each in request.leases]
        return messages.ReturnWorkResponse()


class Running:
    def __init__(self, storage: Storage, worker: ExportWorker, supervisor: Supervisor) -> None:
        self.storage = storage
        self.worker = worker
        self.supervisor = supervisor
        self.stopping = asyncio.Event()
        self.task = asyncio.create_task(worker.run(self.stopping, drain=0.5))

    async def stop(self) -> None:
        self.stopping.set()
        await self.task


Run = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def running(supervised: Start) -> Run:
    @asynccontextmanager
    async def start(**children: Any) -> AsyncIterator[Running]:
        signer = InternalSigner.from_pem(generate_key(), issuer="render-worker")
        server, port, storage = await serve(signer)
        channel = open_channel(f"127.0.0.1:{port}", token=as_service(signer, ["storage"]))
        async with supervised(**{"spares": 0, **children}) as supervisor:
            worker = ExportWorker(
                WorkServiceStub(channel),
                supervisor,
                limits=FileLimits(10, 2**20),
                metrics=WorkerMetrics.register(CollectorRegistry()),
                lease_wait=0.5,
            )
            present = Running(storage, worker, supervisor)
            try:
                yield present
            finally:
                await present.stop()
        await channel.close()
        await server.stop(0.2)

    return start


async def serve(signer: InternalSigner) -> tuple[RpcServer, int, Storage]:
    verifier = InternalVerifier.from_jwks(key_set([signer]), audience="storage")
    server = build_server(
        load(ServerConfig, {}, process="storage"),
        authenticate=authenticator(verifier),
        registry=CollectorRegistry(),
    )
    storage = Storage()
    server.add(add_WorkServiceServicer_to_server, storage)
    return server, await server.start(), storage


async def until(holds: Callable[[], object], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - the condition lies in other processes
            await asyncio.sleep(0.01)


async def test_exports_are_rendered_and_handed_back(running: Run) -> None:
    async with running(count=2) as run:
        wanted = {run.storage.add(f"say number-{each}"): f"number-{each}".encode() for each in range(8)}
        await until(lambda: len(run.storage.files) == 8)
        assert run.storage.files == wanted
        assert run.storage.failures == {}


async def test_heartbeats_tell_the_step_while_it_works(running: Run) -> None:
    async with running() as run:
        export = run.storage.add("sleep 0.7")
        await until(lambda: export in run.storage.files)
        assert (30, "document_read") in run.storage.progress[export]


@pytest.mark.parametrize(
    ("command", "reason", "retryable", "killed"),
    [
        ("spin", "RENDER_TIMEOUT", True, True),
        ("bomb", "RENDER_MEMORY", True, True),
        ("segfault", "RENDER_CRASHED", True, True),
        ("invalid", "NO_SUCH_THING", False, False),
        ("bug secret", "RENDER_FAILED", False, False),
        ("pages 11", "TOO_MANY_PAGES", False, False),
        ("bytes 60000", "FILE_TOO_LARGE", False, False),
    ],
)
async def test_failures_are_reported_by_their_class(
    running: Run, command: str, reason: str, retryable: bool, killed: bool
) -> None:
    # Only what has to run into the limit gets a short one: on a busy machine the others take their time.
    async with running(time_limit=3.0 if reason == "RENDER_TIMEOUT" else 10.0) as run:
        export = run.storage.add(command, max_file_bytes=50_000)
        after = run.storage.add("say next")
        await until(lambda: export in run.storage.failures and after in run.storage.files)
        failure = run.storage.failures[export]
        assert (failure.error.reason, failure.error.retryable, failure.killed) == (reason, retryable, killed)
        assert failure.error.message
        assert "secret" not in failure.error.message


@pytest.mark.parametrize("why", ["cancelled", "lost"])
async def test_what_nobody_wants_any_more_is_killed(
    running: Run, alive: Callable[[int], bool], why: str
) -> None:
    async with running(cancel_grace=0.05) as run:
        [pid] = run.supervisor.child_pids()
        export = run.storage.add("sleep 60")
        await until(lambda: export in run.storage.progress)
        getattr(run.storage, why).add(export)
        await until(lambda: not alive(pid))
        after = run.storage.add("say next")
        await until(lambda: after in run.storage.files)
        assert run.storage.returned == ([export] if why == "cancelled" else [])
        assert run.storage.failures == {}


async def test_the_bytes_go_ahead_and_what_reading_them_back_told_follows(running: Run) -> None:
    async with running() as run:
        export = run.storage.add("say hello")
        await until(lambda: export in run.storage.files)
        assert run.storage.described[export].render_seconds > 0
        assert run.storage.announced[export].render_seconds == 0, "it was not known yet"


async def test_uploads_are_tried_again_while_the_lease_holds(running: Run) -> None:
    async with running() as run:
        run.storage.uploads_refused = 3
        export = run.storage.add("say patience")
        await until(lambda: export in run.storage.files)
        assert run.storage.attempts == [export] * 4
        assert run.storage.files[export] == b"patience"


async def test_a_lease_lost_while_uploading_is_let_go(running: Run) -> None:
    async with running() as run:
        run.storage.uploads_refused = 1
        run.storage.upload_error = lambda: Aborted("The lease is another's.", reason="LEASE_LOST")
        run.storage.add("say late")
        after = run.storage.add("say next")
        await until(lambda: after in run.storage.files)
        assert len(run.storage.files) == 1
        assert run.storage.failures == {}


async def test_leasing_goes_on_when_storage_comes_back(running: Run) -> None:
    async with running() as run:
        run.storage.leases_refused = 3
        export = run.storage.add("say back")
        await until(lambda: export in run.storage.files)


async def test_a_shutdown_finishes_what_is_short_and_returns_the_rest(running: Run) -> None:
    async with running(count=2) as run:
        short, long = run.storage.add("sleep 0.3"), run.storage.add("sleep 60")
        await until(run.storage.pending.empty)
        await asyncio.sleep(0.1)
        run.stopping.set()
        late = run.storage.add("say too late")
        await asyncio.wait_for(run.task, 5)
        assert set(run.storage.files) == {short}
        assert run.storage.returned == [long]
        assert late not in run.storage.files
        assert run.storage.failures == {}
