"""Storage's figures on this machine: the queue, the object store against bare boto3, and queries over many records.

    python tests/benchmarks/bench_storage.py [--records 100000] [--finished 1000000] [--json out/bench/storage.json]

PostgreSQL is private to the run, with fsync on. The object store is the S3 server of VITAE_TEST_S3_ENDPOINT, else a
Ceph of its own where it is installed, else left out. Exit code 1 when a target is missed.
"""

import argparse
import asyncio
import contextlib
import hashlib
import io
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "protos" / "gen")]

import boto3  # noqa: E402 - the path comes first
from botocore.config import Config  # noqa: E402
from sqlalchemy import text  # noqa: E402
from sqlalchemy.ext.asyncio import AsyncConnection  # noqa: E402

from deploy.local.postgres import ServiceDatabase, start  # noqa: E402
from services.runtime.auth import Identity  # noqa: E402
from services.runtime.db import Database  # noqa: E402
from services.runtime.migrate import upgrade  # noqa: E402
from services.runtime.queue import Doorbell, Ended, Lease, Outcome, Queue, Work  # noqa: E402
from services.storage.exports import store  # noqa: E402
from services.storage.objects.base import StagedFile  # noqa: E402
from services.storage.objects.s3 import S3Settings, S3Store  # noqa: E402
from services.storage.retention.cleanup import BATCH, expired  # noqa: E402
from services.storage.usage.store import at_work, export_groups, space  # noqa: E402
from tests.benchmarks.storage_records import Records, plan_faults  # noqa: E402
from tests.support.ceph import S3Endpoint, ceph, missing_programs  # noqa: E402

KIND = "export"
TENANT = UUID(int=1)
OBJECT_BYTES = 300_000
FEW = 1000
QUERY_TARGET_MS = 20.0
FLOOR_FACTOR = 1.2
CLAIM_FACTOR = 4.0
"""A claim is four round trips to the database where the floor has three, and finds the fairest piece of work."""
LEASE_TARGET_MS = 50.0
"""From enqueue to lease, at the median: far below the poll's second, so it was the bell."""
FLAT_FACTOR = 1.25
"""Of a claim over a million finished rows against a thousand; the rest is noise."""

Query = Callable[[AsyncConnection], Awaitable[None]]


@dataclass(frozen=True)
class Figure:
    """One measured figure; `most` is what it is to stay under."""

    name: str
    value: float
    unit: str
    most: float | None = None
    note: str = ""
    faulty: bool = False
    """Wrong whatever the value is."""

    @property
    def missed(self) -> bool:
        """Whether the target is missed."""
        return self.faulty or (self.most is not None and self.value > self.most)


@contextlib.asynccontextmanager
async def queue_on(url: str, pool: int, *, listen: bool = False) -> AsyncIterator[tuple[Database, Queue]]:
    """A queue without a service around it."""

    async def on_ended(_: Any, ended: Ended) -> None:
        raise AssertionError(f"{ended.id} was not to be ended by the queue")

    async with Database(url, application="bench", pool_size=pool, pool_overflow=2) as database:
        doorbell = Doorbell(database, listen=listen)
        async with doorbell.connected():
            yield database, Queue(on_ended=on_ended, doorbell=doorbell, waiting_limit=10**9)


async def enqueue(database: Database, queue: Queue, user: UUID, number: int = 1, *, kind: str = KIND) -> None:
    """Work of one user, in one transaction."""
    async with database.user_transaction(Identity(TENANT, user)) as connection:
        for _ in range(number):
            await queue.enqueue(connection, Work(uuid4(), kind, TENANT, user))


