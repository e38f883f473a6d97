"""Children are killed at their limits, and nobody else notices."""
# ruff: noqa: ASYNC240 - looking at a temporary folder blocks nobody here

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from services.render.jobs import DOCUMENT_READ, RENDERED, Job, RenderResult
from services.render.supervisor import Supervisor
from services.render.workspace import Workspace
from services.runtime import deadlines
from services.runtime.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    ResourceExhausted,
    Unavailable,
    VitaeError,
)

MakeJob = Callable[[str], Job[RenderResult]]
Start = Callable[..., AbstractAsyncContextManager[Supervisor]]


async def eventually(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - the condition lies in other processes
            await asyncio.sleep(0.01)


def parent_of(pid: int) -> int:
    return int(stat(pid)[1])


def cpu_ticks(pid: int) -> int:
    """CPU time of a process and of the children it has buried."""
    return sum(map(int, stat(pid)[11:15]))


def stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()


async def test_renders_and_tells_the_steps(supervised: Start, job: MakeJob) -> None:
    steps: list[str] = []
    early: list[RenderResult] = []

    def step(name: str, parts: tuple[bytes, ...]) -> None:
        steps.append(name)
        if parts:
            early.append(RenderResult.of(parts))

    async with supervised() as supervisor:
        result = await supervisor.run(job("say hello"), on_step=step)
    assert result.data == b"hello"
    assert result.file.size_bytes == 5
    assert result.file.sha256.startswith("2cf24dba")
    assert result.file.render_seconds > 0
    assert steps == [DOCUMENT_READ, RENDERED]
    assert [(each.data, each.file.sha256) for each in early] == [(b"hello", result.file.sha256)]


async def test_a_rendering_past_its_time_is_killed_while_others_go_on(
    supervised: Start, job: MakeJob
) -> None:
    async with supervised(count=2, spares=1, time_limit=1.0) as supervisor:
        await eventually(lambda: len(supervisor.child_pids()) == 3)
        stuck = asyncio.create_task(supervisor.run(job("spin")))
        began = time.monotonic()
        served = 0
        while not stuck.done():
            assert (await supervisor.run(job("say on"))).data == b"on"
            served += 1
        with pytest.raises(DeadlineExceeded) as caught:
            await stuck
        assert caught.value.reason == "RENDER_TIMEOUT"
        assert 0.9 < time.monotonic() - began < 3
        assert served > 5
        # The spare takes the place without a cold start.
        began = time.monotonic()
        both = await asyncio.gather(supervisor.run(job("sleep 0.1")), supervisor.run(job("sleep 0.1")))
        assert len(both) == 2
        assert time.monotonic() - began < 0.35


async def test_a_memory_bomb_fails_alone(supervised: Start, job: MakeJob) -> None:
    async with supervised() as supervisor:
        with pytest.raises(ResourceExhausted) as caught:
            await supervisor.run(job("bomb"))
        assert caught.value.reason == "RENDER_MEMORY"
        assert (await supervisor.run(job("say still here"))).data == b"still here"


@pytest.mark.parametrize("command", ["abort", "segfault", "exit"])
async def test_a_crash_is_an_error_and_the_next_rendering_works(
    supervised: Start, job: MakeJob, command: str
) -> None:
    async with supervised() as supervisor:
        with pytest.raises(Internal) as caught:
            await supervisor.run(job(command))
        assert caught.value.reason == "RENDER_CRASHED"
        assert (await supervisor.run(job("say next"))).data == b"next"


async def test_a_kill_by_the_system_reads_as_want_of_memory(supervised: Start, job: MakeJob) -> None:
    async with supervised(spares=0) as supervisor:
        [pid] = supervisor.child_pids()
        rendering = asyncio.create_task(supervisor.run(job("sleep 20")))
        await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ResourceExhausted) as caught:
            await rendering
        assert caught.value.reason == "RENDER_MEMORY"


async def test_a_bug_is_reported_without_the_documents_words(
    supervised: Start, job: MakeJob, caplog: pytest.LogCaptureFixture
) -> None:
    async with supervised() as supervisor:
        [pid, *_] = supervisor.child_pids()
        with pytest.raises(Internal) as caught:
            await supervisor.run(job("bug Secret-Name"))
        assert caught.value.reason == "RENDER_FAILED"
        assert "KeyError at engine_for_tests.py" in caplog.text
        assert "Secret-Name" not in caplog.text + str(caught.value)
        assert pid in supervisor.child_pids()


