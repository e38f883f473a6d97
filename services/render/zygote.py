"""The zygote: the program that loads engines and fonts once, and forks a warm child whenever one is wanted.

    python -m services.render.zygote --parent PID --memory BYTES --seconds N [--engine MODULE]

A fork takes some 40 ms where loading takes 2 s of CPU, and children share the memory of all that was loaded: what a
child has to itself is half of what it would have alone. The zygote never sees a document. It has one thread, so nothing
can be held by another one while it forks; an engine that starts threads while it warms up is refused.

Standard input is a socket of packets from the supervisor; each packet is a frame.

    fork (folder; descriptors: the child's socket, its standard error)  -> forked (pid) or refused (why)
    kill (pid)                                                             a child that has ended already is let be
                                                                        <- ended (pid, returncode)

As the children's parent it is the only one that knows for sure which process a number means, so it does the killing.
"""

import argparse
import gc
import importlib
import logging
import os
import resource
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import cast

from services.render import child
from services.render.child import Bounds
from services.render.fidelity.expectation import expected
from services.render.fidelity.measure import warm_up
from services.render.frames import PACKET, Frame
from services.render.performers import Engine
from services.render.samples import sample
from services.runtime.errors import VitaeError
from vitae.render.v1.options_pb2 import RenderOptions

_GOES_AFTER_CHILDREN = 900
"""oom_score_adj: a child that takes too much goes alone; with the zygote all would go."""

_LARGEST_SCRATCH_FILE = 64 * 2**20
_DESCRIPTORS = 2


def main(arguments: list[str]) -> int:
    """Serves the supervisor on standard input until it closes; 1 when the engine cannot be loaded."""
    options = _parse(arguments)
    child.bind_to(options.parent, _GOES_AFTER_CHILDREN)
    _limit(options.memory)
    # Libraries log what they read; standard error is kept for the last words of a crash.
    logging.getLogger().addHandler(logging.NullHandler())
    control = socket.socket(fileno=0)
    try:
        engine = _loaded(options.engine)
    except VitaeError as error:
        control.send(child.failure(error).encode())
        return 1
    control.send(Frame("ready").encode())
    _Nest(control, engine, options.seconds).serve()
    return 0


def _loaded(name: str) -> Engine:
    """The engine, with all that its children are to share."""
    # What this reads and drops again leaves room for the engine, which has more to keep.
    warm_up(expected(sample("en"), RenderOptions()))
    engine = cast(Engine, importlib.import_module(name))
    engine.warm_up()
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise RuntimeError(
            f"{name} has started {threads - 1} threads; a fork would lose them and what they hold"
        )
    gc.collect()
    gc.freeze()
    child.give_back_memory()
    return engine


class _Nest:
    """Forks, kills and buries children."""

    def __init__(self, control: socket.socket, engine: Engine, seconds: int) -> None:
        self._control, self._engine, self._seconds = control, engine, seconds
        self._pids: set[int] = set()
        self._ends, signalled = socket.socketpair()
        self._signalled = signalled
        for each in (self._ends, signalled):
            each.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(signalled.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        """Does what comes until the supervisor closes the socket."""
        while True:
            ready, _, _ = select.select([self._control, self._ends], [], [])
            if self._ends in ready:
                self._ends.recv(PACKET)
                self._bury()
            if self._control in ready and not self._obey():
                return

    def _obey(self) -> bool:
        packet, descriptors, _, _ = socket.recv_fds(self._control, PACKET, _DESCRIPTORS)
        if not packet:
            return False
        order = Frame.decode(packet)
        if order.kind == "fork":
            self._fork(Path(str(order.values["folder"])), descriptors)
        elif (pid := order.values["pid"]) in self._pids:
            self._kill(cast(int, pid))
        return True

    def _fork(self, folder: Path, descriptors: list[int]) -> None:
        zygote = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                self._be_child(Bounds(zygote, self._seconds, folder), *descriptors)
        except OSError as error:
            self._tell(Frame("refused", {"why": str(error.strerror)}))
            return
        finally:
            for each in descriptors:
                os.close(each)
        self._pids.add(pid)
        self._tell(Frame("forked", {"pid": pid}))

    def _be_child(self, bounds: Bounds, peer: int, errors: int) -> None:
        """Never returns: the process ends here, with nothing of the zygote's cleaned up twice."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._ends.close()
            self._signalled.close()
            self._control.detach()
            for mine, place in ((peer, 0), (errors, 2)):
                os.dup2(mine, place)
                os.close(mine)
            child.serve(socket.socket(fileno=0), self._engine, bounds)
            code = 0
        except SystemExit:
            code = 0
        except BaseException:  # noqa: BLE001 - its last words; there is nobody above
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _kill(self, pid: int) -> None:
        # Its session, should it have started anything; itself, should it not have its session yet.
        for end in (os.killpg, os.kill):
            with suppress(ProcessLookupError):
                end(pid, signal.SIGKILL)

    def _bury(self) -> None:
        while self._pids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._pids.discard(pid)
            self._tell(Frame("ended", {"pid": pid, "returncode": os.waitstatus_to_exitcode(status)}))

    def _tell(self, frame: Frame) -> None:
        self._control.send(frame.encode())


def _limit(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_SCRATCH_FILE, _LARGEST_SCRATCH_FILE))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="services.render.zygote", description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="process id of the supervisor")
    parser.add_argument("--memory", type=int, required=True, help="limit of a child's address space in bytes")
    parser.add_argument("--seconds", type=int, required=True, help="CPU seconds of one job")
    parser.add_argument("--engine", default="services.render.engine", help="module that draws")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
