"""Fetching an address as any client would, without our credentials. Blocking: for a thread."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

TIMEOUT = 10.0
MOST_BYTES = 1024 * 1024


class Unreachable(Exception):
    """Nobody answers under the address."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    def header(self, name: str) -> str:
        """A header by its lower-case name; empty without it."""
        return self.headers.get(name, "")


class _Stay(HTTPRedirectHandler):
    """Redirects are answers: a store that redirects was asked at the wrong address."""

    def redirect_request(self, *_: object) -> None:
        """Follows none."""


def fetch(url: str, *, origin: str = "", timeout: float = TIMEOUT) -> Answer:
    """GETs an http or https address; of a long body the beginning. Raises Unreachable."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise Unreachable("it is not an http or https address")
    request = Request(url, headers={"Origin": origin} if origin else {})  # noqa: S310 - the scheme was checked
    try:
        with build_opener(_Stay).open(request, timeout=timeout) as response:
            return Answer(response.status, _lower(response.headers), response.read(MOST_BYTES))
    except HTTPError as error:
        with error:
            return Answer(error.code, _lower(error.headers), error.read(MOST_BYTES))
    except (URLError, HTTPException, OSError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise Unreachable(getattr(reason, "strerror", None) or str(reason)) from error


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
