"""Removes idempotency keys that nobody may use any more."""

import asyncio
import random
from datetime import timedelta

from sqlalchemy import delete, select, tuple_

from services.generation.tables import idempotency_keys
from services.runtime.db import Database, transaction_time
from services.runtime.errors import VitaeError
from services.runtime.idempotency import KEPT_FOR
from services.runtime.logs import get_logger

_BATCH = 1000
"""Rows removed in one transaction, so that none holds its locks for long."""

log = get_logger(__name__)


async def sweep_every(database: Database, period: float) -> None:
    """Sweeps every `period` seconds; never returns. Replicas share the work without waiting for each other."""
    while True:
        try:
            removed = await sweep(database)
        except VitaeError as error:
            log.warning("sweep_failed", reason=error.reason)
        else:
            if removed:
                log.info("idempotency_keys_swept", removed=removed)
        await asyncio.sleep(period * random.uniform(0.8, 1.2))  # noqa: S311 - jitter


async def sweep(database: Database, kept_for: timedelta = KEPT_FOR) -> int:
    """Removes the keys of answers that are kept no longer; how many."""
    removed = 0
    while batch := await _batch(database, kept_for):
        removed += batch
    return removed


async def _batch(database: Database, kept_for: timedelta) -> int:
    key = tuple(idempotency_keys.primary_key)
    async with database.queue_transaction() as connection:
        outdated = (
            select(*key)
            .where(idempotency_keys.c.create_time <= transaction_time(connection) - kept_for)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        gone = await connection.execute(delete(idempotency_keys).where(tuple_(*key).in_(outdated)))
        return gone.rowcount
