"""A pool of warm, killable children behind a bounded queue.

    async with Supervisor(config.children, limits, registry=registry) as supervisor:
        result = await supervisor.run(render_job(document, plan, limits=limits))

A job that takes too long, wants too much memory, or crashes loses its child and nothing else: other jobs go on, and a
spare that is already warm takes the place. In the spirit of gotenberg's process supervisor.

Reasons of failures: RENDER_QUEUE_FULL (RESOURCE_EXHAUSTED, with retry_after), RENDER_TIMEOUT (DEADLINE_EXCEEDED),
RENDER_MEMORY (RESOURCE_EXHAUSTED), RENDER_CRASHED and RENDER_FAILED (INTERNAL), RENDERER_DOWN (UNAVAILABLE), and
what the engine raises.
"""

import asyncio
import contextlib
import math
import random
import time
from collections import deque
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry

from services.render import capacity
from services.render.child_process import ChildProcess, OnStep
from services.render.config import ChildrenConfig
from services.render.frames import Frame
from services.render.jobs import FileLimits, Job
from services.render.metrics import RenderMetrics
from services.render.workspace import Workspace
from services.render.zygote_process import ChildGoneError, ChildOptions, Death, Nursery
from services.runtime.deadlines import remaining
from services.runtime.errors import (
    DeadlineExceeded,
    Internal,
    ResourceExhausted,
    Unavailable,
    VitaeError,
    from_status,
)
from services.runtime.logs import get_logger

T = TypeVar("T")

TIMEOUT, MEMORY, CRASHED = "RENDER_TIMEOUT", "RENDER_MEMORY", "RENDER_CRASHED"
KILLED = frozenset({TIMEOUT, MEMORY, CRASHED})
"""Reasons of renderings whose process did not survive, or must not: an export is tried once more, then final (R11)."""

QUEUE_FULL, WAIT_OVER = "RENDER_QUEUE_FULL", "RENDER_WAIT"
BUSY = frozenset({QUEUE_FULL, WAIT_OVER})
"""Reasons of renderings that never began."""

_BACK_OFF_LONGEST = 30.0
_DOWN_AFTER = 3
"""Failed starts in a row after which waiting makes no sense."""

_OUT_OF_MEMORY = ("failed to allocate", "bad_alloc", "MemoryError", "Cannot allocate memory", "out of memory")
"""What libraries say before they abort for want of memory: GLib, C++, Python, the C library."""

_ANSWER_OVERHEAD = 4 * 2**20

STAGES = ("render", "read_back", "preview", "measure")
"""Times a child tells with its answer."""

_RECYCLE_JITTER = 0.1

log = get_logger(__name__)


