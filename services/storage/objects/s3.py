"""Objects in a bucket of any S3-compatible store, through boto3 (SPEC S2, S4).

boto3 blocks, so every call runs in a bounded pool of threads. Retries are botocore's and nobody else's. A file goes up
in one request, a large one in parts (s3_parts.py); the signature of each request covers the SHA-256 of its body, so the
store itself refuses bytes that were changed on the way.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody

from services.runtime.logs import get_logger
from services.storage.objects import base, s3_advice, s3_parts
from services.storage.objects.base import CHUNK, LinkHolder, ObjectEntry, ObjectStat, StagedFile
from services.storage.objects.keys import checked_key, checked_prefix

T = TypeVar("T")

_READ = 8 * CHUNK
"""Bytes read in one turn of a thread: most files are no larger (SPEC, time budgets)."""

_SHA256 = "sha256"
"""Name of the metadata entry that carries the hash."""

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
_TAKEN = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
_UNKNOWN = frozenset({"501", "NotImplemented"})
_OWNED = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})

_DEFAULT_REGION = "us-east-1"
"""The one region that must not be named when a bucket is created in it (S3 API, CreateBucket)."""


@dataclass(frozen=True)
class S3Settings:
    """Which bucket and how. Credentials come from the environment or the platform's own chain, never from here."""

    bucket: str
    region: str = _DEFAULT_REGION
    endpoint: str | None = None
    """Address of the store; AWS's own for the region when None."""
    public_endpoint: str | None = None
    """Address clients reach the store under, for links; `endpoint` when None."""
    encryption: str = ""
    """Server-side encryption: "", "AES256" or "aws:kms"."""
    kms_key: str = ""
    path_style: bool = False
    connect_timeout: float = 2.0
    read_timeout: float = 15.0
    attempts: int = 3
    """Tries of one call in all."""
    connections: int = 16
    create: bool = True
    """Whether a bucket that is absent is made; without, the store is unavailable until the bucket is there."""


