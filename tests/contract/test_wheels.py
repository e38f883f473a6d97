"""Each project's wheel holds its own folder under its import path, data included, and nothing of its neighbours."""

import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "services/runtime",
    "services/document",
    "services/generation",
    "services/render",
    "services/storage",
    "gateway",
    "deploy/local",
)
LEFT_OUT = {"pyproject.toml", "Dockerfile", "README.md"}
"""Of the folder itself; what lies deeper (the fonts' README with their licences) goes along."""


@pytest.mark.parametrize("folder", FOLDERS)
def test_wheel_holds_exactly_its_folder(folder: str, tmp_path: Path) -> None:
    packed = {name for name in _wheel(folder, tmp_path).namelist() if ".dist-info/" not in name}

    assert packed == {
        name for name in _tracked(folder) if name not in {f"{folder}/{each}" for each in LEFT_OUT}
    }


def test_wheel_of_the_contracts_has_its_root_at_gen(tmp_path: Path) -> None:
    packed = {name for name in _wheel("protos", tmp_path).namelist() if ".dist-info/" not in name}

    assert packed == {name.removeprefix("protos/gen/") for name in _tracked("protos/gen")}


def test_wheels_work_together_without_the_repository(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for folder in ("protos", "services/runtime", "services/document"):
        _wheel(folder, tmp_path).extractall(site)
    program = (
        "import vitae.resume.v1.resume_pb2 as contracts, services.runtime.errors as runtime\n"
        "import services.document as document\n"
        "print(contracts.__file__, runtime.__file__, document.__file__, sep='\\n')"
    )

    # -S: no .pth file, so the editable install cannot lend its modules.
    found = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": f"{site}:{sysconfig.get_path('purelib')}"},
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert all(line.startswith(str(site)) for line in found.stdout.split())


def _wheel(folder: str, out: Path) -> zipfile.ZipFile:
    name = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]["name"]
    (path,) = WheelBuilder(str(ROOT / folder)).build(directory=str(out / name), versions=["standard"])
    return zipfile.ZipFile(path)


def _tracked(folder: str) -> set[str]:
    """Files of the folder that git tracks or would track; deleted ones are gone from the wheel too."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\n")  # fmt: skip
    return {name for name in listed if name and (ROOT / name).exists()}
