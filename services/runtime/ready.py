"""The ready file: how a launcher learns that a process is ready, and on which ports.

write_ready_file(path, "storage", {"grpc": 50051, "ops": 9090})
read_ready_file(path) -> ReadyFile | None      None until the process is ready
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ReadyFile:
    """A ready process: its name, process id, and ports by kind of server ("grpc", "http", "ops")."""

    name: str
    pid: int
    ports: dict[str, int]


def write_ready_file(path: Path, name: str, ports: Mapping[str, int]) -> None:
    """Puts the file in place in one step, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps({"name": name, "pid": os.getpid(), "ports": dict(ports)}), encoding="utf-8")
    draft.replace(path)


def read_ready_file(path: Path) -> ReadyFile | None:
    """What the file says, or None while there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return ReadyFile(content["name"], content["pid"], content["ports"])


def remove_ready_file(path: Path) -> None:
    """Takes the file away; it may be gone already."""
    path.unlink(missing_ok=True)
