"""Handing files out: signed links, and bytes streamed through this service (SPEC S4, S10)."""

import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.auth import Identity
from services.runtime.db import Database, transaction_time
from services.runtime.errors import FailedPrecondition, NotFound, Unimplemented
from services.storage.exports import store
from services.storage.exports.messages import Found, timestamp
from services.storage.links import LinkSigner
from services.storage.objects import store as object_rows
from services.storage.objects.base import CHUNK, LinkHolder, ObjectStore
from vitae.render.v1.render_pb2 import ExportPlan, RenderedFile
from vitae.storage.v1.exports_pb2 import (
    DownloadLink,
    Export,
    FileChunk,
    FileHeader,
    OpenDownloadLinkRequest,
)

ZIP_TYPE = "application/zip"
_EPOCH = datetime(1980, 1, 1)  # noqa: DTZ001 - the first moment a ZIP can name; it knows no zones


@dataclass(frozen=True)
class Linked:
    """What a link needs to know of a file."""

    key: str
    name: str
    content_type: str
    expires: datetime | None
    """When the file itself goes; None when it stays."""


@dataclass(frozen=True)
class File(Linked):
    """A file that may be handed out."""

    size_bytes: int
    sha256: str
    created: datetime


@dataclass(frozen=True)
class Downloads:
    """Links and streams of completed exports. `links` is there while files are local."""

    database: Database
    objects: ObjectStore
    links: LinkSigner | None
    link_lifetime: timedelta

    async def link(
        self, identity: Identity, export_id: UUID, *, lifetime: timedelta | None, count: bool
    ) -> DownloadLink:
        """A signed link, good for `lifetime` but never beyond the configured one or the file's own end."""
        async with self.database.user_transaction(identity) as connection:
            now = transaction_time(connection)
            file = await self._file(connection, identity, export_id, now)
            if count:
                await store.count_download(connection, identity, export_id)
        return await self._signed(identity, export_id, file, now, lifetime)

    async def linked(self, identity: Identity, found: Found) -> Export:
        """The export with a link to its file; as it is while there is no file to link to."""
        export, expires = found.export, found.export.expire_time.ToDatetime(UTC)
        if found.object_key is None or expires <= found.at:
            return export
        file = Linked(found.object_key, export.filename, export.content_type, expires)
        link = await self._signed(identity, UUID(export.id), file, found.at, None)
        export.download_link.CopyFrom(link)
        return export

    async def link_to(
        self, identity: Identity, object_id: UUID, file: File, *, lifetime: timedelta | None
    ) -> DownloadLink:
        """A signed link to an object of the user's."""
        return await self._signed(identity, object_id, file, datetime.now(UTC), lifetime)

    async def _signed(
        self, identity: Identity, id: UUID, file: Linked, now: datetime, lifetime: timedelta | None
    ) -> DownloadLink:
        wanted = self.link_lifetime if lifetime is None else min(lifetime, self.link_lifetime)
        ends = min(now + wanted, file.expires or datetime.max.replace(tzinfo=UTC)).replace(microsecond=0)
        url = await self.objects.link(
            file.key,
            expires_at=ends,
            filename=file.name,
            content_type=file.content_type,
            holder=LinkHolder(identity.tenant_id, identity.user, id),
        )
        return DownloadLink(
            url=url, expire_time=timestamp(ends), filename=file.name, content_type=file.content_type
        )

    async def open_link(self, request: OpenDownloadLinkRequest, now: datetime) -> AsyncIterator[FileChunk]:
        """The file a link of the local store stands for. The link is the right: whoever has it may read."""
        if self.links is None:
            raise Unimplemented("Links of this installation lead straight to its object store.")
        holder = self.links.verify(request.token, filename=request.filename, expires=request.expires, now=now)
        identity = Identity(holder.tenant_id, holder.user_id)
        try:
            async with self.database.user_transaction(identity) as connection:
                file = await self._behind(connection, identity, holder.id, request.filename)
        except (NotFound, FailedPrecondition) as error:
            raise NotFound("The file is not available any more.", reason="EXPIRED") from error
        async for part in self.stream(file):
            yield part

    async def download(self, identity: Identity, export_id: UUID) -> AsyncIterator[FileChunk]:
        """The file of an export, for its owner."""
        async with self.database.user_transaction(identity) as connection:
            file = await self._file(connection, identity, export_id, transaction_time(connection))
            await store.count_download(connection, identity, export_id)
        async for part in self.stream(file):
            yield part

    async def archive(self, identity: Identity, ids: Sequence[UUID]) -> AsyncIterator[FileChunk]:
        """The files of several exports as one ZIP, in the order asked for, none ever whole in memory."""
        async with self.database.user_transaction(identity) as connection:
            now = transaction_time(connection)
            chosen = [await self._file(connection, identity, each, now) for each in ids]
            for each in ids:
                await store.count_download(connection, identity, each)
        yield FileChunk(header=FileHeader(filename=f"exports_{now:%Y%m%d}.zip", content_type=ZIP_TYPE))
        sink = _Sink()
        with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload]
            for name, file in zip(_distinct([each.name for each in chosen]), chosen, strict=True):
                about = zipfile.ZipInfo(name, max(file.created.replace(tzinfo=None), _EPOCH).timetuple()[:6])
                about.external_attr = 0o600 << 16
                with archive.open(about, "w") as entry:  # stored: PDF and DOCX are compressed already
                    async for chunk in self.objects.get(file.key):
                        entry.write(chunk)
                        for part in sink.taken():
                            yield FileChunk(chunk=part)
        for part in sink.taken():
            yield FileChunk(chunk=part)

    async def _behind(self, connection: AsyncConnection, identity: Identity, id: UUID, name: str) -> File:
        """The export's or object's file that a link names."""
        try:
            return await self._file(connection, identity, id, transaction_time(connection))
        except NotFound:
            row = await object_rows.by_id(connection, identity, id)
        return File(row.object_key, name, row.content_type, None, row.size_bytes, row.sha256, row.create_time)

    async def _file(
        self, connection: AsyncConnection, identity: Identity, export_id: UUID, now: datetime
    ) -> File:
        row = await store.get(connection, identity, export_id)
        _check_available(row, now)
        result = RenderedFile.FromString(row.result)
        return File(
            row.object_key,
            row.filename,
            ExportPlan.FromString(row.plan).content_type,
            row.expire_time,
            result.size_bytes,
            result.sha256,
            row.create_time,
        )

    async def stream(
        self, file: File, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[FileChunk]:
        """The file, or a part of it, behind a header that tells of the whole."""
        header = FileHeader(
            filename=file.name,
            content_type=file.content_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
        )
        chunks = self.objects.get(file.key, offset=offset, length=length)
        first = await anext(
            chunks, b""
        )  # before the header, so that a missing object is an error and not a short file
        yield FileChunk(header=header)
        if first:
            yield FileChunk(chunk=first)
        async for chunk in chunks:
            yield FileChunk(chunk=chunk)


def _check_available(row: Row[Any], now: datetime) -> None:
    if row.status != "completed":
        raise FailedPrecondition(
            "The export is not completed; wait for it first.", reason="EXPORT_NOT_COMPLETED"
        )
    if row.expire_time <= now:
        raise FailedPrecondition("The export has expired; make a new one.", reason="EXPORT_EXPIRED")


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, repeated ones numbered: "resume_modern_20251212 (2).pdf"."""
    taken: set[str] = set()
    made = []
    for name in names:
        path, number, candidate = PurePosixPath(name), 1, name
        while candidate in taken:
            number += 1
            candidate = f"{path.stem} ({number}){path.suffix}"
        taken.add(candidate)
        made.append(candidate)
    return made


class _Sink:
    """What zipfile writes to: no way to seek, so that it writes sizes behind the data."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def taken(self) -> list[bytes]:
        data = b"".join(self._parts)
        self._parts.clear()
        return [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
