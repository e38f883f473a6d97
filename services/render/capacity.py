"""How many children this container has room for, by its control group's limits (SPEC O12)."""

import os
from pathlib import Path

CHILD_MEMORY = 80 * 2**20
"""Bytes a warm child is reckoned at, beside what it shares with the zygote: 45 to 55 MB, and a large document's."""

PARENT_MEMORY = 288 * 2**20
"""Bytes kept for the parent, for files on their way, and for the zygote (92 MB), which children share."""

_CGROUP = Path("/sys/fs/cgroup")


def children(*, wanted: int, spares: int, cgroup: Path = _CGROUP) -> int:
    """Number of children that render at once: `wanted`, or by CPUs and memory when that is 0; never below 1."""
    if wanted:
        return wanted
    room = cpus(cgroup)
    memory = memory_limit(cgroup)
    if memory is not None:
        room = min(room, (memory - PARENT_MEMORY) // CHILD_MEMORY - spares)
    return max(1, room)


def cpus(cgroup: Path = _CGROUP) -> int:
    """CPUs this process may use: its affinity, less what the control group's quota takes away."""
    usable = len(os.sched_getaffinity(0))
    quota = _words(cgroup / "cpu.max")
    if len(quota) == 2 and quota[0].isdigit():
        return max(1, min(usable, int(quota[0]) // int(quota[1])))
    return usable


def memory_limit(cgroup: Path = _CGROUP) -> int | None:
    """Bytes the control group may use, or None when nothing limits it."""
    limit = _words(cgroup / "memory.max")
    return int(limit[0]) if limit and limit[0].isdigit() else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except OSError:
        return []
