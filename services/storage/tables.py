"""The tables of the storage database.

Plans, snapshots and results are stored as serialised protobuf messages (a parse costs microseconds, unknown fields of
newer versions survive); what is searched for has a column of its own. Work that has not ended is `pending` here:
whether it waits or runs, and how far it is, the queue's `work_items` says.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.runtime.idempotency import idempotency_table
from services.runtime.queue.tables import queue_tables

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

work_items, user_slots = queue_tables(metadata)
idempotency_keys = idempotency_table(metadata)

files = Table(
    "files",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("object_key", Text, nullable=False, unique=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
    Index("files_usage", "tenant_id", "user_id", postgresql_include=["size_bytes"]),
)
"""Stored files. Several exports may share one; it goes with the last of them."""

exports = Table(
    "exports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("document_id", Uuid, nullable=False),
    Column("document_type", SmallInteger, nullable=False),
    Column("document_version", Integer, nullable=False),
    Column("document_title", Text, nullable=False),
    Column("job_posting_id", Uuid),
    Column("job_title", Text, nullable=False),
    Column("company", Text, nullable=False),
    Column("format", SmallInteger, nullable=False),
    Column("template", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("extension", Text, nullable=False),
    Column("cache_key", Text, nullable=False),
    Column("plan", LargeBinary, nullable=False, comment="vitae.render.v1.ExportPlan"),
    Column("document", LargeBinary, comment="vitae.resume.v1.Document, until the work ends"),
    Column("result", LargeBinary, comment="vitae.render.v1.RenderedFile"),
    Column("file_id", Uuid, ForeignKey("files.id"), index=True),
    Column("status", Text, nullable=False),
    Column("rounds", SmallInteger, nullable=False, server_default="1", comment="Grows with a manual retry."),
    Column("attempts", Integer, nullable=False, server_default="0", comment="Of the round that ended last."),
    Column("last_attempt", Integer, nullable=False, server_default="0", comment="Fencing token at the end."),
    Column("max_attempts", Integer, nullable=False),
    Column("kills", SmallInteger, nullable=False, server_default="0"),
    Column("reserved_bytes", BigInteger, nullable=False),
    Column("error_reason", Text, nullable=False, server_default=""),
    Column("error_message", Text, nullable=False, server_default=""),
    Column("error_retryable", Boolean, nullable=False, server_default=text("false")),
    Column("from_cache", Boolean, nullable=False, server_default=text("false")),
    Column("render_seconds", Double, comment="Null where nothing was rendered."),
    Column("download_count", BigInteger, nullable=False, server_default="0"),
    Column(
        "request_id", Text, nullable=False, server_default="", comment="Of the request that asked for it."
    ),
    Column("traceparent", Text, nullable=False, server_default=""),
    Column("create_time", DateTime(timezone=True), nullable=False),
    Column("start_time", DateTime(timezone=True)),
    Column("complete_time", DateTime(timezone=True)),
    Column("expire_time", DateTime(timezone=True), nullable=False),
    CheckConstraint("status in ('pending', 'completed', 'failed', 'cancelled')", name="exports_status"),
    CheckConstraint("(status = 'completed') = (file_id is not null)", name="exports_file"),
    CheckConstraint("(status = 'completed') = (result is not null)", name="exports_result"),
    Index("exports_newest", "tenant_id", "user_id", text("create_time desc"), text("id desc")),
    Index("exports_document", "tenant_id", "document_id", text("create_time desc")),
    Index("exports_job", "tenant_id", "user_id", "job_posting_id", text("create_time desc")),
    Index(
        "exports_status",
        "tenant_id",
        "user_id",
        "status",
        postgresql_where=text("status <> 'completed'"),
    ),
    Index(
        "exports_cache",
        "tenant_id",
        "user_id",
        "cache_key",
        text("create_time desc"),
        postgresql_where=text("status = 'completed'"),
    ),
    Index("exports_expiry", "expire_time"),
    Index(
        "exports_usage",
        "tenant_id",
        "user_id",
        "format",
        "template",
        "status",
        postgresql_include=["download_count", "render_seconds"],
    ),
)
"""Who asked for which file, and what became of it."""

objects = Table(
    "objects",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("key", Text(collation="C"), nullable=False, comment="Within the user's own space."),
    Column("object_key", Text, nullable=False, unique=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
    UniqueConstraint("tenant_id", "user_id", "key"),
)
"""What users keep under keys of their own, beside exports. The bytes of each put have an object key of their own."""

tenant_settings = Table(
    "tenant_settings",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("quota_bytes", BigInteger, comment="The configured default when null."),
    Column("retention", Interval, comment="The configured default when null."),
)

object_deletions = Table(
    "object_deletions",
    metadata,
    Column("object_key", Text, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("due_time", DateTime(timezone=True), nullable=False, index=True),
    Column("tries", Integer, nullable=False, server_default="0"),
)
"""Objects no record refers to any more, until the store has removed them."""
