"""The supervisor's end of one child: have it forked, ask it, kill it, and learn how it died."""

import asyncio
import contextlib
import select
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Self

from services.render import frames
from services.render.frames import BrokenFrameError, Frame
from services.render.zygote_process import ChildGoneError, Death, Nursery, Zygote, last_words

_CLOSE_WAIT = 2.0
_EXIT_WAIT = 1.0

OnStep = Callable[[str, tuple[bytes, ...]], None]
"""Called with a step's name and with what of the result is there already."""


class ChildProcess:
    """One child. `ask` it one thing at a time."""

    def __init__(self, zygote: Zygote, pid: int, folder: Path, limit: int) -> None:
        self.documents = 0
        self.resident_bytes = 0
        self.worn = False
        self.pid = pid
        self._zygote = zygote
        self._folder = folder
        self._limit = limit
        self._answer: asyncio.Future[Frame] | None = None
        self._on_step: OnStep | None = None
        self.on_gone: Callable[[], None] | None = None
        self._gone = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._line = select.poll()
        self._listener: asyncio.Task[None] | None = None
        self._reaping: asyncio.Task[Death] | None = None

    @classmethod
    async def start(cls, nursery: Nursery) -> Self:
        """Has one forked. It is not ready before `wait_ready` returned. Raises as `Nursery.zygote` and `fork` do."""
        zygote = await nursery.zygote()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        folder = nursery.workspace.new_folder()
        try:
            with theirs:
                pid = await zygote.fork(folder, theirs)
        except BaseException:
            ours.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        child = cls(zygote, pid, folder, nursery.options.answer_limit)
        child._line.register(ours, 0)
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
    def alive(self) -> bool:
        """Whether its end of the line is open, asked of the system: the event loop learns of deaths one by one, and
        a job handed to a dead child in between would be blamed for the death.
        """
        return not self._gone.is_set() and not self._line.poll(0)

    async def wait_ready(self, seconds: float) -> Frame:
        """The child's first word. Raises ChildGoneError, TimeoutError."""
        if self._answer is None:
            raise RuntimeError("the child was never started")
        async with asyncio.timeout(seconds):
            first = await asyncio.shield(self._answer)
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
        if self._reaping is None:  # past that its number may be another child's
            self._zygote.kill(self.pid)

    async def close(self) -> Death:
        """Lets an idle child end by itself, kills it when it does not."""
        if self._writer is not None:
            self._writer.close()
        if self._reaping is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_WAIT):
                    await self._zygote.ended(self.pid)
        return await self.reap()

    async def reap(self) -> Death:
        """Ends a child that lives, waits for one that is going, and removes what it left.

        Several may ask, one after another or at once: its end is told once, and its number may be given anew.
        """
        if self._reaping is None:
            self._reaping = asyncio.create_task(self._reap())
        return await asyncio.shield(self._reaping)

    async def _reap(self) -> Death:
        if self._gone.is_set():
            # It closed its socket on its way out; killed now, it would not tell how it ended.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EXIT_WAIT):
                    await self._zygote.ended(self.pid)
        self._zygote.kill(self.pid)
        returncode = await self._zygote.ended(self.pid)
        self._zygote.forget(self.pid)
        said = await asyncio.to_thread(last_words, self._folder)
        if self._writer is not None:
            self._writer.close()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        return Death(returncode, said)

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
