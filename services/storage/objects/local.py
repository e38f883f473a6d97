"""Objects as plain files of one folder: the embedded default (SPEC S3).

    root/.vitae-store         says that this is a store and that it is mounted
    root/.staging/            files being written; cleared of what a crash left when the store opens
    root/objects/<key>        the bytes
    root/about/<key>.json     content type and hash; tied to the bytes by their time of change, and only a convenience

A file is written aside and then linked or renamed into place, so that it appears whole or not at all, and both it and
its name are on the disk when a put returns. Several replicas may share the folder.
"""

import asyncio
import errno
import hashlib
import json
import mimetypes
import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from services.runtime.errors import InvalidArgument
from services.runtime.logs import get_logger
from services.storage.links import LinkSigner
from services.storage.objects import base
from services.storage.objects.base import CHUNK, LinkHolder, ObjectEntry, ObjectStat, StagedFile
from services.storage.objects.keys import checked_key, checked_prefix

T = TypeVar("T")

_MARKER = ".vitae-store"
_STALE = 24 * 3600.0
"""Seconds after which a file in the staging folder is a crash's leftover."""

_READ = 4 * CHUNK
"""Bytes read in one turn of a thread."""

_LISTED = 500
"""Entries listed in one turn of a thread."""

_ROOM = "the disk is full: make room on the volume of VITAE_STORAGE_OBJECTS_FOLDER"
_RIGHTS = "the folder cannot be written: give this process's user the files of VITAE_STORAGE_OBJECTS_FOLDER"
_ADVICE = {
    errno.ENOENT: "mount the volume that holds the files, or correct VITAE_STORAGE_OBJECTS_FOLDER",
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: "the volume of VITAE_STORAGE_OBJECTS_FOLDER is mounted read-only",
    errno.EIO: "the disk of VITAE_STORAGE_OBJECTS_FOLDER has errors: replace it, then run the audit",
}
"""What operators can do about a failed file operation."""


@dataclass(frozen=True)
class _About:
    content_type: str
    sha256: str


