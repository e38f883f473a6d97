"""A running storage service for each test that asks, once on a folder and once on a bucket."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.ceph import S3Endpoint
from tests.support.postgres import Databases
from tests.support.storage_service import StorageHarness, Worker, running_storage


@pytest.fixture(params=["local", "s3"])
def store_settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a service is told of its store: nothing but the folder, or a new bucket."""
    if request.param == "local":
        return {}
    endpoint: S3Endpoint = request.getfixturevalue("s3_endpoint")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", endpoint.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", endpoint.secret)
    bucket = f"test-{uuid.uuid4().hex[:12]}"
    return {"s3_bucket": bucket, "s3_endpoint": endpoint.url, "s3_path_style": "true"}


@pytest.fixture
async def storage(
    databases: Databases, tmp_path: Path, store_settings: dict[str, Any]
) -> AsyncIterator[StorageHarness]:
    """One replica with default limits."""
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path / "objects", **store_settings) as harness:
        yield harness


@pytest.fixture
def worker(storage: StorageHarness) -> Worker:
    """A render worker."""
    return Worker(storage.process("render-worker").work)
