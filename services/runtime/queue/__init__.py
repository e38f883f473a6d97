"""The work queue: leases with fencing, retries, cancellation and fairness, in the service's own database.

Live work sits in `work_items` and leaves it at the end, so claims stay flat as history grows; how much each user has
waiting and running sits in `user_slots`, whose row is also the lock of that user's work. Enqueue, complete, fail and
cancel run inside the caller's business transaction, so the record and the work can never disagree. Delivery is at
least once; every write is fenced by owner and attempt, so an end happens exactly once.

    queue = Queue(on_ended=record_ended, doorbell=doorbell)

    async with database.user_transaction(identity) as connection:
        ... insert the record ...
        await queue.enqueue(connection, Work(record_id, "export", tenant_id, user_id))     # last, see below

    leases = await queue.claim_or_wait(database, owner, ["export"], limit=1, lease=30, wait=20)
    async with database.queue_transaction() as connection:
        heard = await queue.heartbeat(connection, owner, [Beat(id, attempt, 30, "rendering")], lease=30)
    await queue.settled([id])      # before a report is looked at: work may be handed over while it is being committed
    async with database.queue_transaction() as connection:
        result = await queue.complete(connection, id, owner, attempt)
        if result.outcome is Outcome.COMPLETED:
            async with acting_as(connection, tenant_id, user_id):
                ... the record ...

Every operation locks the user's slot before the work itself and holds it to the end of the transaction: queue calls
come last, shortly before the commit, and no remote call is made after them. Operations over several users' work in one
transaction have to go in the order of (kind, tenant, user).
"""

from services.runtime.queue.doorbell import Doorbell
from services.runtime.queue.handover import Handed
from services.runtime.queue.queue import Queue, backoff
from services.runtime.queue.work import Beat, Depth, Ended, Heard, Lease, Outcome, Result, Standing, Work

__all__ = [
    "Beat",
    "Depth",
    "Doorbell",
    "Ended",
    "Handed",
    "Heard",
    "Lease",
    "Outcome",
    "Queue",
    "Result",
    "Standing",
    "Work",
    "backoff",
]