class LocalStore:
    """An ObjectStore over a folder. Files are 0600, folders 0700."""

    def __init__(self, root: Path, *, links: LinkSigner, threads: int = 4) -> None:
        self._root = root
        self._objects = root / "objects"
        self._abouts = root / "about"
        self._staging = root / ".staging"
        self._links = links
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="objects")
        self._log = get_logger(__name__).bind(folder=str(root))

    @classmethod
    def open(cls, root: Path, *, links: LinkSigner, threads: int = 4, create: bool = True) -> "LocalStore":
        """The store in `root`, made when absent. OSError when the folder cannot be had or written.

        With `create=False` a store that is not there is unavailable until it is, as when its volume is not mounted.
        """
        store = cls(root.resolve(), links=links, threads=threads)
        if create or (store._root / _MARKER).exists():
            store._prepare()
        else:
            store._log.error("the folder of objects is not there", advice=_ADVICE[errno.ENOENT])
        return store

    async def put(self, key: str, file: StagedFile, *, content_type: str, exclusive: bool = False) -> None:
        checked_key(key)
        await self._run(lambda: self._put(key, file, content_type, exclusive=exclusive))

    async def get(self, key: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        checked_key(key)
        source = await self._run(lambda: self._opened(key, offset))
        try:
            left = length
            while left is None or left > 0:
                wanted = _READ if left is None else min(_READ, left)
                block = await self._run(lambda size=wanted: source.read(size))  # type: ignore[misc]
                if not block:
                    return
                if left is not None:
                    left -= len(block)
                for start in range(0, len(block), CHUNK):
                    yield block[start : start + CHUNK]
        finally:
            source.close()

    async def stat(self, key: str) -> ObjectStat | None:
        checked_key(key)
        return await self._run(lambda: self._stat(key))

    async def delete(self, key: str) -> bool:
        checked_key(key)
        return await self._run(lambda: self._delete(key))

    async def list(self, prefix: str, *, after: str = "") -> AsyncIterator[ObjectEntry]:
        checked_prefix(prefix)
        entries = self._walk(prefix, after)
        while batch := await self._run(lambda: list(islice(entries, _LISTED))):
            for entry in batch:
                yield entry

    async def link(
        self, key: str, *, expires_at: datetime, filename: str, content_type: str, holder: LinkHolder
    ) -> str:
        del key, content_type  # both are read from the export's record when the link is followed
        return self._links.url(holder, filename=filename, expires_at=expires_at)

    async def check(self) -> None:
        await self._run(self._check)

    async def drop_unfinished(self, before: datetime) -> int:
        return await self._run(lambda: self._drop_staged(before.timestamp()))

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except OSError as error:
            advice = _ADVICE.get(error.errno or 0, "")
            self._log.error("the folder of objects does not serve", problem=error.strerror, advice=advice)
            raise base.unavailable(advice) from error

    def _prepare(self) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self._objects, self._abouts, self._staging):
            folder.mkdir(mode=0o700, exist_ok=True)
        (self._root / _MARKER).touch(mode=0o600)
        self._check()
        self._drop_staged(time.time() - _STALE)

    def _drop_staged(self, before: float) -> int:
        dropped = 0
        for leftover in self._staging.iterdir():
            try:
                if leftover.stat().st_mtime < before:
                    leftover.unlink()
                    dropped += 1
            except FileNotFoundError:  # another replica's, finished or dropped meanwhile
                continue
        return dropped

    def _check(self) -> None:
        (self._root / _MARKER).stat()  # an unmounted folder looks like an empty one
        probe = self._staging / f"check-{uuid.uuid4().hex}"
        probe.touch(mode=0o600)
        probe.unlink()

    def _put(self, key: str, file: StagedFile, content_type: str, *, exclusive: bool) -> None:
        (self._root / _MARKER).stat()
        target, aside = self._objects / key, self._staging / uuid.uuid4().hex
        try:
            with _written(aside, file.file) as descriptor:
                if not exclusive:
                    os.fsync(descriptor)  # before it takes the place of bytes that somebody relies on
                changed = self._place(aside, target, self._objects, exclusive=exclusive)
                # Name and bytes of a new file go to the disk together: nobody relies on either before this returns.
                os.fsync(descriptor)
                for folder in changed:
                    _sync_folder(folder)
                about: dict[str, str | int] = {
                    "content_type": content_type,
                    "sha256": file.sha256,
                    "mtime_ns": os.fstat(descriptor).st_mtime_ns,
                }
            self._place(self._note(about), self._abouts / f"{key}.json", self._abouts, exclusive=False)
        except FileExistsError as error:
            raise base.taken(key) from error
        except (IsADirectoryError, NotADirectoryError) as error:
            raise InvalidArgument(
                "A key cannot be the beginning of another one up to a '/'.", reason="INVALID_KEY"
            ) from error
        finally:
            aside.unlink(missing_ok=True)

    def _note(self, about: dict[str, str | int]) -> Path:
        path = self._staging / uuid.uuid4().hex
        try:
            path.touch(mode=0o600)
            path.write_text(json.dumps(about), encoding="utf-8")
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path

    def _place(self, aside: Path, target: Path, top: Path, *, exclusive: bool) -> Sequence[Path]:
        """Moves a written file to its name below `top`; the folders this changed.

        The folder may be removed by a delete in between, so it is made again.
        """
        tries = 3
        while True:
            tries -= 1
            try:
                changed = [target.parent, *_make_folders(target.parent, top)]
                if exclusive:
                    os.link(aside, target)
                else:
                    aside.replace(target)
                return changed
            except FileNotFoundError:
                if not tries:
                    raise

    def _opened(self, key: str, offset: int) -> BinaryIO:
        try:
            source = (self._objects / key).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            (self._root / _MARKER).stat()
            raise base.missing(key) from error
        source.seek(offset)
        return source

    def _stat(self, key: str) -> ObjectStat | None:
        path = self._objects / key
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            (self._root / _MARKER).stat()
            return None
        if not path.is_file():
            return None
        about = self._about(key, found.st_mtime_ns) or _derived(path)
        return ObjectStat(key, found.st_size, about.content_type, about.sha256, _time(found.st_mtime))

    def _about(self, key: str, mtime_ns: int) -> _About | None:
        try:
            noted = json.loads((self._abouts / f"{key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if noted.get("mtime_ns") != mtime_ns:
            return None
        return _About(str(noted["content_type"]), str(noted["sha256"]))

    def _delete(self, key: str) -> bool:
        (self._root / _MARKER).stat()
        existed = True
        try:
            (self._objects / key).unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
            if (self._objects / key).is_file():
                raise
            existed = False
        (self._abouts / f"{key}.json").unlink(missing_ok=True)
        _prune((self._objects / key).parent, self._objects)
        _prune((self._abouts / key).parent, self._abouts)
        return existed

    def _walk(self, prefix: str, after: str) -> Iterator[ObjectEntry]:
        """Entries by key. Sibling names are sorted as S3 sorts keys, a folder as if its name ended in '/'."""
        start, _, _ = prefix.rpartition("/")
        yield from self._below(self._objects / start if start else self._objects, prefix, after)

    def _below(self, folder: Path, prefix: str, after: str) -> Iterator[ObjectEntry]:
        try:
            with os.scandir(folder) as found:
                names = sorted(
                    each.name + "/" if each.is_dir(follow_symlinks=False) else each.name for each in found
                )
        except (FileNotFoundError, NotADirectoryError):
            (self._root / _MARKER).stat()
            return
        for name in names:
            path = folder / name
            key = path.relative_to(self._objects).as_posix() + ("/" if name.endswith("/") else "")
            if name.endswith("/"):
                inside = key.startswith(prefix) or prefix.startswith(key)
                if inside and (after <= key or after.startswith(key)):
                    yield from self._below(path, prefix, after)
            elif key.startswith(prefix) and key > after:
                try:
                    stat = path.stat()
                except FileNotFoundError:
                    continue
                yield ObjectEntry(key, stat.st_size, _time(stat.st_mtime))


def _make_folders(folder: Path, top: Path) -> list[Path]:
    """The folder and those above it up to `top`, each 0700 (Path.mkdir gives its mode to the last one only); those that
    changed. FileNotFoundError without `top`: the store was unmounted, and nothing may be written in its place.
    """
    if folder.is_dir():
        return []
    if folder == top:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(top))
    changed = _make_folders(folder.parent, top)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        if not folder.is_dir():
            raise NotADirectoryError(folder) from error
        return changed
    return [*changed, folder.parent]


@contextmanager
def _written(path: Path, source: BinaryIO) -> Iterator[int]:
    """Copies the file to a new one at `path`; its descriptor."""
    source.seek(0)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        shutil.copyfileobj(source, target, _READ)
        target.flush()
        yield target.fileno()


def _derived(path: Path) -> _About:
    """What the bytes themselves tell, for files that were put here by hand or restored."""
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    return _About(mimetypes.guess_type(path.name)[0] or "application/octet-stream", digest)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prune(folder: Path, top: Path) -> None:
    while folder != top:
        try:
            folder.rmdir()
        except OSError:  # in use, or gone already
            return
        folder = folder.parent


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
