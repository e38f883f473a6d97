"""The pipeline's figures on this machine: generation over gRPC, exports over REST, the queue's wait, a cold start.

    python tests/benchmarks/bench_pipeline.py [--rounds 60] [--json out/bench/pipeline.json]

Starts the whole system in a temporary folder exactly as `make run` does, with fsync on. Every figure that a machine's
speed decides is printed beside a floor of the same run: a plain read over gRPC, and the same document rendered and
read back in this process.
"""

import argparse
import asyncio
import http.client
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "protos" / "gen")]

from deploy.local.credentials import DEVELOPER  # noqa: E402 - the path comes first
from deploy.local.demo import SAMPLES  # noqa: E402 - the path comes first
from deploy.local.system import System, running  # noqa: E402
from services.render import engine  # noqa: E402
from services.render.jobs import FileLimits, render_job  # noqa: E402
from services.render.performers import perform  # noqa: E402
from services.runtime.auth import DEFAULT_TENANT, Identity, InternalSigner, Role  # noqa: E402
from services.runtime.client import open_channel  # noqa: E402
from services.runtime.external_identity import stable_id  # noqa: E402
from vitae.generation.v1 import (  # noqa: E402
    documents_pb2,
    documents_pb2_grpc,
    profiles_pb2,
    profiles_pb2_grpc,
    resumes_pb2,
    resumes_pb2_grpc,
)
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions  # noqa: E402

TARGETS = {
    "generate_resume_rpc_ms": 50.0,
    "export_overhead_ms": 20.0,
    "queue_wait_ms": 5.0,
    "identical_export_ms": 15.0,
    "cold_start_s": 10.0,
}
"""What each median is to stay under."""


WARM_UP = 8
"""Rounds before the first that counts."""


@dataclass(frozen=True)
class Figure:
    """One measured figure."""

    name: str
    median: float
    low: float
    high: float
    note: str

    @classmethod
    def of(cls, name: str, samples: list[float], note: str = "") -> "Figure":
        ordered = sorted(samples)
        return cls(name, statistics.median(ordered), ordered[0], ordered[int(len(ordered) * 0.95)], note)


async def measure(rounds: int) -> list[Figure]:
    """All figures, from one system."""
    with tempfile.TemporaryDirectory(prefix="vitae-bench-") as folder:
        began = time.perf_counter()
        async with (
            running(Path(folder), port=0, say=print) as system,
            httpx.AsyncClient(
                base_url=system.url,
                headers={"Authorization": f"Bearer {system.token}"},
                timeout=60,
                trust_env=False,
            ) as client,
        ):
            (await client.get("/api/v1/templates")).raise_for_status()
            cold = Figure.of("cold_start_s", [time.perf_counter() - began], "new data folder to first answer")
            return [cold, *await _warm(system, client, rounds)]


async def generation_figures(system: System, client: httpx.AsyncClient, rounds: int) -> list[Figure]:
    """GenerateResume over gRPC and its floor, on a system that runs."""
    profile, posting = await _samples(client)
    return await _generation(system, profile["id"], posting["id"], rounds)


