"""Finds, and where it may installs, the system libraries that no wheel brings, and the servers tests run against.

    python deploy/local/system_packages.py            prints the exact command where something is missing
    python deploy/local/system_packages.py --install  runs it where root or a passwordless sudo allows it
    python deploy/local/system_packages.py --tests    the same for what only tests need

Runs before anything is installed, so it uses the standard library only. A library counts as present when the
dynamic loader finds it, a program when the path has it, whatever packaged it.
"""

import argparse
import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Library:
    """A shared library, Python module or program: the names that prove it is there, and what each packager calls it."""

    purpose: str
    names: tuple[str, ...]
    packages: dict[str, str]
    module: bool = False
    program: bool = False

    def present(self) -> bool:
        """True where the loader, Python for a module, or the path for a program finds one of the names."""
        find = importlib.util.find_spec if self.module else shutil.which if self.program else _loads
        return any(find(name) for name in self.names)


LIBRARIES = (
    # What weasyprint/text/ffi.py opens (WeasyPrint 70). Without harfbuzz-subset it warns, and embeds whole fonts.
    Library(
        "text layout",
        ("libpango-1.0.so.0", "libpango-1.0.dylib"),
        {"apt-get": "libpango-1.0-0", "dnf": "pango", "apk": "pango", "pacman": "pango", "brew": "pango"},
    ),
    Library(
        "text layout with FreeType",
        ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
        {"apt-get": "libpangoft2-1.0-0", "dnf": "pango", "apk": "pango", "pacman": "pango", "brew": "pango"},
    ),
    Library(
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
    Library(
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
    Library(
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
    Library(
        "object model of the text libraries",
        ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib"),
        {"apt-get": "libglib2.0-0", "dnf": "glib2", "apk": "glib", "pacman": "glib2", "brew": "glib"},
    ),
    # Debian and Ubuntu split it from Python; without it `python -m venv` makes an environment that has no pip.
    Library(
        "virtual environments",
        ("ensurepip",),
        {"apt-get": "python3-venv", "dnf": "python3", "apk": "python3", "pacman": "python", "brew": "python"},
        module=True,
    ),
)

# The S3 server of tests/support/ceph.py. Where a packager has no Ceph, VITAE_TEST_S3_ENDPOINT can name any S3 server.
TEST_PROGRAMS = (
    Library("S3 gateway", ("radosgw",), {"apt-get": "radosgw", "dnf": "ceph-radosgw"}, program=True),
    Library("object store", ("ceph-osd",), {"apt-get": "ceph-osd", "dnf": "ceph-osd"}, program=True),
    Library("monitor", ("ceph-mon",), {"apt-get": "ceph-mon", "dnf": "ceph-mon"}, program=True),
    Library("its tools", ("ceph-authtool",), {"apt-get": "ceph-common", "dnf": "ceph-common"}, program=True),
)

COMMANDS = {
    "apt-get": ("apt-get", "install", "--yes", "--no-install-recommends"),
    "dnf": ("dnf", "install", "--assumeyes"),
    "apk": ("apk", "add"),
    "pacman": ("pacman", "--sync", "--noconfirm"),
    "brew": ("brew", "install"),
}


def missing(wanted: tuple[Library, ...] | None = None) -> list[Library]:
    """Those of the libraries that are not there; of all that Vitae needs when not told which."""
    return [library for library in (LIBRARIES if wanted is None else wanted) if not library.present()]


def install_command(libraries: list[Library]) -> list[list[str]]:
    """The commands that install the libraries here, in order; empty where no known packager has them."""
    packager = next((name for name in COMMANDS if shutil.which(name)), None)
    if packager is None:
        return []
    if any(packager not in library.packages for library in libraries):
        return []
    packages = sorted({library.packages[packager] for library in libraries})
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


def _ran(command: list[str]) -> bool:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=quiet, check=False).returncode == 0


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the system libraries.")
    parser.add_argument(
        "--install", action="store_true", help="install what is missing where that is allowed"
    )
    parser.add_argument("--tests", action="store_true", help="look after what only tests need")
    arguments = parser.parse_args()
    install, libraries = arguments.install, TEST_PROGRAMS if arguments.tests else LIBRARIES

    wanted = missing(libraries)
    if not wanted:
        return 0
    for library in wanted:
        print(f"missing: {library.names[0]} ({library.purpose})", file=sys.stderr)
    commands = install_command(wanted)
    allowed = install and commands and all(may_run(command) for command in commands)
    if allowed and all(_ran(command) for command in commands) and not missing(libraries):
        return 0
    if commands:
        shown = " && ".join(" ".join(command) for command in commands)
        print(f"run this, then the same make target again:\n\n    {shown}\n", file=sys.stderr)
    else:
        names = ", ".join(library.names[0] for library in wanted)
        print(f"no known package manager here has them: install {names} by hand", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
