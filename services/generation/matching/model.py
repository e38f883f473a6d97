"""Rankings, one for each profile and posting, and what is kept of each profile for scoring many at once.

Both are replaced when what they were made from changed.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

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

match_readings = Table(
    "match_readings",
    metadata,
    Column("profile_id", Uuid, ForeignKey("profiles.id", ondelete="CASCADE"), primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("version", Text, nullable=False),
    Column("reading", LargeBinary, nullable=False),
)
"""Has no owner of its own: whoever sees a profile sees its reading."""
