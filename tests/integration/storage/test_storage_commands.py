"""The commands that run beside the service: cleanup, audit, doctor, as processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.postgres import ServiceDatabase
from tests.support.postgres import Databases
from tests.support.storage_service import SECRET, Worker, completed, running_storage

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def urls(databases: Databases) -> ServiceDatabase:
    """The service's database."""
    return databases.migrated("storage", "services.storage")


@pytest.fixture
def environ(urls: ServiceDatabase, tmp_path: Path) -> dict[str, str]:
    """What a CronJob is given: the service's own variables."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'protos/gen'}",
        "VITAE_INTERNAL_JWKS": "{}",
        "VITAE_STORAGE_DATABASE_URL": urls.login_url,
        "VITAE_STORAGE_OBJECTS_FOLDER": str(tmp_path / "objects"),
        "VITAE_STORAGE_LINK_SECRETS": SECRET,
        "VITAE_STORAGE_GENERATION_ADDRESS": "127.0.0.1:1",
        "VITAE_STORAGE_RENDER_ADDRESS": "127.0.0.1:1",
    }


def command(name: str, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"services.storage.{name}", *arguments],
        env=environ,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_they_say_what_they_did_and_what_is_wrong(
    urls: ServiceDatabase, environ: dict[str, str], tmp_path: Path
) -> None:
    async with running_storage(urls, tmp_path / "objects") as storage:
        user = storage.user()
        await completed(user, Worker(storage.process("render-worker").work), storage.document(user))
    audit = command("audit", environ)
    assert (audit.returncode, audit.stderr) == (0, "")
    assert audit.stdout == "1 completed exports and 1 objects looked at, 0 findings, 0 mended\n"
    doctor = command("doctor", environ)
    assert doctor.returncode == 0, doctor.stderr
    assert "ok     write" in doctor.stdout
    cleanup = command("cleanup", environ)
    assert (cleanup.returncode, json.loads(cleanup.stdout)) == (
        0,
        {"files": 0, "records": 0, "freed_bytes": 0, "orphans": 0},
    )
    [file] = (tmp_path / "objects" / "objects").rglob("*.pdf")
    file.unlink()
    broken = command("audit", environ)
    assert broken.returncode == 1
    assert broken.stdout.startswith("OBJECT_MISSING exports/")
    assert command("audit", environ, "--repair").returncode == 0
    assert command("audit", environ).returncode == 0


def test_a_wrong_configuration_and_a_database_that_is_down_have_exit_codes(environ: dict[str, str]) -> None:
    misspelt = command("cleanup", {**environ, "VITAE_STORAGE_QUOTTA": "1MB"})
    assert misspelt.returncode == 78
    assert "VITAE_STORAGE_QUOTA" in misspelt.stderr
    down = command("cleanup", {**environ, "VITAE_STORAGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"})
    assert down.returncode == 69
    assert "DATABASE_UNAVAILABLE" in down.stderr
