"""Bytes on their way in: received, counted and hashed before any store sees them.

Small files stay in memory, larger ones go to an unnamed temporary file: a broken upload leaves nothing.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, cast

from services.runtime.errors import FieldError, InvalidArgument, ResourceExhausted
from services.storage.objects.base import StagedFile, unavailable

IN_MEMORY = 1024 * 1024
"""Bytes up to which a file is staged in memory; an export is 50 to 500 KB (SPEC, time budgets)."""

_NO_ROOM = (
    "files cannot be received ({}): make room in VITAE_STORAGE_STAGING_FOLDER, or in the temporary folder"
)


@asynccontextmanager
async def staged(
    chunks: AsyncIterable[bytes], *, size_bytes: int, sha256: str, limit: int, folder: Path | None
) -> AsyncIterator[StagedFile]:
    """Receives a file that is said to have this size and hash, of at most `limit` bytes; gone when the block ends.

    `folder` holds files larger than IN_MEMORY meanwhile; the system's temporary folder when None. Raises
    ResourceExhausted (FILE_TOO_LARGE), InvalidArgument (SIZE_MISMATCH, CHECKSUM_MISMATCH), Unavailable
    (STORE_UNAVAILABLE) when there is no room for it in the folder.
    """
    if size_bytes > limit:
        raise too_large(limit)
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder) if folder else None) as spool:
        digest = hashlib.sha256()
        received = 0
        async for chunk in chunks:
            received += len(chunk)
            if received > size_bytes:
                raise too_large(limit) if received > limit else _wrong_size(size_bytes)
            digest.update(chunk)
            if received > IN_MEMORY:
                try:
                    await asyncio.to_thread(spool.write, chunk)
                except OSError as error:
                    raise unavailable(_NO_ROOM.format(error.strerror)) from error
            else:
                spool.write(chunk)
        if received != size_bytes:
            raise _wrong_size(size_bytes)
        if digest.hexdigest() != sha256.lower():
            raise InvalidArgument(
                "The bytes do not have the SHA-256 that was announced; send them again.",
                reason="CHECKSUM_MISMATCH",
                fields=[FieldError("sha256", "differs from the hash of the bytes received")],
            )
        spool.seek(0)
        yield StagedFile(cast("BinaryIO", spool), received, digest.hexdigest())


def too_large(limit: int) -> ResourceExhausted:
    """The error for a file above the limit of bytes."""
    return ResourceExhausted(
        f"The file is larger than the {limit} bytes allowed.",
        reason="FILE_TOO_LARGE",
        metadata={"limit": str(limit)},
    )


def _wrong_size(announced: int) -> InvalidArgument:
    return InvalidArgument(
        f"The file was announced with {announced} bytes and has another size; send it again.",
        reason="SIZE_MISMATCH",
        fields=[FieldError("size_bytes", "differs from the number of bytes received")],
    )
