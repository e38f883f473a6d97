"""The table of deletions that storage has yet to acknowledge."""

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid

from services.generation.tables import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
    Column("due_time", DateTime(timezone=True), nullable=False),
)
Index("ix_outbox_due_time", outbox.c.due_time)
Index("ix_outbox_tenant_id_user_id", outbox.c.tenant_id, outbox.c.user_id)
