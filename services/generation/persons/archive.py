"""Everything held about a person as a ZIP archive, written while it is read (SPEC G18).

The archive is never whole in memory or on disk: records are read a few at a time, in transactions of their own, so that
a slow reader holds no connection, and each is compressed and handed on before the next is read.
"""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import ColumnElement, Row, Table, select, tuple_

from services.document.canonical import canonical_json
from services.document.jsonresume import export_profile
from services.generation.matching import store as rankings
from services.generation.persons.holdings import holdings
from services.generation.postings import store as postings
from services.generation.profiles import store as profiles
from services.generation.tables import timestamp
from services.runtime.auth import Identity
from services.runtime.db import Database
from vitae.generation.v1 import cover_letters_pb2, documents_pb2, resumes_pb2
from vitae.resume.v1 import document_pb2

CHUNK = 64 * 1024
"""Bytes of one part."""

_ROWS = 10
"""Records read at once; one may hold a portrait of 2 MiB."""

_ABOUT = """\
Everything Vitae holds about you, apart from the files it made, which GET /api/v1/exports lists with their links.

profiles/<id>/resume.json      your profile as JSON Resume (jsonresume.org)
profiles/<id>/profile.json     the same with every field and translation
job_postings/<id>.json         postings you stored, with what was read from them
rankings/<id>.json             how your profile was ranked for a posting
documents/<id>/document.json   your resumes and letters, and those made from your profile
documents/<id>/versions/<number>.json

Times are UTC. Fields are named and explained in the project's protos.
"""


@dataclass(frozen=True)
class Archive:
    """Writes archives."""

    database: Database

    async def chunks(self, identity: Identity) -> AsyncGenerator[bytes, None]:
        """The archive of the caller's data, in parts of at most CHUNK bytes."""
        out = _Outlet()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", _ABOUT)
            async for row, table in self._rows(identity):
                await asyncio.to_thread(_write, archive, table, row)
                for chunk in out.whole_chunks():
                    yield chunk
        for chunk in out.rest():
            yield chunk

    async def _rows(self, identity: Identity) -> AsyncIterator[tuple[Row[Any], Table]]:
        merged: dict[str, tuple[Table, ColumnElement[bool]]] = {}
        for each in holdings(identity.tenant_id, identity.user):
            if each.table.name in _WRITERS:
                held = each.held | merged[each.table.name][1] if each.table.name in merged else each.held
                merged[each.table.name] = (each.table, held)
        for table, held in merged.values():
            after: tuple[Any, ...] | None = None
            while rows := await self._page(identity, table, held, after):
                for row in rows:
                    yield row, table
                after = tuple(getattr(rows[-1], column.name) for column in table.primary_key)

    async def _page(
        self, identity: Identity, table: Table, held: ColumnElement[bool], after: tuple[Any, ...] | None
    ) -> list[Row[Any]]:
        key = list(table.primary_key)
        query = select(table).where(held).order_by(*key).limit(_ROWS)
        if after is not None:
            query = query.where(tuple_(*key) > tuple_(*after))
        # The whole tenant is in sight: what a recruiter made from the caller's profile is about the caller.
        async with self.database.user_transaction(identity, shared=True) as connection:
            return list((await connection.execute(query)).all())


class _Outlet(io.RawIOBase):
    """Where the archive is written to: it keeps what was not handed on yet. It cannot seek, and zipfile need not."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._held += data
        return len(data)

    def whole_chunks(self) -> Iterator[bytes]:
        """What fills whole chunks."""
        while len(self._held) >= CHUNK:
            yield bytes(self._held[:CHUNK])
            del self._held[:CHUNK]

    def rest(self) -> Iterator[bytes]:
        """Everything else."""
        yield from self.whole_chunks()
        if self._held:
            yield bytes(self._held)
            self._held.clear()


def _write(archive: zipfile.ZipFile, table: Table, row: Row[Any]) -> None:
    for name, content in _WRITERS[table.name](row):
        archive.writestr(name, content)


def _profile(row: Row[Any]) -> Iterator[tuple[str, bytes]]:
    profile = profiles.message(row)
    text = json.dumps(export_profile(profile.content), ensure_ascii=False, indent=2)
    yield f"profiles/{row.id}/resume.json", text.encode()
    yield f"profiles/{row.id}/profile.json", canonical_json(profile)


def _posting(row: Row[Any]) -> Iterator[tuple[str, bytes]]:
    yield f"job_postings/{row.id}.json", canonical_json(postings.message(row))


def _ranking(row: Row[Any]) -> Iterator[tuple[str, bytes]]:
    yield f"rankings/{row.id}.json", canonical_json(rankings.message(row))


def _document(row: Row[Any]) -> Iterator[tuple[str, bytes]]:
    is_letter = row.document_type == document_pb2.DOCUMENT_TYPE_COVER_LETTER
    about = (cover_letters_pb2.CoverLetter if is_letter else resumes_pb2.Resume)(
        id=str(row.id),
        title=row.title,
        profile_id=str(row.profile_id),
        job_posting_id=str(row.job_posting_id or ""),
        job_title=row.job_title,
        company=row.company,
        job_keywords=row.job_keywords,
        ranking_id=str(row.ranking_id or ""),
        version=row.head_version,
        created_by=str(row.user_id or ""),
        create_time=timestamp(row.create_time),
        update_time=timestamp(row.update_time),
    )
    yield f"documents/{row.id}/document.json", canonical_json(about)


def _version(row: Row[Any]) -> Iterator[tuple[str, bytes]]:
    details = resumes_pb2.Resume.FromString(row.details)
    version: Message = documents_pb2.DocumentVersion(
        version=row.version,
        change_summary=row.change_summary,
        note=row.note,
        origin=row.origin,
        create_time=timestamp(row.create_time),
        document=document_pb2.Document.FromString(row.document),
        content_text=row.content_text,
        qa=details.qa,
        exported=row.exported,
    )
    folder = f"documents/{row.document_id}/versions"
    yield f"{folder}/{row.version}.json", canonical_json(version)
    yield f"{folder}/{row.version}.details.json", canonical_json(details)


_WRITERS = {
    "profiles": _profile,
    "job_postings": _posting,
    "rankings": _ranking,
    "documents": _document,
    "document_versions": _version,
}
