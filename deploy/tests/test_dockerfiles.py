"""What can be said of the images without building them; test_images.py builds and runs them."""

import re
import tomllib

import pytest

from deploy.local.system_packages import LIBRARIES
from deploy.tests.manifests import ROOT, dockerfile

IMAGES = ("generation", "render", "storage", "gateway")


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_holds_the_projects_its_own_one_depends_on(name: str) -> None:
    """In order, and nothing else of the checkout."""
    text = dockerfile(name).read_text()
    copied = re.findall(r"^COPY (\S+) \1$", text, re.MULTILINE)

    assert set(copied) == _projects(str(dockerfile(name).parent.relative_to(ROOT)))
    assert " ".join(f"./{folder}" for folder in copied) in text


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_built_from_hashes_and_runs_as_nobody(name: str) -> None:
    text = dockerfile(name).read_text()
    last = text.rpartition("\nFROM ")[2]

    assert text.count("--require-hashes") == 2
    assert "USER 10001:10001" in last
    assert "pip" not in last
    assert not re.search(r"\b(gcc|build-essential|make|python3-dev)\b", text)


def test_render_has_the_libraries_that_development_machines_get() -> None:
    wanted = {each.packages["apt-get"] for each in LIBRARIES if each.kind == "library"}
    text = dockerfile("render").read_text()

    assert (
        set(
            re.findall(
                r"\blib[\w.+-]+",
                text.partition("apt-get install --yes --no-install-recommends $python")[2].partition("&&")[0],
            )
        )
        == wanted
    )


def _projects(folder: str) -> set[str]:
    """The folder and those of all workspace members it needs."""
    members = {"vitae-protos": "protos"} | {
        f"vitae-{each}": f"services/{each}" for each in ("runtime", "document")
    }
    needs = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]["dependencies"]
    found = {folder}
    for need in needs:
        member = members.get(re.split(r"[\[<>=; ]", need)[0])
        if member:
            found |= _projects(member)
    return found
