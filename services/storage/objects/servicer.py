"""The objects API beside exports: not offered yet, and it says so."""

from collections.abc import AsyncIterator
from typing import Any

from services.runtime.auth import require_user
from services.runtime.errors import Unimplemented
from vitae.storage.v1 import exports_pb2, objects_pb2
from vitae.storage.v1.objects_pb2_grpc import ObjectServiceServicer


class ObjectServicer(ObjectServiceServicer):
    """vitae.storage.v1.ObjectService."""

    async def PutObject(
        self, request_iterator: AsyncIterator[objects_pb2.PutObjectRequest], context: Any
    ) -> objects_pb2.Object:
        """Not offered yet."""
        raise _not_yet()

    async def GetObject(
        self, request: objects_pb2.GetObjectRequest, context: Any
    ) -> AsyncIterator[exports_pb2.FileChunk]:
        """Not offered yet."""
        for part in _no_parts():
            yield part

    async def StatObject(self, request: objects_pb2.StatObjectRequest, context: Any) -> objects_pb2.Object:
        """Not offered yet."""
        raise _not_yet()

    async def ListObjects(
        self, request: objects_pb2.ListObjectsRequest, context: Any
    ) -> objects_pb2.ListObjectsResponse:
        """Not offered yet."""
        raise _not_yet()

    async def DeleteObject(self, request: objects_pb2.DeleteObjectRequest, context: Any) -> Any:
        """Not offered yet."""
        raise _not_yet()

    async def PresignObject(
        self, request: objects_pb2.PresignObjectRequest, context: Any
    ) -> exports_pb2.DownloadLink:
        """Not offered yet."""
        raise _not_yet()


def _no_parts() -> list[exports_pb2.FileChunk]:
    raise _not_yet()


def _not_yet() -> Unimplemented:
    require_user()
    return Unimplemented(
        "Objects beside exports are not offered yet; use ExportService for files of documents."
    )
