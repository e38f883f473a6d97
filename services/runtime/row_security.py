"""Row-level security for migrations: who may touch which rows of a table.

    def upgrade() -> None:
        op.create_table("exports", ...)
        protect(op, "exports")                          # own rows; the tenant's while vitae.shared is on
        protect(op, "tenant_settings", user_column=None)  # the whole tenant's
        with unforced(op, "exports"):                    # a data migration: the owner sees the rows
            op.execute("update exports set ...")

Policies are for the role `vitae_app` and read the settings each transaction makes (db.py): `vitae.tenant`,
`vitae.user` and `vitae.shared`. Unset settings match nothing. FORCE binds the owner as well, so a process that was
given the owner's address by mistake sees no row; a backup therefore runs as a superuser or a BYPASSRLS role.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.runtime.db import APP_ROLE, QUEUE_ROLE

if TYPE_CHECKING:
    from alembic.operations import Operations

ALL = ("select", "insert", "update", "delete")

_TENANT = "(select nullif(current_setting('vitae.tenant', true), '')::uuid)"
_USER = "(select nullif(current_setting('vitae.user', true), '')::uuid)"
_SHARED = "(select current_setting('vitae.shared', true)) = 'on'"


def protect(
    op: "Operations",
    table: str,
    *,
    tenant_column: str = "tenant_id",
    user_column: str | None = "user_id",
    privileges: Sequence[str] = ALL,
    queue: bool = False,
) -> None:
    """Switches row-level security on for a table, writes its policy and grants `privileges` to vitae_app.

    Without a user column the tenant alone decides. `queue` opens all rows to vitae_queue too: for queue tables only.
    """
    for statement in statements(
        table, tenant_column=tenant_column, user_column=user_column, privileges=privileges, queue=queue
    ):
        op.execute(statement)


@contextmanager
def unforced(op: "Operations", *tables: str) -> Iterator[None]:
    """Inside, the owner sees every row of these tables, for a data migration."""
    for table in tables:
        op.execute(f"alter table {_quoted(table)} no force row level security")
    yield
    for table in tables:
        op.execute(f"alter table {_quoted(table)} force row level security")


def statements(
    table: str,
    *,
    tenant_column: str = "tenant_id",
    user_column: str | None = "user_id",
    privileges: Sequence[str] = ALL,
    queue: bool = False,
) -> list[str]:
    """The statements `protect` executes."""
    unknown = set(privileges) - set(ALL)
    if unknown or not privileges:
        raise ValueError(f"privileges are some of {', '.join(ALL)}, not {privileges!r}")
    name, granted = _quoted(table), ", ".join(privileges)
    rule = f"{_quoted(tenant_column)} = {_TENANT}"
    if user_column is not None:
        rule += f" and ({_quoted(user_column)} = {_USER} or {_SHARED})"
    made = [
        f"alter table {name} enable row level security",
        f"alter table {name} force row level security",
        f"revoke all on table {name} from public",
        f"create policy {_quoted(f'{table}_app')} on {name} for all to {APP_ROLE} using ({rule}) with check ({rule})",
        f"grant {granted} on table {name} to {APP_ROLE}",
    ]
    if queue:
        everything = "using (true) with check (true)"
        made += [
            f"create policy {_quoted(f'{table}_queue')} on {name} for all to {QUEUE_ROLE} {everything}",
            f"grant {granted} on table {name} to {QUEUE_ROLE}",
        ]
    return made


def _quoted(name: str) -> str:
    if not name.replace("_", "").isalnum() or not name.isascii():
        raise ValueError(f"{name!r} is not a plain SQL name")
    return f'"{name}"'
