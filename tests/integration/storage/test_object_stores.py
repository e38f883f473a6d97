"""What every object store does, on local files and on a real S3 server alike.

The S3 half runs on VITAE_TEST_S3_ENDPOINT (with VITAE_TEST_S3_KEY and VITAE_TEST_S3_SECRET), or on a Ceph of its own
where Debian's packages are installed.
"""

import asyncio
import hashlib
import os
import re
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.runtime.errors import AlreadyExists, InvalidArgument, NotFound, Unavailable
from services.storage.links import LinkSigner
from services.storage.objects.base import LinkHolder, ObjectStore, exists
from services.storage.objects.local import LocalStore
from services.storage.objects.s3 import S3Settings, S3Store
from services.storage.objects.staging import staged
from tests.support.ceph import S3Endpoint

SECRET = "a secret of download links that is long enough"
HOLDER = LinkHolder(UUID(int=1), UUID(int=2), UUID(int=3))


@pytest.fixture(params=["local", "s3"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ObjectStore]:
    """Each kind of store, empty."""
    opened: ObjectStore
    if request.param == "local":
        opened = LocalStore.open(tmp_path / "objects", links=LinkSigner((SECRET,)))
    else:
        endpoint: S3Endpoint = request.getfixturevalue("s3_endpoint")
        opened = s3_store(endpoint, monkeypatch)
    yield opened
    await opened.close()


def s3_store(endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> S3Store:
    """A store in a new bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", endpoint.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", endpoint.secret)
    settings = S3Settings(bucket=f"test-{uuid.uuid4().hex[:12]}", endpoint=endpoint.url, path_style=True)
    return S3Store(replace(settings, **changes))


async def test_what_was_put_is_got_back_with_its_description(store: ObjectStore) -> None:
    data = os.urandom(300_000)
    await put(store, "exports/a/b/c.1.pdf", data, content_type="application/x-test")
    stat = await store.stat("exports/a/b/c.1.pdf")
    assert stat is not None
    assert (stat.size_bytes, stat.content_type) == (300_000, "application/x-test")
    assert stat.sha256 == hashlib.sha256(data).hexdigest()
    assert abs(stat.stored_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert await got(store, "exports/a/b/c.1.pdf") == data
    assert await exists(store, "exports/a/b/c.1.pdf")


async def test_files_larger_than_memory_staging_go_through(store: ObjectStore) -> None:
    data = os.urandom(3_000_000)
    await put(store, "large", data)
    assert await got(store, "large") == data


async def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    await put(store, "empty", b"")
    stat = await store.stat("empty")
    assert stat is not None
    assert (stat.size_bytes, await got(store, "empty")) == (0, b"")


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 10), (100, None), (99_990, 100), (5, 0), (100_000, None), (200_000, 5)]
)
async def test_a_range_is_that_part(store: ObjectStore, offset: int, length: int | None) -> None:
    data = os.urandom(100_000)
    await put(store, "ranged", data)
    end = None if length is None else offset + length
    assert await got(store, "ranged", offset=offset, length=length) == data[offset:end]


async def test_a_put_replaces_and_an_exclusive_one_does_not(store: ObjectStore) -> None:
    await put(store, "key", b"first", content_type="text/plain")
    await put(store, "key", b"second", content_type="text/html")
    with pytest.raises(AlreadyExists):
        await put(store, "key", b"third", exclusive=True)
    assert await got(store, "key") == b"second"
    stat = await store.stat("key")
    assert stat is not None
    assert (stat.content_type, stat.sha256) == ("text/html", hashlib.sha256(b"second").hexdigest())
    await put(store, "other", b"third", exclusive=True)
    assert await got(store, "other") == b"third"


async def test_what_is_not_there_is_said_plainly(store: ObjectStore) -> None:
    assert await store.stat("exports/none") is None
    assert not await exists(store, "exports/none")
    assert not await store.delete("exports/none")
    with pytest.raises(NotFound):
        await got(store, "exports/none")


async def test_what_is_deleted_is_gone(store: ObjectStore) -> None:
    await put(store, "a/b/one", b"1")
    await put(store, "a/b/two", b"2")
    assert await store.delete("a/b/one")
    assert not await store.delete("a/b/one")
    assert await store.stat("a/b/one") is None
    assert await got(store, "a/b/two") == b"2"


async def test_listing_is_by_key_from_anywhere(store: ObjectStore) -> None:
    keys = ["a/1", "a/2", "a-b/1", "a/10", "b/c/d", "b/c-e", "z"]
    for key in keys:
        await put(store, key, key.encode())
    assert [entry.key async for entry in store.list("")] == sorted(keys)
    assert [entry.key async for entry in store.list("a/")] == ["a/1", "a/10", "a/2"]
    assert [entry.key async for entry in store.list("a/1")] == ["a/1", "a/10"]
    assert [entry.key async for entry in store.list("", after="a/2")] == ["b/c-e", "b/c/d", "z"]
    assert [entry.key async for entry in store.list("b/c")] == ["b/c-e", "b/c/d"]
    assert [entry.size_bytes async for entry in store.list("a/10")] == [4]


async def test_a_listing_of_many_pages_leaves_nothing_out(store: ObjectStore) -> None:
    keys = [f"many/{number:04}" for number in range(1203)]
    for start in range(0, len(keys), 50):
        await asyncio.gather(*(put(store, key, b"") for key in keys[start : start + 50]))
    assert [entry.key async for entry in store.list("many/")] == keys
    assert [entry.key async for entry in store.list("many/", after="many/0099")] == keys[100:]


@pytest.mark.parametrize(
    "key",
    ["", "/a", "a/", "../a", "a/../b", "a//b", "a/./b", ".a", "a/.b", "a\\b", "a\0b", "ä", "a b", "x" * 501],
)
async def test_no_key_leaves_its_place(store: ObjectStore, key: str) -> None:
    with pytest.raises(InvalidArgument):
        await put(store, key, b"")
    with pytest.raises(InvalidArgument):
        await store.stat(key)
    with pytest.raises(InvalidArgument):
        await store.delete(key)
    with pytest.raises(InvalidArgument):
        await got(store, key)


async def test_a_store_that_serves_passes_its_check(store: ObjectStore) -> None:
    await store.check()


async def test_s3_links_give_the_file_under_its_name_until_they_end(
    s3_endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = s3_store(s3_endpoint, monkeypatch)
    await put(store, "exports/file", b"bytes", content_type="application/pdf")
    name = "resume_modern_20251212.pdf"

    async def link(seconds: float) -> str:
        ends = datetime.now(UTC) + timedelta(seconds=seconds)
        return await store.link(
            "exports/file", expires_at=ends, filename=name, content_type="application/pdf", holder=HOLDER
        )

    url = await link(300)
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
        assert (answer.status_code, answer.content) == (200, b"bytes")
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
        assert (await client.get(url.replace("exports/file", "exports/fil3"))).status_code in {403, 404}
        assert (await client.get(url.replace("resume", "virus"))).status_code == 403
        short = await link(1)
        await asyncio.sleep(2.5)  # the server's clock decides
        assert (await client.get(short)).status_code == 403
        assert (await client.get(url)).status_code == 200
        later = re.sub(r"X-Amz-Expires=\d+", "X-Amz-Expires=3600", short)
        assert (await client.get(later)).status_code == 403
    await store.close()


async def test_s3_links_carry_the_public_address(
    s3_endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = s3_store(s3_endpoint, monkeypatch, public_endpoint="https://files.example.org")
    ends = datetime.now(UTC) + timedelta(minutes=5)
    url = await store.link("exports/file", expires_at=ends, filename="a", content_type="a/b", holder=HOLDER)
    assert url.startswith("https://files.example.org/")
    await store.close()


async def test_an_unreachable_s3_is_unavailable_and_says_so_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = S3Endpoint("http://127.0.0.1:1", "key", "secret")
    store = s3_store(nowhere, monkeypatch)
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        await put(store, "key", b"")
    assert caught.value.reason == "STORE_UNAVAILABLE"
    with pytest.raises(Unavailable):
        await store.check()
    assert time.monotonic() - began < 15
    await store.close()


async def put(
    store: ObjectStore,
    key: str,
    data: bytes,
    *,
    content_type: str = "application/octet-stream",
    exclusive: bool = False,
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 65536):
            yield data[start : start + 65536]

    digest = hashlib.sha256(data).hexdigest()
    async with staged(chunks(), size_bytes=len(data), sha256=digest, limit=10**8, folder=None) as file:
        await store.put(key, file, content_type=content_type, exclusive=exclusive)


async def got(store: ObjectStore, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
    chunks = [chunk async for chunk in store.get(key, offset=offset, length=length)]
    assert all(0 < len(chunk) <= 65536 for chunk in chunks)
    return b"".join(chunks)
