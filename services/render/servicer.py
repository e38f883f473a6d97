"""RenderService: checks in this process, drawing in a child."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from services.render import engine
from services.render.jobs import FileLimits, measure_job, preview_job, render_job
from services.render.supervisor import Supervisor
from services.runtime.auth import current_identity
from services.runtime.errors import FieldError, InvalidArgument
from vitae.render.v1 import render_pb2 as messages
from vitae.render.v1.fidelity_pb2 import FidelityReport
from vitae.render.v1.options_pb2 import FORMAT_PDF
from vitae.render.v1.render_pb2_grpc import RenderServiceServicer

CHUNK = 64 * 1024
"""Bytes of one part of a file; as the contract says."""

_SMALL = 16 * 1024
"""Bytes of a request whose plan is made at once: a few milliseconds, which a thread would only add to."""

PREVIEW_WIDTH = 816
"""Pixels: a letter page at 96 dpi."""


@dataclass(frozen=True)
class RenderServicer(RenderServiceServicer):
    """vitae.render.v1.RenderService."""

    supervisor: Supervisor
    limits: FileLimits

    async def Render(
        self, request: messages.RenderRequest, context: Any
    ) -> AsyncIterator[messages.RenderResponse]:
        """Renders a document: the metadata, then the bytes."""
        current_identity()
        plan = await _plan(request)
        result = await self.supervisor.run(render_job(request.document, plan, limits=self.limits))
        yield messages.RenderResponse(file=result.file)
        for chunk in chunks(result.data):
            yield messages.RenderResponse(chunk=chunk)

    async def PlanExport(self, request: messages.PlanExportRequest, context: Any) -> messages.ExportPlan:
        """Fixes everything that decides the bytes of an export."""
        current_identity()
        return await _plan(request)

    async def PreviewPages(
        self, request: messages.PreviewPagesRequest, context: Any
    ) -> AsyncIterator[messages.PreviewPage]:
        """Draws pages as pictures."""
        current_identity()
        plan = await asyncio.to_thread(
            engine.plan, request.document, FORMAT_PDF, request.template, request.options
        )
        job = preview_job(
            request.document,
            plan,
            width_px=request.width_px or PREVIEW_WIDTH,
            first_page=request.first_page or 1,
            page_limit=request.page_limit or 1,
        )
        for page in await self.supervisor.run(job):
            yield page

    async def MeasureFidelity(
        self, request_iterator: AsyncIterator[messages.MeasureFidelityRequest], context: Any
    ) -> FidelityReport:
        """Reads a file back with every extractor."""
        current_identity()
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("part") != "header":
            raise InvalidArgument(fields=[FieldError("header", "must be the first message")])
        data = bytearray()
        async for each in request_iterator:
            if each.WhichOneof("part") != "chunk":
                raise InvalidArgument(fields=[FieldError("chunk", "must be what follows the header")])
            data += each.chunk
            if len(data) > self.limits.max_bytes:
                raise InvalidArgument(
                    f"The file has more than the {self.limits.max_bytes} bytes allowed.",
                    reason="FILE_TOO_LARGE",
                    fields=[
                        FieldError("chunk", f"all chunks together have at most {self.limits.max_bytes} bytes")
                    ],
                )
        document = first.header.document if first.header.HasField("document") else None
        return await self.supervisor.run(measure_job(bytes(data), first.header.format, document))


async def _plan(request: messages.PlanExportRequest | messages.RenderRequest) -> messages.ExportPlan:
    asked = request.document, request.format, request.template, request.options
    if request.ByteSize() <= _SMALL:
        return engine.plan(*asked)
    return await asyncio.to_thread(engine.plan, *asked)


def chunks(data: bytes) -> list[bytes]:
    """The parts in which a file travels."""
    return [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
