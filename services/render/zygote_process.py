"""The supervisor's end of the zygote: start it, have it fork and kill, and learn how children ended."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

import services.render
import vitae.render.v1
from services.render.frames import PACKET, BrokenFrameError, Frame
from services.render.workspace import Workspace
from services.runtime.errors import from_status
from services.runtime.logs import get_logger

_ERRORS = "stderr"
_TAIL = 4000
_CLOSE_WAIT = 2.0

log = get_logger(__name__)


class ChildGoneError(Exception):
    """The process ended, or stopped making sense, before it answered."""


@dataclass(frozen=True)
class ChildOptions:
    """How children are started."""

    engine: str
    memory_limit: int
    cpu_seconds: int
    answer_limit: int
    """Most bytes of one answer; a child that sends more is broken."""
    start_limit: float
    """Seconds that loading engine and fonts may take."""


@dataclass(frozen=True)
class Death:
    """How a process ended."""

    returncode: int
    last_words: str
    """End of its standard error."""

    @property
    def signal(self) -> str:
        """Name of the signal that ended it, or empty."""
        return signal.Signals(-self.returncode).name if self.returncode < 0 else ""


class Nursery:
    """Where children come from: one zygote, started anew when it is gone."""

    def __init__(self, options: ChildOptions, workspace: Workspace) -> None:
        self.options, self.workspace = options, workspace
        self._zygote: Zygote | None = None
        self._lock = asyncio.Lock()

    async def zygote(self) -> "Zygote":
        """A warm one. Raises VitaeError for what the engine refuses to start for, ChildGoneError, TimeoutError."""
        async with self._lock:
            if self._zygote is None or not self._zygote.alive:
                await self._close()
                self._zygote = await Zygote.start(self.options, self.workspace)
            return self._zygote

    async def close(self) -> None:
        """Ends the zygote, and with it what is left of its children."""
        async with self._lock:
            await self._close()

    async def _close(self) -> None:
        if self._zygote is not None:
            await self._zygote.close()
            self._zygote = None


class Zygote:
    """One zygote."""

    def __init__(self, popen: subprocess.Popen[bytes], folder: Path, control: socket.socket) -> None:
        self._popen, self._folder, self._control = popen, folder, control
        self._loop = asyncio.get_running_loop()
        self._first: asyncio.Future[Frame] = self._loop.create_future()
        self._forking: deque[asyncio.Future[int]] = deque()
        self._ends: dict[int, asyncio.Future[int]] = {}
        self._gone = False
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, options: ChildOptions, workspace: Workspace) -> Self:
        """Starts the program and waits until it is warm. Raises as `Nursery.zygote` does."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        folder = workspace.new_folder()
        with theirs:
            zygote = cls(_popen(options, folder, workspace.cache, theirs), folder, ours)
        try:
            async with asyncio.timeout(options.start_limit):
                first = await asyncio.shield(zygote._first)
            if first.kind == "ready":
                return zygote
            raise from_status(Status.FromString(first.parts[0]))
        except BaseException as error:  # cancelled, too: no process may be left behind
            death = await zygote.close()
            if not isinstance(error, asyncio.CancelledError):
                _tell_of(death)
            raise

    @property
    def alive(self) -> bool:
        return not self._gone

    async def fork(self, folder: Path, peer: socket.socket) -> int:
        """A new child that lives in `folder` and talks over `peer`; its process id. Raises ChildGoneError, OSError."""
        if self._gone:
            raise ChildGoneError
        forked: asyncio.Future[int] = self._loop.create_future()
        with (folder / _ERRORS).open("wb") as errors:
            order = Frame("fork", {"folder": str(folder)}).encode()
            socket.send_fds(self._control, [order], [peer.fileno(), errors.fileno()])
        self._forking.append(forked)
        try:
            return await asyncio.shield(forked)
        except asyncio.CancelledError:
            forked.add_done_callback(self._unwanted)
            raise

    def kill(self, pid: int) -> None:
        """Ends a child at once, with everything it may have started."""
        if self._gone:
            return  # its children went with it
        with contextlib.suppress(OSError):
            self._control.send(Frame("kill", {"pid": pid}).encode())

    async def ended(self, pid: int) -> int:
        """Waits for a child's end: its return code, negative for a signal."""
        return await asyncio.shield(self._end_of(pid))

    def forget(self, pid: int) -> None:
        """Whose end was told needs to be remembered no more."""
        self._ends.pop(pid, None)

    async def close(self) -> Death:
        """Lets it end by itself, kills it when it does not."""
        self._listener.cancel()
        await asyncio.gather(self._listener, return_exceptions=True)
        self._control.close()
        try:
            await asyncio.to_thread(self._popen.wait, _CLOSE_WAIT)
        except subprocess.TimeoutExpired:
            self._popen.kill()
        returncode = await asyncio.to_thread(self._popen.wait)
        death = Death(returncode, await asyncio.to_thread(last_words, self._folder))
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        return death

    async def _listen(self) -> None:
        """Receives until it is gone; one that sends nonsense is killed."""
        try:
            while packet := await self._loop.sock_recv(self._control, PACKET):
                self._note(Frame.decode(packet))
        except ConnectionError:
            return
        except BrokenFrameError:
            self._popen.kill()
        finally:
            self._lose()

    def _note(self, frame: Frame) -> None:
        if not self._first.done():
            self._first.set_result(frame)
        elif frame.kind == "forked":
            pid = int(str(frame.values["pid"]))
            self._ends[pid] = self._loop.create_future()
            self._forking.popleft().set_result(pid)
        elif frame.kind == "refused":
            _fail(self._forking.popleft())
        elif frame.kind == "ended":
            end = self._end_of(int(str(frame.values["pid"])))
            if not end.done():
                end.set_result(int(str(frame.values["returncode"])))

    def _end_of(self, pid: int) -> "asyncio.Future[int]":
        if pid not in self._ends:
            self._ends[pid] = self._loop.create_future()
            if self._gone:
                self._ends[pid].set_result(-signal.SIGKILL)
        return self._ends[pid]

    def _unwanted(self, forked: "asyncio.Future[int]") -> None:
        if not forked.cancelled() and forked.exception() is None:
            self.kill(forked.result())
            self.forget(forked.result())

    def _lose(self) -> None:
        """It is gone, and so are its children: the system kills them with it."""
        self._gone = True
        if not self._first.done():
            _fail(self._first)
        for forked in self._forking:
            if not forked.done():
                _fail(forked)
        for end in self._ends.values():
            if not end.done():
                end.set_result(-signal.SIGKILL)


def last_words(folder: Path) -> str:
    """End of what a process that lives in `folder` wrote to its standard error."""
    try:
        with (folder / _ERRORS).open("rb") as file:
            file.seek(max(0, (folder / _ERRORS).stat().st_size - _TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _tell_of(death: Death) -> None:
    log.error("render_child_start_failed", returncode=death.returncode, last_words=death.last_words)


def _fail(future: "asyncio.Future[int] | asyncio.Future[Frame]") -> None:
    future.set_exception(ChildGoneError())
    future.exception()


def _popen(
    options: ChildOptions, folder: Path, cache: Path, theirs: socket.socket
) -> subprocess.Popen[bytes]:
    """The process. Python 3.11 starts it by vfork, which runs none of gRPC's fork handlers."""
    command = [
        sys.executable,
        "-s",
        "-P",
        "-W",
        "ignore",
        "-X",
        "faulthandler",
        "-m",
        "services.render.zygote",
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
    """All that zygote and children may know: where the code is, and where to leave scratch files. No secrets."""
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
