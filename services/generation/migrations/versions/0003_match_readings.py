"""What matching keeps of each profile, so that thousands are scored without reading their texts again."""

from typing import cast

import alembic.op
import sqlalchemy as sa
from alembic.operations import Operations

from services.runtime.db import APP_ROLE

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

op = cast(Operations, alembic.op)
"""Alembic's module stands in for the operations of the migration that runs."""


def upgrade() -> None:
    op.create_table(
        "match_readings",
        sa.Column("profile_id", sa.Uuid, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("reading", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("profile_id", name="pk_match_readings"),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["profiles.id"], name="fk_match_readings_profile_id", ondelete="CASCADE"
        ),
    )
    op.execute("alter table match_readings enable row level security")
    op.execute("alter table match_readings force row level security")
    op.execute("revoke all on table match_readings from public")
    # Whoever sees a profile sees its reading: the policy of profiles applies inside.
    rule = "exists (select from profiles where profiles.id = match_readings.profile_id)"
    op.execute(
        f"create policy match_readings_app on match_readings for all to {APP_ROLE} "
        f"using ({rule}) with check ({rule})"
    )
    op.execute(f"grant select, insert, update, delete on table match_readings to {APP_ROLE}")


def downgrade() -> None:
    op.drop_table("match_readings")
