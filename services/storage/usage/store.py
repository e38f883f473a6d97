"""Usage, counted from the records themselves, so that no counter can drift from them."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, and_, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.auth import Identity
from services.runtime.db import Database
from services.runtime.errors import ResourceExhausted
from services.storage.tables import exports, files, objects, tenant_settings, work_items
from vitae.render.v1.options_pb2 import Format

QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
"""Reason of every error that says a user has no room."""


@dataclass(frozen=True)
class ExportGroup:
    """A user's exports of one format, template and stored status."""

    format: Format.ValueType
    template: str
    status: str
    exports: int
    downloads: int
    rendered: int
    """Those that were rendered, not answered from the cache."""
    render_seconds: float
    """In all."""


@dataclass(frozen=True)
class Space:
    """A user's bytes, and what the tenant says about quota and retention (None: the configured default)."""

    used_bytes: int
    reserved_bytes: int
    quota_bytes: int | None
    retention: timedelta | None
    file_count: int = 0
    """Stored files and objects."""


async def space(connection: AsyncConnection, identity: Identity, *, without: UUID | None = None) -> Space:
    """What the user keeps and has reserved, in one statement; `without` leaves the reservation of one export out."""

    def kept(table: Table) -> Select[Any]:
        mine = and_(table.c.tenant_id == identity.tenant_id, table.c.user_id == identity.user)
        return select(func.coalesce(func.sum(table.c.size_bytes), 0), func.count()).where(mine)

    reserved = (
        select(func.coalesce(func.sum(exports.c.reserved_bytes), 0))
        .where(
            and_(
                exports.c.tenant_id == identity.tenant_id,
                exports.c.user_id == identity.user,
                exports.c.status == "pending",
                exports.c.id != without if without else true(),
            )
        )
        .scalar_subquery()
    )
    of_tenant = tenant_settings.c.tenant_id == identity.tenant_id
    quota = select(tenant_settings.c.quota_bytes).where(of_tenant).scalar_subquery()
    retention = select(tenant_settings.c.retention).where(of_tenant).scalar_subquery()
    of_files, of_objects = kept(files).subquery(), kept(objects).subquery()
    # Each table's sum and number come from one look at it.
    query = select(*of_files.c, *of_objects.c, reserved, quota, retention).select_from(
        of_files.join(of_objects, true())
    )
    row = (await connection.execute(query)).one()
    return Space(int(row[0]) + int(row[2]), int(row[4]), row[5], row[6], row[1] + row[3])


async def export_groups(connection: AsyncConnection, identity: Identity) -> list[ExportGroup]:
    """The user's exports in groups, read from an index alone."""
    by = (exports.c.format, exports.c.template, exports.c.status)
    query = (
        select(
            *by,
            func.count(),
            func.sum(exports.c.download_count),
            func.count(exports.c.render_seconds),
            func.coalesce(func.sum(exports.c.render_seconds), 0.0),
        )
        .where(exports.c.tenant_id == identity.tenant_id, exports.c.user_id == identity.user)
        .group_by(*by)
    )
    return [
        ExportGroup(row[0], row[1], row[2], int(row[3]), int(row[4]), int(row[5]), float(row[6]))
        for row in await connection.execute(query)
    ]


async def at_work(connection: AsyncConnection, identity: Identity) -> int:
    """How many exports of the user workers have."""
    query = (
        select(func.count())
        .select_from(work_items.join(exports, exports.c.id == work_items.c.id))
        .where(
            work_items.c.tenant_id == identity.tenant_id,
            work_items.c.user_id == identity.user,
            work_items.c.owner.is_not(None),
            exports.c.status == "pending",
        )
    )
    return int((await connection.execute(query)).scalar_one())


async def any_files(database: Database) -> bool:
    """Whether anybody keeps a file or an object."""
    query = select(exists(select(files.c.id)) | exists(select(objects.c.id)))
    async with database.queue_transaction() as connection:
        return bool((await connection.execute(query)).scalar_one())


def check_quota(kept: Space, needed_bytes: int, default_quota: int) -> None:
    """Raises ResourceExhausted (QUOTA_EXCEEDED) when the user has no room for `needed_bytes` more.

    Meant to run while the user's queue slot is locked, so that two requests cannot both take the last place.
    """
    quota = default_quota if kept.quota_bytes is None else kept.quota_bytes
    if kept.used_bytes + kept.reserved_bytes + needed_bytes > quota:
        raise quota_exceeded(replace(kept, quota_bytes=quota))


def quota_exceeded(kept: Space) -> ResourceExhausted:
    """The error for a user who has no room for one file more."""
    return ResourceExhausted(
        f"Your files and waiting exports leave too little of your {kept.quota_bytes} bytes; delete some exports.",
        reason=QUOTA_EXCEEDED,
        metadata={
            "quota_bytes": str(kept.quota_bytes),
            "used_bytes": str(kept.used_bytes),
            "reserved_bytes": str(kept.reserved_bytes),
        },
    )
