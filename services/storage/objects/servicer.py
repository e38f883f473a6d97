"""Serves the objects API: bytes a user keeps under keys of their own, beside exports (SPEC S1)."""

import base64
import binascii
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from google.protobuf.empty_pb2 import Empty
from sqlalchemy import Row

from services.runtime.auth import Identity, require_user
from services.runtime.db import Database, after_commit, transaction_time
from services.runtime.errors import FieldError, InvalidArgument, ResourceExhausted, VitaeError
from services.runtime.queue import Queue
from services.storage.exports.creation import KIND
from services.storage.exports.downloads import Downloads, File
from services.storage.exports.endings import discard
from services.storage.exports.messages import timestamp
from services.storage.objects import store
from services.storage.objects.base import ObjectStore, StagedFile, is_unavailable
from services.storage.objects.keys import checked_key, checked_prefix, object_key
from services.storage.objects.staging import staged, too_large
from services.storage.retention.deletions import Deletions
from services.storage.usage.store import check_quota, space
from services.storage.work.store_gate import StoreGate
from vitae.storage.v1 import exports_pb2
from vitae.storage.v1 import objects_pb2 as messages
from vitae.storage.v1.objects_pb2_grpc import ObjectServiceServicer

PAGE_SIZE = 100
UNKNOWN_TYPE = "application/octet-stream"

MOST_OBJECTS = 10_000
"""Objects of a user at most: empty ones cost no quota."""


