"""Everything under storage dies or freezes at random and comes back, while 20 people ask for files.

Two storage replicas, three workers, PostgreSQL and the object store (once a folder, once an S3 server) are killed with
kill -9 or stopped with SIGSTOP. Afterwards every export has ended completed or failed for a stated reason, every file
is the one of its record, no file is in two records, and the audit finds nothing but what a crash between an upload and
its record leaves to the orphan sweep.

The workers do not render: they make up bytes (tests/support/storage_worker.py), for volume. Work that waits for its
back-off is brought forward, so that minutes become seconds. VITAE_TEST_CHAOS_STORAGE_EXPORTS sets how many exports
(default 100; `make chaos` says 1,000).
"""

import asyncio
import hashlib
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psycopg
import pytest

from services.runtime.auth import Identity
from services.runtime.errors import DeadlineExceeded, ResourceExhausted, Unavailable
from services.storage.commands import tools
from services.storage.exports.messages import ENDED
from services.storage.inspection.findings import Code
from tests.support.ceph import S3Endpoint
from tests.support.storage_fleet import LEASE, Fleet, Person, fleet
from tests.support.storage_service import give_document
from tests.support.storage_worker import content
from vitae.render.v1.options_pb2 import FORMAT_PDF
from vitae.resume.v1.common_pb2 import WORK_STATUS_COMPLETED, WORK_STATUS_FAILED
from vitae.storage.v1 import exports_pb2

EXPORTS = int(os.environ.get("VITAE_TEST_CHAOS_STORAGE_EXPORTS", "100"))
PEOPLE = 20
TROUBLE = max(15.0, EXPORTS / 8)
"""Seconds over which people ask, in which everything dies and comes back."""

PATIENCE = 120.0
"""Seconds a client goes on repeating one call."""

STATED = {"WORKER_LOST"}
"""Why an export may fail here: its workers died more often than it has attempts."""

_FORWARD = """
    with slot as (
        update user_slots set next_at = now() where next_at > now() returning kind, tenant_id, user_id
    )
    update work_items w set run_after = now() from slot
    where (w.kind, w.tenant_id, w.user_id) = (slot.kind, slot.tenant_id, slot.user_id)
        and w.owner is null and w.run_after > now()
"""

T = TypeVar("T")


@dataclass
class Tally:
    """What happened."""

    deaths: Counter[str] = field(default_factory=Counter)
    every_kind: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when each kind of process was both killed and frozen."""
    repeats: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    orphans: int = 0


@pytest.fixture(params=["local", "s3"])
def endpoint(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Endpoint | None]:
    """The object store: a folder, or an S3 server of the test's own."""
    if request.param == "local":
        yield None
        return
    server: S3Endpoint = request.getfixturevalue("s3_endpoint")
    if server.gateway is None:
        pytest.skip("the S3 server given is not ours to kill")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
    yield server


