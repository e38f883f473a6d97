"""The ledger of exports, its files, its queue, and what tenants are given."""

from typing import cast

import alembic.op
import sqlalchemy as sa
from alembic.operations import Operations

from services.runtime.db import QUEUE_ROLE
from services.runtime.queue.tables import create_queue_v1, drop_queue_v1
from services.runtime.row_security import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

op = cast("Operations", alembic.op)

WORKERS_SEE = {
    "exports": "id, tenant_id, user_id, document_id, extension, status, last_attempt, kills, expire_time",
    "files": "tenant_id, user_id, object_key",
}
"""What the queue's role may read of everybody: whose a record is and how it stands, never what is in it."""


def upgrade() -> None:
    create_queue_v1(op)
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.UniqueConstraint("object_key", name="uq_files_object_key"),
    )
    op.create_index("files_usage", "files", ["tenant_id", "user_id"], postgresql_include=["size_bytes"])
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_type", sa.SmallInteger(), nullable=False),
        sa.Column("document_version", sa.Integer(), nullable=False),
        sa.Column("document_title", sa.Text(), nullable=False),
        sa.Column("job_posting_id", sa.Uuid()),
        sa.Column("job_title", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("format", sa.SmallInteger(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("extension", sa.Text(), nullable=False),
        sa.Column("cache_key", sa.Text(), nullable=False),
        sa.Column("plan", sa.LargeBinary(), nullable=False, comment="vitae.render.v1.ExportPlan"),
        sa.Column("document", sa.LargeBinary(), comment="vitae.resume.v1.Document, until the work ends"),
        sa.Column("result", sa.LargeBinary(), comment="vitae.render.v1.RenderedFile"),
        sa.Column("file_id", sa.Uuid()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "rounds",
            sa.SmallInteger(),
            nullable=False,
            server_default="1",
            comment="Grows with a manual retry.",
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Of the round that ended last.",
        ),
        sa.Column(
            "last_attempt",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="Fencing token at the end.",
        ),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("kills", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("reserved_bytes", sa.BigInteger(), nullable=False),
        sa.Column("error_reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("error_message", sa.Text(), nullable=False, server_default=""),
        sa.Column("error_retryable", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("from_cache", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("render_seconds", sa.Double(), comment="Null where nothing was rendered."),
        sa.Column("download_count", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column(
            "request_id",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="Of the request that asked for it.",
        ),
        sa.Column("traceparent", sa.Text(), nullable=False, server_default=""),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True)),
        sa.Column("complete_time", sa.DateTime(timezone=True)),
        sa.Column("expire_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_exports_file_id"),
        sa.CheckConstraint(
            "status in ('pending', 'completed', 'failed', 'cancelled')", name="exports_status"
        ),
        sa.CheckConstraint("(status = 'completed') = (file_id is not null)", name="exports_file"),
        sa.CheckConstraint("(status = 'completed') = (result is not null)", name="exports_result"),
    )
    op.create_index("ix_exports_file_id", "exports", ["file_id"])
    op.create_index(
        "exports_newest",
        "exports",
        ["tenant_id", "user_id", sa.text("create_time desc"), sa.text("id desc")],
    )
    op.create_index("exports_document", "exports", ["tenant_id", "document_id", sa.text("create_time desc")])
    op.create_index(
        "exports_job",
        "exports",
        ["tenant_id", "user_id", "job_posting_id", sa.text("create_time desc")],
    )
    op.create_index(
        "exports_status",
        "exports",
        ["tenant_id", "user_id", "status"],
        postgresql_where=sa.text("status <> 'completed'"),
    )
    op.create_index(
        "exports_cache",
        "exports",
        ["tenant_id", "user_id", "cache_key", sa.text("create_time desc")],
        postgresql_where=sa.text("status = 'completed'"),
    )
    op.create_index("exports_expiry", "exports", ["expire_time"])
    op.create_table(
        "tenant_settings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("quota_bytes", sa.BigInteger(), comment="The configured default when null."),
        sa.Column("retention", sa.Interval(), comment="The configured default when null."),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenant_settings"),
    )
    op.create_table(
        "object_deletions",
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("due_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("object_key", name="pk_object_deletions"),
    )
    op.create_index("ix_object_deletions_due_time", "object_deletions", ["due_time"])
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "method", "request_id", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_create_time", "idempotency_keys", ["create_time"])
    protect(op, "files")
    protect(op, "exports")
    protect(op, "tenant_settings", user_column=None)
    protect(op, "object_deletions", queue=True)
    protect(op, "idempotency_keys", queue=True)
    for table, columns in WORKERS_SEE.items():
        op.execute(f"create policy {table}_queue on {table} for select to {QUEUE_ROLE} using (true)")
        op.execute(f"grant select ({columns}) on {table} to {QUEUE_ROLE}")


def downgrade() -> None:
    for table in ("idempotency_keys", "object_deletions", "tenant_settings", "exports", "files"):
        op.drop_table(table)
    drop_queue_v1(op)
