"""The supervisor's end of one child: start it, ask it, kill it, and learn how it died."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import services.render
import vitae.render.v1
from services.render import frames
from services.render.frames import BrokenFrameError, Frame
from services.render.workspace import Workspace

_ERRORS = "stderr"
_TAIL = 4000
_CLOSE_WAIT = 2.0
_EXIT_WAIT = 1.0


OnStep = Callable[[str, tuple[bytes, ...]], None]
"""Called with a step's name and with what of the result is there already."""


class ChildGoneError(Exception):
    """The child ended, or stopped making sense, before it answered."""


@dataclass(frozen=True)
class ChildOptions:
    """How children are started."""

    engine: str
    memory_limit: int
    cpu_seconds: int
    answer_limit: int
    """Most bytes of one answer; a child that sends more is broken."""


@dataclass(frozen=True)
class Death:
    """How a child ended."""

    returncode: int
    last_words: str
    """End of its standard error."""

    @property
    def signal(self) -> str:
        """Name of the signal that ended it, or empty."""
        return signal.Signals(-self.returncode).name if self.returncode < 0 else ""


class ChildProcess:
    """One child. `ask` it one thing at a time."""

    def __init__(self, popen: subprocess.Popen[bytes], folder: Path, limit: int) -> None:
        self.documents = 0
        self.resident_bytes = 0
        self.worn = False
        self.ready = False
        self._popen = popen
        self._folder = folder
        self._limit = limit
        self._answer: asyncio.Future[Frame] | None = None
        self._on_step: OnStep | None = None
        self.on_gone: Callable[[], None] | None = None
        self._gone = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, options: ChildOptions, workspace: Workspace) -> Self:
        """Starts the program. It is not ready before `wait_ready` returned."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        folder = workspace.new_folder()
        with theirs:
            popen = _popen(options, folder, workspace.cache, theirs)
        child = cls(popen, folder, options.answer_limit)
        try:
            reader, child._writer = await asyncio.open_unix_connection(sock=ours, limit=2**20)
        except BaseException:  # cancelled, more often than not: neither socket nor process may be left behind
            ours.close()
            await child.reap()
            raise
        child._answer = asyncio.get_running_loop().create_future()
        child._listener = asyncio.create_task(child._listen(reader))
        return child

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return not self._gone.is_set()

    async def wait_ready(self, seconds: float) -> Frame:
        """The child's first word: "ready", or "error" when it cannot work. Raises ChildGoneError, TimeoutError."""
        if self._answer is None:
            raise RuntimeError("the child was never started")
        async with asyncio.timeout(seconds):
            first = await asyncio.shield(self._answer)
        self.ready = first.kind == "ready"
        self._note(first)
        return first

    def send(self, frame: Frame, on_step: OnStep | None = None) -> "asyncio.Future[Frame]":
        """Asks; the future brings the answer or ChildGoneError. Cancelling it does not stop the child."""
        self._answer = asyncio.get_running_loop().create_future()
        self._on_step = on_step
        if self._writer is None or not self.alive:
            self._answer.set_exception(ChildGoneError())
        else:
            self._writer.write(frame.encode())
        return self._answer

    def kill(self) -> None:
        """Ends it at once, with everything it may have started."""
        if self._popen.poll() is None:
            # A thread that waits for it may have seen its end a moment ago.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)

    async def close(self) -> Death:
        """Lets an idle child end by itself, kills it when it does not."""
        if self._writer is not None:
            self._writer.close()
        try:
            async with asyncio.timeout(_CLOSE_WAIT):
                await asyncio.to_thread(self._popen.wait, _CLOSE_WAIT)
        except (TimeoutError, subprocess.TimeoutExpired):
            self.kill()
        return await self.reap()

    async def reap(self) -> Death:
        """Ends a child that lives, waits for one that is going, and removes what it left."""
        if self._gone.is_set():
            # It closed its socket on its way out; killed now, it would not tell how it ended.
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._popen.wait, _EXIT_WAIT)
        self.kill()
        returncode = await asyncio.to_thread(self._popen.wait)
        last_words = await asyncio.to_thread(_tail, self._folder / _ERRORS)
        if self._writer is not None:
            self._writer.close()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        return Death(returncode, last_words)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Receives until the child is gone; a child that sends nonsense is killed."""
        try:
            while True:
                frame = await frames.read(reader, self._limit)
                if frame.kind == "step":
                    if self._on_step is not None:
                        self._on_step(str(frame.values.get("name", "")), frame.parts)
                elif self._answer is not None and not self._answer.done():
                    self._note(frame)
                    self._answer.set_result(frame)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        except BrokenFrameError:
            self.kill()
        finally:
            self._gone.set()
            if self._answer is not None and not self._answer.done():
                self._answer.set_exception(ChildGoneError())
                self._answer.exception()
            if self.on_gone is not None:
                self.on_gone()

    def _note(self, frame: Frame) -> None:
        resident = frame.values.get("rss", 0)
        self.resident_bytes = resident if isinstance(resident, int) else 0
        self.worn = self.worn or frame.values.get("worn") is True


def _popen(
    options: ChildOptions, folder: Path, cache: Path, theirs: socket.socket
) -> subprocess.Popen[bytes]:
    """The child's process. Python 3.11 starts it by vfork, which runs none of gRPC's fork handlers."""
    command = [
        sys.executable,
        "-s",
        "-P",
        "-W",
        "ignore",
        "-X",
        "faulthandler",
        "-m",
        "services.render.child",
    ]
    command += ["--parent", str(os.getpid()), "--memory", str(options.memory_limit)]
    command += ["--seconds", str(options.cpu_seconds), "--engine", options.engine]
    with (folder / _ERRORS).open("wb") as errors:
        return subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=folder,
            env=_environment(folder, cache),
            start_new_session=True,
        )


def _environment(folder: Path, cache: Path) -> dict[str, str]:
    """All that a child may know: where the code is, and where to leave scratch files. No secrets."""
    code = [Path(services.render.__path__[0]).parents[1], Path(vitae.render.v1.__path__[0]).parents[2]]
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(map(str, code))),
        "PYTHONHASHSEED": "0",
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "XDG_CACHE_HOME": str(cache),
        # Fewer arenas: less address space, and memory goes back sooner.
        "MALLOC_ARENA_MAX": "2",
    }


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
