"""The queue's two tables, in the database of each service that has a queue.

    metadata = MetaData()
    queue_tables(metadata)                       # in the service's model, so that the migration check knows them

    def upgrade() -> None: create_queue_v1(op)   # in one of its migrations
    def downgrade() -> None: drop_queue_v1(op)

A released create_queue_vN never changes: later shapes get their own function and a migration in each service.
"""

from typing import TYPE_CHECKING

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from services.runtime.row_security import protect

if TYPE_CHECKING:
    from alembic.operations import Operations


def queue_tables(metadata: MetaData) -> tuple[Table, Table]:
    """(work_items, user_slots), declared in `metadata`."""
    return _work_items(metadata), _user_slots(metadata)


def create_queue_v1(op: "Operations") -> None:
    """Creates both tables with their policies and grants."""
    metadata = MetaData()
    for table in (_work_items(metadata), _user_slots(metadata)):
        table.create(op.get_bind())
        # Rows live for seconds and die; the defaults wait for a fifth of the table to be dead.
        op.execute(
            f"alter table {table.name} set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200,"
            " autovacuum_vacuum_cost_delay = 0)"
        )
        protect(op, table.name, queue=True)


def drop_queue_v1(op: "Operations") -> None:
    """Drops both tables."""
    op.drop_table("user_slots")
    op.drop_table("work_items")


def _work_items(metadata: MetaData) -> Table:
    return Table(
        "work_items",
        metadata,
        Column("id", Uuid, primary_key=True, comment="Id of the record the work is about."),
        Column("kind", Text, nullable=False),
        Column("tenant_id", Uuid, nullable=False),
        Column("user_id", Uuid, nullable=False),
        Column("priority", SmallInteger, nullable=False, comment="Higher first among one user's work."),
        Column("run_after", DateTime(timezone=True), nullable=False),
        Column("attempt", Integer, nullable=False, comment="Fencing token: grows with every lease."),
        Column("spent", Integer, nullable=False, comment="Attempts of this round that count."),
        Column("max_attempts", Integer, nullable=False),
        Column("owner", Uuid, comment="Start of the worker process that holds the lease."),
        Column("lease_expires_at", DateTime(timezone=True)),
        Column("started_at", DateTime(timezone=True), comment="Start of the present lease."),
        Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
        Column("progress", SmallInteger, nullable=False, server_default=text("0"), comment="0 to 100."),
        Column("step", Text, nullable=False, server_default=""),
        Column("last_error", Text, nullable=False, server_default=""),
        Column("enqueued_at", DateTime(timezone=True), nullable=False),
        CheckConstraint("(owner is null) = (lease_expires_at is null)", name="work_items_lease"),
        CheckConstraint("progress between 0 and 100", name="work_items_progress"),
        CheckConstraint("max_attempts > 0", name="work_items_max_attempts"),
        Index(
            "work_items_waiting",
            "kind",
            "tenant_id",
            "user_id",
            "run_after",
            postgresql_where=text("owner is null"),
        ),
        Index("work_items_leased", "lease_expires_at", postgresql_where=text("owner is not null")),
    )


def _user_slots(metadata: MetaData) -> Table:
    return Table(
        "user_slots",
        metadata,
        Column("kind", Text, primary_key=True),
        Column("tenant_id", Uuid, primary_key=True),
        Column("user_id", Uuid, primary_key=True),
        Column("waiting", Integer, nullable=False),
        Column("running", Integer, nullable=False),
        Column(
            "next_at",
            DateTime(timezone=True),
            comment="Least run_after of the waiting work; null without any.",
        ),
        CheckConstraint("waiting >= 0 and running >= 0", name="user_slots_counts"),
        Index("user_slots_ready", "running", "next_at", postgresql_where=text("next_at is not null")),
    )
