"""A child: a fork of the zygote that draws, so that what goes wrong while drawing can be killed.

It binds itself to the zygote's life and to its limits, says "ready", and then answers one frame after another until its
socket closes. It has no secrets in its environment, and lives in an empty folder of its own.
"""

import ctypes
import gc
import os
import resource
import signal
import socket
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

from services.render import frames
from services.render.frames import Frame
from services.render.performers import Engine, perform
from services.runtime.errors import Internal, ResourceExhausted, VitaeError, to_status

MEMORY = "RENDER_MEMORY"
"""Reason: the rendering wanted more memory than it may have."""

FAILED = "RENDER_FAILED"
"""Reason: the rendering stopped at an error of ours."""

FIRST_TO_GO = 1000
"""oom_score_adj of children: before anything else when memory runs out."""

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

_JOBS_BETWEEN_GIVING_BACK = 16
"""Memory is given back after the answer is sent: a few milliseconds, for 10 MB that the C library would keep."""


@dataclass(frozen=True)
class Bounds:
    """What a child belongs to and may use."""

    parent: int
    """Process id of the zygote."""
    seconds: int
    """CPU time of one job."""
    folder: Path


def serve(peer: socket.socket, engine: Engine, bounds: Bounds) -> None:
    """Serves the supervisor until it closes the socket. Everything is loaded before the fork."""
    bind_to(bounds.parent, FIRST_TO_GO)
    os.setsid()
    _live_in(bounds.folder)
    frames.send(peer, Frame("ready", {"rss": _resident_bytes()}))
    jobs = 0
    while (asked := frames.receive(peer)) is not None:
        _allow_cpu(bounds.seconds)
        frames.send(peer, _answer(asked, engine, peer))
        del asked
        # A document's tree refers to itself. Collected after each answer it costs 6 ms that nobody waits for; left to
        # Python's own count of objects, half a dozen trees are alive at once: 15 MB.
        gc.collect()
        jobs += 1
        if jobs % _JOBS_BETWEEN_GIVING_BACK == 0:
            give_back_memory()


def bind_to(parent: int, first_to_go: int) -> None:
    """Dies with the parent, however that dies; gains no rights; goes early when memory runs out."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        raise SystemExit(0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    try:
        Path("/proc/self/oom_score_adj").write_text(str(first_to_go), encoding="ascii")
    except OSError as error:
        print(f"oom_score_adj stays as it is: {error.strerror}", file=sys.stderr)  # noqa: T201 - read when it dies


def failure(error: VitaeError, *, worn: bool = False, trace: str = "") -> Frame:
    """The frame that tells of an error."""
    return Frame("error", {"worn": worn, "trace": trace}, (to_status(error).SerializeToString(),))


def give_back_memory() -> None:
    """Returns what is free to the system; a C library without this (musl) keeps it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _answer(asked: Frame, engine: Engine, peer: socket.socket) -> Frame:
    def step(name: str, *parts: bytes) -> None:
        frames.send(peer, Frame("step", {"name": name}, parts))

    try:
        answer = perform(asked, engine, step)
    except VitaeError as error:
        answer = failure(error)
    except MemoryError:
        too_large = ResourceExhausted("The rendering needed more memory than it may use.", reason=MEMORY)
        answer = failure(too_large, worn=True)
    except Exception as error:  # noqa: BLE001 - the child's outermost loop: one bad document must not end it
        answer = failure(Internal("The document could not be rendered.", reason=FAILED), trace=_trace(error))
    return Frame(answer.kind, {**answer.values, "rss": _resident_bytes()}, answer.parts)


def _trace(error: Exception) -> str:
    """Where an error arose, without its words: they may quote the document."""
    places = [
        f"{Path(each.filename).name}:{each.lineno} {each.name}"
        for each in traceback.extract_tb(error.__traceback__)
    ]
    return f"{type(error).__name__} at " + " < ".join(reversed(places[-12:]))


def _live_in(folder: Path) -> None:
    os.chdir(folder)
    os.environ.update(HOME=str(folder), TMPDIR=str(folder))
    tempfile.tempdir = None


def _allow_cpu(seconds: int) -> None:
    """Lets the next job use `seconds` of CPU: the limit counts from the process's start, so it moves with each job."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
