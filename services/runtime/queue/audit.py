"""Whether `user_slots` says what `work_items` holds, and setting it right: for audits after a restore."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.queue.sql import HOLD_SLOT


@dataclass(frozen=True)
class SlotMismatch:
    """A user's slot that does not agree with the user's work."""

    kind: str
    tenant_id: UUID
    user_id: UUID
    found: str
    expected: str


_MISMATCHES = text(
    """
    select kind, tenant_id, user_id, slot.state as found, work.state as expected from (
        select kind, tenant_id, user_id, concat_ws(' ', waiting, running, extract(epoch from next_at)) as state
        from user_slots
        where waiting <> 0 or running <> 0 or next_at is not null
    ) slot full join (
        select kind, tenant_id, user_id, concat_ws(' ', count(*) filter (where owner is null),
            count(*) filter (where owner is not null),
            extract(epoch from min(run_after) filter (where owner is null))) as state
        from work_items group by kind, tenant_id, user_id
    ) work using (kind, tenant_id, user_id)
    where slot.state is distinct from work.state
    order by kind, tenant_id, user_id
    """
)

_RECOUNT = text(
    """
    update user_slots s set waiting = work.waiting, running = work.running, next_at = work.next_at
    from (
        select count(*) filter (where owner is null) as waiting, count(*) filter (where owner is not null) as running,
            min(run_after) filter (where owner is null) as next_at
        from work_items where kind = :kind and tenant_id = :tenant_id and user_id = :user_id
    ) work
    where s.kind = :kind and s.tenant_id = :tenant_id and s.user_id = :user_id
    """
)


async def slot_mismatches(connection: AsyncConnection) -> list[SlotMismatch]:
    """Every slot that disagrees with the work (queue transaction); "waiting running next_at" each way."""
    rows = await connection.execute(_MISMATCHES)
    return [
        SlotMismatch(row.kind, row.tenant_id, row.user_id, row.found or "none", row.expected or "none")
        for row in rows
    ]


async def repair_slots(connection: AsyncConnection) -> list[SlotMismatch]:
    """Counts every disagreeing slot anew under its lock (queue transaction); returns what disagreed before."""
    wrong = await slot_mismatches(connection)
    for each in wrong:
        of = {"kind": each.kind, "tenant_id": each.tenant_id, "user_id": each.user_id}
        await HOLD_SLOT.run(connection, of)
        await connection.execute(_RECOUNT, of)
    return wrong
