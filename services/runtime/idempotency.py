"""Calls that are safe to repeat: the answer to a request id, kept with the request's hash in the creating transaction.

    table = idempotency_table(metadata)                                # in the service's model
    call = RepeatableCall(table, identity, "CreateExport", request.request_id, request)
    answer = await call.find(connection, now)                          # bytes of the first answer, or None
    await call.keep(connection, answer, now)                           # in the transaction that creates

A repeat within `KEPT_FOR` gets the first answer. The same id with another request is refused. Two first calls at the
same moment meet at the primary key: the later one waits for the earlier one's commit, `keep` raises Aborted, and run
anew (`db.retrying`) it finds that answer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from google.protobuf.message import Message
from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    delete,
    select,
)
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


@dataclass(frozen=True)
class RepeatableCall:
    """One call under its request id; without an id nothing is found and nothing kept."""

    table: Table
    identity: Identity
    method: str
    request_id: str
    request: Message

    async def find(self, connection: AsyncConnection, now: datetime) -> bytes | None:
        """The answer kept for this call.

        Raises:
            InvalidArgument: IDEMPOTENCY_KEY_REUSED; the id was used for another request.
        """
        if not self.request_id:
            return None
        columns = self.table.c
        fresh = columns.create_time > now - KEPT_FOR
        query = select(columns.request_sha256, columns.answer).where(self._is_this(), fresh)
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if row.request_sha256 != self._hash():
            raise InvalidArgument(
                "The request id was used for another request.",
                reason="IDEMPOTENCY_KEY_REUSED",
                fields=[FieldError("request_id", "must be new for a new request")],
            )
        return bytes(row.answer)

    async def keep(self, connection: AsyncConnection, answer: bytes, now: datetime) -> None:
        """Keeps the answer in the transaction that made it.

        Raises:
            Aborted: TRANSACTION_CONFLICT; the same call ran at the same moment and won.
        """
        if not self.request_id:
            return
        outdated = self.table.c.create_time <= now - KEPT_FOR
        await connection.execute(delete(self.table).where(self._is_this(), outdated))
        kept = await connection.execute(
            insert(self.table)
            .values(
                tenant_id=self.identity.tenant_id,
                user_id=self.identity.user,
                method=self.method,
                request_id=self.request_id,
                request_sha256=self._hash(),
                answer=answer,
                create_time=now,
            )
            .on_conflict_do_nothing()
            .returning(self.table.c.request_id)
        )
        if kept.one_or_none() is None:
            raise Aborted(reason="TRANSACTION_CONFLICT")

    def _is_this(self) -> ColumnElement[bool]:
        columns = self.table.c
        return (
            (columns.tenant_id == self.identity.tenant_id)
            & (columns.user_id == self.identity.user)
            & (columns.method == self.method)
            & (columns.request_id == self.request_id)
        )

    def _hash(self) -> str:
        return sha256(self.request.SerializeToString(deterministic=True)).hexdigest()
