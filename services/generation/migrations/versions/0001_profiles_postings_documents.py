"""Profiles, job postings, rankings, documents with versions, idempotency keys."""

from typing import cast

import alembic.op
import sqlalchemy as sa
from alembic.operations import Operations

from services.runtime.row_security import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

op = cast(Operations, alembic.op)
"""Alembic's module stands in for the operations of the migration that runs."""

TABLES = ("profiles", "job_postings", "rankings", "documents", "document_versions", "idempotency_keys")


def upgrade() -> None:
    op.create_table(
        "profiles",
        *_owned(),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        *_written(),
        sa.PrimaryKeyConstraint("id", name="pk_profiles"),
    )
    op.create_index("ix_profiles_newest", "profiles", ["tenant_id", "user_id", "create_time", "id"])
    op.create_table(
        "job_postings",
        *_owned(),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("company", sa.Text, nullable=False),
        sa.Column("posting", sa.LargeBinary, nullable=False),
        *_written(),
        sa.PrimaryKeyConstraint("id", name="pk_job_postings"),
    )
    op.create_index("ix_job_postings_newest", "job_postings", ["tenant_id", "user_id", "create_time", "id"])
    op.create_table(
        "rankings",
        *_owned(),
        sa.Column("profile_id", sa.Uuid, nullable=False),
        sa.Column("job_posting_id", sa.Uuid),
        sa.Column("input_sha256", sa.Text, nullable=False),
        sa.Column("ranking", sa.LargeBinary, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rankings"),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["profiles.id"], name="fk_rankings_profile_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_posting_id"], ["job_postings.id"], name="fk_rankings_job_posting_id", ondelete="SET NULL"
        ),
        sa.UniqueConstraint("profile_id", "job_posting_id", name="uq_rankings_profile_id_job_posting_id"),
    )
    op.create_index("ix_rankings_job_posting_id", "rankings", ["job_posting_id"])
    op.create_table(
        "documents",
        *_owned(),
        sa.Column("document_type", sa.SmallInteger, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("full_name", sa.Text, nullable=False),
        sa.Column("profile_id", sa.Uuid, nullable=False),
        sa.Column("job_posting_id", sa.Uuid),
        sa.Column("job_title", sa.Text, nullable=False),
        sa.Column("company", sa.Text, nullable=False),
        sa.Column("job_keywords", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("ranking_id", sa.Uuid),
        sa.Column("head_version", sa.Integer, nullable=False),
        *_written(),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["profiles.id"], name="fk_documents_profile_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_posting_id"], ["job_postings.id"], name="fk_documents_job_posting_id", ondelete="SET NULL"
        ),
    )
    op.create_index(
        "ix_documents_newest", "documents", ["tenant_id", "user_id", "document_type", "create_time", "id"]
    )
    op.create_index("ix_documents_profile_id", "documents", ["profile_id"])
    op.create_index("ix_documents_job_posting_id", "documents", ["job_posting_id"])
    op.create_table(
        "document_versions",
        sa.Column("document_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("tenant_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("origin", sa.SmallInteger, nullable=False),
        sa.Column("change_summary", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("content_text", sa.Text, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("exported", sa.Boolean, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "version", name="pk_document_versions"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_document_versions_document_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("request_sha256", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "method", "request_id", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_create_time", "idempotency_keys", ["create_time"])
    for table in TABLES:
        protect(op, table)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _owned() -> tuple[sa.Column[object], ...]:
    return tuple(sa.Column(name, sa.Uuid, nullable=False) for name in ("id", "tenant_id", "user_id"))


def _written() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
    )
