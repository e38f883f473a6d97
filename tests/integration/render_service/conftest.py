from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.render import zygote_process
from services.render.config import ChildrenConfig
from services.render.jobs import FileLimits, Job, RenderResult, render_job
from services.render.supervisor import Supervisor
from services.runtime.config import load
from vitae.render.v1.options_pb2 import FORMAT_TXT
from vitae.render.v1.render_pb2 import ExportPlan
from vitae.resume.v1.document_pb2 import Document

LIMITS = FileLimits(max_pages=10, max_bytes=2**20)
ENGINE = "engine_for_tests"

Start = Callable[..., AbstractAsyncContextManager[Supervisor]]


def job(command: str) -> Job[RenderResult]:
    document = Document()
    document.resume.header.full_name = command
    return render_job(document, ExportPlan(format=FORMAT_TXT), limits=LIMITS)


@pytest.fixture(name="job")
def job_fixture() -> Callable[[str], Job[RenderResult]]:
    return job


def children_config(**changes: Any) -> ChildrenConfig:
    base = replace(load(ChildrenConfig, {}, process="render"), count=1, spares=1)
    return replace(base, **changes)


@pytest.fixture
def supervised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Start:
    """Starts a supervisor whose children draw with the engine for tests, found beside this file."""
    original = zygote_process._environment

    def with_tests(folder: Path, cache: Path) -> dict[str, str]:
        environment = original(folder, cache)
        environment["PYTHONPATH"] += os.pathsep + str(Path(__file__).parent)
        return environment

    monkeypatch.setattr(zygote_process, "_environment", with_tests)

    @asynccontextmanager
    async def start(*, engine: str = ENGINE, **changes: Any) -> AsyncIterator[Supervisor]:
        config = children_config(**changes)
        async with Supervisor(
            config, LIMITS, registry=CollectorRegistry(), engine=engine, temporary=tmp_path
        ) as supervisor:
            yield supervisor

    return start


def alive(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(name="alive")
def alive_fixture() -> Callable[[int], bool]:
    assert sys.platform == "linux"
    return alive