class S3Store:
    """An ObjectStore over one bucket, which is created when absent, at the first use."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        session = boto3.session.Session()
        self._client = _client(session, settings, settings.endpoint)
        public = settings.public_endpoint
        self._public = _client(session, settings, public) if public else self._client
        self._threads = ThreadPoolExecutor(settings.connections, thread_name_prefix="s3")
        self._bucket_ready = False
        self._conditions = True
        """Whether the store knows conditional puts, as far as we know."""
        self._preparing = asyncio.Lock()
        self._log = get_logger(__name__).bind(bucket=settings.bucket)

    async def put(self, key: str, file: StagedFile, *, content_type: str, exclusive: bool = False) -> None:
        bucket, key = self._settings.bucket, checked_key(key)
        about: dict[str, Any] = {
            "ContentType": content_type,
            "Metadata": {_SHA256: file.sha256},
            **self._encryption(),
        }
        large = file.size_bytes > s3_parts.PART
        await self._prepared()
        if exclusive and (large or not self._conditions) and await self.stat(key) is not None:
            # Some stores overlook the condition where parts are put together; some know none.
            raise base.taken(key)
        condition = {"IfNoneMatch": "*"} if exclusive and self._conditions else {}

        def in_one() -> None:
            file.file.seek(0)
            self._client.put_object(
                Bucket=bucket,
                Key=key,
                Body=file.file,
                ContentLength=file.size_bytes,
                **about,
                **condition,
            )

        def in_parts() -> None:
            s3_parts.upload(self._client, bucket, key, file.file, condition=condition, about=about)

        try:
            await self._run(in_parts if large else in_one)
        except ClientError as error:
            if condition and _code(error) in _UNKNOWN:
                self._conditions = False
                await self.put(key, file, content_type=content_type, exclusive=True)
                return
            if exclusive and _code(error) in _TAKEN:
                raise base.taken(key) from error
            raise self._translated(error) from error

    async def get(self, key: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        checked_key(key)
        if length == 0:
            return
        wanted = (
            {"Range": f"bytes={offset}-{'' if length is None else offset + length - 1}"}
            if offset or length
            else {}
        )
        try:
            await self._prepared()
            body, size, block = await self._run(partial(self._opened, key, wanted))
        except ClientError as error:
            if _code(error) == "InvalidRange":  # begins behind the end
                return
            if _code(error) in _ABSENT:
                raise base.missing(key) from error
            raise self._translated(error) from error
        try:
            while block:
                for start in range(0, len(block), CHUNK):
                    yield block[start : start + CHUNK]
                size -= len(block)
                block = await self._run(partial(body.read, _READ)) if size else b""
        finally:
            body.close()

    async def stat(self, key: str) -> ObjectStat | None:
        checked_key(key)
        try:
            await self._prepared()
            found = await self._call("head_object", Key=key)
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise self._translated(error) from error
        return ObjectStat(
            key,
            found["ContentLength"],
            found.get("ContentType", ""),
            found.get("Metadata", {}).get(_SHA256, ""),
            found["LastModified"],
            found.get("ServerSideEncryption", ""),
        )

    async def delete(self, key: str) -> bool:
        if await self.stat(key) is None:
            return False
        try:
            await self._call("delete_object", Key=key)
        except ClientError as error:
            raise self._translated(error) from error
        return True

    async def list(self, prefix: str, *, after: str = "") -> AsyncIterator[ObjectEntry]:
        checked_prefix(prefix)
        position: dict[str, str] = {"StartAfter": after} if after else {}
        while True:
            try:
                await self._prepared()
                page = await self._call("list_objects_v2", Prefix=prefix, **position)
            except ClientError as error:
                raise self._translated(error) from error
            for entry in page.get("Contents", ()):
                yield ObjectEntry(entry["Key"], entry["Size"], entry["LastModified"])
            if not page.get("IsTruncated"):
                return
            position = {"ContinuationToken": page["NextContinuationToken"]}

    async def link(
        self, key: str, *, expires_at: datetime, filename: str, content_type: str, holder: LinkHolder
    ) -> str:
        del holder
        seconds = max(1, int((expires_at - datetime.now(UTC)).total_seconds()))
        parameters = {
            "Bucket": self._settings.bucket,
            "Key": checked_key(key),
            "ResponseContentType": content_type,
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
        }
        return await self._run(  # in a thread: it may have to fetch the platform's credentials
            lambda: str(
                self._public.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)
            )
        )

    async def check(self) -> None:
        await self._prepared()
        try:
            await self._look()
        except ClientError as error:
            raise self._translated(error) from error

    async def drop_unfinished(self, before: datetime) -> int:
        await self._prepared()
        try:
            return await self._run(lambda: s3_parts.drop(self._client, self._settings.bucket, before))
        except ClientError as error:
            raise self._translated(error) from error

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()
        self._public.close()

    def _opened(self, key: str, wanted: Mapping[str, str]) -> tuple[StreamingBody, int, bytes]:
        """An object's body, its size, and the first bytes of it: a small file takes a thread once.

        A body that ends before its size raises at the next read.
        """
        answer = self._client.get_object(Bucket=self._settings.bucket, Key=key, **wanted)
        body = answer["Body"]
        try:
            return body, answer["ContentLength"], body.read(_READ)
        except BaseException:
            body.close()
            raise

    async def _prepared(self) -> None:
        if self._bucket_ready:
            return
        async with self._preparing:
            if not self._bucket_ready:
                try:
                    await self._create_bucket_if_absent()
                except ClientError as error:
                    raise self._translated(error) from error
                self._bucket_ready = True

    async def _look(self) -> None:
        """Finds the bucket there. Not by HEAD, whose refusals have no body that would say why."""
        await self._call("list_objects_v2", MaxKeys=1)

    async def _create_bucket_if_absent(self) -> None:
        try:
            await self._look()
            return
        except ClientError as error:
            if not self._settings.create or _code(error) != "NoSuchBucket":
                raise
        region = self._settings.region
        place = (
            {} if region == _DEFAULT_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        try:
            await self._call("create_bucket", **place)
        except ClientError as error:
            if _code(error) not in _OWNED:
                raise
        self._log.info("bucket created", region=region)

    def _encryption(self) -> Mapping[str, str]:
        settings = self._settings
        if not settings.encryption:
            return {}
        key = {"SSEKMSKeyId": settings.kms_key} if settings.kms_key else {}
        return {"ServerSideEncryption": settings.encryption, **key}

    async def _call(self, operation: str, **arguments: Any) -> Any:
        return await self._run(
            lambda: getattr(self._client, operation)(Bucket=self._settings.bucket, **arguments)
        )

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except BotoCoreError as error:
            advice = s3_advice.unreachable(error, self._settings.endpoint or "the store of the region")
            self._log.error("the store cannot be reached", error=type(error).__name__, advice=advice)
            raise base.unavailable(advice) from error

    def _translated(self, error: ClientError) -> Exception:
        """What clients are told of a refusal: that the store does not serve. Operators get the reason in the log."""
        advice = s3_advice.refused(error, datetime.now(UTC))
        self._log.error("the store refused", operation=error.operation_name, code=_code(error), advice=advice)
        return base.unavailable(advice)


def _client(session: Any, settings: S3Settings, endpoint: str | None) -> Any:
    return session.client(
        "s3",
        region_name=settings.region,
        endpoint_url=endpoint,
        config=Config(
            signature_version="s3v4",
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            retries={"mode": "standard", "total_max_attempts": settings.attempts},
            max_pool_connections=settings.connections,
            tcp_keepalive=True,
            # The body's SHA-256 is in the signature already; trailing checksums are unknown to many stores.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={
                "addressing_style": "path" if settings.path_style else "auto",
                "payload_signing_enabled": True,
            },
        ),
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
