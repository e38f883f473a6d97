"""A running storage service for each test that asks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.postgres import Databases
from tests.support.storage_service import StorageHarness, Worker, running_storage


@pytest.fixture
async def storage(databases: Databases, tmp_path: Path) -> AsyncIterator[StorageHarness]:
    """One replica with default limits."""
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path / "objects") as harness:
        yield harness


@pytest.fixture
def worker(storage: StorageHarness) -> Worker:
    """A render worker."""
    return Worker(storage.process("render-worker").work)