async def test_errors_of_the_engine_come_through(supervised: Start, job: MakeJob) -> None:
    async with supervised() as supervisor:
        with pytest.raises(InvalidArgument) as caught:
            await supervisor.run(job("invalid"))
    assert caught.value.reason == "NO_SUCH_THING"


@pytest.mark.parametrize(
    ("command", "reason"), [("pages 11", "TOO_MANY_PAGES"), ("bytes 1048577", "FILE_TOO_LARGE")]
)
async def test_files_past_their_limits_are_refused(
    supervised: Start, job: MakeJob, command: str, reason: str
) -> None:
    async with supervised() as supervisor:
        with pytest.raises(InvalidArgument) as caught:
            await supervisor.run(job(command))
    assert caught.value.reason == reason


async def test_cancelling_kills_a_long_rendering(
    supervised: Start, job: MakeJob, alive: Callable[[int], bool]
) -> None:
    async with supervised(spares=0, cancel_grace=0.05) as supervisor:
        [pid] = supervisor.child_pids()
        rendering = asyncio.create_task(supervisor.run(job("sleep 60")))
        await asyncio.sleep(0.1)
        rendering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await rendering
        await eventually(lambda: not alive(pid), 2)
        assert (await supervisor.run(job("say again"))).data == b"again"


async def test_cancelling_a_short_rendering_keeps_the_child(supervised: Start, job: MakeJob) -> None:
    async with supervised(spares=0, cancel_grace=2.0) as supervisor:
        before = supervisor.child_pids()
        rendering = asyncio.create_task(supervisor.run(job("sleep 0.2")))
        await asyncio.sleep(0.05)
        rendering.cancel()
        assert (await supervisor.run(job("say after"))).data == b"after"
        assert supervisor.child_pids() == before


async def test_the_callers_deadline_kills_too(supervised: Start, job: MakeJob) -> None:
    async with supervised() as supervisor:
        with deadlines.limit(0.3), pytest.raises(DeadlineExceeded):
            await supervisor.run(job("sleep 60"))


async def test_the_queue_is_bounded_and_says_when_to_come_again(supervised: Start, job: MakeJob) -> None:
    async with supervised(max_waiting=2) as supervisor:
        running = [asyncio.create_task(supervisor.run(job("sleep 0.3"))) for _ in range(3)]
        await asyncio.sleep(0.05)
        with pytest.raises(ResourceExhausted) as caught:
            await supervisor.run(job("say no"))
        assert caught.value.reason == "RENDER_QUEUE_FULL"
        assert caught.value.retry_after is not None
        assert caught.value.retry_after >= 1
        assert len(await asyncio.gather(*running)) == 3


async def test_waiting_ends_with_the_deadline(supervised: Start, job: MakeJob) -> None:
    async with supervised() as supervisor:
        running = asyncio.create_task(supervisor.run(job("sleep 0.5")))
        await asyncio.sleep(0.05)
        with deadlines.limit(0.1), pytest.raises(DeadlineExceeded) as caught:
            await supervisor.run(job("say late"))
        assert caught.value.reason == "RENDER_WAIT"
        await running


async def test_children_are_replaced_after_their_share_of_documents(
    supervised: Start, job: MakeJob, alive: Callable[[int], bool]
) -> None:
    async with supervised(recycle_after=5) as supervisor:
        pids: set[int] = set()
        async with asyncio.timeout(30):
            while len(pids) < 3:
                pids.add(int((await supervisor.run(job("pid"))).data))
                await asyncio.sleep(0.02)
        await eventually(lambda: sum(alive(pid) for pid in pids) <= 2)


async def test_an_idle_child_that_dies_is_replaced(supervised: Start, job: MakeJob) -> None:
    async with supervised(spares=0) as supervisor:
        [pid] = supervisor.child_pids()
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: supervisor.child_pids() not in ([], [pid]))
        assert (await supervisor.run(job("say back"))).data == b"back"
        assert supervisor.healthy()


async def test_a_job_is_not_handed_to_a_child_that_just_died(
    supervised: Start, job: MakeJob, alive: Callable[[int], bool]
) -> None:
    async with supervised(spares=1) as supervisor:
        await eventually(lambda: len(supervisor.child_pids()) == 2)
        for pid in supervisor.child_pids():
            os.kill(pid, signal.SIGKILL)
        while any(alive(pid) for pid in supervisor.child_pids()):
            time.sleep(0.001)  # noqa: ASYNC251 - the loop must not learn of the deaths before the job comes
        assert (await supervisor.run(job("say back"))).data == b"back"


