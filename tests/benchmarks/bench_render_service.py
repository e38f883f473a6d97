"""What the render service adds to a rendering: the way into a child and back, the RPC, reading the file back, a kill.

    python tests/benchmarks/bench_render_service.py [--rounds 40] [--json out/bench/render_service.json]

Rounds of all variants are interleaved, so that they share whatever else the machine does.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import uuid4

from prometheus_client import CollectorRegistry

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "protos" / "gen")]

from services.render import engine  # noqa: E402 - the path comes first
from services.render.config import ChildrenConfig  # noqa: E402
from services.render.fidelity.expectation import expected  # noqa: E402
from services.render.fidelity.measure import measure  # noqa: E402
from services.render.fidelity.method import Method  # noqa: E402
from services.render.jobs import FileLimits, render_job  # noqa: E402
from services.render.samples import sample  # noqa: E402
from services.render.servicer import RenderServicer  # noqa: E402
from services.render.supervisor import Supervisor  # noqa: E402
from services.runtime.auth import (  # noqa: E402
    Identity,
    InternalSigner,
    InternalVerifier,
    authenticator,
    generate_key,
    key_set,
)
from services.runtime.client import open_channel  # noqa: E402
from services.runtime.config import Seconds, load  # noqa: E402
from services.runtime.errors import VitaeError  # noqa: E402
from services.runtime.server import build_server  # noqa: E402
from services.runtime.settings import ServerConfig  # noqa: E402
from vitae.render.v1 import render_pb2  # noqa: E402
from vitae.render.v1.options_pb2 import FORMAT_PDF, FORMAT_TXT, RenderOptions  # noqa: E402
from vitae.render.v1.render_pb2_grpc import (  # noqa: E402
    RenderServiceStub,
    add_RenderServiceServicer_to_server,
)

LIMITS = FileLimits(50, 20 * 2**20)
DOCUMENT = "de"
"""A sample of one page."""

TARGETS = {"child_overhead_ms": 3.0, "rpc_overhead_ms": 3.0, "plan_rpc_ms": 3.0}
"""PERFORMANCE's reach for the seam."""


@dataclass(frozen=True)
class Figure:
    """Median of one measured thing, milliseconds."""

    name: str
    median: float
    fastest: float


Step = Callable[[], Awaitable[object]]


async def main() -> int:
    """Measures and prints; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = await measured(options.rounds)
    overheads = _overheads({each.name: each for each in figures})
    print(f"{'':28}{'median ms':>10}{'fastest':>10}")
    for each in figures:
        print(f"{each.name:28}{each.median:10.2f}{each.fastest:10.2f}")
    for name, value in overheads.items():
        reach = f"  (reach {TARGETS[name]:g})" if name in TARGETS else ""
        print(f"{name:28}{value:10.2f}{reach}")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        told = {"figures": [asdict(each) for each in figures], "overheads": overheads}
        options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


async def measured(rounds: int) -> list[Figure]:
    """All figures."""
    document = sample(DOCUMENT)
    plan = engine.plan(document, FORMAT_PDF, "", RenderOptions())
    text = engine.plan(document, FORMAT_TXT, "", RenderOptions())
    engine.warm_up()
    wanted = expected(document, plan.options)
    config = replace(load(ChildrenConfig, {}, process="render"), count=1, spares=1)
    signer = InternalSigner.from_pem(generate_key(), issuer="gateway")
    registry = CollectorRegistry()
    verifier = InternalVerifier.from_jwks(key_set([signer]), audience="render")
    async with contextlib.AsyncExitStack() as stack:
        supervisor = await stack.enter_async_context(Supervisor(config, LIMITS, registry=registry))
        server = build_server(
            load(ServerConfig, {}, process="render"), authenticate=authenticator(verifier), registry=registry
        )
        server.add(add_RenderServiceServicer_to_server, RenderServicer(supervisor, LIMITS))
        port = await server.start()
        stack.push_async_callback(server.stop, 1.0)
        user = Identity(uuid4(), uuid4())
        channel = open_channel(f"127.0.0.1:{port}", token=lambda: signer.for_user(user, audience=["render"]))
        stack.push_async_callback(channel.close)
        stub = RenderServiceStub(channel)
        request = render_pb2.RenderRequest(document=document, format=FORMAT_PDF)
        text_request = render_pb2.RenderRequest(document=document, format=FORMAT_TXT)
        to_plan = render_pb2.PlanExportRequest(document=document, format=FORMAT_PDF)
        pdf = engine.render(document, plan).data

        async def in_process() -> None:
            engine.render(document, plan)

        async def read_back() -> None:
            measure(pdf, FORMAT_PDF, wanted, Method.QUICK)

        async def read_back_fully() -> None:
            measure(pdf, FORMAT_PDF, wanted, Method.FULL)

        async def text_in_process() -> None:
            engine.render(document, text)

        async def over_rpc(request: render_pb2.RenderRequest) -> None:
            _ = [each async for each in stub.Render(request)]

        steps: dict[str, Step] = {
            "text in process": text_in_process,
            "text in a child": lambda: supervisor.run(render_job(document, text, limits=LIMITS)),
            "text over the RPC": lambda: over_rpc(text_request),
            "pdf in process": in_process,
            "pdf in a child": lambda: supervisor.run(
                render_job(document, plan, limits=LIMITS, measure=False)
            ),
            "pdf in a child, read back": lambda: supervisor.run(render_job(document, plan, limits=LIMITS)),
            "pdf over the RPC": lambda: over_rpc(request),
            "plan over the RPC": lambda: stub.PlanExport(to_plan),
            "reading back": read_back,
            "reading back, 4 parsers": read_back_fully,
        }
        figures = await _interleaved(steps, rounds)
        figures.append(await _after_a_kill(text))
    return figures


async def _interleaved(steps: dict[str, Step], rounds: int) -> list[Figure]:
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 3):
        for name, step in steps.items():
            began = time.perf_counter()
            await step()
            if number >= 3:
                times[name].append((time.perf_counter() - began) * 1000)
    return [Figure(name, statistics.median(each), min(each)) for name, each in times.items()]


async def _after_a_kill(plan: render_pb2.ExportPlan) -> Figure:
    """The next rendering after one that was killed: the spare has to be there."""
    config = replace(load(ChildrenConfig, {}, process="render"), count=1, spares=1, time_limit=Seconds(0.05))
    slow = sample("en-long")
    heavy = engine.plan(slow, FORMAT_PDF, "", RenderOptions())
    times = []
    async with Supervisor(config, LIMITS, registry=CollectorRegistry()) as supervisor:
        for _ in range(3):
            while len(supervisor.child_pids()) < 2:  # noqa: ASYNC110 - the spare tells nobody
                await asyncio.sleep(0.05)
            with contextlib.suppress(VitaeError):
                await supervisor.run(render_job(slow, heavy, limits=LIMITS))
            began = time.perf_counter()
            await supervisor.run(render_job(sample(DOCUMENT), plan, limits=LIMITS))
            times.append((time.perf_counter() - began) * 1000)
    return Figure("text right after a kill", statistics.median(times), min(times))


def _overheads(by_name: dict[str, Figure]) -> dict[str, float]:
    def median(name: str) -> float:
        return by_name[name].median

    return {
        "child_overhead_ms": median("text in a child") - median("text in process"),
        "rpc_overhead_ms": median("text over the RPC") - median("text in a child"),
        "plan_rpc_ms": median("plan over the RPC"),
        "reading_back_share": median("reading back") / median("pdf in process"),
    }


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
