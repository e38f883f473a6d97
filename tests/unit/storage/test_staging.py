"""Files on their way in are complete and what was announced, or an error."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.runtime.errors import InvalidArgument, ResourceExhausted, VitaeError
from services.storage.objects.staging import IN_MEMORY, staged


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 65536):
        yield data[start : start + 65536]


@pytest.mark.parametrize("size", [0, 1, 65536, IN_MEMORY, IN_MEMORY + 1, 3 * IN_MEMORY])
async def test_a_good_file_can_be_read_as_often_as_wanted(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    digest = hashlib.sha256(data).hexdigest()
    async with staged(
        chunks(data), size_bytes=size, sha256=digest.upper(), limit=size, folder=tmp_path
    ) as file:
        assert (file.size_bytes, file.sha256) == (size, digest)
        assert file.file.read() == data
        file.file.seek(0)
        assert file.file.read() == data
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("announced", "limit", "reason", "kind"),
    [
        (11, 100, "SIZE_MISMATCH", InvalidArgument),
        (9, 100, "SIZE_MISMATCH", InvalidArgument),
        (10, 100, "CHECKSUM_MISMATCH", InvalidArgument),
        (10, 9, "FILE_TOO_LARGE", ResourceExhausted),
        (5, 9, "FILE_TOO_LARGE", ResourceExhausted),
    ],
)
async def test_anything_else_is_refused(
    tmp_path: Path, announced: int, limit: int, reason: str, kind: type[VitaeError]
) -> None:
    with pytest.raises(kind) as caught:
        async with staged(
            chunks(b"0123456789"), size_bytes=announced, sha256="0" * 64, limit=limit, folder=tmp_path
        ):
            raise AssertionError("never reached")
    assert caught.value.reason == reason


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield os.urandom(IN_MEMORY + 1)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        async with staged(broken(), size_bytes=2**30, sha256="0" * 64, limit=2**30, folder=tmp_path):
            raise AssertionError("never reached")
    assert names_in(tmp_path) == []
