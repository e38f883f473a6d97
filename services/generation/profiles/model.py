"""The table of profiles."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from services.generation.tables import metadata, owned_columns, tenant_owned_column, written_columns

profiles = Table(
    "profiles",
    metadata,
    *owned_columns(),
    tenant_owned_column(),
    Column("display_name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    *written_columns(),
)
Index("ix_profiles_newest", profiles.c.tenant_id, profiles.c.user_id, profiles.c.create_time, profiles.c.id)
