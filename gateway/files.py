"""Files streamed from a service to an HTTP client, chunk by chunk, none held whole."""

import re
from collections.abc import AsyncIterable, AsyncIterator
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from gateway.streams import hang_up
from services.runtime.errors import Internal
from vitae.generation.v1 import person_data_pb2
from vitae.storage.v1 import exports_pb2

_Part = exports_pb2.FileChunk | person_data_pb2.ExportPersonDataResponse


async def streamed(chunks: AsyncIterable[exports_pb2.FileChunk]) -> StreamingResponse:
    """The response for a file stream. Its first part is read here, so that errors still get their own status."""
    parts = aiter(chunks)
    first = await anext(parts, None)
    if first is None or first.WhichOneof("part") != "header":
        raise Internal
    header = first.header
    headers = {"Content-Disposition": disposition(header.filename), "Cache-Control": "private, no-store"}
    if header.size_bytes:
        headers["Content-Length"] = str(header.size_bytes)
    if header.sha256:
        headers["ETag"] = f'"{header.sha256}"'
    return StreamingResponse(_bytes(parts, chunks), media_type=header.content_type, headers=headers)


async def archive(
    chunks: AsyncIterable[person_data_pb2.ExportPersonDataResponse], filename: str
) -> StreamingResponse:
    """The response for a ZIP that is written while it is sent. Its first part is read here, as above."""
    parts = aiter(chunks)
    first = await anext(parts, None)
    if first is None:
        raise Internal
    headers = {"Content-Disposition": disposition(filename), "Cache-Control": "private, no-store"}
    return StreamingResponse(
        _bytes(parts, chunks, first.chunk), media_type="application/zip", headers=headers
    )


def disposition(filename: str) -> str:
    """Content-Disposition of a download: an ASCII name for old clients, the real one per RFC 6266."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


async def _bytes(parts: AsyncIterator[_Part], call: object, first: bytes = b"") -> AsyncIterator[bytes]:
    try:
        if first:
            yield first
        async for part in parts:
            yield part.chunk
    finally:
        hang_up(call)
