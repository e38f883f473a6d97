"""A parent that starts children, keeps one at work, tells their process ids, and waits to be killed."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.render.config import ChildrenConfig
from services.render.jobs import FileLimits, render_job
from services.render.supervisor import Supervisor
from services.runtime.config import load
from vitae.render.v1.options_pb2 import FORMAT_TXT
from vitae.render.v1.render_pb2 import ExportPlan
from vitae.resume.v1.document_pb2 import Document


async def main() -> None:
    limits = FileLimits(10, 2**20)
    config = replace(load(ChildrenConfig, {}, process="render"), count=1, spares=1)
    document = Document()
    document.resume.header.full_name = "sleep 60"
    async with Supervisor(
        config, limits, registry=CollectorRegistry(), engine="engine_for_tests", temporary=Path(sys.argv[1])
    ) as supervisor:
        while len(supervisor.child_pids()) < 2:  # noqa: ASYNC110 - another process, no event
            await asyncio.sleep(0.01)
        pids = supervisor.child_pids()
        working = asyncio.create_task(
            supervisor.run(render_job(document, ExportPlan(format=FORMAT_TXT), limits=limits))
        )
        await asyncio.sleep(0.1)
        print(*pids, flush=True)
        await working


if __name__ == "__main__":
    # The engine for tests is beside this file; children get it by path, as the real one comes from the code's folder.
    from services.render import zygote_process

    environment = zygote_process._environment

    def with_tests(folder: Path, cache: Path) -> dict[str, str]:
        return {
            **environment(folder, cache),
            "PYTHONPATH": environment(folder, cache)["PYTHONPATH"] + ":" + str(Path(__file__).parent),
        }

    zygote_process._environment = with_tests
    asyncio.run(main())
