"""A process on the real runtime, for tests to start, signal and watch. VITAE_PROBE_MODE says how it misbehaves."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.runtime.auth import InternalVerifier, authenticator
from services.runtime.config import group, setting
from services.runtime.logs import get_logger
from services.runtime.process import Process, run
from services.runtime.server import build_server
from services.runtime.settings import InternalKeysConfig, ProcessConfig, ServerConfig
from tests.integration.runtime_rpc.probe import Answer, Probe, add_probe_to_server


class Mode(StrEnum):
    GOOD = "good"
    START_FAILS = "start-fails"
    BACKGROUND_FAILS = "background-fails"
    DRAIN_FAILS = "drain-fails"
    NEVER_READY = "never-ready"


@dataclass(frozen=True)
class ProbeConfig:
    process: ProcessConfig = group()
    server: ServerConfig = group()
    keys: InternalKeysConfig = group()
    mode: Mode = setting("VITAE_PROBE_MODE", default=Mode.GOOD, meaning="How the process misbehaves.")


log = get_logger(__name__)


async def start(process: Process, config: ProbeConfig) -> None:
    async def slow(request: Any, _: Any) -> Any:
        log.info("call_begun")
        await asyncio.sleep(0.5)
        log.info("call_ended")
        return Answer(text=request.text)

    async def drain() -> None:
        log.info("drained")

    async def drain_badly() -> None:
        raise RuntimeError("cannot drain")

    async def work() -> None:
        await process.stopping.wait()
        log.info("work_finished")

    async def forever() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            log.info("loop_cancelled")

    async def fails() -> None:
        await asyncio.sleep(0.05)
        raise RuntimeError("background broke")

    async def never() -> bool:
        return False

    await process.enter(_resource("database"))
    await process.enter(_resource("cache"))
    verifier = InternalVerifier.from_jwks(config.keys.jwks, audience="probe")
    server = build_server(config.server, authenticate=authenticator(verifier), registry=process.registry)
    server.add(add_probe_to_server, Probe(echo=slow))
    process.serve(server)
    process.on_drain(drain)
    process.background("work", work(), finishes=True)
    process.background("loop", forever())
    if config.mode is Mode.START_FAILS:
        raise ConnectionError("no database here")
    if config.mode is Mode.BACKGROUND_FAILS:
        process.background("broken", fails())
    if config.mode is Mode.DRAIN_FAILS:
        process.on_drain(drain_badly)
    if config.mode is Mode.NEVER_READY:
        process.check("never", never)


@asynccontextmanager
async def _resource(name: str) -> AsyncIterator[None]:
    yield
    log.info("closed", resource=name)


if __name__ == "__main__":
    sys.exit(run("probe", ProbeConfig, start))
