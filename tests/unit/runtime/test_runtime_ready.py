"""The ready file."""

import os
from pathlib import Path

from services.runtime.ready import ReadyFile, read_ready_file, remove_ready_file, write_ready_file


def test_what_is_written_is_read_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "run" / "storage.json"
    assert read_ready_file(path) is None
    write_ready_file(path, "storage", {"grpc": 1, "ops": 2})
    write_ready_file(path, "storage", {"grpc": 3, "ops": 4})
    assert read_ready_file(path) == ReadyFile("storage", os.getpid(), {"grpc": 3, "ops": 4})
    assert list(path.parent.iterdir()) == [path]
    remove_ready_file(path)
    remove_ready_file(path)
    assert read_ready_file(path) is None
