"""What the caller keeps and may keep."""

from typing import Annotated

from fastapi import APIRouter

from gateway.bodies import StrictRoute
from gateway.dependencies import Backend
from gateway.identity.bearer import SIGNED_IN
from gateway.protojson import ProtoJson
from vitae.storage.v1 import usage_pb2

router = APIRouter(prefix="/api/v1/usage", tags=["usage"], dependencies=SIGNED_IN, route_class=StrictRoute)


@router.get("", summary="Get the caller's usage against the quota")
async def get(backend: Backend) -> Annotated[usage_pb2.Usage, ProtoJson()]:
    """Bytes and files, exports by format, template and status, downloads."""
    return await backend.usage.GetUsage(usage_pb2.GetUsageRequest())
