"""The outbox to storage; things of a tenant that outlive their maker; idempotency keys that can be swept."""

from typing import cast
from uuid import UUID

import alembic.op
import sqlalchemy as sa
from alembic.operations import Operations

from services.runtime.db import APP_ROLE, QUEUE_ROLE
from services.runtime.row_security import protect, unforced

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

op = cast(Operations, alembic.op)
"""Alembic's module stands in for the operations of the migration that runs."""

MADE_BY_SOMEBODY = ("profiles", "job_postings", "rankings", "documents", "document_versions")
TENANT_OWNED = ("profiles", "job_postings", "documents")
NOBODY = UUID(int=0)


def upgrade() -> None:
    for table in MADE_BY_SOMEBODY:
        op.alter_column(table, "user_id", nullable=True)
    for table in TENANT_OWNED:
        # With a default: the version before this one inserts without the column.
        column = sa.Column("tenant_owned", sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column(table, column)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("tenant_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_due_time", "outbox", ["due_time"])
    op.create_index("ix_outbox_tenant_id_user_id", "outbox", ["tenant_id", "user_id"])
    protect(op, "outbox", queue=True)
    # A user's transaction notes a deletion and may look whether it was acknowledged; it never takes one back.
    op.execute(f"revoke update, delete on outbox from {APP_ROLE}")
    op.execute(
        f"create policy idempotency_keys_queue on idempotency_keys for all to {QUEUE_ROLE} using (true)"
    )
    op.execute(f"grant select, update, delete on idempotency_keys to {QUEUE_ROLE}")


def downgrade() -> None:
    op.execute(f"revoke all on idempotency_keys from {QUEUE_ROLE}")
    op.execute("drop policy idempotency_keys_queue on idempotency_keys")
    op.drop_table("outbox")
    for table in TENANT_OWNED:
        op.drop_column(table, "tenant_owned")
    with unforced(op, *MADE_BY_SOMEBODY):
        for table in MADE_BY_SOMEBODY:
            rows = sa.table(table, sa.column("user_id", sa.Uuid))
            op.execute(sa.update(rows).where(rows.c.user_id.is_(None)).values(user_id=NOBODY))
    for table in MADE_BY_SOMEBODY:
        op.alter_column(table, "user_id", nullable=False)