async def _samples(client: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """The sample profile and posting, stored."""
    profile = (
        await _post(client, "/api/v1/profiles/import", content=(SAMPLES / "profile.json").read_bytes())
    )["profile"]
    posting = await _post(
        client, "/api/v1/jobs", json={"source_text": (SAMPLES / "posting.txt").read_text("utf-8")}
    )
    return profile, posting


async def _warm(system: System, client: httpx.AsyncClient, rounds: int) -> list[Figure]:
    profile, posting = await _samples(client)
    resume = await _post(
        client, "/api/v1/resumes", json={"profile_id": profile["id"], "job_posting_id": posting["id"]}
    )
    figures = await _generation(system, profile["id"], posting["id"], rounds)
    figures += await _exports(system, resume["id"], rounds)
    return figures


async def _generation(system: System, profile_id: str, posting_id: str, rounds: int) -> list[Figure]:
    """GenerateResume and, as a floor, GetProfile, from this process to the service's socket."""
    channel = _channel(system, "generation")
    try:
        resumes = resumes_pb2_grpc.ResumeServiceStub(channel)
        profiles = profiles_pb2_grpc.ProfileServiceStub(channel)
        request = resumes_pb2.GenerateResumeRequest(profile_id=profile_id, job_posting_id=posting_id)
        read = profiles_pb2.GetProfileRequest(id=profile_id)
        await _timed(lambda: resumes.GenerateResume(request), 5)
        made = await _timed(lambda: resumes.GenerateResume(request), rounds)
        floor = await _timed(lambda: profiles.GetProfile(read), rounds)
    finally:
        await channel.close()
    return [
        Figure.of("generate_resume_rpc_ms", made, "five-job profile, RPC to RPC, ranking cached"),
        Figure.of("floor_read_rpc_ms", floor, "floor: GetProfile over the same channel"),
    ]


async def _exports(system: System, document_id: str, rounds: int) -> list[Figure]:
    """Waiting exports over REST, each with another accent colour so that none comes from the cache."""
    snapshot = await _snapshot(system, document_id)
    bodies = [
        {
            "document_id": document_id,
            "format": "pdf",
            "template": "modern",
            "options": {"accent_color": f"#{number:06x}"},
        }
        for number in range(0x203040, 0x203040 + rounds + WARM_UP)
    ]
    same = {"document_id": document_id, "format": "pdf", "template": "modern"}
    bare = await asyncio.to_thread(_bare_render, snapshot)
    whole, floor, waits, inside, cached = (list[float]() for _ in range(5))
    waited = 0.0
    with closing(LightClient(system)) as light:
        for number, body in enumerate(bodies):
            # Turn by turn: what a machine's speed does meanwhile, it does to both.
            seconds, made = await asyncio.to_thread(light.post, "/api/v1/exports", body)
            drawn = await asyncio.to_thread(bare)
            if number < WARM_UP:
                waited = await asyncio.to_thread(_waited, system)
                continue
            whole.append(seconds * 1000)
            floor.append(drawn * 1000)
            before, waited = waited, await asyncio.to_thread(_waited, system)
            waits.append((waited - before) * 1000)
            inside.append(made["state"]["duration_seconds"])
        for number in range(rounds + WARM_UP):
            seconds, _ = await asyncio.to_thread(light.post, "/api/v1/exports", same)
            if number >= WARM_UP:
                cached.append(seconds * 1000)
    overhead = [one - other for one, other in zip(whole, floor, strict=True)]
    ratio = [one / other for one, other in zip(whole, floor, strict=True)]
    return [
        Figure.of("export_rest_ms", whole, "waiting export over REST, warm, one at a time"),
        Figure.of(
            "floor_bare_render_ms", floor, "floor: the same document rendered and read back in this process"
        ),
        Figure.of("export_overhead_ms", overhead, "the one less the other, turn by turn"),
        Figure.of(
            "export_ratio", ratio, "the one by the other, turn by turn: what a machine's speed leaves alone"
        ),
        Figure.of("export_work_ms", [1000 * each for each in inside], "lease to visible file, by the ledger"),
        Figure.of(
            "queue_wait_ms",
            waits,
            "from the start of the queuing transaction until a worker is handed the export, as storage observes it",
        ),
        Figure.of("identical_export_ms", cached, "the same export again, from the cache"),
    ]


def _bare_render(snapshot: documents_pb2.DocumentSnapshot) -> Callable[[], float]:
    """Renders and reads back without any process in between, each time with another colour; the seconds it took."""
    engine.warm_up()
    colours = count(0x203040)

    def once() -> float:
        options = RenderOptions(accent_color=f"#{next(colours):06x}")
        plan = engine.plan(snapshot.document, FORMAT_PDF, "modern", options)
        job = render_job(snapshot.document, plan, limits=FileLimits(max_pages=50, max_bytes=20 * 2**20))
        began = time.perf_counter()
        perform(job.frame, engine, lambda *_: None)
        return time.perf_counter() - began

    return once


class LightClient:
    """One connection of the standard library's client, which costs little: what is measured is the system."""

    def __init__(self, system: System) -> None:
        parts = urlsplit(system.url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {system.token}", "Content-Type": "application/json"}

    def post(self, path: str, body: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        """Seconds from the request to the whole answer, and the answer."""
        data = json.dumps(body).encode()
        began = time.perf_counter()
        self._connection.request("POST", path, data, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - began
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {text[:300]!r}")
        return seconds, json.loads(text)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


async def _snapshot(system: System, document_id: str) -> documents_pb2.DocumentSnapshot:
    channel = _channel(system, "generation")
    try:
        stub = documents_pb2_grpc.DocumentServiceStub(channel)
        return await stub.GetDocumentSnapshot(
            documents_pb2.GetDocumentSnapshotRequest(document_id=document_id)
        )
    finally:
        await channel.close()


def _channel(system: System, service: str) -> Any:
    """A channel that speaks for the development user, with the gateway's key."""
    signer = InternalSigner.from_pem(system.credentials.gateway_key, issuer="gateway")
    person = Identity(DEFAULT_TENANT, stable_id("vitae", DEVELOPER), frozenset({Role.USER}))
    port = system.processes.ports(service)["grpc"]
    return open_channel(f"127.0.0.1:{port}", token=lambda: signer.for_user(person, audience=[service]))


async def _post(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, **body)
    answer.raise_for_status()
    value: dict[str, Any] = answer.json()
    return value


async def _timed(call: Callable[[], Awaitable[Any]], rounds: int) -> list[float]:
    """Milliseconds of each of `rounds` calls."""
    samples = []
    for _ in range(rounds):
        began = time.perf_counter()
        await call()
        samples.append((time.perf_counter() - began) * 1000)
    return samples


def _waited(system: System) -> float:
    """Seconds that all exports so far waited together. The ledger's times would not do: a handed-over export has one
    and the same for queued and leased.
    """
    port = system.processes.ports("storage")["ops"]
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
    name = "vitae_storage_queue_wait_seconds_sum"
    return float(next(line for line in answer.text.splitlines() if line.startswith(name)).split()[-1])


def report(figures: list[Figure]) -> bool:
    """Prints the table; whether every target is met."""
    print(f"\n{'figure':26} {'median':>9} {'min':>9} {'p95':>9} {'target':>9}")
    met = True
    for each in figures:
        target = TARGETS.get(each.name)
        kept = target is None or each.median < target
        met &= kept
        shown = f"{target:9.1f}" if target is not None else " " * 9
        print(
            f"{each.name:26} {each.median:9.2f} {each.low:9.2f} {each.high:9.2f} {shown}"
            f" {'' if kept else 'MISSED '}{each.note}"
        )
    return met


def main() -> int:
    """Measures, prints, writes; 1 when a target is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = asyncio.run(measure(arguments.rounds))
    met = report(figures)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps({each.name: vars(each) for each in figures}, indent=2) + "\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
