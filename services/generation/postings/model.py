"""The table of job postings."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from services.generation.tables import metadata, owned_columns, tenant_owned_column, written_columns

job_postings = Table(
    "job_postings",
    metadata,
    *owned_columns(),
    tenant_owned_column(),
    Column("title", Text, nullable=False),
    Column("company", Text, nullable=False),
    Column("posting", LargeBinary, nullable=False),
    *written_columns(),
)
Index(
    "ix_job_postings_newest",
    job_postings.c.tenant_id,
    job_postings.c.user_id,
    job_postings.c.create_time,
    job_postings.c.id,
)
