"""The objects API: bytes under keys of a user's own."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.runtime.errors import InvalidArgument, NotFound, PermissionDenied, ResourceExhausted, VitaeError
from tests.support.postgres import Databases
from tests.support.storage_service import Caller, StorageHarness, Worker, completed, followed, running_storage
from vitae.storage.v1 import admin_pb2, exports_pb2, objects_pb2, usage_pb2


async def put(
    caller: Caller, key: str, data: bytes, *, content_type: str = "text/plain", **lies: Any
) -> objects_pb2.Object:
    """Stores an object; `lies` falsify its header."""
    about = {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), **lies}
    header = objects_pb2.PutObjectHeader(key=key, content_type=content_type, **about)

    async def parts() -> AsyncIterator[objects_pb2.PutObjectRequest]:
        yield objects_pb2.PutObjectRequest(header=header)
        for start in range(0, len(data), 65536):
            yield objects_pb2.PutObjectRequest(chunk=data[start : start + 65536])

    stored: objects_pb2.Object = await caller.objects.PutObject(parts())
    return stored


async def got(caller: Caller, key: str, **part: int) -> tuple[exports_pb2.FileHeader, bytes]:
    """An object's header and bytes."""
    answer = caller.objects.GetObject(objects_pb2.GetObjectRequest(key=key, **part))
    parts = [each async for each in answer]
    return parts[0].header, b"".join(each.chunk for each in parts[1:])


async def keys(caller: Caller, **query: Any) -> list[str]:
    """Keys of the caller's objects, page by page."""
    request, found = objects_pb2.ListObjectsRequest(**query), []
    while True:
        page = await caller.objects.ListObjects(request)
        found += [each.key for each in page.objects]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


async def raw_keys(storage: StorageHarness) -> list[str]:
    return [each.key async for each in storage.objects.list("objects/")]


async def test_an_object_is_stored_described_and_read_in_parts(storage: StorageHarness) -> None:
    user, data = storage.user(), bytes(range(256)) * 1000
    stored = await put(user, "photos/me.png", data, content_type="image/png")
    assert (stored.size_bytes, stored.content_type) == (256_000, "image/png")
    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    assert await user.objects.StatObject(objects_pb2.StatObjectRequest(key="photos/me.png")) == stored
    header, whole = await got(user, "photos/me.png")
    assert (header.filename, header.size_bytes, header.sha256) == ("me.png", 256_000, stored.sha256)
    assert whole == data
    assert (await got(user, "photos/me.png", offset=1000, length=70_000))[1] == data[1000:71_000]
    assert (await got(user, "photos/me.png", offset=256_000))[1] == b""
    with pytest.raises(InvalidArgument) as caught:
        await got(user, "photos/me.png", offset=256_001)
    assert caught.value.fields[0].field == "offset"


async def test_a_listing_goes_by_key_in_pages(storage: StorageHarness) -> None:
    user = storage.user()
    for key in ("b", "a/2", "a/10", "a/B", "c"):
        await put(user, key, b"x")
    assert await keys(user, page_size=2) == ["a/10", "a/2", "a/B", "b", "c"]
    assert await keys(user, prefix="a/", page_size=1) == ["a/10", "a/2", "a/B"]
    assert await keys(user, prefix="a/1") == ["a/10"]
    with pytest.raises(InvalidArgument):
        await keys(user, page_token="not one")
    with pytest.raises(InvalidArgument):
        await keys(user, prefix="../")


async def test_a_put_replaces_and_the_old_bytes_go(storage: StorageHarness) -> None:
    user = storage.user()
    await put(user, "note", b"first")
    await put(user, "note", b"second version")
    assert (await got(user, "note"))[1] == b"second version"
    for _ in range(1000):
        if len(await raw_keys(storage)) == 1:
            break
        await asyncio.sleep(0.02)
    assert len(await raw_keys(storage)) == 1
    for _ in range(2):
        await user.objects.DeleteObject(objects_pb2.DeleteObjectRequest(key="note"))
    with pytest.raises(NotFound):
        await got(user, "note")


async def test_bytes_that_differ_from_their_header_are_refused_and_leave_nothing(
    storage: StorageHarness,
) -> None:
    user = storage.user()
    for lies in ({"size_bytes": 3}, {"size_bytes": 50}, {"sha256": "0" * 64}):
        with pytest.raises(InvalidArgument):
            await put(user, "note", b"some bytes", **lies)
    for key in ("a/../b", "a//b", "a/.hidden"):
        with pytest.raises(InvalidArgument):
            await put(user, key, b"x")
    assert (await keys(user), await raw_keys(storage)) == ([], [])


