"""Erases everything held about a person, here and in storage, with a report (SPEC G18)."""

from collections.abc import MutableSequence
from dataclasses import dataclass
from uuid import UUID

from services.generation.outbox import store as outbox
from services.generation.outbox.relay import LEASE, Relay
from services.generation.persons import holdings
from services.generation.tables import idempotency_keys
from services.runtime.auth import Identity
from services.runtime.db import Database
from vitae.generation.v1 import person_data_pb2
from vitae.storage.v1 import admin_pb2

_PENDING = {
    outbox.FORGET_DOCUMENTS: "storage: exports of deleted documents",
    outbox.ERASE_OWNER: "storage: exports, files and usage",
}


@dataclass(frozen=True)
class Erasure:
    """Erases people."""

    database: Database
    relay: Relay

    async def preview(self, admin: Identity, user_id: UUID) -> person_data_pb2.ErasureReport:
        """What would go and what would stay; storage is not asked, so it stands as pending."""
        report = person_data_pb2.ErasureReport(pending=[_PENDING[outbox.ERASE_OWNER]])
        async with self.database.user_transaction(admin, shared=True) as connection:
            for each in holdings.holdings(admin.tenant_id, user_id):
                goes = await holdings.count(connection, each.table, each.goes)
                _count(report.erased, each.kind, goes)
                _count(report.kept, each.kind, await holdings.count(connection, each.table, each.stays))
        return report

    async def erase(self, admin: Identity, user_id: UUID) -> person_data_pb2.ErasureReport:
        """Erases in one transaction here, then has storage follow; what it has not acknowledged stands as pending."""
        report = person_data_pb2.ErasureReport()
        tenant_id, held = admin.tenant_id, holdings.holdings(admin.tenant_id, user_id)
        # The whole tenant is in sight, for what recruiters made from the person's profile goes too.
        async with self.database.user_transaction(admin, shared=True) as connection:
            await holdings.lock_profiles(connection, tenant_id, user_id)
            document_ids = await holdings.gone_document_ids(connection, held)
            for each in held:
                _count(report.erased, each.kind, await holdings.remove(connection, each))
            for each in held:
                if each.table is not idempotency_keys:
                    _count(report.kept, each.kind, await holdings.disown(connection, each))
            # Due later, so that nobody else takes them while they are relayed below.
            notes = await outbox.note_forgotten(
                connection, tenant_id, user_id, document_ids, delete_files=True, due_in=LEASE
            )
            erased = await outbox.note_erased(connection, tenant_id, user_id, due_in=LEASE)
        # The whole person first: what goes with them is counted there, and the documents' own notes then find nothing.
        for answer in [*await self.relay.deliver([erased]), *await self.relay.deliver(notes)]:
            if isinstance(answer, admin_pb2.EraseOwnerResponse):
                _count(report.erased, "exports", answer.deleted_records)
            _count(report.erased, "files", answer.deleted_files)
        async with self.database.user_transaction(admin, shared=True) as connection:
            kinds = await outbox.unacknowledged(connection, tenant_id, user_id)
        report.pending.extend(_PENDING[kind] for kind in kinds)
        return report


def _count(counts: MutableSequence[person_data_pb2.ErasedCount], kind: str, number: int) -> None:
    """Adds to the count of a kind; what there is none of is not listed."""
    if not number:
        return
    for each in counts:
        if each.kind == kind:
            each.count += number
            return
    counts.append(person_data_pb2.ErasedCount(kind=kind, count=number))
