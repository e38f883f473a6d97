"""kill -9 in the middle of the work: every export ends completed, exactly once, whatever dies.

Several people ask for exports through the gateway while the render worker, the storage service and the generation
service are killed again and again; the launcher starts them anew. A call that was under way is repeated with its
Idempotency-Key, as a good client does. VITAE_TEST_CHAOS_EXPORTS and VITAE_TEST_CHAOS_KILLS set how many exports
(default 50) and at most how many kills (default 8).
"""

import hashlib
import itertools
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.support.rest import Json
from tests.support.system import LiveSystem, until

EXPORTS = int(os.environ.get("VITAE_TEST_CHAOS_EXPORTS", "50"))
KILLS = int(os.environ.get("VITAE_TEST_CHAOS_KILLS", "8"))
PEOPLE = 5
FORMATS = ("pdf", "txt", "docx", "html", "pdf")
VICTIMS = ("render-worker", "storage", "generation")
PATIENCE = 120.0
"""Seconds a client goes on repeating one call."""


@dataclass
class Tally:
    """What happened."""

    kills: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)
    seconds: float = 0


@dataclass(frozen=True)
class Ask:
    """One export somebody wants."""

    user: str
    key: str
    body: Json


def persistent(call: Callable[[], httpx.Response], tally: Tally) -> httpx.Response:
    """The first answer that is not about a service being away. Transport errors and 500 are never in order."""
    ends = time.monotonic() + PATIENCE
    while True:
        answer = call()
        if answer.status_code not in {429, 502, 503, 504}:
            return answer
        tally.repeats[f"{answer.status_code} {answer.json()['code']}"] += 1
        assert time.monotonic() < ends, answer.text
        time.sleep(min(float(answer.headers.get("Retry-After", "1")), 1) * random.uniform(0.3, 1))


def exported(system: LiveSystem, ask: Ask, tally: Tally) -> Json:
    """The completed export, whatever it takes."""
    with system.rest(ask.user) as rest:
        headers = {"Idempotency-Key": ask.key}
        answer = persistent(lambda: rest.ask("POST", "/exports", json=ask.body, headers=headers), tally)
        assert answer.status_code in {201, 202}, answer.text
        export_id = answer.json()["id"]

        def ended() -> Json | None:
            answer = persistent(lambda: rest.ask("GET", f"/exports/{export_id}"), tally)
            assert answer.status_code == 200, answer.text
            state = answer.json()["state"]["status"]
            return answer.json() if state not in {"pending", "processing"} else None

        export: Json = until(ended, timeout=150, every=0.3)
        again = persistent(lambda: rest.ask("POST", "/exports", json=ask.body, headers=headers), tally)
        assert again.json()["id"] == export_id, "one key is one export"
        return export


def killing(system: LiveSystem, tally: Tally, stop: threading.Event) -> None:
    """Kills one after the other at moments of chance, each time once all serve again and work goes on."""
    chance = random.Random(4711)
    for victim in itertools.islice(itertools.cycle(VICTIMS), KILLS):
        while not all(system.ready(each) for each in VICTIMS):
            if stop.wait(0.05):
                return
        if stop.wait(chance.uniform(0.5, 2.5)):
            return
        if system.kill(victim):
            tally.kills[victim] += 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_export_is_lost_or_made_twice(system: LiveSystem) -> None:
    people = [f"chaos-{number}" for number in range(PEOPLE)]
    documents = {}
    for user in people:
        with system.rest(user) as rest:
            documents[user] = rest.resume()["id"]
    asks = [
        Ask(
            people[number % PEOPLE],
            uuid4().hex,
            {
                "document_id": documents[people[number % PEOPLE]],
                "format": FORMATS[number % len(FORMATS)],
                # Each differs, so that none is answered from the cache.
                "options": {"line_spacing": 1.2 + number / 1000},
            },
        )
        for number in range(EXPORTS)
    ]
    tally, stop = Tally(), threading.Event()
    before = _completions(system)
    killer = threading.Thread(target=killing, args=(system, tally, stop))

    began = time.monotonic()
    killer.start()
    try:
        with ThreadPoolExecutor(max_workers=12) as clients:
            exports = list(clients.map(lambda ask: exported(system, ask, tally), asks))
    finally:
        stop.set()
        killer.join()
    tally.seconds = time.monotonic() - began
    until(lambda: all(system.ready(each) for each in VICTIMS), timeout=60)

    attempts = Counter(each["attempts"] for each in exports)
    print(
        f"\n{len(exports)} exports of {PEOPLE} people in {tally.seconds:.1f} s"
        f"\n  killed: {', '.join(f'{name} {count} times' for name, count in tally.kills.items())}"
        f"\n  calls repeated: {sum(tally.repeats.values())} ({dict(tally.repeats)})"
        f"\n  attempts an export took: {dict(sorted(attempts.items()))}"
        f"\n  completions storage told of: {_completions(system) - before}"
    )
    assert _completions(system) - before <= EXPORTS, "none is completed twice"
    assert {each["state"]["status"] for each in exports} == {"completed"}, [
        each["state"] for each in exports if each["state"]["status"] != "completed"
    ]
    assert len({each["id"] for each in exports}) == EXPORTS
    assert set(tally.kills) == set(VICTIMS), "everything has to have died at least once"
    _records_are_exact(system, exports, people)
    _files_are_exact(system, exports, asks)


