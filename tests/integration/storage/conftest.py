"""A running storage service for each test that asks."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.ceph import PROGRAMS, S3Endpoint, ceph
from tests.support.postgres import Databases
from tests.support.programs import need
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


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[S3Endpoint]:
    """The S3 server of the run."""
    given = os.environ.get("VITAE_TEST_S3_ENDPOINT")
    if given:
        yield S3Endpoint(given, os.environ["VITAE_TEST_S3_KEY"], os.environ["VITAE_TEST_S3_SECRET"])
        return
    need(*PROGRAMS)
    folder = Path(tempfile.mkdtemp(prefix="ceph"))
    try:
        with ceph(folder) as endpoint:
            yield endpoint
    finally:
        shutil.rmtree(folder)
