"""Compares the contracts with those of the last release, so that a client of that release still works.

    python protos/breaking.py                 against the last tag named v<number>
    python protos/breaking.py --against REF   against any commit

Unreleased contracts may change freely: while no release tag exists there is nothing to compare with, and the
check says so.
"""

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PROTOS = Path(__file__).resolve().parent


def last_release() -> str | None:
    """The nearest release tag behind the checked-out commit, or None."""
    found = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"],
        cwd=PROTOS, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return found.stdout.strip() or None


def image_of(reference: str, out: Path) -> None:
    """Writes the descriptor image of the contracts as they were at a commit."""
    archive = subprocess.run(
        ["git", "archive", reference, "protos"], cwd=PROTOS.parent, capture_output=True, check=True
    ).stdout
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(scratch, filter="data")
        build_image(Path(scratch) / "protos", out)


def build_image(root: Path, out: Path) -> None:
    """Writes the descriptor image of a protos folder."""
    generator = PROTOS / "generate.py"
    subprocess.run([sys.executable, generator, "--root", root, "--image", out], check=True)


def breaking(current: Path, against: Path) -> str:
    """What `buf breaking` finds between two images, one line per finding; empty when nothing breaks."""
    found = subprocess.run(
        [
            *(Path(sys.executable).with_name("buf"), "breaking", current, "--against", against),
            *("--config", PROTOS / "buf.yaml", "--path", "vitae"),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    # buf exits with 100 for findings; anything else is a fault of the check itself.
    if found.returncode not in (0, 100):
        raise SystemExit(f"buf breaking did not run: {found.stderr.strip()}")
    return found.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description="Find breaking changes of the contracts.")
    parser.add_argument("--against", metavar="REF", help="commit to compare with (default: the last release)")
    reference = parser.parse_args().against or last_release()
    if reference is None:
        print("breaking: no release tag yet, so no contract is promised and none can break")
        return
    with tempfile.TemporaryDirectory() as scratch:
        current, released = Path(scratch) / "current.binpb", Path(scratch) / "released.binpb"
        build_image(PROTOS, current)
        image_of(reference, released)
        if found := breaking(current, released):
            raise SystemExit(f"{found}\nbreaking: the lines above break clients of {reference}")
    print(f"breaking: nothing breaks since {reference}")


if __name__ == "__main__":
    main()
