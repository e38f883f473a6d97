"""Serves people's rights over their data."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from services.generation.persons.archive import Archive
from services.generation.persons.erasure import Erasure
from services.generation.tables import optional_id
from services.runtime.auth import Role, require_user
from services.runtime.errors import PermissionDenied
from vitae.generation.v1 import person_data_pb2, person_data_pb2_grpc


class PersonDataServicer(person_data_pb2_grpc.PersonDataServiceServicer):
    """Everything held about a person: taken along or erased."""

    def __init__(self, archive: Archive, erasure: Erasure) -> None:
        self._archive = archive
        self._erasure = erasure

    async def ExportPersonData(
        self, request: person_data_pb2.ExportPersonDataRequest, context: Any
    ) -> AsyncIterator[person_data_pb2.ExportPersonDataResponse]:
        """Everything held about the caller as one ZIP archive."""
        async with aclosing(self._archive.chunks(require_user())) as chunks:
            async for chunk in chunks:
                yield person_data_pb2.ExportPersonDataResponse(chunk=chunk)

    async def ErasePersonData(
        self, request: person_data_pb2.ErasePersonDataRequest, context: Any
    ) -> person_data_pb2.ErasureReport:
        """Erases the caller, or for a tenant admin a user of the tenant."""
        identity = require_user()
        user_id = optional_id(request.user_id, "user_id") or identity.user
        if user_id != identity.user and not identity.has_role(Role.TENANT_ADMIN):
            raise PermissionDenied(reason="ROLE_REQUIRED")
        if request.validate_only:
            return await self._erasure.preview(identity, user_id)
        return await self._erasure.erase(identity, user_id)
