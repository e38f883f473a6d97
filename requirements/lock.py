"""Pins every deployable's dependencies with hashes, one file each, for plain `pip install --require-hashes`.

    python requirements/lock.py             recompiles all, keeping the pins that still fit
    python requirements/lock.py --upgrade   takes the newest versions the pyproject.toml files allow
    python requirements/lock.py --check     fails when a file is out of step with its project; no network

One resolution (dev.txt) covers the whole workspace on every supported Python and platform; the other files
are parts of it, so an image runs the versions that were tested. Each file's first line carries a fingerprint
of the requirements it was made from. No file names a registry host: pip's configuration says where packages
come from.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
OLDEST_PYTHON = "3.11"

LOCKS: dict[str, tuple[str, str | None]] = {
    "dev": (".", "dev"),
    "build": (".", "build"),
    "generation": ("services/generation", None),
    "render": ("services/render", None),
    "storage": ("services/storage", None),
    "gateway": ("gateway", None),
    "local": ("deploy/local", None),
}
"""Lock name -> (project folder, dependency group or None for the project's own dependencies)."""


def lock(name: str, *, upgrade: bool) -> None:
    """Compiles one lock file. Every file but dev.txt is constrained to the versions of dev.txt."""
    folder, group = LOCKS[name]
    out = FOLDER / f"{name}.txt"
    # Paths are relative to the root, because uv writes them into the file.
    pyproject = Path(folder) / "pyproject.toml"
    inputs = ["--group", f"{pyproject}:{group}"] if group else [str(pyproject)]
    if name != "dev":
        inputs += ["--constraints", "requirements/dev.txt"]
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", *inputs),
        *("--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes"),
        *("--no-header", "--annotation-style", "line"),
        *(part for member in members() for part in ("--no-emit-package", member)),
        *(["--upgrade"] if upgrade else []),
        *("--output-file", str(out)),
    ]
    subprocess.run(command, check=True, cwd=ROOT)
    body = re.sub(r"\A(#.*\n)+", "", out.read_text())
    body = body.replace(", -c requirements/dev.txt", "").replace("-c requirements/dev.txt, ", "")
    out.write_text(f"{header(name)}\n{body}")


def header(name: str) -> str:
    """The first line of a lock file: how to remake it and what it was made from."""
    folder, _ = LOCKS[name]
    source = (Path(folder) / "pyproject.toml").as_posix()
    return f"# `make lock` wrote this from {source} (requirements {fingerprint(name)})"


def fingerprint(name: str) -> str:
    """SHA-256, shortened, of every requirement a lock depends on, those of workspace members included."""
    folder, group = LOCKS[name]
    projects = members()
    if group:
        first: dict[str, Any] = {"group": _group(_read(folder)["dependency-groups"], group)}
    else:
        first = _requirements(_read(folder)["project"])
    found = {folder: first}
    waiting = [first]
    while waiting:
        for need in (need for needs in waiting.pop().values() for need in needs):
            member = projects.get(re.split(r"[\[<>=; ]", need)[0])
            if member and member not in found:
                found[member] = _requirements(_read(member)["project"])
                waiting.append(found[member])
    inputs = json.dumps([OLDEST_PYTHON, found], sort_keys=True)
    return hashlib.sha256(inputs.encode()).hexdigest()[:16]


def members() -> dict[str, str]:
    """Distribution name -> folder of each project of the workspace."""
    patterns = _read(".")["tool"]["uv"]["workspace"]["members"]
    folders = sorted(
        path.parent.relative_to(ROOT).as_posix()
        for pattern in patterns
        for path in ROOT.glob(f"{pattern}/pyproject.toml")
    )
    return {_read(folder)["project"]["name"]: folder for folder in folders}


def stale() -> list[str]:
    """The lock files that are missing or were made from other requirements than pyproject.toml holds."""
    return [
        path.name
        for name in LOCKS
        if not (path := FOLDER / f"{name}.txt").exists() or path.read_text().split("\n", 1)[0] != header(name)
    ]


def _requirements(project: dict[str, Any]) -> dict[str, list[str]]:
    """A project's own requirements under "", those of its extras under their names."""
    extras = project.get("optional-dependencies", {}).items()
    return {"": sorted(project.get("dependencies", [])), **{extra: sorted(needs) for extra, needs in extras}}


def _group(groups: dict[str, list[str | dict[str, str]]], name: str) -> list[str]:
    needs: list[str] = []
    for entry in groups[name]:
        needs += [entry] if isinstance(entry, str) else _group(groups, entry["include-group"])
    return sorted(needs)


def _read(folder: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description="Pin the dependencies of every deployable.")
    parser.add_argument("--check", action="store_true", help="only say which files are out of step")
    parser.add_argument("--upgrade", action="store_true", help="take the newest allowed versions")
    options = parser.parse_args()
    if options.check:
        if found := stale():
            raise SystemExit(f"out of step with their pyproject.toml: {', '.join(found)}; run `make lock`")
        return
    for name in LOCKS:
        lock(name, upgrade=options.upgrade)


if __name__ == "__main__":
    main()
