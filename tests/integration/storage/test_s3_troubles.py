"""A bucket on a real S3 server: large files, regions, encryption, refusals, silence and broken connections."""

import asyncio
import hashlib
import io
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.auth
import httpx
import pytest
from botocore.config import Config

from services.runtime.errors import AlreadyExists, Unavailable
from services.storage.objects import s3_parts
from services.storage.objects.base import LinkHolder, StagedFile, advice_of, exists
from services.storage.objects.s3 import S3Settings, S3Store
from tests.support.ceph import KMS_KEY, S3Endpoint
from tests.support.unreliable_proxy import UnreliableProxy, unreliable

LARGE = 2 * s3_parts.PART + 12_345
HOLDER = LinkHolder(uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3))


@pytest.fixture
def credentials(s3_endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch) -> S3Endpoint:
    """The server, with its credentials where every store looks for them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_endpoint.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_endpoint.secret)
    return s3_endpoint


@pytest.fixture
def proxy(credentials: S3Endpoint) -> Iterator[UnreliableProxy]:
    """The server behind a line that can be bad."""
    with unreliable(credentials.url) as running:
        yield running


@asynccontextmanager
async def bucket(url: str, **changes: Any) -> AsyncIterator[S3Store]:
    """A store in a new bucket."""
    settings = {"bucket": f"test-{uuid.uuid4().hex[:12]}", "endpoint": url, "path_style": True, **changes}
    store = S3Store(S3Settings(**settings))
    try:
        yield store
    finally:
        await store.close()


@contextmanager
def operator(endpoint: S3Endpoint) -> Iterator[Any]:
    """A client of the server that is not ours."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint.url,
        region_name="us-east-1",
        aws_access_key_id=endpoint.key,
        aws_secret_access_key=endpoint.secret,
        config=Config(s3={"addressing_style": "path"}),
    )
    try:
        yield client
    finally:
        client.close()


def name_of(store: S3Store) -> str:
    return store._settings.bucket


def file_of(data: bytes) -> StagedFile:
    return StagedFile(io.BytesIO(data), len(data), hashlib.sha256(data).hexdigest())


async def put(store: S3Store, key: str, data: bytes = b"data", *, exclusive: bool = False) -> None:
    await store.put(key, file_of(data), content_type="application/pdf", exclusive=exclusive)


async def got(store: S3Store, key: str) -> bytes:
    return b"".join([chunk async for chunk in store.get(key)])


async def refusal(call: Any) -> str:
    """The advice operators get for a call that fails, of which clients are told nothing but that it failed."""
    with pytest.raises(Unavailable) as caught:
        await call
    assert caught.value.reason == "STORE_UNAVAILABLE"
    assert caught.value.message == "The file store is not available at the moment; try again."
    return advice_of(caught.value)


async def test_a_large_file_goes_up_in_parts_and_comes_back_whole(credentials: S3Endpoint) -> None:
    data = os.urandom(LARGE)
    async with bucket(credentials.url) as store:
        await put(store, "large", data, exclusive=True)
        assert await got(store, "large") == data
        stat = await store.stat("large")
        assert stat is not None
        assert (stat.size_bytes, stat.content_type) == (LARGE, "application/pdf")
        assert stat.sha256 == hashlib.sha256(data).hexdigest()
        with operator(credentials) as client:
            head = client.head_object(Bucket=name_of(store), Key="large")
        assert head["ETag"].strip('"').endswith("-3"), "three parts"
        with pytest.raises(AlreadyExists):
            await put(store, "large", bytes(LARGE), exclusive=True)
        assert await got(store, "large") == data


