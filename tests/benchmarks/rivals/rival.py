"""Starts rivals and asks them for rounds; makes the environment of those that are no part of this project."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TOOLS = ("rendercv[full]==2.8", "reportlab==5.1.0")
TOOLS_LIMIT = 90.0
"""Seconds that making the environment may take."""

Command = Sequence[str | Path]


class Rival:
    """A program under rivals/."""

    def __init__(self, command: Command, environment: Mapping[str, str] | None = None) -> None:
        self._name = Path(command[1]).name
        self.process = subprocess.Popen(
            [str(each) for each in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self._answer()

    def run(self, step: str) -> dict[str, Any]:
        """Does one step."""
        assert self.process.stdin is not None
        self.process.stdin.write(step + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Ends it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended with {self.process.wait()}")
        found: dict[str, Any] = json.loads(line)
        return found


def tools_python(folder: Path, left_out: dict[str, str]) -> Path | None:
    """Python of the environment with the tools nobody else needs, made where it is not there yet."""
    python = folder / "bin" / "python"
    if python.exists() and _runs([python, "-c", "import rendercv, reportlab"]):
        return python
    base = next((each for each in _newer_pythons() if _runs([each, "-c", ""])), None)
    if base is None:
        left_out["RenderCV and reportlab"] = "RenderCV 2.8 needs Python 3.12 or newer, and there is none"
        return None
    try:
        subprocess.run([base, "-m", "venv", "--clear", folder], check=True, timeout=TOOLS_LIMIT)
        install: Command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *TOOLS]
        subprocess.run(install, check=True, timeout=TOOLS_LIMIT, capture_output=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        left_out["RenderCV and reportlab"] = f"could not be installed ({type(error).__name__})"
        return None
    return python


def _newer_pythons() -> Iterator[str]:
    """Pythons from 3.12 that may be there: on the path, and where pyenv and uv keep theirs."""
    yield from filter(shutil.which, ("python3.13", "python3.12", "python3.14"))
    for versions in (Path.home() / ".pyenv/versions", Path.home() / ".local/share/uv/python"):
        yield from map(str, sorted(versions.glob("*3.1[2-4]*/bin/python3")))


def _runs(command: Command) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