@dataclass(frozen=True)
class ObjectServicer(ObjectServiceServicer):
    """vitae.storage.v1.ObjectService."""

    database: Database
    queue: Queue
    objects: ObjectStore
    gate: StoreGate
    deletions: Deletions
    downloads: Downloads
    quota_bytes: int
    max_file_bytes: int
    staging_folder: Path | None

    async def PutObject(
        self, request_iterator: AsyncIterator[messages.PutObjectRequest], context: Any
    ) -> messages.Object:
        """Stores an object, replacing one under the same key."""
        identity = require_user()
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("part") != "header":
            raise InvalidArgument(fields=[FieldError("header", "must be the first message")])
        header = first.header
        checked_key(header.key)
        if header.size_bytes > self.max_file_bytes:
            raise too_large(self.max_file_bytes)
        async with staged(
            _chunks(request_iterator),
            size_bytes=header.size_bytes,
            sha256=header.sha256,
            limit=self.max_file_bytes,
            folder=self.staging_folder,
        ) as received:
            return await self._put(identity, header, received)

    async def GetObject(
        self, request: messages.GetObjectRequest, context: Any
    ) -> AsyncIterator[exports_pb2.FileChunk]:
        """Streams an object or a part of it; the header tells of the whole."""
        row = await self._get(require_user(), request.key)
        if request.offset > row.size_bytes:
            raise InvalidArgument(
                fields=[FieldError("offset", f"must be at most the object's {row.size_bytes} bytes")]
            )
        async for part in self.downloads.stream(
            _file(row), offset=request.offset, length=request.length or None
        ):
            yield part

    async def StatObject(self, request: messages.StatObjectRequest, context: Any) -> messages.Object:
        """Describes an object."""
        return _message(await self._get(require_user(), request.key))

    async def ListObjects(
        self, request: messages.ListObjectsRequest, context: Any
    ) -> messages.ListObjectsResponse:
        """A page of the caller's objects, by key."""
        identity, size = require_user(), request.page_size or PAGE_SIZE
        prefix, after = checked_prefix(request.prefix), _after(request.page_token)
        async with self.database.user_transaction(identity) as connection:
            rows = await store.page(connection, identity, prefix=prefix, after=after, size=size)
        following = _token(rows[size - 1].key) if len(rows) > size else ""
        return messages.ListObjectsResponse(
            objects=[_message(row) for row in rows[:size]], next_page_token=following
        )

    async def DeleteObject(self, request: messages.DeleteObjectRequest, context: Any) -> Empty:
        """Deletes an object; also succeeds when there is none."""
        identity, key = require_user(), checked_key(request.key)
        async with self.database.user_transaction(identity) as connection:
            gone = await store.remove(connection, identity, key)
            if gone is not None:
                await discard(connection, identity.tenant_id, identity.user, gone.object_key)
                after_commit(connection, self.deletions.wake)
        return Empty()

    async def PresignObject(
        self, request: messages.PresignObjectRequest, context: Any
    ) -> exports_pb2.DownloadLink:
        """A signed link to an object; it stops working when the object is replaced or deleted."""
        identity = require_user()
        row = await self._get(identity, request.key)
        lifetime = (
            timedelta(milliseconds=request.lifetime.ToMilliseconds())
            if request.HasField("lifetime")
            else None
        )
        return await self.downloads.link_to(
            identity, row.id, _file(row, name=request.filename), lifetime=lifetime
        )

    async def _get(self, identity: Identity, key: str) -> Row[Any]:
        checked_key(key)
        async with self.database.user_transaction(identity) as connection:
            return await store.get(connection, identity, key)

    async def _put(
        self, identity: Identity, header: messages.PutObjectHeader, received: StagedFile
    ) -> messages.Object:
        """Bytes first, then the row, so that a row always has its bytes; a crash in between leaves an orphan."""
        object_id = uuid4()
        where = object_key(identity.tenant_id, identity.user, object_id)
        content_type = header.content_type or UNKNOWN_TYPE
        try:
            await self.objects.put(where, received, content_type=content_type, exclusive=True)
        except VitaeError as error:
            if is_unavailable(error):
                self.gate.shut()
            raise
        try:
            async with self.database.user_transaction(identity) as connection:
                await self.queue.hold(connection, KIND, identity.tenant_id, identity.user)
                before = await store.remove(connection, identity, header.key)
                check_quota(await space(connection, identity), received.size_bytes, self.quota_bytes)
                if before is None and await store.count(connection, identity) >= MOST_OBJECTS:
                    raise ResourceExhausted(
                        f"You have {MOST_OBJECTS} objects already; delete some.", reason="TOO_MANY_OBJECTS"
                    )
                values = {
                    "id": object_id,
                    "tenant_id": identity.tenant_id,
                    "user_id": identity.user,
                    "key": header.key,
                    "object_key": where,
                    "size_bytes": received.size_bytes,
                    "sha256": received.sha256,
                    "content_type": content_type,
                    "create_time": transaction_time(connection),
                }
                await store.put(connection, values)
                if before is not None:
                    await discard(connection, identity.tenant_id, identity.user, before.object_key)
                    after_commit(connection, self.deletions.wake)
                row = await store.get(connection, identity, header.key)
        except ResourceExhausted:
            await self.objects.delete(where)
            raise
        return _message(row)


def _message(row: Row[Any]) -> messages.Object:
    return messages.Object(
        key=row.key,
        size_bytes=row.size_bytes,
        content_type=row.content_type,
        sha256=row.sha256,
        create_time=timestamp(row.create_time),
    )


def _file(row: Row[Any], *, name: str = "") -> File:
    return File(
        row.object_key,
        name or PurePosixPath(row.key).name,
        row.content_type,
        None,
        row.size_bytes,
        row.sha256,
        row.create_time,
    )


async def _chunks(requests: AsyncIterator[messages.PutObjectRequest]) -> AsyncIterator[bytes]:
    async for each in requests:
        if each.WhichOneof("part") != "chunk":
            raise InvalidArgument(fields=[FieldError("chunk", "must be what follows the header")])
        yield each.chunk


def _token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _after(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (ValueError, binascii.Error) as error:
        problem = FieldError("page_token", "must be a next_page_token of this listing, or empty")
        raise InvalidArgument(
            "The page token is not valid.", reason="PAGE_TOKEN_INVALID", fields=[problem]
        ) from error
