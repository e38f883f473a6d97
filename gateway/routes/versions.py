"""The versions of a document: listed, read, restored, compared. Resumes and cover letters have them alike."""

from typing import Annotated

from fastapi import APIRouter, Query

from gateway.dependencies import Backend, IfMatch, PageSize, PageToken, VersionNumber
from gateway.protojson import ProtoJson
from vitae.generation.v1 import documents_pb2

Version = Annotated[documents_pb2.DocumentVersion, ProtoJson()]

_LATEST = 2**31 - 1


def add_versions(router: APIRouter, what: str) -> None:
    """Adds the routes below /{id} of the documents `router` serves, which the documentation calls `what`."""

    @router.get("/{id}/versions", summary=f"List the versions of {what}, newest first")
    async def versions(
        backend: Backend, id: str, page_size: PageSize = 0, page_token: PageToken = ""
    ) -> Annotated[documents_pb2.ListDocumentVersionsResponse, ProtoJson()]:
        """The versions without their contents."""
        request = documents_pb2.ListDocumentVersionsRequest(
            document_id=id, page_size=page_size, page_token=page_token
        )
        return await backend.documents.ListDocumentVersions(request)

    @router.get("/{id}/versions/{version}", summary=f"Get one version of {what}")
    async def version(backend: Backend, id: str, version: VersionNumber) -> Version:
        """One version with its content."""
        request = documents_pb2.GetDocumentVersionRequest(document_id=id, version=version)
        return await backend.documents.GetDocumentVersion(request)

    @router.post("/{id}/versions/{version}/restore", summary=f"Go back to an old version of {what}")
    async def restore(backend: Backend, id: str, version: VersionNumber, if_match: IfMatch) -> Version:
        """Makes a new version with the content of an old one."""
        request = documents_pb2.RestoreDocumentVersionRequest(document_id=id, version=version, etag=if_match)
        return await backend.documents.RestoreDocumentVersion(request)

    @router.get("/{id}/diff", summary=f"Say how two versions of {what} differ")
    async def diff(
        backend: Backend,
        id: str,
        base: Annotated[int, Query(ge=1, le=_LATEST, description="The older version.")],
        version: Annotated[
            int, Query(ge=0, le=_LATEST, description="The newer version; the head when 0.")
        ] = 0,
    ) -> Annotated[documents_pb2.DocumentDiff, ProtoJson()]:
        """The differences in words."""
        request = documents_pb2.DiffDocumentVersionsRequest(
            document_id=id, base_version=base, version=version
        )
        return await backend.documents.DiffDocumentVersions(request)
