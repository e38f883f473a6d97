"""An index that answers usage and totals by itself, however many exports a user has."""

from typing import cast

import alembic.op
from alembic.operations import Operations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

op = cast("Operations", alembic.op)


def upgrade() -> None:
    op.create_index(
        "exports_usage",
        "exports",
        ["tenant_id", "user_id", "format", "template", "status"],
        postgresql_include=["download_count", "render_seconds"],
    )


def downgrade() -> None:
    op.drop_index("exports_usage", "exports")
