"""Children by the container's limits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.render import capacity
from services.render.config import WorkerConfig
from services.render.worker import pause
from services.runtime.config import ConfigError, load

MB = 2**20


def cgroup(folder: Path, cpu: str, memory: str) -> Path:
    (folder / "cpu.max").write_text(cpu)
    (folder / "memory.max").write_text(memory)
    return folder


def test_a_number_that_is_set_is_taken(tmp_path: Path) -> None:
    assert capacity.children(wanted=7, spares=1, cgroup=tmp_path) == 7


def test_without_limits_there_is_one_child_for_each_cpu(tmp_path: Path) -> None:
    assert capacity.children(wanted=0, spares=1, cgroup=tmp_path) == len(os.sched_getaffinity(0))
    unlimited = cgroup(tmp_path, "max 100000", "max")
    assert capacity.children(wanted=0, spares=1, cgroup=unlimited) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("memory", "expected"), [(448 * MB, 1), (100 * MB, 1), (64_000 * MB, 4)])
def test_memory_limits_the_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    limited = cgroup(tmp_path, "400000 100000", str(memory))
    assert capacity.children(wanted=0, spares=1, cgroup=limited) == expected


def test_a_worker_without_storage_or_key_names_the_variables() -> None:
    with pytest.raises(ConfigError) as caught:
        load(WorkerConfig, {}, process="render")
    assert "VITAE_RENDER_STORAGE_ADDRESS" in str(caught.value)
    assert "VITAE_RENDER_SIGNING_KEY" in str(caught.value)


def test_both_roles_accept_each_others_variables() -> None:
    environment = {
        "VITAE_RENDER_STORAGE_ADDRESS": "dns:///storage:50051",
        "VITAE_RENDER_SIGNING_KEY": "a key",
        "VITAE_RENDER_PORT": "50051",
    }
    assert load(WorkerConfig, environment, process="render").leases.storage == "dns:///storage:50051"


def test_pauses_grow_to_a_bound() -> None:
    assert 0.05 <= pause(1) <= 0.1
    assert all(2.5 <= pause(failures) <= 5.0 for failures in (7, 50, 5000))