async def claims(url: str, workers: int, items: int) -> tuple[float, float]:
    """(claims, completions) a second by so many workers of one process, one piece of work at a time."""
    async with queue_on(url, workers + 2) as (database, queue):
        users = [UUID(int=1000 + number) for number in range(items // 3)]
        for user in users:
            await enqueue(database, queue, user, 3)  # as many as one user may have at work
        held: list[Lease] = []

        async def claim() -> None:
            owner = uuid4()
            while True:
                found = await queue.claim_or_wait(database, owner, [KIND], limit=1, lease=600, wait=0)
                held.extend(found)
                if not found:
                    return

        async def complete() -> None:
            while held:
                lease = held.pop()
                async with database.user_transaction(Identity(TENANT, lease.user_id)) as connection:
                    result = await queue.complete(connection, lease.id, lease.owner, lease.attempt)
                assert result.outcome is Outcome.COMPLETED

        began = time.perf_counter()
        await asyncio.gather(*(claim() for _ in range(workers)))
        claimed = time.perf_counter()
        number = len(held)
        assert len({lease.id for lease in held}) == number == 3 * len(users)
        await asyncio.gather(*(complete() for _ in range(workers)))
        return number / (claimed - began), number / (time.perf_counter() - claimed)


async def commits(url: str, rounds: int = 300) -> float:
    """Transactions a second that write one row of the queue and do nothing else: the floor of a claim."""
    async with queue_on(url, 2) as (database, queue):
        user = UUID(int=42)
        await enqueue(database, queue, user)
        began = time.perf_counter()
        for _ in range(rounds):
            async with database.queue_transaction() as connection:
                await connection.execute(text("update user_slots set waiting = waiting"))
        seconds = time.perf_counter() - began
        async with database.queue_transaction() as connection:
            await queue.forget(connection, TENANT, user)
    return rounds / seconds


async def latency(url: str, rounds: int, *, load: int = 0, other_replica: bool = False) -> list[float]:
    """Milliseconds from the return of an enqueue to its lease, while `load` other users enqueue and complete.

    With `other_replica` the worker waits at a replica that learns of the work by the hint alone.
    """
    async with contextlib.AsyncExitStack() as stack:
        database, queue = await stack.enter_async_context(queue_on(url, load + 6))
        theirs, waiting_queue = database, queue
        if other_replica:
            theirs, waiting_queue = await stack.enter_async_context(queue_on(url, 4, listen=True))
        stop = asyncio.Event()

        async def noise(number: int) -> None:
            user, owner = UUID(int=5000 + number), uuid4()
            while not stop.is_set():
                await enqueue(database, queue, user, kind="noise")
                found = await queue.claim_or_wait(database, owner, ["noise"], limit=1, lease=60, wait=0)
                for lease in found:
                    async with database.user_transaction(Identity(TENANT, lease.user_id)) as connection:
                        await queue.complete(connection, lease.id, lease.owner, lease.attempt)

        noises = [asyncio.create_task(noise(number)) for number in range(load)]
        waits = []
        for number in range(rounds):
            waiting = asyncio.create_task(
                waiting_queue.claim_or_wait(theirs, uuid4(), [KIND], limit=1, lease=60, wait=10)
            )
            await asyncio.sleep(0.1)  # longer than hints are gathered
            await enqueue(database, queue, UUID(int=9000 + number))
            enqueued = time.perf_counter()
            [lease] = await waiting
            waits.append((time.perf_counter() - enqueued) * 1000)
            async with database.user_transaction(Identity(TENANT, lease.user_id)) as connection:
                await queue.complete(connection, lease.id, lease.owner, lease.attempt)
        stop.set()
        await asyncio.gather(*noises)
        async with database.queue_transaction() as connection:
            await connection.execute(text("delete from work_items"))
            await connection.execute(text("delete from user_slots"))
    return sorted(waits)


async def median_ms(call: Callable[[], Awaitable[Any]], rounds: int = 15) -> float:
    """The median of the call, warm."""
    await call()
    samples = []
    for _ in range(rounds):
        began = time.perf_counter()
        await call()
        samples.append((time.perf_counter() - began) * 1000)
    return statistics.median(samples)


async def queries(url: str, records: Records) -> list[Figure]:
    """What the service asks for a listing, a posting's exports, usage and cleanup, each with faults of its plans."""
    person = Identity(TENANT, records.heavy)
    everything = store.Filter()

    async def listing(connection: AsyncConnection) -> None:
        rows = await store.page(connection, person, everything, after=None, size=20, skip=0)
        assert len(rows) == 21
        assert await store.count(connection, person, everything) >= len(rows)

    async def by_job(connection: AsyncConnection) -> None:
        assert await store.of_job(connection, person, records.job, 500)
        assert (await store.job_totals(connection, person, records.job))[0] >= 0

    async def usage(connection: AsyncConnection) -> None:
        await space(connection, person)
        assert await export_groups(connection, person)
        await at_work(connection, person)

    async def cleanup(connection: AsyncConnection) -> None:
        assert len(await expired(connection, BATCH)) == BATCH

    figures = []
    async with Database(url, application="bench") as database:
        for query in (listing, by_job, usage, cleanup):
            scope = (
                database.queue_transaction if query is cleanup else partial(database.user_transaction, person)
            )

            async def call(query: Query = query, scope: Any = scope) -> None:
                async with scope() as connection:
                    await query(connection)

            value = await median_ms(call)
            async with scope() as connection:
                faults = await plan_faults(connection, query)
            note = "; ".join(faults) or "every plan uses an index"
            figures.append(
                Figure(f"query_{query.__name__}_ms", value, "ms", QUERY_TARGET_MS, note, bool(faults))
            )
    return figures


@contextlib.contextmanager
def s3() -> Iterator[S3Endpoint | None]:
    """The S3 server to measure against."""
    given = os.environ.get("VITAE_TEST_S3_ENDPOINT")
    if given:
        yield S3Endpoint(given, os.environ["VITAE_TEST_S3_KEY"], os.environ["VITAE_TEST_S3_SECRET"])
        return
    if lacking := missing_programs():
        print(f"no S3 figures: install {', '.join(lacking)} or set VITAE_TEST_S3_ENDPOINT")
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="ceph"))
    try:
        with ceph(folder) as endpoint:
            yield endpoint
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def objects(endpoint: S3Endpoint, rounds: int) -> list[Figure]:
    """Put and get of 300 kB objects, one at a time, through our store and through bare boto3, alternating."""
    os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = endpoint.key, endpoint.secret
    bucket = f"bench-{time.time_ns():x}"
    ours = S3Store(S3Settings(bucket=bucket, endpoint=endpoint.url, path_style=True))
    bare = boto3.client(
        "s3",
        endpoint_url=endpoint.url,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    data = os.urandom(OBJECT_BYTES)
    digest = hashlib.sha256(data).hexdigest()

    async def put_ours(key: str) -> None:
        await ours.put(key, StagedFile(io.BytesIO(data), len(data), digest), content_type="application/pdf")

    async def get_ours(key: str) -> None:
        assert sum([len(chunk) async for chunk in ours.get(key)]) == OBJECT_BYTES

    async def put_bare(key: str) -> None:
        await asyncio.to_thread(bare.put_object, Bucket=bucket, Key=key, Body=data)

    async def get_bare(key: str) -> None:
        def read() -> int:
            return len(bare.get_object(Bucket=bucket, Key=key)["Body"].read())

        assert await asyncio.to_thread(read) == OBJECT_BYTES

    samples: dict[str, list[float]] = {"put": [], "put_bare": [], "get": [], "get_bare": []}
    steps = (("put", put_ours), ("put_bare", put_bare), ("get", get_ours), ("get_bare", get_bare))
    try:
        for number in range(rounds + 5):
            for name, call in steps:
                key = f"bench/{'bare' if 'bare' in name else 'ours'}{number}"
                began = time.perf_counter()
                await call(key)
                if number >= 5:
                    samples[name].append((time.perf_counter() - began) * 1000)
    finally:
        await ours.close()
        bare.close()
    medians = {name: statistics.median(each) for name, each in samples.items()}
    figures = []
    for name in ("put", "get"):
        factor = medians[name] / medians[f"{name}_bare"]
        rate = OBJECT_BYTES / 1000 / medians[name]
        figures += [
            Figure(f"s3_{name}_mb_per_s", rate, "MB/s", note=f"{medians[name]:.1f} ms an object"),
            Figure(f"s3_{name}_against_boto3", factor, "x", FLOOR_FACTOR),
        ]
    return figures


async def claim_cost(urls: Sequence[str], rounds: int) -> list[float]:
    """Milliseconds of a claim and its completion on each database, alternating, so that what else the machine does
    meets all alike.
    """
    samples: list[list[float]] = [[] for _ in urls]
    async with contextlib.AsyncExitStack() as stack:
        queues = [await stack.enter_async_context(queue_on(url, 3)) for url in urls]
        for database, queue in queues:
            await enqueue(database, queue, UUID(int=77), rounds)
        for number in range(rounds):
            for (database, queue), taken in zip(queues, samples, strict=True):
                began = time.perf_counter()
                async with database.queue_transaction() as connection:
                    [lease] = await queue.claim(connection, uuid4(), [KIND], limit=1, lease=60)
                async with database.user_transaction(Identity(TENANT, lease.user_id)) as connection:
                    await queue.complete(connection, lease.id, lease.owner, lease.attempt)
                if number >= 5:
                    taken.append((time.perf_counter() - began) * 1000)
    return [statistics.median(each) for each in samples]


def measure_queue(urls: ServiceDatabase, arguments: argparse.Namespace) -> list[Figure]:
    """Claims and latency on an empty database."""
    floor = asyncio.run(commits(urls.login_url))
    figures = [
        Figure("queue_floor_commits_per_second", floor, "1/s", note="one worker, one row a transaction")
    ]
    for workers in (1, 4, 16):
        claimed, completed = asyncio.run(claims(urls.login_url, workers, arguments.items))
        note = f"{completed:.0f} completions a second"
        figures.append(Figure(f"claims_per_second_{workers}_workers", claimed, "1/s", note=note))
        if workers == 1:
            figures.append(Figure("claim_against_floor", floor / claimed, "x", CLAIM_FACTOR))
    ways: dict[str, dict[str, Any]] = {
        "idle": {},
        "idle_other_replica": {"other_replica": True},
        "loaded": {"load": 4},
    }
    for name, how in ways.items():
        waits = asyncio.run(latency(urls.login_url, arguments.rounds, **how))
        p99 = f"p99 {waits[int(len(waits) * 0.99)]:.1f}"
        median = statistics.median(waits)
        figures.append(Figure(f"enqueue_to_lease_{name}_ms", median, "ms", LEASE_TARGET_MS, p99))
    return figures


def measure(arguments: argparse.Namespace) -> list[Figure]:
    """All figures."""
    records = Records(TENANT, uuid4(), uuid4())
    with tempfile.TemporaryDirectory(prefix="vitae-bench-") as folder, start(Path(folder)) as cluster:
        few, many = (cluster.prepare("storage", name) for name in ("storage_few", "storage_many"))
        for each in (few, many):
            upgrade(each.owner_url, "services.storage")
        figures = measure_queue(few, arguments)
        with s3() as endpoint:
            if endpoint is not None:
                figures += asyncio.run(objects(endpoint, arguments.rounds))
        records.fill(cluster.admin_url("storage_few"), 1, FEW)
        admin = cluster.admin_url("storage_many")
        records.fill(admin, 1, arguments.records, expired=arguments.records // 10)
        figures += asyncio.run(queries(many.login_url, records))
        records.fill(admin, arguments.records + 1, arguments.finished)
        cost_few, cost_many = asyncio.run(claim_cost((few.login_url, many.login_url), arguments.rounds))
        figures += [
            Figure(f"claim_and_complete_ms_{FEW}_finished", cost_few, "ms"),
            Figure(f"claim_and_complete_ms_{arguments.finished}_finished", cost_many, "ms"),
            Figure("claim_cost_growth", cost_many / cost_few, "x", FLAT_FACTOR, "alternating on both"),
        ]
    return figures


def report(figures: list[Figure]) -> bool:
    """Prints the table; whether every target is met."""
    print(f"\n{'figure':42} {'value':>10} {'':4} {'at most':>8}")
    for each in figures:
        most = f"{each.most:8.1f}" if each.most is not None else " " * 8
        missed = "MISSED " if each.missed else ""
        print(f"{each.name:42} {each.value:10.2f} {each.unit:4} {most}  {missed}{each.note}")
    return not any(each.missed for each in figures)


def main() -> int:
    """Measures, prints, writes; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000, help="pieces of work of each claim figure")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--finished", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, default=ROOT / "out" / "bench" / "storage.json")
    arguments = parser.parse_args()
    figures = measure(arguments)
    good = report(figures)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    written = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "figures": {each.name: {**vars(each), "missed": each.missed} for each in figures},
    }
    arguments.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
