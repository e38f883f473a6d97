"""JSON bodies, read strictly: what two readers could understand differently is refused, with the place.

    value = parse(data)                  JSON values; InvalidArgument (BODY_NOT_JSON) says what is wrong and where
    APIRouter(route_class=StrictRoute)   routes whose bodies are read so

Refused besides what is no JSON: other encodings than UTF-8 (RFC 8259 section 8.1), names that stand twice in one object
(section 4 leaves their meaning open), NaN and Infinity, whole numbers of absurd length, absurd nesting.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute

from services.runtime.errors import InvalidArgument

JSON = "application/json"


class StrictRoute(APIRoute):
    """A route that reads its body with `parse`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, given a request that reads strictly."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict


class _StrictRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse(await self.body())
        return self._json


def parse(data: bytes) -> Any:
    """The values of a JSON text. Raises InvalidArgument with reason BODY_NOT_JSON."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(f"it is not UTF-8 at byte {error.start}") from error
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise _refused(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise _refused("it is nested too deeply") from error
    except ValueError as error:  # int() bounds the digits it reads
        raise _refused("it holds a number with too many digits") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _refused(f"an object has the name {printable(twice)!r} twice")
    return found


def _constant(name: str) -> NoReturn:
    raise _refused(f"{name} is not a JSON number")


def printable(text: str) -> str:
    """Client text fit to be quoted in an answer: bounded, and without the half characters JSON can escape."""
    return text[:100].encode("utf-8", errors="replace").decode()


def unsafe(text: str) -> str:
    """What is wrong with a text that no UTF-8 (lone surrogates) or no PostgreSQL text (NUL) can hold; "" if nothing."""
    if "\0" in text:
        return "must not hold the character U+0000"
    if text.isascii():
        return ""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"must not hold half a character (U+{ord(text[error.start]):04X})"
    return ""


def _refused(why: str) -> InvalidArgument:
    return InvalidArgument(f"The body is not JSON that can be read: {why}.", reason="BODY_NOT_JSON")
