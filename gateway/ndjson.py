"""A stream of messages as lines of JSON (application/x-ndjson), for answers too long to be held whole."""

import json
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse
from google.protobuf.message import Message

from gateway.protojson import PROTO_MARK, to_json
from gateway.streams import hang_up

CONTENT_TYPE = "application/x-ndjson"

_TOGETHER = 100
"""Lines sent at once: sending costs more than writing a line."""


def documented(message: type[Message], description: str) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that answers a line for each such message."""
    schema = {PROTO_MARK: message.DESCRIPTOR.full_name}
    return {200: {"content": {CONTENT_TYPE: {"schema": schema}}, "description": description}}


async def lines(messages: AsyncIterable[Message]) -> StreamingResponse:
    """The response: a line for each message. The first is read here, so that errors still get their own status.

    A stream that fails later ends the connection before the answer's end, so no client takes a part for the whole.
    """
    coming = aiter(messages)
    first = await anext(coming, None)
    return StreamingResponse(
        _text(first, coming, messages),
        media_type=CONTENT_TYPE,
        headers={"Cache-Control": "private, no-store"},
    )


async def _text(first: Message | None, coming: AsyncIterator[Message], call: object) -> AsyncIterator[str]:
    held = [] if first is None else [_line(first)]
    try:
        async for message in coming:
            if len(held) == _TOGETHER:
                yield "".join(held)
                held.clear()
            held.append(_line(message))
        if held:
            yield "".join(held)
    finally:
        hang_up(call)


def _line(message: Message) -> str:
    return f"{json.dumps(to_json(message), ensure_ascii=False)}\n"
