"""How a rival is driven: a program that does one step for every line it reads, and answers with a line of JSON.

Standard library only: rivals run in environments that have none of ours.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path


def serve(steps: Mapping[str, Callable[[], int]]) -> None:
    """Serves until standard input closes. A step returns the size of what it made; each is run twice beforehand."""
    for step in steps.values():
        step()
        step()
    _say({"ready": sorted(steps)})
    for line in sys.stdin:
        cpu, wall = _cpu_seconds(), time.perf_counter()
        size = steps[line.strip()]()
        _say(
            {
                "wall": (time.perf_counter() - wall) * 1000,
                "cpu": (_cpu_seconds() - cpu) * 1000,
                "size": size,
                "rss": resident_bytes(),
                "pss": proportional_bytes(),
            }
        )


def resident_bytes(pid: str = "self") -> int:
    """Memory of one process that is in RAM."""
    return memory(pid, "Rss:")


def proportional_bytes(pid: str = "self") -> int:
    """The same, with what other processes share counted in parts."""
    return memory(pid, "Pss:")


def memory(pid: str, kind: str) -> int:
    """A line of /proc/PID/smaps_rollup in bytes; 0 for a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(kind))


def _cpu_seconds() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _say(message: Mapping[str, object]) -> None:
    print(json.dumps(message), flush=True)
