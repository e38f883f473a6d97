"""The tables of documents (resumes and cover letters) and their immutable versions."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from services.generation.tables import metadata, owned_columns, tenant_owned_column, written_columns

documents = Table(
    "documents",
    metadata,
    *owned_columns(),
    tenant_owned_column(),
    Column("document_type", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("profile_id", Uuid, ForeignKey("profiles.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("job_posting_id", Uuid, ForeignKey("job_postings.id", ondelete="SET NULL"), index=True),
    Column("job_title", Text, nullable=False),
    Column("company", Text, nullable=False),
    Column("job_keywords", ARRAY(Text), nullable=False),
    Column("ranking_id", Uuid),
    Column("head_version", Integer, nullable=False),
    *written_columns(),
)
Index(
    "ix_documents_newest",
    documents.c.tenant_id,
    documents.c.user_id,
    documents.c.document_type,
    documents.c.create_time,
    documents.c.id,
)

document_versions = Table(
    "document_versions",
    metadata,
    Column("document_id", Uuid, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("user_id", Uuid),
    Column("origin", SmallInteger, nullable=False),
    Column("change_summary", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("content_text", Text, nullable=False),
    Column("details", LargeBinary, nullable=False),
    Column("exported", Boolean, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
)
