"""Published key sets (JWKS), fetched over https or read from a file, and kept.

    keys = KeySet.at("https://provider/jwks.json", usable=parse)
    key = await keys.find(kid)      # None when the set has no such key; Unavailable when it cannot be had at all

A set is read again after FRESH seconds, and when a token names an unknown key, but never more often than
every PAUSE seconds: a flood of made-up kids must not become a flood of requests. When a new read fails the
old keys serve on for STALE seconds.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from services.runtime.config import ConfigError
from services.runtime.errors import Unavailable
from services.runtime.logs import get_logger

FRESH = 600.0
STALE = 86_400.0
PAUSE = 15.0
FETCH_TIMEOUT = 5.0
SIZE_LIMIT = 2**20
"""Bytes; the largest provider's sets are a few KiB."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

Usable = Callable[[Mapping[str, Any]], Any | None]
"""From an entry of the set to a key, or None when the entry is not one for us."""


class KeySet:
    """The keys published at one place, by kid."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        usable: Usable,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._usable = usable
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._read_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    @classmethod
    def at(cls, location: str, *, usable: Usable) -> Self:
        """A set at an https address (http only on this machine) or a file path. ConfigError for another address."""
        parts = urlsplit(location)
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            return cls(lambda: _download(location), usable)
        if parts.scheme in ("", "file"):
            path = Path(parts.path if parts.scheme else location)
            return cls(lambda: asyncio.to_thread(path.read_bytes), usable)
        raise ConfigError(["VITAE_IDENTITY_JWKS: give an https address or a file path"])

    async def find(self, kid: str) -> Any | None:
        """The key of this kid. Raises Unavailable when no usable set could be read."""
        # While one caller reads, those whose key is known go on with it; the others wait for what is read.
        if self._due(kid) and not (kid in self._keys and self._lock.locked()):
            async with self._lock:
                if self._due(kid):
                    await self._read()
        if self._clock() - self._read_at > STALE:
            raise Unavailable("Tokens cannot be checked at the moment; try again.", reason="KEYS_UNAVAILABLE")
        return self._keys.get(kid)

    def _due(self, kid: str) -> bool:
        now = self._clock()
        wanted = kid not in self._keys or now - self._read_at > FRESH
        return wanted and now - self._tried_at > PAUSE

    async def _read(self) -> None:
        try:
            entries = json.loads(await self._fetch())["keys"]
            named = {each["kid"]: self._usable(each) for each in entries if isinstance(each.get("kid"), str)}
        except (OSError, httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            get_logger(__name__).warning("key_set_unreadable", error=f"{type(error).__name__}: {error}")
        else:
            self._keys = {kid: key for kid, key in named.items() if key is not None}
            self._read_at = self._clock()
        finally:
            self._tried_at = self._clock()


async def _download(address: str) -> bytes:
    """The body at `address`. Redirects are not followed: the configured address is the one trusted."""
    async with (
        httpx.AsyncClient(timeout=FETCH_TIMEOUT, trust_env=True) as client,
        client.stream("GET", address) as response,
    ):
        response.raise_for_status()
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > SIZE_LIMIT:
                raise ValueError(f"the key set is larger than {SIZE_LIMIT} bytes")
    return body