async def test_without_the_zygote_all_begins_anew(
    supervised: Start, job: MakeJob, alive: Callable[[int], bool]
) -> None:
    async with supervised() as supervisor:
        await eventually(lambda: len(supervisor.child_pids()) == 2)
        pids = supervisor.child_pids()
        zygote = parent_of(pids[0])
        running = asyncio.create_task(supervisor.run(job("sleep 60")))
        await asyncio.sleep(0.1)
        os.kill(zygote, signal.SIGKILL)
        with pytest.raises(ResourceExhausted) as caught:
            await running
        assert caught.value.reason == "RENDER_MEMORY"
        await eventually(lambda: not any(alive(pid) for pid in pids))
        assert (await supervisor.run(job("say back"))).data == b"back"
        assert parent_of(supervisor.child_pids()[0]) != zygote


async def test_a_child_is_forked_not_loaded(supervised: Start, job: MakeJob) -> None:
    """What a new child costs is a fork; its zygote has loaded everything before, and lives on."""
    async with supervised(spares=1) as supervisor:
        await eventually(lambda: len(supervisor.child_pids()) == 2)
        zygote = parent_of(supervisor.child_pids()[0])
        before = cpu_ticks(zygote)
        for _ in range(5):
            with pytest.raises(Internal):
                await supervisor.run(job("exit"))
        await eventually(lambda: len(supervisor.child_pids()) == 2)
        assert {parent_of(pid) for pid in supervisor.child_pids()} == {zygote}
        assert cpu_ticks(zygote) - before < os.sysconf("SC_CLK_TCK"), "five loads cost several seconds of CPU"


async def test_an_engine_with_threads_is_refused(supervised: Start, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Unavailable):
        async with supervised(engine="engine_with_threads", spares=0):
            pass
    assert "has started 1 threads" in caplog.text


async def test_children_know_no_secrets(
    supervised: Start, job: MakeJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VITAE_RENDER_SIGNING_KEY", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    async with supervised() as supervisor:
        *names, folder = (await supervisor.run(job("environment"))).data.decode().splitlines()
    assert set(names) <= {
        "HOME", "LANG", "LC_CTYPE", "MALLOC_ARENA_MAX", "PYTHONHASHSEED", "PYTHONPATH", "TMPDIR", "XDG_CACHE_HOME",
    }  # fmt: skip
    assert Path(folder).is_relative_to(tmp_path)


async def test_stopping_fails_what_runs_and_leaves_nothing(
    supervised: Start, job: MakeJob, alive: Callable[[int], bool], tmp_path: Path
) -> None:
    async with supervised() as supervisor:
        await eventually(lambda: len(supervisor.child_pids()) == 2)
        pids = supervisor.child_pids()
        running = [asyncio.create_task(supervisor.run(job("sleep 60"))) for _ in range(2)]
        await asyncio.sleep(0.1)
    for each in running:
        with pytest.raises(Unavailable):
            await each
    assert not any(alive(pid) for pid in pids)
    assert list(tmp_path.iterdir()) == []
    assert not supervisor.healthy()


async def test_a_killed_parent_leaves_no_orphans_and_its_folder_is_swept(
    alive: Callable[[int], bool], tmp_path: Path
) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("parent_for_tests.py")),
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
    )
    assert parent.stdout is not None
    pids = [int(each) for each in (await parent.stdout.readline()).split()]
    assert len(pids) == 2
    assert all(alive(pid) for pid in pids)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not any(alive(pid) for pid in pids), 5)
    [left] = tmp_path.iterdir()
    workspace = Workspace.create(tmp_path)
    assert not left.exists()
    workspace.remove()


@pytest.mark.parametrize(
    ("engine", "error", "reason"),
    [
        ("engine_refusing", FailedPrecondition, "LIBRARY_MISSING"),
        ("engine_that_is_not_there", Unavailable, "RENDERER_DOWN"),
    ],
)
async def test_a_renderer_that_cannot_start_says_so(
    supervised: Start, tmp_path: Path, engine: str, error: type[VitaeError], reason: str
) -> None:
    with pytest.raises(error) as caught:
        async with supervised(engine=engine):
            pass
    assert caught.value.reason == reason
    assert list(tmp_path.iterdir()) == []


async def test_a_start_that_fails_is_logged_with_the_childs_last_words(
    supervised: Start, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unavailable):
        async with supervised(engine="engine_that_is_not_there", spares=0):
            pass
    assert "ModuleNotFoundError" in caplog.text
    assert "'returncode': 1" in caplog.text
