"""What only the local store has: folders with modes, a marker, files that somebody put there by hand."""

import hashlib
import io
import os
import stat as modes
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.runtime.errors import InvalidArgument, Unavailable
from services.storage.links import LinkSigner
from services.storage.objects.base import StagedFile, advice_of
from services.storage.objects.local import LocalStore
from services.storage.objects.staging import staged

LINKS = LinkSigner(("a secret of download links that is long enough",))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    opened = LocalStore.open(tmp_path / "store", links=LINKS)
    yield opened
    await opened.close()


async def put(store: LocalStore, key: str, data: bytes = b"data") -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield data

    digest = hashlib.sha256(data).hexdigest()
    async with staged(chunks(), size_bytes=len(data), sha256=digest, limit=10**6, folder=None) as file:
        await store.put(key, file, content_type="application/pdf")


async def test_nobody_else_can_read_files_or_folders(store: LocalStore, tmp_path: Path) -> None:
    await put(store, "exports/a/b.pdf")
    for path in [tmp_path / "store", *(tmp_path / "store").rglob("*")]:
        assert modes.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


async def test_an_unmounted_folder_is_unavailable_and_nothing_is_written_below_it(
    store: LocalStore, tmp_path: Path
) -> None:
    await put(store, "exports/a")
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    (tmp_path / "store").mkdir()
    for call in (put(store, "exports/b"), store.stat("exports/a"), store.check(), store.delete("exports/a")):
        with pytest.raises(Unavailable):
            await call
    assert list((tmp_path / "store").iterdir()) == []


class Unmounting(io.BytesIO):
    """A file at whose reading the store goes away."""

    def __init__(self, root: Path) -> None:
        super().__init__(b"data")
        self.root = root

    def read(self, size: int | None = -1, /) -> bytes:
        if self.root.exists():
            self.root.rename(self.root.with_suffix(".away"))
        return super().read(size)


async def test_a_folder_unmounted_during_a_put_is_not_written_below_either(
    store: LocalStore, tmp_path: Path
) -> None:
    root = tmp_path / "store"
    with pytest.raises(Unavailable) as caught:
        await store.put("exports/a", StagedFile(Unmounting(root), 4, "0" * 64), content_type="a/b")
    assert "VITAE_STORAGE_OBJECTS_FOLDER" in advice_of(caught.value)
    assert not root.exists()
    root.with_suffix(".away").rename(root)
    assert await store.stat("exports/a") is None


async def test_a_file_put_there_by_hand_is_described_by_its_bytes(store: LocalStore, tmp_path: Path) -> None:
    await put(store, "exports/a.pdf", b"first")
    (tmp_path / "store/objects/exports/a.pdf").write_bytes(b"changed")
    found = await store.stat("exports/a.pdf")
    assert found is not None
    assert (found.sha256, found.size_bytes) == (hashlib.sha256(b"changed").hexdigest(), 7)
    assert found.content_type == "application/pdf"


async def test_a_key_cannot_be_a_folder_and_an_object(store: LocalStore) -> None:
    await put(store, "exports/a")
    with pytest.raises(InvalidArgument):
        await put(store, "exports/a/b")
    await put(store, "exports/c/d")
    with pytest.raises(InvalidArgument):
        await put(store, "exports/c")
    assert await store.stat("exports/c") is None
    assert not await store.delete("exports/c")


async def test_deleting_takes_empty_folders_along(store: LocalStore, tmp_path: Path) -> None:
    await put(store, "exports/t/u/one")
    await store.delete("exports/t/u/one")
    assert list((tmp_path / "store/objects").iterdir()) == []
    assert list((tmp_path / "store/about").iterdir()) == []


async def test_what_a_crash_left_half_written_is_cleared_when_old(tmp_path: Path) -> None:
    store = LocalStore.open(tmp_path, links=LINKS)
    await store.close()
    old, young = tmp_path / ".staging/old", tmp_path / ".staging/young"
    for leftover in (old, young):
        leftover.touch()
    os.utime(old, (0, 0))
    again = LocalStore.open(tmp_path, links=LINKS)
    await again.close()
    assert (old.exists(), young.exists()) == (False, True)


async def test_reading_and_writing_stay_off_the_event_loop(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[str] = set()
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        threads.add(threading.current_thread().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    await put(store, "exports/a")
    assert threads
    assert threading.main_thread().name not in threads
