"""The worker: takes exports from storage's queue, has children render them, hands the files back (SPEC R12, S7).

    worker = ExportWorker(stub, supervisor, limits=limits, metrics=metrics, lease_wait=20.0)
    await worker.run(stopping, drain=22.0)

A crash at any moment costs one attempt and loses nothing: the lease runs out, and another worker takes the export.
Steps and progress: claimed 10, document_read 30, rendered 60, upload 80; what follows is storage's.
"""

import asyncio
import contextvars
import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.render.delivery import CALL_TIMEOUT, EarlyUpload, deliver, fail
from services.render.jobs import DOCUMENT_READ, RENDERED, FileLimits, RenderResult, render_job
from services.render.metrics import WorkerMetrics
from services.render.supervisor import BUSY, KILLED, Supervisor
from services.runtime.correlation import correlated
from services.runtime.errors import Unavailable, VitaeError
from services.runtime.logs import get_logger
from vitae.storage.v1 import work_pb2 as messages
from vitae.storage.v1.work_pb2_grpc import WorkServiceStub

PROGRESS = {"claimed": 10, DOCUMENT_READ: 30, RENDERED: 60, "upload": 80}
"""Percent by step."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_LEASE_CALL_MARGIN = 5.0
_MOST_PER_LEASE = 32
_LEASE_IN_BEATS = 3
"""A heartbeat is asked for at a third of the lease."""

log = get_logger(__name__)


@dataclass(eq=False)
class Held:
    """An export this worker holds."""

    work: messages.ExportWork
    expires: float
    """By the event loop's clock, which no other machine's clock moves."""
    step: str = "claimed"
    rendering: bool = True
    ended: str = ""
    """Why it was stopped from outside: cancelled or lost."""
    task: "asyncio.Task[None] | None" = field(default=None, repr=False)
    upload: EarlyUpload | None = field(default=None, repr=False)
    """Begun while the file is read back."""

    async def drop_upload(self) -> None:
        """Breaks off an upload that was begun, unless it has ended."""
        if self.upload is not None:
            await self.upload.drop()

    @property
    def id(self) -> str:
        return self.work.lease.export_id

    @property
    def beat_seconds(self) -> float:
        return max(0.05, self.work.heartbeat_interval.ToMilliseconds() / 1000)

    def prolong(self) -> None:
        """Counts a whole lease from now."""
        self.expires = asyncio.get_running_loop().time() + _LEASE_IN_BEATS * self.beat_seconds

    def left(self) -> float:
        """Seconds until the lease ends."""
        return self.expires - asyncio.get_running_loop().time()


class ExportWorker:
    """Works at as many exports at once as children may render."""

    def __init__(
        self,
        storage: WorkServiceStub,
        supervisor: Supervisor,
        *,
        limits: FileLimits,
        metrics: WorkerMetrics,
        lease_wait: float,
    ) -> None:
        self.owner = str(uuid.uuid4())
        self._storage = storage
        self._supervisor = supervisor
        self._limits = limits
        self._metrics = metrics
        self._lease_wait = lease_wait
        self._held: dict[str, Held] = {}
        self._changed = asyncio.Event()

    async def run(self, stopping: asyncio.Event, *, drain: float) -> None:
        """Works until `stopping` is set; then finishes what it can within `drain` seconds and returns the rest."""
        leasing = asyncio.create_task(self._lease())
        beating = asyncio.create_task(self._beat())
        ending = asyncio.create_task(stopping.wait())
        try:
            done, _ = await asyncio.wait({leasing, beating, ending}, return_when=asyncio.FIRST_COMPLETED)
            for each in done - {ending}:
                await each
            await _cancelled(leasing)
            if tasks := [each.task for each in self._held.values() if each.task is not None]:
                await asyncio.wait(tasks, timeout=drain)
        finally:
            await _cancelled(leasing, beating, ending)
            await asyncio.shield(self._return_all())

    # ------------------------------------------------------------------------------------------------------ leasing

    async def _lease(self) -> None:
        """Asks for work whenever there is room for it."""
        failures = 0
        while True:
            room = self._room() if self._supervisor.healthy() else 0
            if not room:
                await self._until_changed(1.0)
                continue
            request = messages.LeaseWorkRequest(owner=self.owner, max_items=room)
            request.wait.FromMilliseconds(round(self._lease_wait * 1000))
            try:
                answer = await self._storage.LeaseWork(request, timeout=self._lease_wait + _LEASE_CALL_MARGIN)
            except VitaeError as error:
                failures += 1
                self._metrics.lease_failures.inc()
                if failures == 1:
                    log.warning("lease_failed", reason=error.reason, message=error.message)
                await asyncio.sleep(pause(failures))
                continue
            if failures:
                log.info("lease_works_again", failures=failures)
            failures = 0
            for work in answer.work:
                self._begin(work)

    def _room(self) -> int:
        """How many more exports fit: as many as render at once, and as many again on their way to storage."""
        rendering = sum(each.rendering for each in self._held.values())
        room = self._supervisor.concurrency
        return max(0, min(room - rendering, 2 * room - len(self._held), _MOST_PER_LEASE))

    def _begin(self, work: messages.ExportWork) -> None:
        held = Held(work, expires=0.0)
        held.prolong()
        self._held[held.id] = held
        held.task = asyncio.create_task(self._work_at(held))
        held.task.add_done_callback(lambda task: self._end(held, task))
        self._note_change()

    def _end(self, held: Held, task: "asyncio.Task[None]") -> None:
        self._held.pop(held.id, None)
        self._note_change()
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease runs out and another attempt follows.
            log.error("export_crashed", step=held.step, exc_info=error)

    # ------------------------------------------------------------------------------------------------------ one export

    async def _work_at(self, held: Held) -> None:
        with correlated(held.work.request_id, held.work.traceparent):
            outcome = "crashed"
            try:
                outcome = await self._outcome(held)
            except asyncio.CancelledError:
                outcome = held.ended or "returned"
                if outcome == "lost":
                    return
                await self._return([held])
            finally:
                self._metrics.outcomes.labels(outcome).inc()
                log.info("export_ended", outcome=outcome, step=held.step, attempt=held.work.lease.attempt)

    async def _outcome(self, held: Held) -> str:
        try:
            return await self._rendered(held)
        finally:
            await held.drop_upload()

    async def _rendered(self, held: Held) -> str:
        work = held.work
        most = min(self._limits.max_bytes, work.max_file_bytes or self._limits.max_bytes)
        job = render_job(work.document, work.plan, limits=FileLimits(self._limits.max_pages, most))
        here = (
            contextvars.copy_context()
        )  # steps are told from the child's side, an upload belongs to this export
        try:
            result = await self._supervisor.run(job, on_step=lambda *step: here.run(self._step, held, *step))
        except VitaeError as error:
            await held.drop_upload()
            if isinstance(error, Unavailable) or error.reason in BUSY:
                # Not this export's fault: another worker may have it, at no cost.
                await self._return([held])
                return "returned"
            killed = error.reason in KILLED
            failed = await fail(self._storage, held, error, retryable=killed, killed=killed)
            return ("killed" if killed else "failed") if failed else "lost"
        finally:
            held.rendering = False
            self._note_change()
        held.step = "upload"
        with self._metrics.upload_seconds.time():
            return await deliver(self._storage, held, result, held.upload)

    def _step(self, held: Held, name: str, parts: tuple[bytes, ...]) -> None:
        if name in PROGRESS:
            held.step = name
        if name == RENDERED and parts:
            held.upload = EarlyUpload(self._storage, held, RenderResult.of(parts))

    async def _return(self, items: Iterable[Held]) -> None:
        """Gives leases back; when storage does not hear it, they run out by themselves."""
        request = messages.ReturnWorkRequest(leases=[each.work.lease for each in items])
        try:
            await self._storage.ReturnWork(request, timeout=CALL_TIMEOUT)
        except VitaeError as error:
            log.warning("return_failed", reason=error.reason, message=error.message)

    async def _return_all(self) -> None:
        await _cancelled(*(each.task for each in self._held.values() if each.task is not None))

    # ---------------------------------------------------------------------------------------------------- heartbeat

    async def _beat(self) -> None:
        """Prolongs the leases, tells progress, and stops what nobody wants any more."""
        failures = 0
        while True:
            beat = min((each.beat_seconds for each in self._held.values()), default=None)
            if beat is None:
                await self._until_changed(None)
                continue
            await asyncio.sleep(min(beat, pause(failures)) if failures else beat)
            items = list(self._held.values())
            if not items:
                continue
            progress = [
                messages.WorkProgress(lease=each.work.lease, progress=PROGRESS[each.step], step=each.step)
                for each in items
            ]
            try:
                answer = await self._storage.HeartbeatWork(
                    messages.HeartbeatWorkRequest(items=progress), timeout=max(1.0, beat)
                )
            except VitaeError as error:
                failures += 1
                if failures == 1:
                    log.warning("heartbeat_failed", reason=error.reason, message=error.message)
                continue
            failures = 0
            lost, cancelled = set(answer.lost_export_ids), set(answer.cancelled_export_ids)
            for each in items:
                if each.id in cancelled:
                    _stop(each, "cancelled")
                elif each.id not in lost:
                    each.prolong()
                elif each.step != "upload":
                    # An upload's own answer tells whether it came in time; it may have ended the lease itself.
                    _stop(each, "lost")

    def _note_change(self) -> None:
        self._metrics.leases.set(len(self._held))
        self._changed.set()

    async def _until_changed(self, seconds: float | None) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return


def pause(failures: int) -> float:
    """Seconds before trying again after so many failures: twice as long each time, spread so that workers differ."""
    longest: float = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2 ** min(failures - 1, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, hides nothing


def _stop(held: Held, why: str) -> None:
    held.ended = why
    if held.task is not None:
        held.task.cancel()


async def _cancelled(*tasks: "asyncio.Task[object] | asyncio.Task[None] | asyncio.Task[bool]") -> None:
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