class Breaking(io.BytesIO):
    """A file that cannot be read beyond its first part."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= s3_parts.PART:
            raise OSError("the disk is broken")
        return super().read(size)


async def test_an_upload_that_fails_leaves_no_parts(credentials: S3Endpoint) -> None:
    async with bucket(credentials.url) as store:
        with pytest.raises(OSError, match="the disk is broken"):
            await store.put("large", StagedFile(Breaking(bytes(LARGE)), LARGE, "0" * 64), content_type="a/b")
        assert not await exists(store, "large")
        with operator(credentials) as client:
            assert "Uploads" not in client.list_multipart_uploads(Bucket=name_of(store))


async def test_parts_of_a_process_that_died_go_when_they_are_old(credentials: S3Endpoint) -> None:
    async with bucket(credentials.url) as store:
        await store.check()
        with operator(credentials) as client:
            for key in ("one", "two"):
                begun = client.create_multipart_upload(Bucket=name_of(store), Key=key)
                client.upload_part(
                    Bucket=name_of(store), Key=key, UploadId=begun["UploadId"], PartNumber=1, Body=b"part"
                )
            now = datetime.now(UTC)
            assert await store.drop_unfinished(now - timedelta(hours=1)) == 0
            assert len(client.list_multipart_uploads(Bucket=name_of(store))["Uploads"]) == 2
            assert await store.drop_unfinished(now + timedelta(hours=1)) == 2
            assert "Uploads" not in client.list_multipart_uploads(Bucket=name_of(store))


@pytest.mark.parametrize(("region", "constraint"), [("us-east-1", None), ("default", "default")])
async def test_a_bucket_is_created_in_its_region_and_the_oldest_region_is_not_named(
    credentials: S3Endpoint, region: str, constraint: str | None
) -> None:
    sent: list[Any] = []
    async with bucket(credentials.url, region=region) as store:
        store._client.meta.events.register(
            "provide-client-params.s3.CreateBucket", lambda params, **_: sent.append(params)
        )
        await put(store, "key")
        assert await got(store, "key") == b"data"
        assert [each.get("CreateBucketConfiguration", {}).get("LocationConstraint") for each in sent] == [
            constraint
        ]
        await store.check()
    assert len(sent) == 1, "made once"


async def test_a_region_that_the_store_does_not_know_is_told(credentials: S3Endpoint) -> None:
    async with bucket(credentials.url, region="mars-north-1") as store:
        assert "VITAE_STORAGE_S3_REGION" in await refusal(store.check())


async def test_files_are_encrypted_by_the_store_with_the_key_asked_for(credentials: S3Endpoint) -> None:
    data = os.urandom(LARGE)
    async with bucket(credentials.url, encryption="aws:kms", kms_key=KMS_KEY) as store:
        for key, content in (("small", b"data"), ("large", data)):
            await put(store, key, content)
            assert await got(store, key) == content
            with operator(credentials) as client:
                head = client.head_object(Bucket=name_of(store), Key=key)
            assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", KMS_KEY)


async def test_a_key_that_the_store_does_not_have_is_told(credentials: S3Endpoint) -> None:
    async with bucket(credentials.url, encryption="aws:kms", kms_key="no-such-key") as store:
        for size in (4, LARGE):
            assert "VITAE_STORAGE_S3_KMS_KEY" in await refusal(put(store, "key", bytes(size)))
        assert not await exists(store, "key")


async def test_nobody_reads_a_bucket_without_a_signature(credentials: S3Endpoint) -> None:
    async with bucket(credentials.url) as store, httpx.AsyncClient() as client:
        await put(store, "key")
        for path in ("", "/key"):
            assert (await client.get(f"{credentials.url}/{name_of(store)}{path}")).status_code == 403


async def test_links_lead_over_the_public_address_and_calls_do_not(
    credentials: S3Endpoint, proxy: UnreliableProxy
) -> None:
    async with bucket(credentials.url, public_endpoint=proxy.url) as store, httpx.AsyncClient() as client:
        await put(store, "key")
        url = await store.link(
            "key",
            expires_at=datetime.now(UTC) + timedelta(minutes=5),
            filename="Lebenslauf Müller.pdf",
            content_type="application/pdf",
            holder=HOLDER,
        )
        assert proxy.connections == 0
        assert url.startswith(proxy.url)
        answer = await client.get(url)
        assert (answer.status_code, answer.content, proxy.connections) == (200, b"data", 1)
        assert "Lebenslauf%20M%C3%BCller.pdf" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("variable", "advice"),
    [
        ("AWS_ACCESS_KEY_ID", "the store does not know AWS_ACCESS_KEY_ID"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY is not the one"),
    ],
)
async def test_wrong_credentials_are_told_to_operators_alone(
    credentials: S3Endpoint, monkeypatch: pytest.MonkeyPatch, variable: str, advice: str
) -> None:
    monkeypatch.setenv(variable, "wrong")
    async with bucket(credentials.url) as store:
        assert advice in await refusal(store.check())
        assert advice in await refusal(put(store, "key"))
        assert advice in await refusal(got(store, "key"))


async def test_a_clock_that_is_wrong_is_told_from_wrong_credentials(
    credentials: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bucket(credentials.url) as store:
        await put(store, "key")
        true: Callable[..., datetime] = botocore.auth.get_current_datetime
        monkeypatch.setattr(
            botocore.auth, "get_current_datetime", lambda *a, **k: true(*a, **k) + timedelta(minutes=20)
        )
        real = datetime.now

        class Wrong(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return real(tz) + timedelta(minutes=20)

        monkeypatch.setattr("services.storage.objects.s3.datetime", Wrong)
        for call in (store.check(), put(store, "other"), got(store, "key")):
            assert "NTP" in await refusal(call)


async def test_a_full_store_is_told_and_served_again_when_there_is_room(credentials: S3Endpoint) -> None:
    async with bucket(credentials.url) as store:
        await put(store, "key")
        with credentials.full(name_of(store)):
            assert "full" in await refusal(put(store, "more"))
            await store.check()  # it serves: what is there can be read
            assert await got(store, "key") == b"data"
        await put(store, "more")


async def test_a_silent_store_is_given_up_after_its_tries_and_holds_nothing_else_up(
    proxy: UnreliableProxy,
) -> None:
    async with bucket(proxy.url, read_timeout=0.5, attempts=3) as store:
        await put(store, "key")
        proxy.silent, before = True, proxy.connections
        await store._run(store._client._endpoint.http_session.close)  # connections made while it still spoke
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        advice = await refusal(put(store, "other"))
        ticking.cancel()
        assert "VITAE_STORAGE_S3_READ_TIMEOUT" in advice
        assert proxy.connections - before == 3, "tries of one call, in one place"
        assert ticks > 20, "the event loop went on"
        proxy.silent = False
        await put(store, "other")


async def test_a_broken_connection_is_tried_again(proxy: UnreliableProxy) -> None:
    async with bucket(proxy.url) as store:
        proxy.refused = 2
        await put(store, "key")
        assert await got(store, "key") == b"data"


async def test_a_download_that_breaks_off_is_an_error_and_not_a_short_file(proxy: UnreliableProxy) -> None:
    async with bucket(proxy.url) as store:
        data = os.urandom(3_000_000)
        await put(store, "key", data)
        proxy.cut_after = 1_000_000
        received = bytearray()

        async def download() -> None:
            async for chunk in store.get("key"):
                received.extend(chunk)

        assert "breaks" in await refusal(download())
        assert 0 < len(received) < len(data)
        assert data.startswith(received)
        proxy.cut_after = None
        assert await got(store, "key") == data


async def test_the_line_that_breaks_during_an_upload_shows_no_object(proxy: UnreliableProxy) -> None:
    async with bucket(proxy.url, attempts=1, read_timeout=2.0) as store:
        await store.check()
        upload = asyncio.create_task(put(store, "large", bytes(4 * s3_parts.PART)))
        for _ in range(500):
            await asyncio.sleep(0.02)
            if await uploads_begun(store):
                break
        proxy.cut_after = 0
        await refusal(upload)
        proxy.cut_after = None
        assert not await exists(store, "large")
        await store.drop_unfinished(datetime.now(UTC) + timedelta(hours=1))
        assert not await uploads_begun(store)


async def uploads_begun(store: S3Store) -> bool:
    found = await store._call("list_multipart_uploads")
    return bool(found.get("Uploads"))


async def test_a_store_without_conditional_puts_is_asked_before_instead(proxy: UnreliableProxy) -> None:
    async with bucket(proxy.url) as store:
        await store.check()
        proxy.unknown_header = b"if-none-match"
        await put(store, "key", b"first", exclusive=True)
        with pytest.raises(AlreadyExists):
            await put(store, "key", b"second", exclusive=True)
        assert await got(store, "key") == b"first"
        seen = proxy.connections
        await put(store, "other", exclusive=True)
        assert proxy.connections <= seen + 1, "it is not tried again and again"


async def test_many_calls_share_a_pool_of_connections(proxy: UnreliableProxy) -> None:
    async with bucket(proxy.url, connections=3) as store:
        await store.check()
        proxy.pause = 0.02
        await asyncio.gather(*(put(store, f"key{number}", bytes(200_000)) for number in range(12)))
        assert [entry.key async for entry in store.list("key")] == sorted(f"key{n}" for n in range(12))
        read = await asyncio.gather(*(got(store, f"key{number}") for number in range(12)))
        assert {len(each) for each in read} == {200_000}
        assert 1 < proxy.most_open <= 3
        assert proxy.connections <= 4, "kept and used again"