async def test_another_user_finds_nothing(storage: StorageHarness) -> None:
    owner = storage.user()
    await put(owner, "note", b"mine")
    for other in (storage.user(tenant=owner.identity.tenant_id), storage.user()):
        calls = (
            lambda key, other=other: other.objects.StatObject(objects_pb2.StatObjectRequest(key=key)),
            lambda key, other=other: other.objects.PresignObject(objects_pb2.PresignObjectRequest(key=key)),
            lambda key, other=other: got(other, key),
        )
        for call in calls:
            answers = []
            for key in ("note", "nothing"):
                with pytest.raises(NotFound) as caught:
                    await call(key)
                answers.append((caught.value.reason, caught.value.message, caught.value.metadata))
            assert answers[0] == answers[1]
        assert await keys(other) == []
        await other.objects.DeleteObject(objects_pb2.DeleteObjectRequest(key="note"))
        await put(other, "note", b"theirs")
    assert (await got(owner, "note"))[1] == b"mine"
    with pytest.raises(PermissionDenied):
        await put(storage.process("generation"), "note", b"x")


async def test_objects_and_exports_share_the_quota(databases: Databases, tmp_path: Path) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(
        urls, tmp_path / "objects", quota="100kB", reservation="20kB", max_file="90kB"
    ) as storage:
        user, worker = storage.user(), Worker(storage.process("render-worker").work)
        await completed(user, worker, storage.document(user), b"x" * 30_000)
        await put(user, "big", b"x" * 60_000)
        with pytest.raises(ResourceExhausted) as caught:
            await put(user, "more", b"x" * 20_000)
        assert caught.value.reason == "QUOTA_EXCEEDED"
        with pytest.raises(ResourceExhausted) as caught:
            await completed(user, worker, storage.document(user))
        assert caught.value.reason == "QUOTA_EXCEEDED"
        with pytest.raises(ResourceExhausted) as caught:
            await put(user, "more", b"x" * 90_001)
        assert caught.value.reason == "FILE_TOO_LARGE"
        await put(user, "big", b"x" * 50_000)  # what it replaces does not count
        usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
        assert (usage.used_bytes, usage.file_count) == (80_000, 2)
        for _ in range(1000):
            if len(await raw_keys(storage)) == 1:
                break
            await asyncio.sleep(0.02)
        assert len(await raw_keys(storage)) == 1


async def test_a_link_gives_the_object_until_it_is_replaced(storage: StorageHarness) -> None:
    user = storage.user()
    await put(user, "letters/one.txt", b"hello")
    link = await user.objects.PresignObject(
        objects_pb2.PresignObjectRequest(key="letters/one.txt", filename="a letter.txt")
    )
    assert (link.filename, link.content_type) == ("a letter.txt", "text/plain")
    assert await followed(storage, link) == b"hello"
    await put(user, "letters/one.txt", b"another")
    for _ in range(100):  # a bucket's link works until the old bytes are gone, which is soon
        if await followed(storage, link) is None:
            break
        await asyncio.sleep(0.05)
    assert await followed(storage, link) is None
    again = await user.objects.PresignObject(objects_pb2.PresignObjectRequest(key="letters/one.txt"))
    assert await followed(storage, again) == b"another"


async def test_erasure_takes_objects_too(storage: StorageHarness) -> None:
    user, other = storage.user(), storage.user()
    for each in (user, other):
        await put(each, "note", b"x")
    generation = storage.process("generation")
    erased = await generation.admin.EraseOwner(
        admin_pb2.EraseOwnerRequest(
            tenant_id=str(user.identity.tenant_id), user_id=str(user.identity.user_id)
        )
    )
    assert erased.deleted_files == 1
    assert await keys(user) == []
    assert len(await raw_keys(storage)) == 1
    assert await keys(other) == ["note"]


async def test_puts_at_the_same_moment_keep_the_quota_and_one_of_them(
    databases: Databases, tmp_path: Path
) -> None:
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path / "objects", quota="10kB") as storage:
        user = storage.user()
        outcomes = await asyncio.gather(
            *(put(user, f"k{number % 3}", b"x" * 4000) for number in range(9)), return_exceptions=True
        )
        for each in outcomes:
            assert not isinstance(each, Exception) or (
                isinstance(each, VitaeError) and each.reason == "QUOTA_EXCEEDED"
            )
        usage = await user.usage.GetUsage(usage_pb2.GetUsageRequest())
        assert usage.used_bytes == 8000
        assert len(await keys(user)) == 2