class Supervisor:
    """Starts, feeds, watches and replaces children."""

    def __init__(
        self,
        config: ChildrenConfig,
        limits: FileLimits,
        *,
        registry: CollectorRegistry,
        engine: str = "services.render.engine",
        temporary: Path | None = None,
    ) -> None:
        self.concurrency = capacity.children(wanted=config.count, spares=config.spares)
        self._config = config
        self._options = ChildOptions(
            engine=engine,
            memory_limit=config.memory_limit,
            cpu_seconds=math.ceil(config.time_limit),
            answer_limit=limits.max_bytes + _ANSWER_OVERHEAD,
            start_limit=config.start_limit,
        )
        self._temporary = temporary
        self._metrics = RenderMetrics.register(registry)
        self._idle: deque[ChildProcess] = deque()
        self._busy: set[ChildProcess] = set()
        self._starting = 0
        self._lifetimes: dict[ChildProcess, int] = {}
        self._waiting: deque[asyncio.Future[ChildProcess]] = deque()
        self._failed_starts = 0
        self._typical_seconds = 0.2
        self._stopping = False
        self._wanted = asyncio.Event()
        self._first = asyncio.Event()
        self._refusal: VitaeError | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._workspace: Workspace | None = None
        self._nursery: Nursery | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Starts the children and returns when the first is warm. Raises what the engine refuses to start for."""
        self._workspace = await asyncio.to_thread(Workspace.create, self._temporary)
        self._nursery = Nursery(self._options, self._workspace)
        self._wanted.set()
        self._keeper = asyncio.create_task(self._keep_population())
        await self._first.wait()
        if self._refusal is not None:
            refusal = self._refusal
            await self.stop()
            raise refusal

    async def stop(self) -> None:
        """Ends all children; jobs under way fail with UNAVAILABLE."""
        self._stopping = True
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(_stopping())
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        idle = [*self._idle]
        self._idle.clear()
        await asyncio.gather(*(each.reap() for each in self._busy), *(each.close() for each in idle))
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._nursery is not None:
            await self._nursery.close()
            self._nursery = None
        if self._workspace is not None:
            await asyncio.to_thread(self._workspace.remove)
            self._workspace = None

    def healthy(self) -> bool:
        """Whether at least one child is warm."""
        return not self._stopping and bool(self._idle or self._busy)

    def child_pids(self) -> list[int]:
        """Process ids of the warm children, busy ones first."""
        return [each.pid for each in (*self._busy, *self._idle)]

    async def run(self, job: Job[T], *, on_step: OnStep | None = None) -> T:
        """Has a child do the job and returns its result. Steps arrive as the child takes them.

        The job gets the configured time, or less when the caller's deadline is nearer; the wait for a child is bounded
        by that deadline alone.
        """
        began = time.perf_counter()
        child = await self._take()
        while not child.alive:  # died between being handed out and now, by no fault of this job
            self._release(child)
            child = await self._take()
        self._observe("wait", time.perf_counter() - began)
        left = remaining()
        limit = self._config.time_limit if left is None else min(self._config.time_limit, max(left, 0.0))
        answering = child.send(job.frame, on_step)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(limit):
                answer = await asyncio.shield(answering)
        except TimeoutError:
            self._bury(child, TIMEOUT)
            raise DeadlineExceeded(
                f"The rendering took longer than {limit:.3g} seconds and was stopped.", reason=TIMEOUT
            ) from None
        except ChildGoneError:
            raise await self._cause_of_death(child) from None
        except asyncio.CancelledError:
            self._spawn_task(self._let_end(child, answering))
            raise
        self._typical_seconds += 0.1 * (time.perf_counter() - started - self._typical_seconds)
        self._release(child)
        return self._result(job, answer)

    def _result(self, job: Job[T], answer: Frame) -> T:
        for stage in STAGES:
            if isinstance(seconds := answer.values.get(stage), float):
                self._observe(stage, seconds)
        if answer.kind != "error":
            return job.read(answer)
        error = from_status(Status.FromString(answer.parts[0]))
        if error.reason == MEMORY:
            self._metrics.deaths.labels(MEMORY).inc()
        if trace := answer.values.get("trace"):
            log.error("render_failed", job=job.frame.kind, trace=trace)
        raise error

    # ------------------------------------------------------------------------------------------ whose turn it is

    async def _take(self) -> ChildProcess:
        if self._stopping:
            raise _stopping()
        self._drop_dead()
        if self._idle and not self._waiting and len(self._busy) < self.concurrency:
            return self._hand_out()
        if not self._idle and not self._busy and self._failed_starts >= _DOWN_AFTER:
            raise Unavailable(
                "The renderer cannot start at the moment.", reason="RENDERER_DOWN", retry_after=10
            )
        if len(self._waiting) >= self._config.max_waiting:
            self._metrics.refused.inc()
            wait = (len(self._waiting) + 1) * self._typical_seconds / self.concurrency
            raise ResourceExhausted(
                "Too many renderings are waiting; try again later.",
                reason=QUEUE_FULL,
                retry_after=max(1.0, round(wait, 1)),
            )
        waiter: asyncio.Future[ChildProcess] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._metrics.waiting.set(len(self._waiting))
        try:
            async with asyncio.timeout(remaining()):
                return await waiter
        except TimeoutError:
            self._give_back(waiter)
            raise DeadlineExceeded("No renderer was free in the time allowed.", reason=WAIT_OVER) from None
        except asyncio.CancelledError:
            self._give_back(waiter)
            raise
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(waiter)
            self._metrics.waiting.set(len(self._waiting))

    def _give_back(self, waiter: "asyncio.Future[ChildProcess]") -> None:
        """The child a waiter was handed in the very moment it stopped waiting."""
        if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
            child = waiter.result()
            child.documents -= 1
            self._release(child)

    def _hand_out(self) -> ChildProcess:
        # The one used last: its memory is warm, and the spare stays fresh.
        child = self._idle.pop()
        self._busy.add(child)
        child.documents += 1
        self._show_population()
        return child

    def _release(self, child: ChildProcess) -> None:
        self._busy.discard(child)
        if not child.alive:
            self._spawn_task(self._reap(child, CRASHED))
        else:
            if self._is_worn(child):
                child.worn = True
            self._idle.append(child)
        self._advance()

    def _advance(self) -> None:
        """Hands children to those who wait, retires worn ones, and asks for new ones where they lack."""
        self._drop_dead()
        while self._idle and self._waiting and len(self._busy) < self.concurrency:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(self._hand_out())
        self._retire_worn()
        self._show_population()
        if self._missing() > 0:
            self._wanted.set()

    # ------------------------------------------------------------------------------------------- the population

    def _missing(self) -> int:
        fresh = sum(not each.worn for each in (*self._idle, *self._busy))
        return self.concurrency + self._config.spares - fresh - self._starting

    async def _keep_population(self) -> None:
        """Starts children while some are missing: at first as many at once as may render, later one after another."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while (missing := self._missing()) > 0:
                at_once = min(missing, max(1, self.concurrency - len(self._idle) - len(self._busy)))
                await asyncio.gather(*(self._start_child() for _ in range(at_once)))
                if self._failed_starts:
                    pause = min(_BACK_OFF_LONGEST, 0.1 * 2**self._failed_starts)
                    await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, hides nothing

    async def _start_child(self) -> None:
        if self._nursery is None:
            return
        self._starting += 1
        child: ChildProcess | None = None
        failed = True
        try:
            child = await ChildProcess.start(self._nursery)
            await child.wait_ready(self._config.start_limit)
            self._joined(child)
            child = None
        except VitaeError as error:
            self._refused(error)
        except (ChildGoneError, TimeoutError, OSError):
            self._refused(Unavailable("The renderer cannot start.", reason="RENDERER_DOWN"))
        except asyncio.CancelledError:
            failed = False
            raise
        finally:
            self._starting -= 1
            self._show_population()
            if child is not None:
                self._spawn_task(self._discard(child, failed=failed))

    async def _discard(self, child: ChildProcess, *, failed: bool) -> None:
        """Clears away a child that never was ready, and says why when that was its own fault."""
        death = await child.reap()
        if failed:
            log.error("render_child_start_failed", returncode=death.returncode, last_words=death.last_words)

    def _joined(self, child: ChildProcess) -> None:
        spread = random.uniform(1 - _RECYCLE_JITTER, 1.0)  # noqa: S311 - lest all retire at once
        self._lifetimes[child] = max(1, round(self._config.recycle_after * spread))
        self._failed_starts = 0
        self._metrics.starts.labels("ready").inc()
        # Newcomers go to the far end: the spare is the one used least.
        self._idle.appendleft(child)
        child.on_gone = self._advance
        self._first.set()
        self._advance()

    def _refused(self, error: VitaeError) -> None:
        self._failed_starts += 1
        self._metrics.starts.labels("failed").inc()
        if not self._first.is_set():
            self._refusal = error
            self._first.set()
        if self._failed_starts >= _DOWN_AFTER and not self._idle and not self._busy:
            for waiter in self._waiting:
                if not waiter.done():
                    waiter.set_exception(
                        Unavailable("The renderer cannot start at the moment.", reason="RENDERER_DOWN")
                    )

    def _is_worn(self, child: ChildProcess) -> bool:
        return (
            child.documents >= self._lifetimes[child] or child.resident_bytes >= self._config.recycle_memory
        )

    def _retire_worn(self) -> None:
        """Closes worn children as soon as fresh ones can carry the load."""
        fresh = sum(not each.worn for each in (*self._idle, *self._busy))
        for child in [each for each in self._idle if each.worn]:
            if fresh < self.concurrency:
                return
            self._idle.remove(child)
            self._lifetimes.pop(child, None)
            self._metrics.recycled.inc()
            self._spawn_task(child.close())

    def _drop_dead(self) -> None:
        for child in [each for each in self._idle if not each.alive]:
            self._idle.remove(child)
            self._spawn_task(self._reap(child, CRASHED))
            self._wanted.set()

    # -------------------------------------------------------------------------------------------- ends of children

    def _bury(self, child: ChildProcess, reason: str) -> None:
        """Kills a child at work and lets another take its place."""
        child.kill()
        self._busy.discard(child)
        self._spawn_task(self._reap(child, reason))
        self._advance()

    async def _reap(self, child: ChildProcess, reason: str) -> Death:
        self._lifetimes.pop(child, None)
        child.on_gone = None
        death = await child.reap()
        self._metrics.deaths.labels(reason).inc()
        log.warning("render_child_died", reason=reason, returncode=death.returncode, signal=death.signal)
        self._wanted.set()
        return death

    async def _cause_of_death(self, child: ChildProcess) -> VitaeError:
        """Why a child died at work, as the error its caller gets."""
        self._busy.discard(child)
        self._lifetimes.pop(child, None)
        self._advance()
        death = await child.reap()
        if self._stopping:
            return _stopping()
        error = _diagnosis(death)
        self._metrics.deaths.labels(error.reason).inc()
        log.warning(
            "render_child_died",
            reason=error.reason,
            returncode=death.returncode,
            signal=death.signal,
            last_words=death.last_words,
        )
        self._advance()
        return error

    async def _let_end(self, child: ChildProcess, answering: "asyncio.Future[Frame]") -> None:
        """A cancelled job gets a moment to end by itself; then its child is killed."""
        try:
            async with asyncio.timeout(self._config.cancel_grace):
                await asyncio.shield(answering)
        except (TimeoutError, ChildGoneError):
            self._bury(child, "RENDER_CANCELLED")
        else:
            self._release(child)

    # -------------------------------------------------------------------------------------------------- book-keeping

    def _spawn_task(self, work: Coroutine[object, object, object]) -> None:
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _observe(self, stage: str, seconds: float) -> None:
        self._metrics.stage_seconds.labels(stage).observe(seconds)

    def _show_population(self) -> None:
        for state, count in (
            ("starting", self._starting),
            ("idle", len(self._idle)),
            ("busy", len(self._busy)),
        ):
            self._metrics.children.labels(state).set(count)


def _diagnosis(death: Death) -> VitaeError:
    if death.signal == "SIGXCPU":
        return DeadlineExceeded(
            "The rendering used more CPU time than it may and was stopped.", reason=TIMEOUT
        )
    # A SIGKILL that is not ours comes from the system, which kills for memory.
    if death.signal == "SIGKILL" or any(each in death.last_words for each in _OUT_OF_MEMORY):
        return ResourceExhausted("The rendering needed more memory than it may use.", reason=MEMORY)
    return Internal("The renderer crashed on this document.", reason=CRASHED)


def _stopping() -> Unavailable:
    return Unavailable("The renderer is shutting down; try again.", reason="RENDERER_STOPPING", retry_after=1)
