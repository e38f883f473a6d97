"""How fast documents are rendered, next to others that render the same person in the same run.

    python tests/benchmarks/bench_render.py [--rounds 20] [--documents 2000] [--json out/bench/render.json] [--check]

With --check (`make bench-render`) it ends with 1 where a goal is missed or could not be measured.

Programs take turns, round by round, so that all of them share whatever else the machine does; a ratio is the median
of the rounds' ratios. Chromium is used where it is installed. RenderCV and reportlab live in an environment of their
own outside the repository (--tools), made on the first run; what cannot be had is left out, and the reason is told.
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from prometheus_client import CollectorRegistry

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "protos" / "gen")]

from services.render import engine  # noqa: E402 - the path comes first
from services.render.config import ChildrenConfig  # noqa: E402
from services.render.fonts import catalogue  # noqa: E402
from services.render.jobs import FileLimits, render_job  # noqa: E402
from services.render.samples import sample, samples  # noqa: E402
from services.render.servicer import RenderServicer  # noqa: E402
from services.render.supervisor import Supervisor  # noqa: E402
from services.render.templates.manifest import all_templates  # noqa: E402
from services.runtime.auth import (  # noqa: E402
    Identity,
    InternalSigner,
    InternalVerifier,
    authenticator,
    generate_key,
    key_set,
)
from services.runtime.client import open_channel  # noqa: E402
from services.runtime.config import load  # noqa: E402
from services.runtime.server import build_server  # noqa: E402
from services.runtime.settings import ServerConfig  # noqa: E402
from tests.benchmarks.rivals import person, protocol  # noqa: E402
from tests.benchmarks.rivals.rival import Command, Rival, tools_python  # noqa: E402
from vitae.render.v1 import render_pb2  # noqa: E402
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions  # noqa: E402
from vitae.render.v1.render_pb2_grpc import (  # noqa: E402
    RenderServiceStub,
    add_RenderServiceServicer_to_server,
)

RIVALS = Path(__file__).parent / "rivals"
LIMITS = FileLimits(50, 20 * 2**20)
TEMPLATE = "modern"
SHORT, LONG = "de", "en"
"""Samples of one page and of two."""

CHROMIUM = "Chromium, kept open (DevTools, Page.printToPDF)"
MIB = 2**20


@dataclass(frozen=True)
class Goal:
    """What a figure should be."""

    name: str
    reach: float
    dream: float
    more_is_better: bool = False

    def verdict(self, value: float) -> str:
        """How the figure stands."""
        sign = -1 if self.more_is_better else 1
        if sign * value <= sign * self.dream:
            return "dream"
        return "reached" if sign * value <= sign * self.reach else "missed"


GOALS = (
    Goal("1 page PDF, CPU, against plain WeasyPrint with our fonts", 0.55, 0.40),
    Goal("1 page PDF in a child, wall, against plain WeasyPrint with the system's fonts", 0.55, 0.40),
    Goal("documents per core, against plain WeasyPrint with our fonts", 1.9, 2.2, more_is_better=True),
    Goal("PDF over the RPC minus the same in a child, ms", 3.0, 1.5),
    Goal("2 children against 1", 1.9, 1.95, more_is_better=True),
    Goal("1 page PDF in a child, against warm Chromium", 1.0, 0.7),
    Goal("memory of a child, against Chromium", 0.10, 0.07),
    Goal("RenderCV's command, against our RPC", 10.0, 20.0, more_is_better=True),
    Goal("DOCX, CPU, against plain python-docx", 0.8, 0.5),
    Goal("PDF/UA tags cost, share of CPU", 0.04, 0.02),
    Goal("largest child after all documents, recycling on, MiB", 110, 90),
    Goal("picture of page one, after the PDF, ms", 25, 12),
)


@dataclass
class Samples:
    """What one step took, round by round."""

    wall: list[float] = field(default_factory=list)
    """Milliseconds."""
    cpu: list[float] = field(default_factory=list)
    """Milliseconds of CPU; empty where they cannot be told."""
    size: int = 0
    rss: int = 0
    """Bytes of memory in RAM; of Chromium, the sum of its processes."""
    pss: int = 0
    """The same with shared pages counted in parts."""

    def note(self, answer: Mapping[str, Any]) -> None:
        """Takes a round's answer."""
        self.wall.append(answer["wall"])
        if "cpu" in answer:
            self.cpu.append(answer["cpu"])
        self.size, self.rss = answer["size"], max(self.rss, answer["rss"])
        self.pss = max(self.pss, answer["pss"])


