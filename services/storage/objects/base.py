"""The seam between exports and the place their bytes live (SPEC S1 to S4).

    async with staged(chunks, size_bytes=..., sha256=..., limit=..., folder=...) as file:    # staging.py: checked first
        await store.put(key, file, content_type="application/pdf", exclusive=True)
    stat = await store.stat(key)                       # None when there is no such object
    async for chunk in store.get(key, offset=0, length=None): ...
    url = await store.link(key, ...)                   # for a GET without further credentials
    async for entry in store.list("exports/"): ...
    await store.delete(key)                            # False when there was none
    await store.check()                                # STORE_UNAVAILABLE unless it serves

An object appears whole or not at all. Errors: NotFound, AlreadyExists (an exclusive put), InvalidArgument (keys), and
Unavailable with the reason STORE_UNAVAILABLE whenever trying again later may help.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol
from uuid import UUID

from services.runtime.errors import AlreadyExists, NotFound, Unavailable

STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
"""Reason of every error that says the store cannot serve just now."""


@dataclass(frozen=True)
class StagedFile:
    """A complete file whose size and hash were checked."""

    file: BinaryIO
    size_bytes: int
    sha256: str
    """Hexadecimal."""


@dataclass(frozen=True)
class ObjectStat:
    """What a store knows of one object."""

    key: str
    size_bytes: int
    content_type: str
    sha256: str
    """Hexadecimal; empty when the object was put by something else."""
    stored_at: datetime
    encryption: str = ""
    """How the store says it encrypts the object ("AES256", "aws:kms"); empty when it says nothing."""


@dataclass(frozen=True)
class ObjectEntry:
    """One object of a listing."""

    key: str
    size_bytes: int
    stored_at: datetime


@dataclass(frozen=True)
class LinkHolder:
    """What a link is for; the local store signs it into its links, so that a link dies with its record."""

    tenant_id: UUID
    user_id: UUID
    id: UUID
    """Of the export or object."""


class ObjectStore(Protocol):
    """Keeps bytes under keys (keys.py). Safe for any number of calls at once; none blocks the event loop."""

    async def put(self, key: str, file: StagedFile, *, content_type: str, exclusive: bool = False) -> None:
        """Stores a checked file. With `exclusive`, AlreadyExists when the key is taken, and nothing changes."""

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The object's bytes from `offset`, at most `length`, in chunks of at most CHUNK bytes.

        NotFound when there is none.
        """

    async def stat(self, key: str) -> ObjectStat | None:
        """What is known of the object, None when there is none."""

    async def delete(self, key: str) -> bool:
        """Removes the object; False when there was none."""

    def list(self, prefix: str, *, after: str = "") -> AsyncIterator[ObjectEntry]:
        """Every object whose key starts with `prefix` and sorts after `after`, by key."""

    async def link(
        self, key: str, *, expires_at: datetime, filename: str, content_type: str, holder: LinkHolder
    ) -> str:
        """An address that gives the object to anyone until `expires_at`, as an attachment of that name and type."""

    async def check(self) -> None:
        """Returns when the store serves; whether it has room shows when something is put."""

    async def drop_unfinished(self, before: datetime) -> int:
        """Removes what uploads begun before then and never finished have left; how many. None of it was an object."""

    async def close(self) -> None:
        """Lets go of threads and connections."""


CHUNK = 64 * 1024
"""Bytes of a chunk at most: the size files travel in over gRPC."""


async def exists(store: ObjectStore, key: str) -> bool:
    """Whether there is an object under the key."""
    return await store.stat(key) is not None


def unavailable(advice: str = "") -> Unavailable:
    """The error of a store that cannot serve just now. The advice is for operators: a note that no client sees."""
    error = Unavailable(
        "The file store is not available at the moment; try again.",
        reason=STORE_UNAVAILABLE,
        retry_after=5.0,
    )
    if advice:
        error.add_note(advice)
    return error


def advice_of(error: BaseException) -> str:
    """What an error tells operators to do; empty when it knows nothing better than its message."""
    return "; ".join(getattr(error, "__notes__", ()))


def is_unavailable(error: BaseException) -> bool:
    """Whether an error says that the store cannot serve just now."""
    return isinstance(error, Unavailable) and error.reason == STORE_UNAVAILABLE


def missing(key: str) -> NotFound:
    """The error for an object that is not there; the key is for logs, not for clients."""
    error = NotFound("The file is not there any more.", reason="OBJECT_NOT_FOUND")
    error.add_note(f"object key: {key}")
    return error


def taken(key: str) -> AlreadyExists:
    """The error of an exclusive put to a key that is in use."""
    error = AlreadyExists("There is a file under this key already.", reason="OBJECT_EXISTS")
    error.add_note(f"object key: {key}")
    return error
