"""Looking after the queue while no worker asks: stuck work is taken back, the gauges tell its depth (SPEC S7)."""

import asyncio

from services.runtime.db import Database
from services.runtime.errors import VitaeError
from services.runtime.logs import get_logger
from services.runtime.queue import Queue
from services.storage.metrics import StorageMetrics

LONGEST_PAUSE = 5.0
"""Seconds between two looks at most, so that gauges are never older than a scrape."""


async def sweep_queue(
    database: Database, queue: Queue, metrics: StorageMetrics, kind: str, *, every: float
) -> None:
    """Takes expired leases back and measures the depth, every so many seconds; never returns."""
    log = get_logger(__name__)
    while True:
        try:
            await _sweep(database, queue, metrics, kind)
        except VitaeError as error:
            log.warning("the queue was not looked at", reason=error.reason)
        await asyncio.sleep(min(every, LONGEST_PAUSE))


async def _sweep(database: Database, queue: Queue, metrics: StorageMetrics, kind: str) -> None:
    reclaimed = 1
    while reclaimed:
        async with database.queue_transaction() as connection:
            reclaimed = await queue.reclaim(connection, [kind])
    async with database.queue_transaction() as connection:
        depths = {each.kind: each for each in await queue.depths(connection)}
    metrics.depth(depths.get(kind))
