"""Comparing database and store, both ways (SPEC O10).

    report = await audit.run(repair=False, read_bytes=True)

Every record's object is there with its size and hash; every object has a record; usage is the sum of what is kept;
pending exports and live work belong together; attempts stay within bounds. Safe beside a running service: what seems
wrong is looked at a second time, for it may have been changing, and an object whose export is being worked at, or that
is younger than the longest upload, may still get its record.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.runtime.db import Database
from services.runtime.errors import NotFound
from services.runtime.queue.audit import slot_mismatches
from services.storage.exports.creation import KIND
from services.storage.inspection import ledger
from services.storage.inspection.findings import Code, Finding, Report, Subject
from services.storage.inspection.repairs import Repairs
from services.storage.objects.base import ObjectEntry, ObjectStore
from services.storage.objects.keys import export_id, key_owner, prefixes
from services.storage.retention.cleanup import ORPHAN_AGE

_KEYS_AT_ONCE = 500

_AT_ONCE = 4
"""Objects read at the same time."""


@dataclass(frozen=True)
class Audit:
    """Runs audits."""

    database: Database
    objects: ObjectStore
    repairs: Repairs

    async def run(
        self, *, repair: bool = False, read_bytes: bool = True, orphan_age: timedelta = ORPHAN_AGE
    ) -> Report:
        """Looks at everything, and mends what can be mended.

        Without `read_bytes` an object's hash is the one the store keeps for it, so damage on the disk is not found.
        Raises Unavailable when database or store do not serve: then nothing is said to be missing.
        """
        await self.objects.check()
        findings = [each async for each in self._records(read_bytes=read_bytes)]
        looked_at = 0
        async with self.database.queue_transaction() as connection:
            records = await ledger.completed(connection)
        for prefix in prefixes():
            async for entries in _batches(self.objects.list(prefix)):
                looked_at += len(entries)
                findings += await self._orphans(entries, orphan_age)
        findings += await self._ledger()
        if repair:
            await (
                self.objects.check()
            )  # a store that vanished meanwhile says of each object that it is not there
            findings = [replace(each, repaired=await self.repairs.mend(each)) for each in findings]
        return Report(records, looked_at, tuple(findings))

    async def _records(self, *, read_bytes: bool) -> AsyncIterator[Finding]:
        after = ""
        while True:
            async with self.database.queue_transaction() as connection:
                rows = await ledger.files_after(connection, after)
            for start in range(0, len(rows), _AT_ONCE):
                some = rows[start : start + _AT_ONCE]
                found = await asyncio.gather(*(self._wrong(row, read_bytes=read_bytes) for row in some))
                for row, wrong in zip(some, found, strict=True):
                    if wrong is not None and await self._still_there(row):
                        yield wrong
            if len(rows) < ledger.FILES_AT_ONCE:
                return
            after = rows[-1].object_key

    async def _wrong(self, row: Row[Any], *, read_bytes: bool) -> Finding | None:
        subject = Subject(row.tenant_id, row.user_id, row.id, row.object_key)
        stat = await self.objects.stat(row.object_key)
        if stat is None:
            return Finding(Code.OBJECT_MISSING, row.object_key, subject)
        if stat.size_bytes != row.size_bytes:
            detail = f"{stat.size_bytes} bytes instead of {row.size_bytes}"
            return Finding(Code.OBJECT_DAMAGED, row.object_key, subject, detail)
        digest = stat.sha256
        if read_bytes:
            try:
                digest = await self._hash(row.object_key)
            except NotFound:
                return Finding(Code.OBJECT_MISSING, row.object_key, subject)
        if digest and digest != row.sha256:
            return Finding(Code.OBJECT_DAMAGED, row.object_key, subject, "its bytes have another hash")
        return None

    async def _hash(self, key: str) -> str:
        digest = hashlib.sha256()
        async for chunk in self.objects.get(key):
            digest.update(chunk)
        return digest.hexdigest()

    async def _still_there(self, row: Row[Any]) -> bool:
        """Whether the record is what it was: it may have been deleted with its object meanwhile."""
        async with self.database.queue_transaction() as connection:
            return await ledger.has_file(connection, row.id, row.object_key)

    async def _orphans(self, entries: list[ObjectEntry], age: timedelta) -> list[Finding]:
        newest = datetime.now(UTC) - age
        keys = [each.key for each in entries if each.stored_at <= newest and key_owner(each.key) is not None]
        if not keys:
            return []
        async with self.database.queue_transaction() as connection:
            unknown = set(keys) - await ledger.known_keys(connection, keys)
            exports = {key: export_id(key) for key in unknown}
            at_work = await ledger.leased(connection, [each for each in exports.values() if each])
            unknown -= await ledger.known_keys(connection, sorted(unknown))
        return [
            Finding(Code.OBJECT_ORPHANED, key, _owner(key))
            for key in sorted(unknown)
            if exports[key] not in at_work
        ]

    async def _ledger(self) -> list[Finding]:
        async with self.database.queue_transaction() as connection:
            found = [
                Finding(Code.FILE_UNREFERENCED, str(row.id), _subject(row), f"{row.size_bytes} bytes")
                for row in await ledger.unreferenced_files(connection)
            ]
            found += [
                Finding(
                    Code.DELETION_OF_LIVE_OBJECT,
                    row.object_key,
                    Subject(row.tenant_id, row.user_id, UUID(int=0), row.object_key),
                )
                for row in await ledger.doomed_objects(connection)
            ]
            found += [
                Finding(
                    Code.USAGE_MISMATCH, str(row.user_id), None, f"{row.counted} bytes instead of {row.kept}"
                )
                for row in await ledger.usage_differences(connection)
            ]
            found += [
                Finding(Code.WORK_MISSING, str(row.id), _subject(row))
                for row in await ledger.exports_without_work(connection)
            ]
            found += [
                Finding(Code.WORK_ORPHANED, str(row.id), _subject(row), f"the export is {row.status}")
                for row in await ledger.work_without_export(connection, KIND)
            ]
            found += [
                Finding(
                    Code.ATTEMPTS_OUT_OF_BOUNDS, str(row.id), None, f"{row.attempts} of {row.max_attempts}"
                )
                for row in await ledger.impossible_attempts(connection)
            ]
            found += [
                Finding(
                    Code.SLOT_MISMATCH,
                    str(each.user_id),
                    None,
                    f"{each.kind}: {each.found} instead of {each.expected}",
                )
                for each in await slot_mismatches(connection)
            ]
        return found


async def _batches(entries: AsyncIterator[ObjectEntry]) -> AsyncIterator[list[ObjectEntry]]:
    batch: list[ObjectEntry] = []
    async for each in entries:
        batch.append(each)
        if len(batch) == _KEYS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _subject(row: Row[Any]) -> Subject:
    return Subject(row.tenant_id, row.user_id, row.id, getattr(row, "object_key", ""))


def _owner(key: str) -> Subject | None:
    owner = key_owner(key)
    return None if owner is None else Subject(*owner, UUID(int=0), key)
