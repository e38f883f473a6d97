"""Commands that run beside the service, with the same configuration: cleanup, audit, doctor.

    def main() -> int:
        return run("cleanup", work, arguments)

Exit codes: what the work returns (0 all is well, 1 something is wrong), 69 (EX_UNAVAILABLE) when database or store
do not serve, 78 (EX_CONFIG) when the configuration is not valid.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from services.runtime.config import ConfigError, Seconds, load
from services.runtime.db import Database
from services.runtime.errors import VitaeError
from services.runtime.logs import configure_logs
from services.runtime.metrics import new_registry
from services.runtime.queue import Doorbell, Queue
from services.runtime.schema import require_schema
from services.storage.config import StorageConfig
from services.storage.exports.waiting import Changes
from services.storage.inspection.audit import Audit
from services.storage.inspection.doctor import Doctor
from services.storage.inspection.repairs import Repairs
from services.storage.metrics import StorageMetrics
from services.storage.objects.base import advice_of
from services.storage.retention.cleanup import Cleanup
from services.storage.retention.deletions import Deletions
from services.storage.wiring import doctor_of, open_objects
from services.storage.work.failing import record_ends

EX_UNAVAILABLE = 69
EX_CONFIG = 78

_ADVICE = {"DATABASE_UNAVAILABLE": "look at PostgreSQL, and at VITAE_STORAGE_DATABASE_URL"}

_PATIENCE = Seconds(300.0)
"""Seconds a statement may take: an audit reads whole tables, and no client waits for it."""


@dataclass(frozen=True)
class Tools:
    """What commands work with."""

    cleanup: Cleanup
    audit: Audit
    doctor: Doctor


def run(name: str, work: Callable[[Tools], Awaitable[int]]) -> int:
    """Runs a command; its exit code."""
    try:
        config = load(StorageConfig, os.environ, process="storage")
    except ConfigError as error:
        _say(str(error))
        return EX_CONFIG
    configure_logs(config.process.log, service=f"storage {name}")
    try:
        return asyncio.run(_run(config, work))
    except VitaeError as error:
        advice = advice_of(error) or _ADVICE.get(error.reason, "")
        _say(f"{error.reason}: {error.message} {advice}".strip())
        return EX_UNAVAILABLE


@asynccontextmanager
async def tools(config: StorageConfig) -> AsyncIterator[Tools]:
    """The tools on the configured database and store, which close at the end."""
    patient = replace(config.database, statement_timeout=max(config.database.statement_timeout, _PATIENCE))
    database = Database.from_config(patient, application="storage command")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await require_schema(database, "services.storage")
        objects, links = await open_objects(config.s3, config.local, database)
        stack.push_async_callback(objects.close)
        metrics = StorageMetrics.register(new_registry())
        queue = Queue(
            on_ended=record_ends(Changes(), metrics),
            doorbell=Doorbell(database, listen=False),  # workers find what is queued here by polling
            waiting_limit=config.limits.waiting,
            running_limit=config.limits.running,
        )
        deletions = Deletions(database, objects, metrics, poll=config.work.deletion_poll)
        yield Tools(
            Cleanup(database, queue, objects, deletions),
            Audit(database, objects, Repairs(database, queue, objects, deletions)),
            doctor_of(config, database, objects, links),
        )
        await deletions.drain()


async def _run(config: StorageConfig, work: Callable[[Tools], Awaitable[int]]) -> int:
    async with tools(config) as made:
        return await work(made)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - a command line talks to its terminal