Round = Callable[[], dict[str, Any]]


async def main() -> int:
    """Measures and prints; 1 when asked to check and a goal is not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--documents", type=int, default=2000, help="rendered by one child to see its memory")
    parser.add_argument("--tools", type=Path, default=Path(tempfile.gettempdir()) / "vitae-bench-tools")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", action="store_true", help="end with 1 where a goal is missed")
    options = parser.parse_args()
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        measured = await _rounds(Path(folder), options.tools, options.rounds, left_out)
    throughput = await _throughput()
    memory = await _memory(options.documents)
    figures = _figures(measured, throughput, memory)
    _print(measured, figures, left_out, memory)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        told = {
            "steps": {name: asdict(each) for name, each in measured.items()},
            "figures": figures,
            "goals": {each.name: [each.reach, each.dream] for each in GOALS},
            "left_out": left_out,
            "memory": memory,
        }
        options.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    reached = [each.name in figures and each.verdict(figures[each.name]) != "missed" for each in GOALS]
    return 1 if options.check and not all(reached) else 0


async def _rounds(folder: Path, tools: Path, rounds: int, left_out: dict[str, str]) -> dict[str, Samples]:
    """All steps, taking turns."""
    person.write(folder, sample(SHORT), TEMPLATE)
    measured: dict[str, Samples] = {}
    async with contextlib.AsyncExitStack() as stack:
        ours_over_rpc = await stack.enter_async_context(_service())
        for name, step in ours_over_rpc.items():
            measured[name] = Samples()
            for _ in range(3):
                await step()
        steps = stack.enter_context(_rivals(folder, tools, left_out))
        measured.update({name: Samples() for name in steps})
        for number in range(rounds):
            for name, asked in ours_over_rpc.items():
                measured[name].note(await asked())
            for name, run in steps.items():
                if name != "RenderCV, its command" or number < 5:
                    measured[name].note(await asyncio.to_thread(run))
    return measured


@contextlib.contextmanager
def _rivals(folder: Path, tools: Path, left_out: dict[str, str]) -> Iterator[dict[str, Round]]:
    """The programs, by what is printed of their steps."""
    ours_fonts = {"FONTCONFIG_FILE": str(catalogue.CONFIGURATION)}
    with contextlib.ExitStack() as stack:

        def start(command: Command, environment: Mapping[str, str] | None = None) -> Rival:
            rival = Rival(command, environment)
            stack.callback(rival.close)
            return rival

        def try_to_start(name: str, command: Command, names: Mapping[str, str]) -> dict[str, Round]:
            try:
                return steps_of(start(command, ours_fonts), names)
            except RuntimeError as error:
                left_out[name] = str(error)
                return {}

        def steps_of(rival: Rival, names: Mapping[str, str]) -> dict[str, Round]:
            return {shown: partial(rival.run, step) for shown, step in names.items()}

        names = {
            "ours, warm": "pdf",
            "ours, tagged": "pdf tagged",
            "ours, untagged": "pdf untagged",
            "ours, DOCX": "docx",
            "ours, picture of the PDF": "picture",
        }
        steps = steps_of(start([sys.executable, RIVALS / "ours.py", folder, SHORT, TEMPLATE]), names)
        two_pages = start([sys.executable, RIVALS / "ours.py", folder, LONG, TEMPLATE])
        steps |= steps_of(two_pages, {"ours, warm, 2 pages": "pdf"})
        plain: list[str | Path] = [sys.executable, RIVALS / "plain_weasyprint.py"]
        steps |= steps_of(start([*plain, folder], ours_fonts), {"plain WeasyPrint, our fonts": "pdf"})
        steps |= steps_of(start([*plain, folder]), {"plain WeasyPrint, the system's fonts": "pdf"})
        person.write(folder / "long", sample(LONG), TEMPLATE)
        steps |= steps_of(
            start([*plain, folder / "long"], ours_fonts), {"plain WeasyPrint, our fonts, 2 pages": "pdf"}
        )
        steps |= steps_of(
            start([sys.executable, RIVALS / "plain_docx.py", folder]), {"plain python-docx": "docx"}
        )
        if program := shutil.which("chromium") or shutil.which("google-chrome"):
            chromium: list[str | Path] = [sys.executable, RIVALS / "chromium.py", folder, program]
            steps |= try_to_start("Chromium", chromium, {CHROMIUM: "pdf"})
        else:
            left_out["Chromium"] = "not installed"
        if python := tools_python(tools, left_out):
            floor: list[str | Path] = [python, RIVALS / "floor_reportlab.py", folder, catalogue.FOLDER]
            steps |= try_to_start("floor", floor, {"floor: reportlab, the text alone": "pdf"})
            names = {"RenderCV, warm": "warm", "RenderCV, its command": "command"}
            steps |= try_to_start("RenderCV", [python, RIVALS / "typst_rendercv.py", folder], names)
        yield steps


@contextlib.asynccontextmanager
async def _service() -> AsyncIterator[dict[str, Callable[[], Any]]]:
    """Ours in a child, and over a socket."""
    document = sample(SHORT)
    plan = engine.plan(document, FORMAT_PDF, TEMPLATE, RenderOptions())
    signer = InternalSigner.from_pem(generate_key(), issuer="gateway")
    registry = CollectorRegistry()
    verifier = InternalVerifier.from_jwks(key_set([signer]), audience="render")
    async with contextlib.AsyncExitStack() as stack:
        supervisor = await stack.enter_async_context(Supervisor(_children(1), LIMITS, registry=registry))
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
        request = render_pb2.RenderRequest(document=document, format=FORMAT_PDF, template=TEMPLATE)

        async def in_child(*, measure: bool) -> dict[str, Any]:
            began = time.perf_counter()
            result = await supervisor.run(render_job(document, plan, limits=LIMITS, measure=measure))
            return _answer(began, len(result.data), supervisor)

        async def over_rpc() -> dict[str, Any]:
            began = time.perf_counter()
            size = sum([len(each.chunk) async for each in stub.Render(request)])
            return _answer(began, size, supervisor)

        yield {
            "ours, in a child": lambda: in_child(measure=False),
            "ours, in a child, read back": lambda: in_child(measure=True),
            "ours, over the RPC": over_rpc,
        }


async def _throughput() -> float:
    """Documents a second of two children, over those of one: median of rounds that take turns."""
    document = sample(SHORT)
    plan = engine.plan(document, FORMAT_PDF, TEMPLATE, RenderOptions())

    async def rate(supervisor: Supervisor) -> float:
        began = time.perf_counter()
        jobs = (render_job(document, plan, limits=LIMITS, measure=False) for _ in range(24))
        await asyncio.gather(*(supervisor.run(each) for each in jobs))
        return 24 / (time.perf_counter() - began)

    async with (
        Supervisor(_children(1), LIMITS, registry=CollectorRegistry()) as one,
        Supervisor(_children(2), LIMITS, registry=CollectorRegistry()) as two,
    ):
        while len(two.child_pids()) < 2:  # noqa: ASYNC110 - a child that is ready tells nobody
            await asyncio.sleep(0.05)
        await asyncio.gather(rate(one), rate(two))
        return statistics.median([await rate(two) / await rate(one) for _ in range(7)])


async def _memory(documents: int) -> dict[str, float]:
    """Memory of a child over many documents, each unlike the last, recycling as configured by default."""
    people, sizes = list(samples().values()), (9.0, 9.5, 10.0, 10.5, 11.0)
    templates = list(all_templates())
    history: list[int] = []
    pids: set[int] = set()
    async with Supervisor(_children(1), LIMITS, registry=CollectorRegistry()) as supervisor:
        for number in range(documents):
            document = people[number % len(people)]
            options = RenderOptions(
                base_font_size_pt=sizes[number % len(sizes)], accent_color=f"#{number:06x}"
            )
            plan = engine.plan(document, FORMAT_PDF, templates[number % len(templates)], options)
            await supervisor.run(render_job(document, plan, limits=LIMITS, measure=number % 10 == 0))
            history.append(_memory_of(supervisor)["rss"])
            pids.update(supervisor.child_pids())
    if not history:
        return {}
    return {
        "documents": documents,
        "children": len(pids),
        "first_mib": history[0] / MIB,
        "largest_mib": max(history) / MIB,
        "last_mib": history[-1] / MIB,
    }


def _children(count: int) -> ChildrenConfig:
    return replace(load(ChildrenConfig, {}, process="render"), count=count, spares=0)


def _answer(began: float, size: int, supervisor: Supervisor) -> dict[str, Any]:
    wall = (time.perf_counter() - began) * 1000  # before memory is read, which takes some milliseconds
    return {"wall": wall, "size": size, **_memory_of(supervisor)}


def _memory_of(supervisor: Supervisor) -> dict[str, int]:
    """Memory of the largest child, bytes."""
    kinds = {"rss": "Rss:", "pss": "Pss:"}
    pids = [str(each) for each in supervisor.child_pids()]
    return {
        name: max((protocol.memory(pid, kind) for pid in pids), default=0) for name, kind in kinds.items()
    }


def _figures(
    measured: Mapping[str, Samples], throughput: float, memory: Mapping[str, float]
) -> dict[str, float]:
    """The goals' figures, as far as they could be measured; the names are the goals'."""

    def ratio(above: str, below: str, *, cpu: bool = False) -> float | None:
        if above not in measured or below not in measured:
            return None
        one, other = measured[above], measured[below]
        pairs = zip(one.cpu, other.cpu, strict=False) if cpu else zip(one.wall, other.wall, strict=False)
        return statistics.median([one / other for one, other in pairs])

    def difference(above: str, below: str) -> float:
        pairs = zip(measured[above].wall, measured[below].wall, strict=True)
        return statistics.median([one - other for one, other in pairs])

    against_plain = ratio("ours, warm", "plain WeasyPrint, our fonts", cpu=True)
    two_pages = ratio("ours, warm, 2 pages", "plain WeasyPrint, our fonts, 2 pages", cpu=True)
    tags = ratio("ours, tagged", "ours, untagged", cpu=True)
    values = (
        against_plain,
        ratio("ours, in a child", "plain WeasyPrint, the system's fonts"),
        1 / against_plain if against_plain else None,
        difference("ours, over the RPC", "ours, in a child, read back"),
        throughput,
        ratio("ours, in a child", CHROMIUM),
        measured["ours, in a child"].rss / measured[CHROMIUM].rss if CHROMIUM in measured else None,
        ratio("RenderCV, its command", "ours, over the RPC"),
        ratio("ours, DOCX", "plain python-docx", cpu=True),
        tags - 1 if tags else None,
        memory.get("largest_mib"),
        statistics.median(measured["ours, picture of the PDF"].wall),
    )
    named = dict(zip((each.name for each in GOALS), values, strict=True))
    if CHROMIUM in measured:
        shared_once = measured["ours, in a child"].pss / measured[CHROMIUM].pss
        named["memory of a child, against Chromium, shared pages counted in parts"] = shared_once
    named["2 pages PDF, CPU, against plain WeasyPrint with our fonts"] = two_pages
    return {name: round(value, 4) for name, value in named.items() if value is not None}


def _print(
    measured: Mapping[str, Samples],
    figures: Mapping[str, float],
    left_out: Mapping[str, str],
    memory: Mapping[str, float],
) -> None:
    print(f"{'':50}{'wall ms':>9}{'CPU ms':>9}{'KB':>7}{'MiB':>7}")
    for name, each in measured.items():
        cpu = f"{statistics.median(each.cpu):9.1f}" if each.cpu else f"{'':9}"
        wall = statistics.median(each.wall)
        print(f"{name:50}{wall:9.1f}{cpu}{each.size / 1000:7.1f}{each.rss / MIB:7.0f}")
    if memory:
        print(
            f"\none child at a time, {memory['documents']:.0f} documents, {memory['children']:.0f} children:"
            f" {memory['first_mib']:.0f} MiB after the first, {memory['last_mib']:.0f} after the last,"
            f" {memory['largest_mib']:.0f} at most"
        )
    print(f"\n{'':84}{'value':>8}{'reach':>8}{'dream':>8}")
    goals = {each.name: each for each in GOALS}
    for name, value in figures.items():
        if goal := goals.get(name):
            print(f"{name:84}{value:8.3g}{goal.reach:8.3g}{goal.dream:8.3g}  {goal.verdict(value)}")
        else:
            print(f"{name:84}{value:8.3g}")
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason}")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
