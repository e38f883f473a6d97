"""The queue's speed on this machine: claims per second, and the way from enqueue to claim on an idle system.

    python tests/benchmarks/bench_queue.py [--items 2000] [--workers 4] [--durable]

Prints a table; with --json FILE it writes the figures too.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID, uuid4

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "protos" / "gen")]

from deploy.local.postgres import start  # noqa: E402 - the path comes first
from services.runtime.db import acting_as  # noqa: E402
from tests.support.queue_sample import KIND, Sample, make_schema, record_end, sample_service  # noqa: E402


async def throughput(sample: Sample, items: int, workers: int, backlog: int) -> dict[str, float]:
    """Items per second through claim and complete, single leases, `backlog` further items waiting all the time."""
    users = [UUID(int=n) for n in range(1, 1 + (items + backlog) // 40 + workers)]
    for number in range(items + backlog):
        await sample.add(uuid4(), users[number % len(users)])
    done = 0
    began = time.perf_counter()
    claims: list[float] = []

    async def work() -> None:
        nonlocal done
        owner = uuid4()
        while done < items:
            at = time.perf_counter()
            leases = await sample.queue.claim_or_wait(
                sample.database, owner, [KIND], limit=1, lease=30, wait=0
            )
            claims.append(time.perf_counter() - at)
            for lease in leases:
                async with sample.database.queue_transaction() as connection:
                    result = await sample.queue.complete(connection, lease.id, lease.owner, lease.attempt)
                    async with acting_as(connection, lease.tenant_id, lease.user_id):
                        await record_end(connection, lease.id, result.outcome.value)
                done += 1

    await asyncio.gather(*(work() for _ in range(workers)))
    seconds = time.perf_counter() - began
    return {"items_per_second": done / seconds, "claim_ms_median": statistics.median(claims) * 1000}


async def claims_alone(sample: Sample, items: int) -> float:
    """Claims per second of one worker, one lease each, nothing else going on."""
    for number in range(items):
        await sample.add(uuid4(), UUID(int=10_000 + number))
    owner = uuid4()
    began = time.perf_counter()
    for _ in range(items):
        async with sample.database.queue_transaction() as connection:
            (_,) = await sample.queue.claim(connection, owner, [KIND], limit=1, lease=30)
    return items / (time.perf_counter() - began)


async def latency(sample: Sample, rounds: int) -> list[float]:
    """Milliseconds from before the commit of an enqueue to the lease in a waiting worker's hands."""
    waits = []
    for number in range(rounds):
        waiting = asyncio.create_task(
            sample.queue.claim_or_wait(sample.database, uuid4(), [KIND], limit=1, lease=30, wait=10)
        )
        await asyncio.sleep(0.02)
        began = time.perf_counter()
        await sample.add(uuid4(), UUID(int=100_000 + number))
        enqueued = time.perf_counter()
        (lease,) = await waiting
        waits.append((time.perf_counter() - enqueued) * 1000)
        assert enqueued > began
        async with sample.database.queue_transaction() as connection:
            await sample.queue.complete(connection, lease.id, lease.owner, lease.attempt)
    return waits


async def measure(url: str, arguments: argparse.Namespace) -> dict[str, float]:
    """All figures."""
    async with sample_service(url, pool_size=arguments.workers + 2) as sample:
        await latency(sample, 20)
        idle = await latency(sample, 200)
        alone = await claims_alone(sample, arguments.items // 2)
        async with sample.database.queue_transaction() as connection:
            for number in range(arguments.items // 2):
                await sample.queue.forget(connection, UUID(int=1), UUID(int=10_000 + number))
        small = await throughput(sample, arguments.items, arguments.workers, 0)
        large = await throughput(sample, arguments.items, arguments.workers, 5 * arguments.items)
    ordered = sorted(idle)
    return {
        "idle_enqueue_to_claim_ms_median": statistics.median(idle),
        "idle_enqueue_to_claim_ms_p99": ordered[int(len(ordered) * 0.99)],
        "claims_per_second_one_worker": alone,
        **{f"short_queue_{name}": value for name, value in small.items()},
        **{f"long_queue_{name}": value for name, value in large.items()},
    }


def main() -> None:
    """Measures on a cluster made for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--durable", action="store_true", help="with fsync, as make run does")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        start(Path(folder), durable=arguments.durable) as cluster,
    ):
        urls = cluster.prepare("sample")
        make_schema(urls)
        figures = asyncio.run(measure(urls.login_url, arguments))
    for name, value in figures.items():
        print(f"{name:40} {value:10.2f}")
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
