"""Empty folders for children, swept when their owner is gone."""

import fcntl
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "vitae-render-"
_LOCK = "lock"


@dataclass(frozen=True)
class Workspace:
    """A temporary folder that belongs to this process as long as it holds the lock in it."""

    folder: Path
    lock: int

    @classmethod
    def create(cls, parent: Path | None = None) -> "Workspace":
        """A new one; those whose owners were killed are removed on the way."""
        root = parent or Path(tempfile.gettempdir())
        for each in root.glob(f"{_PREFIX}*"):
            _sweep(each)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "cache").mkdir()
        return cls(folder, lock)

    @property
    def cache(self) -> Path:
        """Shared by the children, for what libraries cache (fontconfig)."""
        return self.folder / "cache"

    def new_folder(self) -> Path:
        """A fresh folder for one child."""
        return Path(tempfile.mkdtemp(prefix="child-", dir=self.folder))

    def remove(self) -> None:
        """Removes everything."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.lock)


def _sweep(folder: Path) -> None:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(lock)
