"""The doctor: what it says of stores that are set up well, and of those that are not."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.storage.inspection.doctor import Check
from services.storage.objects.keys import PROBES
from tests.support.ceph import KMS_KEY, S3Endpoint
from tests.support.postgres import Databases
from tests.support.storage_service import StorageHarness, running_storage


@contextmanager
def web(status: int, body: bytes) -> Iterator[str]:
    """A web server that always answers the same; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def diagnosed(storage: StorageHarness) -> dict[str, Check]:
    checks = {each.name: each for each in await storage.service.doctor.run()}
    assert [each.key async for each in storage.objects.list(PROBES)] == [], "a probe was left behind"
    return checks


def failed(checks: dict[str, Check]) -> list[str]:
    return [name for name, each in checks.items() if not each.passed and not each.optional]


@pytest.mark.parametrize("store_settings", ["local"], indirect=True)
async def test_a_folder_that_works_is_well(storage: StorageHarness) -> None:
    checks = await diagnosed(storage)
    assert list(checks) == ["clock", "write", "read", "signed_link", "public_url", "delete"]
    assert failed(checks) == []
    assert "VITAE_STORAGE_PUBLIC_URL" in checks["public_url"].advice


@pytest.mark.parametrize(
    ("status", "body", "well"), [(403, b'{"code": "INVALID_LINK"}', True), (200, b"a parking page", False)]
)
async def test_the_public_address_of_links_has_to_be_the_gateways(
    databases: Databases, tmp_path: Path, status: int, body: bytes, well: bool
) -> None:
    urls = databases.migrated("storage", "services.storage")
    with web(status, body) as address:
        async with running_storage(urls, tmp_path / "objects", public_url=address) as storage:
            checks = await diagnosed(storage)
    assert checks["public_url"].passed is well
    assert failed(checks) == ([] if well else ["public_url"])


@pytest.mark.parametrize("store_settings", ["local"], indirect=True)
async def test_a_folder_that_is_gone_is_said_to_be(
    databases: Databases, tmp_path: Path, storage: StorageHarness
) -> None:
    (tmp_path / "objects").rename(tmp_path / "elsewhere")
    checks = {each.name: each for each in await storage.service.doctor.run()}
    assert failed(checks) == ["write"]
    assert "VITAE_STORAGE_OBJECTS_FOLDER" in checks["write"].advice
    (tmp_path / "elsewhere").rename(tmp_path / "objects")


@pytest.mark.parametrize("public", ["", "http://127.0.0.1:9", "elsewhere"])
async def test_a_bucket_is_tried_as_a_client_would(
    databases: Databases,
    tmp_path: Path,
    s3_endpoint: S3Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    public: str,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_endpoint.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_endpoint.secret)
    urls = databases.migrated("storage", "services.storage")
    settings: dict[str, Any] = {
        "s3_bucket": f"doctor-{uuid.uuid4().hex[:12]}",
        "s3_endpoint": s3_endpoint.url,
        "s3_path_style": "true",
    }
    with web(404, b"no such page") as elsewhere:
        if public:
            settings["s3_public_endpoint"] = elsewhere if public == "elsewhere" else public
        async with running_storage(urls, tmp_path, **settings) as storage:
            checks = await diagnosed(storage)
    if public:
        assert failed(checks) == ["signed_link"]
        assert "VITAE_STORAGE_S3_PUBLIC_ENDPOINT" in checks["signed_link"].advice
        assert public == "elsewhere" or "127.0.0.1:9, cannot be reached" in checks["signed_link"].advice
        return
    assert failed(checks) == []
    assert list(checks) == [
        *("clock", "write", "read", "signed_link", "file_name", "store_clock"),
        *("tampering", "expiry", "cors", "delete"),
    ]


async def test_a_store_that_refuses_is_said_to_refuse(
    databases: Databases, tmp_path: Path, s3_endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_endpoint.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(
        urls, tmp_path, s3_bucket="doctor", s3_endpoint=s3_endpoint.url, s3_path_style="true"
    ) as storage:
        checks = {each.name: each for each in await storage.service.doctor.run()}
    assert failed(checks) == ["write"]
    assert "AWS_" in checks["write"].advice


@pytest.mark.parametrize(
    ("encryption", "well"),
    [({"s3_encryption": "aws:kms", "s3_kms_key": KMS_KEY}, True), ({"s3_encryption": "AES256"}, False)],
)
@pytest.mark.parametrize("store_settings", ["s3"], indirect=True)
async def test_encryption_that_was_asked_for_and_is_not_there_is_told(
    databases: Databases,
    tmp_path: Path,
    store_settings: dict[str, Any],
    encryption: dict[str, Any],
    well: bool,
) -> None:
    """The server of the tests has a key, and leaves encryption with keys of its own out without a word."""
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(urls, tmp_path, **store_settings, **encryption) as storage:
        checks = await diagnosed(storage)
    assert checks["encryption"].passed is well
    assert failed(checks) == ([] if well else ["encryption"])
    assert well or "VITAE_STORAGE_S3_ENCRYPTION" in checks["encryption"].advice
