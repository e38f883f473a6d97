"""Calls that are safe to repeat: the answer to a request id, kept with the request's hash in the creating transaction.

    table = idempotency_table(metadata)                              # in the service's model
    kept = await find(connection, table, identity, "CreateExport", request.request_id, request, now)  # bytes, or None
    await keep(connection, table, identity, "CreateExport", request.request_id, request, answer, now)

A repeat within `KEPT_FOR` gets the first answer. The same id with another request is refused. Two first calls at the
same moment meet at the primary key: the later one waits for the earlier one's commit and then finds its answer
after `keep` raised Aborted and `retrying` ran it anew.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from google.protobuf.message import Message
from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, Uuid, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.auth import Identity
from services.runtime.errors import Aborted, FieldError, InvalidArgument

KEPT_FOR = timedelta(hours=24)
"""How long an answer is kept (ARCHITECTURE, gateway)."""


def idempotency_table(metadata: MetaData) -> Table:
    """The table; row-level security on tenant and user as on every other."""
    return Table(
        "idempotency_keys",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("user_id", Uuid, primary_key=True),
        Column("method", Text, primary_key=True),
        Column("request_id", Text, primary_key=True),
        Column("request_sha256", Text, nullable=False),
        Column("answer", LargeBinary, nullable=False),
        Column("create_time", DateTime(timezone=True), nullable=False, index=True),
    )


async def find(
    connection: AsyncConnection,
    table: Table,
    identity: Identity,
    method: str,
    request_id: str,
    request: Message,
    now: datetime,
) -> bytes | None:
    """The answer kept for this request id; None when there is none, or none was given.

    Raises:
        InvalidArgument: IDEMPOTENCY_KEY_REUSED; the id was used for another request.
    """
    if not request_id:
        return None
    row = (
        await connection.execute(
            select(table.c.request_sha256, table.c.answer).where(
                *_key(table, identity, method, request_id), table.c.create_time > now - KEPT_FOR
            )
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_sha256 != _hash(request):
        raise InvalidArgument(
            "The request id was used for another request.",
            reason="IDEMPOTENCY_KEY_REUSED",
            fields=[FieldError("request_id", "must be new for a new request")],
        )
    return bytes(row.answer)


async def keep(
    connection: AsyncConnection,
    table: Table,
    identity: Identity,
    method: str,
    request_id: str,
    request: Message,
    answer: bytes,
    now: datetime,
) -> None:
    """Keeps an answer in the transaction that made it.

    Raises:
        Aborted: TRANSACTION_CONFLICT; the same call ran at the same moment and won. Run anew, it finds that answer.
    """
    if not request_id:
        return
    await connection.execute(
        delete(table).where(*_key(table, identity, method, request_id), table.c.create_time <= now - KEPT_FOR)
    )
    kept = await connection.execute(
        insert(table)
        .values(
            tenant_id=identity.tenant_id,
            user_id=identity.user,
            method=method,
            request_id=request_id,
            request_sha256=_hash(request),
            answer=answer,
            create_time=now,
        )
        .on_conflict_do_nothing()
    )
    if kept.rowcount == 0:
        raise Aborted(reason="TRANSACTION_CONFLICT")


def _key(table: Table, identity: Identity, method: str, request_id: str) -> tuple[object, ...]:
    return (
        table.c.tenant_id == identity.tenant_id,
        table.c.user_id == identity.user,
        table.c.method == method,
        table.c.request_id == request_id,
    )


def _hash(request: Message) -> str:
    return sha256(request.SerializeToString(deterministic=True)).hexdigest()
