"""Settings of tenants."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.runtime.auth import Identity
from services.runtime.db import Database
from services.storage.tables import tenant_settings


@dataclass(frozen=True)
class TenantSettings:
    """Quota in bytes and retention; None: the configured default."""

    quota_bytes: int | None = None
    retention: timedelta | None = None


@dataclass(frozen=True)
class Tenants:
    """Reads and writes settings, in the scope of the tenant; the caller has checked who may."""

    database: Database

    async def get(self, tenant: Identity) -> TenantSettings:
        """The tenant's settings; all defaults when none were set."""
        query = select(tenant_settings).where(tenant_settings.c.tenant_id == tenant.tenant_id)
        async with self.database.user_transaction(tenant, shared=True) as connection:
            row = (await connection.execute(query)).one_or_none()
        return TenantSettings() if row is None else TenantSettings(row.quota_bytes, row.retention)

    async def put(self, tenant: Identity, settings: TenantSettings) -> None:
        """Sets both; what is kept already keeps its end."""
        values = {"quota_bytes": settings.quota_bytes, "retention": settings.retention}
        statement = (
            insert(tenant_settings)
            .values(tenant_id=tenant.tenant_id, **values)
            .on_conflict_do_update(index_elements=[tenant_settings.c.tenant_id], set_=values)
        )
        async with self.database.user_transaction(tenant, shared=True) as connection:
            await connection.execute(statement)
