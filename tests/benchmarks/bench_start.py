"""What a start costs: `make run` on a new and on an existing data folder, to the first answered request.

    python tests/benchmarks/bench_start.py [--rounds 3] [--json out/bench/start.json]

Seconds by the clock, which a busy machine decides, and CPU seconds of all processes until that answer, which it hardly
does.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "protos" / "gen")]

from deploy.local import prepared  # noqa: E402 - the path comes first
from deploy.local.system import DATABASES, System, fill, running  # noqa: E402
from deploy.local.topology import SERVICES  # noqa: E402

PROCESSES = (*SERVICES, "render-worker", "gateway")
TARGET = 10.0
"""Seconds a cold start is to stay under."""


async def start(folder: Path) -> Mapping[str, float]:
    """Seconds and CPU seconds of one start, `seconds`, `cpu` and those of each process with its children."""
    began, spent = time.perf_counter(), _ended()
    async with running(folder, port=0, say=lambda _: None) as system:
        headers = {"Authorization": f"Bearer {system.token}"}
        async with httpx.AsyncClient(base_url=system.url, headers=headers, trust_env=False) as client:
            (await client.get("/api/v1/templates", timeout=60)).raise_for_status()
        seconds = time.perf_counter() - began
        each = {name: _tree(system, name) for name in PROCESSES}
        other = _ended() - spent  # initdb, psql, migrations
    return {"seconds": seconds, "cpu": sum(each.values()) + other, **each, "database": other}


def _ended() -> float:
    """CPU seconds of this process's children that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _tree(system: System, name: str) -> float:
    """CPU seconds of a process and of those it started."""
    pid = system.processes.pid(name)
    spent = {int(each.name): _stat(each) for each in Path("/proc").glob("[0-9]*")}
    return sum(cpu for number, (parent, cpu) in spent.items() if pid in (number, parent))


def _stat(process: Path) -> tuple[int, float]:
    """Parent and CPU seconds, of its ended children too."""
    try:
        fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:  # ended meanwhile
        return 0, 0.0
    return int(fields[1]), sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


async def measure(rounds: int) -> dict[str, list[Mapping[str, float]]]:
    """Starts on new folders and, each time, once more on the same one."""
    await prepared.prepare(DATABASES, lambda cluster: fill(cluster, os.environ))
    found: dict[str, list[Mapping[str, float]]] = {"cold": [], "warm": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="vitae-bench-") as folder:
            for starts in found.values():
                starts.append(await start(Path(folder)))
    return found


def main() -> int:
    """Measures, prints, writes; 1 when the target is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.rounds))
    for kind, starts in found.items():
        print(f"\n{kind} start, medians of {len(starts)}")
        for name in starts[0]:
            print(f"  {name:16} {statistics.median(each[name] for each in starts):7.2f} s")
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0 if statistics.median(each["seconds"] for each in found["cold"]) < TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
