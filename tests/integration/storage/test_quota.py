"""The quota: room is kept before work starts, settled when its file is there, and given back with the file."""

from pathlib import Path
from typing import Any

import pytest

from services.runtime.errors import ResourceExhausted
from tests.support.postgres import Databases
from tests.support.storage_service import (
    PDF,
    Caller,
    StorageHarness,
    Worker,
    completed,
    create_request,
    no_objects_left,
    running_storage,
)
from vitae.resume.v1.common_pb2 import WORK_STATUS_FAILED
from vitae.storage.v1 import exports_pb2, usage_pb2

MEGABYTE = 1_000_000


async def usage(user: Caller) -> usage_pb2.Usage:
    return await user.usage.GetUsage(usage_pb2.GetUsageRequest())


async def test_room_is_kept_settled_and_given_back(
    databases: Databases, tmp_path: Path, store_settings: dict[str, Any]
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path / "objects", quota="5MB", **store_settings) as storage:
        user, worker = storage.user(), Worker(storage.process("render-worker").work)
        first = await user.exports.CreateExport(create_request(storage.document(user)))
        await user.exports.CreateExport(create_request(storage.document(user)))
        assert (await usage(user)).reserved_bytes == 4 * MEGABYTE
        with pytest.raises(ResourceExhausted) as caught:
            await user.exports.CreateExport(create_request(storage.document(user)))
        assert caught.value.reason == "QUOTA_EXCEEDED"
        assert caught.value.metadata["reserved_bytes"] == str(4 * MEGABYTE)
        await storage.user().usage.GetUsage(usage_pb2.GetUsageRequest())
        works = await worker.lease(items=2)
        for work in works:
            await worker.complete(work, PDF)
        settled = await usage(user)
        assert (settled.used_bytes, settled.reserved_bytes, settled.file_count) == (2 * len(PDF), 0, 2)
        cancelled = await user.exports.CreateExport(create_request(storage.document(user)))
        await user.exports.CancelExport(exports_pb2.CancelExportRequest(id=cancelled.id))
        await user.exports.DeleteExport(exports_pb2.DeleteExportRequest(id=first.id))
        left = await usage(user)
        assert (left.used_bytes, left.reserved_bytes, left.file_count) == (len(PDF), 0, 1)


async def test_a_file_larger_than_its_place_has_to_fit_as_well(
    databases: Databases, tmp_path: Path, store_settings: dict[str, Any]
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path / "objects", quota="5MB", **store_settings) as storage:
        user, worker = storage.user(), Worker(storage.process("render-worker").work)
        await large(storage, user, worker, 3 * MEGABYTE)  # more than the 2 MB kept for it, and there is room
        assert (await usage(user)).used_bytes == 3 * MEGABYTE
        with pytest.raises(ResourceExhausted) as caught:
            await large(storage, user, worker, 2 * MEGABYTE + 1)
        assert caught.value.reason == "QUOTA_EXCEEDED"
        listed = await user.exports.ListExports(exports_pb2.ListExportsRequest(status=WORK_STATUS_FAILED))
        assert [each.state.error.reason for each in listed.exports] == ["QUOTA_EXCEEDED"]
        assert "delete some exports" in listed.exports[0].state.error.message
        kept = await usage(user)
        assert (kept.used_bytes, kept.reserved_bytes) == (3 * MEGABYTE, 0)
        await completed(user, worker, storage.document(user))
        for each in (await user.exports.ListExports(exports_pb2.ListExportsRequest())).exports:
            await user.exports.DeleteExport(exports_pb2.DeleteExportRequest(id=each.id))
        await no_objects_left(storage)


async def large(storage: StorageHarness, user: Caller, worker: Worker, size: int) -> None:
    """An export whose file has this size."""
    await user.exports.CreateExport(create_request(storage.document(user)))
    [work] = await worker.lease()
    await worker.complete(work, bytes(size))