@pytest.mark.timeout(1200)
async def test_nothing_is_lost_nothing_twice(endpoint: S3Endpoint | None, tmp_path: Path) -> None:
    tally = Tally()
    async with fleet(tmp_path, endpoint) as running:
        people = [running.person(Identity(uuid4(), uuid4())) for _ in range(PEOPLE)]
        await persistent(lambda: people[0].exports.ListExports(exports_pb2.ListExportsRequest()), tally)
        tally.repeats.clear()
        began = time.monotonic()
        counts = [EXPORTS // PEOPLE + (number < EXPORTS % PEOPLE) for number in range(PEOPLE)]
        async with beside(bring_forward(running)):
            async with beside(make_trouble(running, tally)):
                asked = await asyncio.gather(
                    *(
                        ask(running, person, count, tally)
                        for person, count in zip(people, counts, strict=True)
                    )
                )
                await asyncio.wait_for(tally.every_kind.wait(), PATIENCE)
            ended = await asyncio.gather(
                *(wait_for(person, ids, tally) for person, ids in zip(people, asked, strict=True))
            )
        tally.seconds = time.monotonic() - began
        exports = [each for of_person in ended for each in of_person]
        await check_exports(people, ended, tally)
        await check_storage(running, exports, tally)
    report(tally, "S3" if endpoint else "folder")


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """The work runs while the block does; when it fails the block ends."""

    async def never_ending() -> None:
        await work
        raise AssertionError("it was to go on until cancelled")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(never_ending())
        yield
        task.cancel()


async def make_trouble(running: Fleet, tally: Tally) -> None:
    """Kills and freezes, one after the other and sometimes two at once, until cancelled.

    Each kind of process has its turn, both ways, before any has a second one; which, when and for how long is chance.
    """
    kinds = sorted({kind_of(name) for name in running.victims})
    while True:
        turns = [(kind, kill) for kind in kinds for kill in (True, False)]
        random.shuffle(turns)
        while turns:
            await asyncio.sleep(random.uniform(0.1, 0.8))
            some = {turns.pop() for _ in range(min(len(turns), random.choice((1, 1, 2))))}
            chosen = {
                random.choice([name for name in sorted(running.victims) if kind_of(name) == kind]): kill
                for kind, kill in some
            }
            hurting = asyncio.gather(*(hurt(running, name, kill, tally) for name, kill in chosen.items()))
            try:
                await asyncio.shield(hurting)
            except asyncio.CancelledError:
                await hurting  # what was taken away comes back
                raise
            if len(tally.deaths) == 2 * len(kinds):
                tally.every_kind.set()


def kind_of(name: str) -> str:
    """ "worker" of "worker 3"."""
    return name.split(maxsplit=1)[0]


async def hurt(running: Fleet, name: str, kill: bool, tally: Tally) -> None:
    """Takes one away for a while, now and then for longer than a lease."""
    victim, away = running.victims[name], random.choice((0.1, 0.5, 1.0, LEASE + 1))
    tally.deaths[f"{kind_of(name)} {'killed' if kill else 'frozen'}"] += 1
    await asyncio.to_thread(victim.kill if kill else victim.freeze)
    await asyncio.sleep(away)
    await asyncio.to_thread(victim.start if kill else victim.thaw)


async def bring_forward(running: Fleet) -> None:
    """Lets no work wait for its back-off, until cancelled."""
    while True:
        await asyncio.sleep(0.5)
        try:
            async with await psycopg.AsyncConnection.connect(
                running.admin_url(), autocommit=True, connect_timeout=3
            ) as connection:
                await connection.execute("set statement_timeout = '2s'")
                await connection.execute(_FORWARD)
        except psycopg.OperationalError:
            continue  # the database is away at the moment


async def persistent(call: Callable[[], Awaitable[T]], tally: Tally) -> T:
    """The first answer that is not about something being away."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            return await call()
        except (Unavailable, DeadlineExceeded, ResourceExhausted) as error:
            tally.repeats[error.reason] += 1
            if time.monotonic() > ends:
                raise
        await asyncio.sleep(random.uniform(0.1, 0.5))


async def ask(running: Fleet, person: Person, count: int, tally: Tally) -> list[str]:
    """Asks for so many files, each call repeated under its request id; their ids."""
    ids = []
    for _ in range(count):
        document = give_document(running.neighbours, person.identity)
        request = exports_pb2.CreateExportRequest(
            document_id=document, format=FORMAT_PDF, request_id=str(uuid4())
        )
        created = await persistent(lambda request=request: person.exports.CreateExport(request), tally)  # type: ignore[misc]
        ids.append(created.id)
        await asyncio.sleep(random.uniform(0.0, 2 * TROUBLE / count))
    assert len(set(ids)) == count, "a repeated call made a second export"
    return ids


async def wait_for(person: Person, ids: list[str], tally: Tally) -> list[exports_pb2.Export]:
    """The exports once they have ended."""
    ends, exports = time.monotonic() + PATIENCE, []
    for id in ids:
        request = exports_pb2.WaitExportRequest(id=id)
        request.timeout.FromSeconds(3)
        while True:
            export = await persistent(lambda request=request: person.exports.WaitExport(request), tally)  # type: ignore[misc]
            if export.state.status in ENDED:
                break
            assert time.monotonic() < ends, f"{id} does not end: {export.state}"
        exports.append(export)
    return exports


async def check_exports(people: list[Person], ended: list[list[exports_pb2.Export]], tally: Tally) -> None:
    """Every export ended well or for a stated reason, and every file is its record's."""
    for person, exports in zip(people, ended, strict=True):
        for export in exports:
            tally.attempts[export.attempts] += 1
            if export.state.status == WORK_STATUS_FAILED:
                assert export.state.error.reason in STATED, export.state.error
                tally.outcomes[export.state.error.reason] += 1
                continue
            assert export.state.status == WORK_STATUS_COMPLETED
            tally.outcomes["completed"] += 1
            expected = content(export.id)
            assert export.sha256 == hashlib.sha256(expected).hexdigest()
            download = exports_pb2.DownloadExportRequest(id=export.id)
            parts = [each async for each in person.exports.DownloadExport(download)]
            assert b"".join(each.chunk for each in parts) == expected


async def check_storage(running: Fleet, exports: list[exports_pb2.Export], tally: Tally) -> None:
    """Database and store agree; one file for each completed export, no work left."""
    completed = [each for each in exports if each.state.status == WORK_STATUS_COMPLETED]
    assert len({each.sha256 for each in completed}) == len(completed)
    async with await psycopg.AsyncConnection.connect(running.admin_url()) as connection:

        async def number(query: str) -> int:
            row = await (await connection.execute(query)).fetchone()
            assert row is not None
            return int(row[0])

        assert await number("select count(*) from exports") == len(exports)
        assert await number("select count(*) from files") == len(completed)
        assert await number("select count(distinct file_id) from exports") == len(completed)
        assert await number("select count(*) from work_items") == 0
        assert await number("select count(*) from user_slots where waiting <> 0 or running <> 0") == 0
        assert await number("select coalesce(sum(size_bytes), 0) from files") == sum(
            each.file_size_bytes for each in completed
        )
    async with tools(running.config) as made:
        report = await made.audit.run(repair=True, orphan_age=timedelta(0))
        unexpected = [each for each in report.findings if each.code is not Code.OBJECT_ORPHANED]
        assert unexpected == []
        tally.orphans = len(report.findings)
        again = await made.audit.run(orphan_age=timedelta(0))
        assert again.findings == ()
        assert (again.records, again.objects) == (len(completed), len(completed))


def report(tally: Tally, store: str) -> None:
    """Prints what happened."""
    rate = EXPORTS / tally.seconds
    print(f"\n{EXPORTS} exports of {PEOPLE} people on {store} in {tally.seconds:.0f} s ({rate:.1f} a second)")
    for name in ("outcomes", "deaths", "repeats", "attempts"):
        counted: Counter[object] = getattr(tally, name)
        print(f"  {name:9}", ", ".join(f"{key}: {value}" for key, value in sorted(counted.items(), key=str)))
    print(f"  orphans swept: {tally.orphans}")
