"""The whole service on a real S3 server instead of a folder."""

import uuid
from pathlib import Path

import httpx
import pytest

from services.runtime.errors import Unimplemented
from tests.support.ceph import S3Endpoint
from tests.support.postgres import Databases
from tests.support.storage_service import (
    PDF,
    Worker,
    completed,
    create_request,
    downloaded,
    no_objects_left,
    running_storage,
    stored_keys,
)
from vitae.storage.v1 import exports_pb2


async def test_an_export_lives_in_its_bucket(
    databases: Databases, tmp_path: Path, s3_endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_endpoint.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_endpoint.secret)
    bucket = f"exports-{uuid.uuid4().hex[:12]}"
    urls = databases.migrated("storage", "services.storage")
    async with running_storage(
        urls, tmp_path, s3_bucket=bucket, s3_endpoint=s3_endpoint.url, s3_path_style="true"
    ) as storage:
        worker = Worker(storage.process("render-worker").work)
        user = storage.user()
        document = storage.document(user)
        export = await completed(user, worker, document)
        owner = user.identity
        assert await stored_keys(storage) == [f"exports/{owner.tenant_id}/{owner.user_id}/{export.id}.1.pdf"]
        assert (await downloaded(user, export.id))[1] == PDF
        assert (await user.exports.CreateExport(create_request(document))).from_cache

        link = await user.exports.CreateDownloadLink(exports_pb2.CreateDownloadLinkRequest(id=export.id))
        async with httpx.AsyncClient() as client:
            answer = await client.get(link.url)
        assert answer.content == PDF
        assert answer.headers["content-type"] == "application/pdf"
        assert export.filename in answer.headers["content-disposition"]
        request = exports_pb2.OpenDownloadLinkRequest(token="x", expires=1, filename="x")
        with pytest.raises(Unimplemented):
            async for _ in user.exports.OpenDownloadLink(request):
                pass

        for each in (await user.exports.ListExports(exports_pb2.ListExportsRequest())).exports:
            await user.exports.DeleteExport(exports_pb2.DeleteExportRequest(id=each.id))
        await no_objects_left(storage)
