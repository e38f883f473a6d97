"""Finds, and where it may installs, the system libraries that no wheel brings.

    python deploy/local/system_packages.py            prints the exact command where something is missing
    python deploy/local/system_packages.py --install  runs it where root or a passwordless sudo allows it
    ... --tests                                       looks for the programs some tests need as well

Runs before anything is installed, so it uses the standard library only. A library counts as present when the
dynamic loader finds it, whatever packaged it. Without a library nothing works; without a program the tests that need it
are left out, but never in continuous integration (CI=true).
"""

import argparse
import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """A shared library, Python module or program: the names that prove it is there, and what each packager calls it."""

    purpose: str
    names: tuple[str, ...]
    packages: dict[str, str]
    kind: str = "library"

    def present(self) -> bool:
        """True where the loader, Python for a module, or the PATH for a program, finds one of the names."""
        return any(_FINDERS[self.kind](name) for name in self.names)


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


_FINDERS: dict[str, Callable[[str], object]] = {
    "library": _loads,
    "module": importlib.util.find_spec,
    "program": shutil.which,
}


LIBRARIES = (
    # What weasyprint/text/ffi.py opens (WeasyPrint 70). Without harfbuzz-subset it warns, and embeds whole fonts.
    Need(
        "text layout",
        ("libpango-1.0.so.0", "libpango-1.0.dylib"),
        {"apt-get": "libpango-1.0-0", "dnf": "pango", "apk": "pango", "pacman": "pango", "brew": "pango"},
    ),
    Need(
        "text layout with FreeType",
        ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
        {"apt-get": "libpangoft2-1.0-0", "dnf": "pango", "apk": "pango", "pacman": "pango", "brew": "pango"},
    ),
    Need(
        "glyph shaping",
        ("libharfbuzz.so.0", "libharfbuzz.0.dylib"),
        {
            "apt-get": "libharfbuzz0b",
            "dnf": "harfbuzz",
            "apk": "harfbuzz",
            "pacman": "harfbuzz",
            "brew": "harfbuzz",
        },
    ),
    Need(
        "font subsetting",
        ("libharfbuzz-subset.so.0", "libharfbuzz-subset.0.dylib"),
        {
            "apt-get": "libharfbuzz-subset0",
            "dnf": "harfbuzz",
            "apk": "harfbuzz-subset",
            "pacman": "harfbuzz",
            "brew": "harfbuzz",
        },
    ),
    Need(
        "font selection",
        ("libfontconfig.so.1", "libfontconfig.1.dylib"),
        {
            "apt-get": "libfontconfig1",
            "dnf": "fontconfig",
            "apk": "fontconfig",
            "pacman": "fontconfig",
            "brew": "fontconfig",
        },
    ),
    Need(
        "object model of the text libraries",
        ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib"),
        {"apt-get": "libglib2.0-0", "dnf": "glib2", "apk": "glib", "pacman": "glib2", "brew": "glib"},
    ),
    # Debian and Ubuntu split it from Python; without it `python -m venv` makes an environment that has no pip.
    Need(
        "virtual environments",
        ("ensurepip",),
        {"apt-get": "python3-venv", "dnf": "python3", "apk": "python3", "pacman": "python", "brew": "python"},
        kind="module",
    ),
)

TEST_PROGRAMS = (
    Need(
        "reading PDFs as pdftotext does",
        ("pdftotext",),
        {
            "apt-get": "poppler-utils",
            "dnf": "poppler-utils",
            "apk": "poppler-utils",
            "pacman": "poppler",
            "brew": "poppler",
        },
        kind="program",
    ),
    Need(
        "opening DOCX files in LibreOffice",
        ("soffice",),
        {"apt-get": "libreoffice-writer-nogui", "dnf": "libreoffice-writer", "pacman": "libreoffice-still"},
        kind="program",
    ),
    # A real S3 server. What only Debian and Fedora package is left out elsewhere.
    Need("an S3 server", ("radosgw",), {"apt-get": "radosgw", "dnf": "ceph-radosgw"}, kind="program"),
    Need("an S3 server", ("ceph-mon",), {"apt-get": "ceph-mon", "dnf": "ceph-mon"}, kind="program"),
    Need("an S3 server", ("ceph-osd",), {"apt-get": "ceph-osd", "dnf": "ceph-osd"}, kind="program"),
    Need("an S3 server", ("ceph",), {"apt-get": "ceph-common", "dnf": "ceph-common"}, kind="program"),
)
"""What some tests need besides."""

COMMANDS = {
    "apt-get": ("apt-get", "install", "--yes", "--no-install-recommends"),
    "dnf": ("dnf", "install", "--assumeyes"),
    "apk": ("apk", "add"),
    "pacman": ("pacman", "--sync", "--noconfirm"),
    "brew": ("brew", "install"),
}


def missing(needs: Sequence[Need]) -> list[Need]:
    """What of it is not there."""
    return [need for need in needs if not need.present()]


def install_command(needs: Sequence[Need]) -> list[list[str]]:
    """The commands that install it here, in order; empty where no known packager is found, or none that has it."""
    packager = next((name for name in COMMANDS if shutil.which(name)), None)
    if packager is None:
        return []
    packages = sorted({need.packages[packager] for need in needs if packager in need.packages})
    if not packages:
        return []
    # Homebrew refuses to run as root; the others need it.
    prefix = [] if packager == "brew" or os.geteuid() == 0 else ["sudo"]
    refresh = [[*prefix, "apt-get", "update"]] if packager == "apt-get" else []
    return [*refresh, [*prefix, *COMMANDS[packager], *packages]]


def may_run(command: list[str]) -> bool:
    """True where the command needs no password: it has no sudo, or sudo asks for none."""
    if command[0] != "sudo":
        return True
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the system libraries.")
    parser.add_argument(
        "--install", action="store_true", help="install what is missing where that is allowed"
    )
    parser.add_argument("--tests", action="store_true", help="look for the programs of the tests as well")
    arguments = parser.parse_args()
    needs = (*LIBRARIES, *TEST_PROGRAMS) if arguments.tests else LIBRARIES
    commands = install_command(missing(needs))
    if arguments.install and commands and all(may_run(command) for command in commands):
        for command in commands:
            subprocess.run(command, check=True)
    return _report(missing(needs))


def _report(wanted: list[Need]) -> int:
    """Says what is missing and how to get it; 1 when it cannot be done without."""
    if not wanted:
        return 0
    for need in wanted:
        print(f"missing: {need.names[0]} ({need.purpose})", file=sys.stderr)
    commands = install_command(wanted)
    if commands:
        shown = " && ".join(" ".join(command) for command in commands)
        print(f"run this, then the same make target again:\n\n    {shown}\n", file=sys.stderr)
    else:
        names = ", ".join(need.names[0] for need in wanted)
        print(f"no known package manager here has it: install {names} by hand", file=sys.stderr)
    if all(need in TEST_PROGRAMS for need in wanted) and not os.environ.get("CI"):
        print("going on without; the tests that need it are left out", file=sys.stderr)
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
