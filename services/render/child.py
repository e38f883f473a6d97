"""A child: the program that draws, so that what goes wrong while drawing can be killed.

    python -m services.render.child --parent PID --memory BYTES --seconds N [--engine MODULE]

Standard input is the socket to the supervisor. The child binds itself to its parent's life and to its limits, loads
engine and fonts, says "ready", and then answers one frame after another until the socket closes. It has no secrets in
its environment, and lives in an empty folder of its own.
"""

import argparse
import ctypes
import gc
import importlib
import logging
import os
import resource
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import cast

from services.render import frames
from services.render.fidelity.expectation import expected
from services.render.fidelity.measure import warm_up
from services.render.frames import Frame
from services.render.performers import Engine, perform
from services.render.samples import sample
from services.runtime.errors import Internal, ResourceExhausted, VitaeError, to_status
from vitae.render.v1.options_pb2 import RenderOptions

MEMORY = "RENDER_MEMORY"
"""Reason: the rendering wanted more memory than it may have."""

FAILED = "RENDER_FAILED"
"""Reason: the rendering stopped at an error of ours."""

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_LARGEST_SCRATCH_FILE = 64 * 2**20

_JOBS_BETWEEN_GIVING_BACK = 16
"""Memory is given back after the answer is sent: a few milliseconds, for 10 MB that the C library would keep."""


def main(arguments: list[str]) -> int:
    """Serves the supervisor on standard input until it closes; 1 when the engine cannot be loaded."""
    options = _parse(arguments)
    _bind_to(options.parent)
    _limit(options.memory)
    # Libraries log what they read; standard error is kept for the last words of a crash.
    logging.getLogger().addHandler(logging.NullHandler())
    peer = socket.socket(fileno=0)
    try:
        # What this reads and drops again leaves room for the engine, which has more to keep.
        warm_up(expected(sample("en"), RenderOptions()))
        engine = cast(Engine, importlib.import_module(options.engine))
        engine.warm_up()
    except VitaeError as error:
        frames.send(peer, _failure(error))
        return 1
    gc.collect()
    gc.freeze()
    _give_back_memory()
    frames.send(peer, Frame("ready", {"rss": _resident_bytes()}))
    jobs = 0
    while (asked := frames.receive(peer)) is not None:
        _allow_cpu(options.seconds)
        frames.send(peer, _answer(asked, engine, peer))
        jobs += 1
        if jobs % _JOBS_BETWEEN_GIVING_BACK == 0:
            gc.collect()
            _give_back_memory()
    return 0


def _answer(asked: Frame, engine: Engine, peer: socket.socket) -> Frame:
    def step(name: str, *parts: bytes) -> None:
        frames.send(peer, Frame("step", {"name": name}, parts))

    try:
        answer = perform(asked, engine, step)
    except VitaeError as error:
        answer = _failure(error)
    except MemoryError:
        too_large = ResourceExhausted("The rendering needed more memory than it may use.", reason=MEMORY)
        answer = _failure(too_large, worn=True)
    except Exception as error:  # noqa: BLE001 - the child's outermost loop: one bad document must not end it
        answer = _failure(Internal("The document could not be rendered.", reason=FAILED), trace=_trace(error))
    return Frame(answer.kind, {**answer.values, "rss": _resident_bytes()}, answer.parts)


def _failure(error: VitaeError, *, worn: bool = False, trace: str = "") -> Frame:
    return Frame("error", {"worn": worn, "trace": trace}, (to_status(error).SerializeToString(),))


def _trace(error: Exception) -> str:
    """Where an error arose, without its words: they may quote the document."""
    places = [
        f"{Path(each.filename).name}:{each.lineno} {each.name}"
        for each in traceback.extract_tb(error.__traceback__)
    ]
    return f"{type(error).__name__} at " + " < ".join(reversed(places[-12:]))


def _bind_to(parent: int) -> None:
    """Dies with the parent, however that dies; gains no rights; is the first to go when memory runs out."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        raise SystemExit(0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError as error:
        print(f"oom_score_adj stays as it is: {error.strerror}", file=sys.stderr)  # noqa: T201 - read when it dies


def _limit(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_SCRATCH_FILE, _LARGEST_SCRATCH_FILE))


def _allow_cpu(seconds: int) -> None:
    """Lets the next job use `seconds` of CPU: the limit counts from the process's start, so it moves with each job."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _give_back_memory() -> None:
    """Returns what is free to the system; a C library without this (musl) keeps it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="services.render.child", description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="process id of the supervisor")
    parser.add_argument("--memory", type=int, required=True, help="limit of the address space in bytes")
    parser.add_argument("--seconds", type=int, required=True, help="CPU seconds of one job")
    parser.add_argument("--engine", default="services.render.engine", help="module that draws")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
