"""A whole process: ready, signalled, stopped in order, and what it says when it cannot start."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.runtime.auth import InternalSigner, generate_key, key_set
from services.runtime.client import open_channel
from services.runtime.ready import ReadyFile, read_ready_file
from tests.integration.runtime_rpc.probe import PERSON, Ask, ProbeStub, awaited

ROOT = Path(__file__).parents[3]
SIGNER = InternalSigner.from_pem(generate_key(), issuer="gateway")


@dataclass
class Running:
    process: asyncio.subprocess.Process
    ready_file: Path

    async def ready(self) -> ReadyFile:
        async with asyncio.timeout(60):
            while (found := read_ready_file(self.ready_file)) is None:
                assert self.process.returncode is None, "the process ended before it was ready"
                await asyncio.sleep(0.02)
        return found

    async def ended(self) -> tuple[int, list[dict[str, Any]], str]:
        """Exit code, log records, and whatever else it wrote."""
        _, written = await asyncio.wait_for(self.process.communicate(), 15)
        lines = written.decode().splitlines()
        records = [json.loads(line) for line in lines if line.startswith("{")]
        return self.process.returncode or 0, records, "\n".join(x for x in lines if not x.startswith("{"))


@asynccontextmanager
async def _running(folder: Path, **changes: str) -> AsyncIterator[Running]:
    ready_file = folder / "run" / "probe.json"
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'protos/gen'}",
        "VITAE_INTERNAL_JWKS": key_set([SIGNER]),
        "VITAE_PROBE_READY_FILE": str(ready_file),
        "VITAE_SHUTDOWN_GRACE": "5s",
        **changes,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.runtime_rpc.probe_process",
        cwd=ROOT,
        env=environ,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Running(process, ready_file)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def _events(records: list[dict[str, Any]]) -> list[str]:
    return [f"{each['resource']}_closed" if "resource" in each else each["event"] for each in records]


async def test_a_call_under_way_is_finished_and_everything_stops_in_order(tmp_path: Path) -> None:
    async with _running(tmp_path) as running:
        ready = await running.ready()
        assert ready.pid == running.process.pid
        assert set(ready.ports) == {"ops", "grpc"}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{ready.ports['ops']}", trust_env=False
        ) as client:
            assert (await client.get("/readyz")).text == "ok\n"
            assert "vitae_rpc_seconds" in (await client.get("/metrics")).text
        channel = open_channel(
            f"127.0.0.1:{ready.ports['grpc']}", token=lambda: SIGNER.for_user(PERSON, audience=["probe"])
        )
        call = asyncio.ensure_future(awaited(ProbeStub(channel).Echo(Ask(text="kept"))))
        await asyncio.sleep(0.2)
        running.process.send_signal(signal.SIGTERM)
        assert (await call).text == "kept"
        await channel.close()
        code, records, _ = await running.ended()
    events = _events(records)
    assert code == 0
    assert not running.ready_file.exists()
    order = [
        "ready",
        "call_begun",
        "stopping",
        "call_ended",
        "loop_cancelled",
        "drained",
        "cache_closed",
        "database_closed",
        "stopped",
    ]
    assert [event for event in events if event in order] == order
    assert "work_finished" in events


async def test_log_lines_of_a_call_carry_its_request_and_a_hash_of_its_user(tmp_path: Path) -> None:
    async with _running(tmp_path) as running:
        ready = await running.ready()
        channel = open_channel(
            f"127.0.0.1:{ready.ports['grpc']}", token=lambda: SIGNER.for_user(PERSON, audience=["probe"])
        )
        await ProbeStub(channel).Echo(Ask(text="hello"))
        await channel.close()
        running.process.send_signal(signal.SIGINT)
        code, records, rest = await running.ended()
    by_event = {each["event"]: each for each in records}
    begun, rpc, ready_line = by_event["call_begun"], by_event["rpc"], by_event["ready"]
    assert code == 0
    assert begun["service"] == rpc["service"] == "probe"
    assert begun["request_id"] == rpc["request_id"]
    assert len(begun["trace_id"]) == 32
    assert begun["user"] not in ("", str(PERSON.user_id))
    assert str(PERSON.user_id) not in json.dumps(records) + rest
    assert (rpc["rpc"], rpc["code"]) == ("vitae.probe.v1.Probe/Echo", "OK")
    assert ready_line["ports"] == ready.ports


async def test_a_bad_environment_is_told_whole_and_ends_with_its_own_code(tmp_path: Path) -> None:
    changes = {"VITAE_PROBE_PORT": "none", "VITAE_PROBE_MOOD": "good", "VITAE_LOG_LEVEL": "loud"}
    async with _running(tmp_path, **changes) as running:
        code, _, written = await running.ended()
    assert code == os.EX_CONFIG
    assert "VITAE_PROBE_PORT: 'none' is not a whole number" in written
    assert "VITAE_PROBE_MOOD: is not known; did you mean VITAE_PROBE_MODE?" in written
    assert "VITAE_LOG_LEVEL: 'loud' is not one of debug, info, warning, error" in written
    assert "Traceback" not in written


@pytest.mark.parametrize(
    ("mode", "event"),
    [("start-fails", "start_failed"), ("background-fails", "background_ended")],
)
async def test_a_failure_ends_the_process_in_order_with_code_1(tmp_path: Path, mode: str, event: str) -> None:
    async with _running(tmp_path, VITAE_PROBE_MODE=mode) as running:
        code, records, _ = await running.ended()
    events = _events(records)
    assert code == 1
    assert event in events
    assert events[-3:] == ["cache_closed", "database_closed", "stopped"]
    assert not running.ready_file.exists()


async def test_a_failing_drain_does_not_keep_the_rest_from_closing(tmp_path: Path) -> None:
    async with _running(tmp_path, VITAE_PROBE_MODE="drain-fails") as running:
        await running.ready()
        running.process.send_signal(signal.SIGTERM)
        code, records, _ = await running.ended()
    assert code == 1
    assert _events(records)[-5:] == [
        "shutdown_step_failed",
        "drained",
        "cache_closed",
        "database_closed",
        "stopped",
    ]


async def test_a_process_whose_check_fails_waits_and_can_still_be_stopped(tmp_path: Path) -> None:
    async with _running(tmp_path, VITAE_PROBE_MODE="never-ready", VITAE_PROBE_OPS_PORT="0") as running:
        line = await asyncio.wait_for(_line_with(running, "waiting"), 15)
        assert line["checks"] == ["never"]
        assert not running.ready_file.exists()
        running.process.send_signal(signal.SIGTERM)
        code, records, _ = await running.ended()
    assert code == 0
    assert _events(records)[-1] == "stopped"


async def _line_with(running: Running, event: str) -> dict[str, Any]:
    assert running.process.stderr is not None
    async for line in running.process.stderr:
        if line.startswith(b"{") and json.loads(line)["event"] == event:
            record: dict[str, Any] = json.loads(line)
            return record
    raise AssertionError(f"no {event} line")
