"""Processes kept running: started, watched, restarted after a crash, stopped in order.

    async with Processes(console.say) as processes:
        await processes.start(Program("storage", ("-m", "services.storage"), environ, folder))
        await processes.ready(timeout=30)          # every process wrote its ready file
        ...
    # left: stopped in the reverse order of starting

Output goes to a log file each. A crash is told with the log line that says why. A process that dies with the launcher
(PR_SET_PDEATHSIG) leaves nothing behind, even after kill -9 of the launcher.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
from asyncio.subprocess import Process as Child
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from services.runtime.ready import ReadyFile, read_ready_file

CONFIGURATION_REFUSED = 78
"""Exit code of a process whose configuration is not valid (process.py): starting it again is useless."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds before a crashed process is started again, doubling while it keeps crashing."""

STEADY = 30.0
"""Seconds after which a process counts as steady and the pause starts small again."""

STOP_TIMEOUT = 30.0
"""Seconds a process gets after SIGTERM: longer than the services' own grace period."""

_PR_SET_PDEATHSIG = 1


class ProcessFailed(Exception):
    """A process cannot be brought up; the message says which, why, and where its log is."""


@dataclass(frozen=True)
class Program:
    """What to run: `python` with these arguments, in this environment; `folder` holds its log and ready file."""

    name: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def ready_file(self) -> Path:
        return self.folder / f"{self.name}.ready"


class Processes:
    """The running processes, in the order they were started."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._watched: list[_Watched] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for watched in reversed(self._watched):
            await watched.stop()

    async def start(self, program: Program) -> None:
        """Starts a program and keeps it running until the end."""
        watched = _Watched(program, self._say)
        self._watched.append(watched)
        await watched.start()

    async def ready(self, timeout: float) -> None:
        """Returns when every process is ready. Raises ProcessFailed when one is not, within `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                for watched in self._watched:
                    await watched.ready()
        except TimeoutError:
            late = next(each for each in self._watched if each.ready_file() is None)
            raise ProcessFailed(
                f"{late.program.name} was not ready within {timeout:.0f} s; its log is {late.program.log}"
                f"{_quoted(telling_line(late.program.log))}"
            ) from None

    async def failed(self) -> str:
        """Returns what to tell when a process can no longer be kept running."""
        tasks = [asyncio.ensure_future(each.gave_up.wait()) for each in self._watched]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        return next(each.verdict for each in self._watched if each.gave_up.is_set())

    def pid(self, name: str) -> int:
        """Process id of the process called `name`, as it runs now."""
        return next(each for each in self._watched if each.program.name == name).pid()

    def ports(self, name: str) -> Mapping[str, int]:
        """Ports of a ready process."""
        found = next(each for each in self._watched if each.program.name == name).ready_file()
        return found.ports if found else {}


class _Watched:
    def __init__(self, program: Program, say: Callable[[str], None]) -> None:
        self.program = program
        self.gave_up = asyncio.Event()
        self.verdict = ""
        self._say = say
        self._child: Child | None = None
        self._stopping = False
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.program.folder.mkdir(parents=True, exist_ok=True)
        self.program.log.write_bytes(b"")
        self._child = await self._spawn()
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {self.program.name}")

    async def ready(self) -> None:
        while self.ready_file() is None:
            if self.gave_up.is_set():
                raise ProcessFailed(self.verdict)
            await asyncio.sleep(0.02)

    def ready_file(self) -> ReadyFile | None:
        """The ready file of the child that runs now, not of one before it."""
        found = read_ready_file(self.program.ready_file)
        return found if found and self._child and found.pid == self._child.pid else None

    def pid(self) -> int:
        if self._child is None or self._child.returncode is not None:
            raise ProcessFailed(f"{self.program.name} is not running")
        return self._child.pid

    async def stop(self) -> None:
        self._stopping = True
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.terminate()
            try:
                await asyncio.wait_for(self._child.wait(), STOP_TIMEOUT)
            except TimeoutError:
                self._say(f"{self.program.name} did not stop within {STOP_TIMEOUT:.0f} s; killed")
                self._child.kill()
                await self._child.wait()
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher

    async def _watch(self) -> None:
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while self._child is not None:
            began = loop.time()
            code = await self._child.wait()
            if self._stopping:
                return
            told = f"{self.program.name} {_how(code)}{_quoted(telling_line(self.program.log))}"
            if code == CONFIGURATION_REFUSED:
                self.verdict = f"{told}; its log is {self.program.log}"
                self.gave_up.set()
                return
            if loop.time() - began > STEADY:
                pause = FIRST_PAUSE
            self._say(f"{told}; starting it again")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            self._child = await self._spawn()

    async def _spawn(self) -> Child:
        self.program.ready_file.unlink(missing_ok=True)
        with self.program.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *self.program.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.program.environ),
                process_group=0,  # a Ctrl-C at the terminal is ours to handle: we stop them in order
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )


def telling_line(log: Path) -> str:
    """The line of a log that says why its process ended: the last error, else the last line; empty for an empty log."""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 65536))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    errors = [told for line in lines if (told := _error(line))]
    return next(iter([*reversed(errors), *reversed(lines)]), "")


def _error(line: str) -> str:
    """What a JSON log line of level error tells, its exception's last line included; empty for every other line."""
    try:
        record = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(record, dict) or record.get("level") not in {"error", "critical"}:
        return ""
    exception = str(record.get("exception", "")).strip().splitlines()
    return ": ".join([str(record.get("event")), *exception[-1:]])


def _how(code: int) -> str:
    if code == CONFIGURATION_REFUSED:
        return "refused its configuration"
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _quoted(line: str) -> str:
    return f", its log: {line[:300]}" if line else ""


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
