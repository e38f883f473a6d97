"""Objects of users beside exports, and what an audit has to see of everybody's records."""

from typing import cast

import alembic.op
import sqlalchemy as sa
from alembic.operations import Operations

from services.runtime.db import QUEUE_ROLE
from services.runtime.row_security import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

op = cast("Operations", alembic.op)

AUDITED = {
    "exports": "file_id, attempts, max_attempts, create_time",
    "files": "id, size_bytes, sha256",
}
"""Read by audits: how a record stands and what its bytes have to be, still never what is in it."""

OBJECTS_SEEN = "id, tenant_id, user_id, object_key, size_bytes, sha256"


def upgrade() -> None:
    op.create_table(
        "objects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False, comment="Within the user's own space."),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_objects"),
        sa.UniqueConstraint("tenant_id", "user_id", "key", name="uq_objects_tenant_id_user_id_key"),
        sa.UniqueConstraint("object_key", name="uq_objects_object_key"),
    )
    protect(op, "objects")
    op.execute(f"create policy objects_queue on objects for select to {QUEUE_ROLE} using (true)")
    op.execute(f"grant select ({OBJECTS_SEEN}) on objects to {QUEUE_ROLE}")
    for table, columns in AUDITED.items():
        op.execute(f"grant select ({columns}) on {table} to {QUEUE_ROLE}")


def downgrade() -> None:
    for table, columns in AUDITED.items():
        op.execute(f"revoke select ({columns}) on {table} from {QUEUE_ROLE}")  # noqa: S608 - constants of this file
    op.drop_table("objects")
