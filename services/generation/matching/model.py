"""The table of rankings: one for each profile and posting, replaced when either changed."""

from sqlalchemy import Column, DateTime, ForeignKey, LargeBinary, Table, Text, UniqueConstraint, Uuid

from services.generation.tables import metadata, owned_columns

rankings = Table(
    "rankings",
    metadata,
    *owned_columns(),
    Column("profile_id", Uuid, ForeignKey("profiles.id", ondelete="CASCADE"), nullable=False),
    Column("job_posting_id", Uuid, ForeignKey("job_postings.id", ondelete="SET NULL"), index=True),
    Column("input_sha256", Text, nullable=False),
    Column("ranking", LargeBinary, nullable=False),
    Column("create_time", DateTime(timezone=True), nullable=False),
    UniqueConstraint("profile_id", "job_posting_id"),
)
