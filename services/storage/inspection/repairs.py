"""Mending what an audit found, one finding in one transaction, each decided anew on what is there now."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, exists, select, text

from services.runtime.auth import Identity
from services.runtime.db import Database, acting_as, after_commit
from services.runtime.errors import AlreadyExists, ResourceExhausted
from services.runtime.queue import Queue, Work
from services.runtime.queue.audit import repair_slots
from services.storage.exports import endings
from services.storage.exports.creation import KIND
from services.storage.inspection.findings import Code, Finding, Subject
from services.storage.inspection.ledger import known_keys
from services.storage.objects.base import ObjectStore
from services.storage.retention.deletions import Deletions
from services.storage.tables import exports, files, object_deletions, objects

FILE_LOST = "FILE_LOST"
"""Error of an export whose file was lost after it was completed."""

_LOSE = text(
    """
    update exports set status = 'failed', file_id = null, result = null, error_reason = :reason,
        error_message = :message, error_retryable = false
    where file_id = :file_id
    """
)


@dataclass(frozen=True)
class Repairs:
    """Mends findings."""

    database: Database
    queue: Queue
    objects: ObjectStore
    deletions: Deletions

    async def mend(self, finding: Finding) -> bool:
        """Whether it was mended; what had mended itself meanwhile counts as mended."""
        mending: Mapping[Code, Callable[[Finding], Awaitable[bool]]] = {
            Code.OBJECT_MISSING: self._lose,
            Code.OBJECT_DAMAGED: self._lose,
            Code.OBJECT_ORPHANED: self._remove_orphan,
            Code.FILE_UNREFERENCED: self._remove_file,
            Code.DELETION_OF_LIVE_OBJECT: self._spare,
            Code.WORK_MISSING: self._queue,
            Code.WORK_ORPHANED: self._drop_work,
            Code.SLOT_MISMATCH: self._count_anew,
        }
        mend = mending.get(finding.code)
        return False if mend is None else await mend(finding)

    async def _lose(self, finding: Finding) -> bool:
        """The file is given up: no record promises it any more, and its space is free."""
        lost = _of(finding)
        about = {
            "file_id": lost.id,
            "reason": FILE_LOST,
            "message": "The file was lost; make the export again.",
        }
        async with self.database.user_transaction(_person(lost)) as connection:
            await connection.execute(_LOSE, about)
            for table in (files, objects):
                await connection.execute(delete(table).where(table.c.id == lost.id))
            await endings.discard(connection, lost.tenant_id, lost.user_id, lost.object_key)
            after_commit(connection, self.deletions.wake)
        return True

    async def _remove_orphan(self, finding: Finding) -> bool:
        key = _of(finding).object_key
        async with self.database.queue_transaction() as connection:
            known = await known_keys(connection, [key])
        if not known:
            await self.objects.delete(key)
        return True

    async def _remove_file(self, finding: Finding) -> bool:
        file = _of(finding)
        async with self.database.user_transaction(_person(file)) as connection:
            used = exists().where(exports.c.file_id == file.id)
            gone = await connection.execute(delete(files).where(files.c.id == file.id, ~used))
            if gone.rowcount:
                await endings.discard(connection, file.tenant_id, file.user_id, file.object_key)
                after_commit(connection, self.deletions.wake)
        return True

    async def _spare(self, finding: Finding) -> bool:
        note = _of(finding)
        async with self.database.queue_transaction() as connection:
            await connection.execute(
                delete(object_deletions).where(object_deletions.c.object_key == note.object_key)
            )
        return True

    async def _queue(self, finding: Finding) -> bool:
        """Queues a pending export that no work stands for; one without its snapshot cannot be rendered and fails."""
        export = _of(finding)
        columns = (
            exports.c.max_attempts,
            exports.c.last_attempt,
            exports.c.document.is_(None).label("forgotten"),
        )
        query = select(*columns).where(exports.c.id == export.id, exports.c.status == "pending")
        try:
            async with self.database.user_transaction(_person(export)) as connection:
                row = (await connection.execute(query)).one_or_none()
                if row is None:
                    return True
                if row.forgotten:
                    failure = endings.Failure(
                        FILE_LOST, "Its content was lost; make the export again.", False
                    )
                    owned = endings.Owned(export.tenant_id, export.user_id, export.id)
                    await endings.fail(
                        connection, owned, failure, attempt=row.last_attempt, attempts=row.max_attempts
                    )
                    return True
                work = Work(export.id, KIND, export.tenant_id, export.user_id, max_attempts=row.max_attempts)
                await self.queue.retry(connection, work, last_attempt=row.last_attempt)
        except AlreadyExists:
            return True
        except ResourceExhausted:  # the user's queue is full; a later audit finds it again
            return False
        return True

    async def _drop_work(self, finding: Finding) -> bool:
        work = _of(finding)
        async with self.database.queue_transaction() as connection:
            async with acting_as(connection, work.tenant_id, work.user_id):
                pending = exists().where(exports.c.id == work.id, exports.c.status == "pending")
                if (await connection.execute(select(pending))).scalar_one():
                    return True
            await self.queue.drop(connection, work.id)
        return True

    async def _count_anew(self, _: Finding) -> bool:
        async with self.database.queue_transaction() as connection:
            await repair_slots(connection)
        return True


def _of(finding: Finding) -> Subject:
    if finding.subject is None:
        raise ValueError(f"{finding.code} names nobody's record")
    return finding.subject


def _person(subject: Subject) -> Identity:
    return Identity(subject.tenant_id, subject.user_id)