def _records_are_exact(system: LiveSystem, exports: list[Json], people: list[str]) -> None:
    """One record for each export, each with one object of its own, nothing left waiting, every byte accounted for."""
    users = [system.identity(each).user for each in people]
    with system.database("storage") as database:
        rows = database.execute(
            "select e.id, e.status, f.object_key, f.sha256 from exports e left join files f on f.id = e.file_id"
            " where e.user_id = any(%s)",
            [users],
        ).fetchall()
        waiting = database.execute(
            "select count(*) from work_items where user_id = any(%s)", [users]
        ).fetchone()
        slots = database.execute(
            "select coalesce(sum(waiting + running), 0) from user_slots where user_id = any(%s)", [users]
        ).fetchone()
    assert {str(row[0]) for row in rows} == {each["id"] for each in exports}, "no record more, none less"
    assert {row[1] for row in rows} == {"completed"}
    keys = [row[2] for row in rows]
    assert len(set(keys)) == len(keys) == EXPORTS, "each has a file of its own"
    assert waiting == (0,)
    assert slots == (0,)

    def stored() -> set[str]:
        found = {str(path.relative_to(system.folder / "objects")) for path in system.objects()}
        return {each for each in found if any(str(user) in each for user in users)}

    missing = {key for key in keys if not any(name.endswith(_name(key)) for name in stored())}
    assert not missing
    published = {_name(key) for key in keys}
    orphans = {name for name in stored() if Path(name).name not in published and not name.endswith(".json")}
    print(f"  objects of attempts that lost: {len(orphans)} (removed by the cleanup)")
    assert len(orphans) <= EXPORTS


def _completions(system: LiveSystem) -> int:
    """Completions that storage's log tells of; one that died right after its commit is not among them."""
    log = (system.folder / "processes" / "storage.log").read_text(encoding="utf-8")
    return sum("WorkService/CompleteWork" in line and '"OK"' in line for line in log.splitlines())


def _name(key: str) -> str:
    return key.rsplit("/", 1)[-1]


def _files_are_exact(system: LiveSystem, exports: list[Json], asks: list[Ask]) -> None:
    """Each file can be had, and is the one its record tells of."""
    for export, ask in zip(exports, asks, strict=True):
        with system.rest(ask.user) as rest:
            data = rest.file(rest.call("GET", f"/exports/{export['id']}"))
        assert hashlib.sha256(data).hexdigest() == export["sha256"]
        assert len(data) == export["file_size_bytes"]
    for user in {ask.user for ask in asks}:
        with system.rest(user) as rest:
            usage = rest.call("GET", "/usage")
            mine = [each for each, ask in zip(exports, asks, strict=True) if ask.user == user]
            assert usage["used_bytes"] == sum(each["file_size_bytes"] for each in mine)
            assert usage["reserved_bytes"] == 0
            assert (usage["waiting"], usage["running"]) == (0, 0)
