"""Server-sent events from a stream of messages."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass

from fastapi.responses import StreamingResponse
from google.protobuf.message import Message

from gateway.protojson import to_json
from gateway.streams import hang_up
from services.runtime.errors import VitaeError

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection."""


@dataclass(frozen=True)
class Events:
    """A stream of messages as events of one name."""

    name: str
    messages: AsyncIterable[Message]

    def response(self) -> StreamingResponse:
        """The response; it ends when the stream does. A failure becomes a last event named "error"."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._text(), media_type="text/event-stream", headers=headers)

    async def _text(self) -> AsyncIterator[str]:
        messages = aiter(self.messages)
        coming = asyncio.ensure_future(anext(messages, None))
        try:
            while True:
                done, _ = await asyncio.wait({coming}, timeout=HEARTBEAT)
                if not done:
                    yield ": still there\n\n"
                    continue
                message = coming.result()
                if message is None:
                    return
                yield _event(self.name, to_json(message))
                coming = asyncio.ensure_future(anext(messages, None))
        except VitaeError as error:
            yield _event("error", {"code": error.reason, "detail": error.message})
        finally:
            coming.cancel()
            with contextlib.suppress(asyncio.CancelledError, VitaeError):
                await coming
            hang_up(self.messages)


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
