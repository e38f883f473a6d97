"""Serves operators and the other services: cleanup, tenants, erasure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.runtime.auth import Identity, Role, current_identity, require_role, require_service
from services.runtime.errors import FieldError, InvalidArgument, PermissionDenied
from services.storage.inspection.audit import Audit
from services.storage.inspection.doctor import Doctor
from services.storage.retention.cleanup import BATCH, Cleanup
from services.storage.retention.erasure import Erasure
from services.storage.tenants.store import Tenants, TenantSettings
from vitae.storage.v1 import admin_pb2 as messages
from vitae.storage.v1.admin_pb2_grpc import StorageAdminServiceServicer

OWN_SERVICE = "storage"
"""The credential of storage's own scheduled jobs."""

GENERATION = "generation"

MOST_FINDINGS = 5000
"""Findings told in one answer: 4 MB hold more, and nobody reads them."""


@dataclass(frozen=True)
class AdminServicer(StorageAdminServiceServicer):
    """vitae.storage.v1.StorageAdminService."""

    cleanup: Cleanup
    erasure: Erasure
    tenants: Tenants
    audit: Audit
    doctor: Doctor

    async def CleanupExports(
        self, request: messages.CleanupExportsRequest, context: Any
    ) -> messages.CleanupExportsResponse:
        """Removes what has expired; a tenant admin cleans their tenant alone."""
        identity = current_identity()
        tenant_id = None
        if identity.service != OWN_SERVICE:
            identity = require_role(Role.OPERATOR, Role.TENANT_ADMIN)
            tenant_id = None if identity.has_role(Role.OPERATOR) else identity.tenant_id
        cleaned = await self.cleanup.run(
            batch_size=request.batch_size or BATCH,
            max_batches=request.max_batches or None,
            tenant_id=tenant_id,
        )
        return messages.CleanupExportsResponse(
            deleted_files=cleaned.files,
            deleted_records=cleaned.records,
            freed_bytes=cleaned.freed_bytes,
            deleted_orphans=cleaned.orphans,
        )

    async def GetTenantSettings(
        self, request: messages.GetTenantSettingsRequest, context: Any
    ) -> messages.TenantSettings:
        """Quota and retention of a tenant, for its admins and operators."""
        tenant_id = UUID(request.tenant_id)
        identity = require_role(Role.OPERATOR, Role.TENANT_ADMIN)
        if not identity.has_role(Role.OPERATOR) and identity.tenant_id != tenant_id:
            raise PermissionDenied
        return _message(tenant_id, await self.tenants.get(_as_operator(tenant_id)))

    async def UpdateTenantSettings(
        self, request: messages.UpdateTenantSettingsRequest, context: Any
    ) -> messages.TenantSettings:
        """Sets quota and retention of a tenant; operators only, for it is what the tenant is given."""
        require_role(Role.OPERATOR)
        tenant_id = _uuid(request.settings.tenant_id, "settings.tenant_id")
        retention = None
        if request.settings.HasField("retention"):
            retention = request.settings.retention.ToTimedelta()
            if retention < timedelta(minutes=1):
                raise InvalidArgument(
                    fields=[FieldError("settings.retention", "must be at least a minute, or absent")]
                )
        settings = TenantSettings(request.settings.quota_bytes or None, retention)
        await self.tenants.put(_as_operator(tenant_id), settings)
        return _message(tenant_id, settings)

    async def ForgetDocuments(
        self, request: messages.ForgetDocumentsRequest, context: Any
    ) -> messages.ForgetDocumentsResponse:
        """Lets exports follow deleted documents."""
        require_service(GENERATION)
        forgotten = await self.erasure.forget_documents(
            UUID(request.tenant_id),
            [UUID(each) for each in request.document_ids],
            delete_files=request.delete_files,
        )
        return messages.ForgetDocumentsResponse(
            cancelled_exports=forgotten.cancelled, deleted_files=forgotten.files
        )

    async def EraseOwner(
        self, request: messages.EraseOwnerRequest, context: Any
    ) -> messages.EraseOwnerResponse:
        """Removes everything of an owner."""
        require_service(GENERATION)
        user_id = _uuid(request.user_id, "user_id") if request.user_id else None
        erased = await self.erasure.erase(UUID(request.tenant_id), user_id)
        return messages.EraseOwnerResponse(deleted_records=erased.records, deleted_files=erased.files)

    async def AuditStorage(
        self, request: messages.AuditStorageRequest, context: Any
    ) -> messages.AuditStorageResponse:
        """Compares database and store, and mends them when asked."""
        _require_operator()
        report = await self.audit.run(repair=request.repair, read_bytes=not request.skip_content)
        return messages.AuditStorageResponse(
            records_checked=report.records,
            objects_checked=report.objects,
            findings=[
                messages.StorageFinding(
                    code=each.code, subject=each.name, message=each.message, repaired=each.repaired
                )
                for each in report.findings[:MOST_FINDINGS]
            ],
            findings_left_out=max(0, len(report.findings) - MOST_FINDINGS),
        )

    async def DiagnoseStorage(
        self, request: messages.DiagnoseStorageRequest, context: Any
    ) -> messages.DiagnoseStorageResponse:
        """Tries the store as a client would."""
        _require_operator()
        checks = await self.doctor.run()
        return messages.DiagnoseStorageResponse(
            healthy=all(each.passed or each.optional for each in checks),
            checks=[
                messages.StorageCheck(
                    name=each.name, passed=each.passed, advice=each.advice, optional=each.optional
                )
                for each in checks
            ],
        )


def _require_operator() -> None:
    if current_identity().service != OWN_SERVICE:
        require_role(Role.OPERATOR)


def _as_operator(tenant_id: UUID) -> Identity:
    return Identity(tenant_id)


def _message(tenant_id: UUID, settings: TenantSettings) -> messages.TenantSettings:
    message = messages.TenantSettings(tenant_id=str(tenant_id), quota_bytes=settings.quota_bytes or 0)
    if settings.retention is not None:
        message.retention.FromTimedelta(settings.retention)
    return message


def _uuid(value: str, field: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidArgument(fields=[FieldError(field, "must be a UUID")]) from error
