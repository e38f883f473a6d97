"""Each project declares exactly what its code imports: an image gets what its service needs, and nothing else."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PROJECTS = (
    "protos",
    *(f"services/{name}" for name in ("runtime", "document", "generation", "render", "storage")),
    "gateway",
)

NAMESPACES = {
    "google.protobuf": "protobuf",
    "google.api": "googleapis-common-protos",
    "google.rpc": "googleapis-common-protos",
    "google.type": "googleapis-common-protos",
    "vitae": "vitae-protos",
    "buf": "vitae-protos",
    "gateway": "vitae-gateway",
    **{
        f"services.{name}": f"vitae-{name}"
        for name in ("runtime", "document", "generation", "render", "storage")
    },
}
"""Import path -> distribution, where the top-level name does not tell."""

LOADED_BY_NAME = {"psycopg", "uvicorn"}
"""Used without an import: SQLAlchemy loads its driver by the URL's scheme, and a server may be started by name."""


@pytest.mark.parametrize("folder", PROJECTS)
def test_every_import_is_declared(folder: str) -> None:
    undeclared = {
        distribution: place
        for distribution, place in _imported(ROOT / folder).items()
        if distribution not in _declared(folder)
    }

    assert undeclared == {}


@pytest.mark.parametrize("folder", PROJECTS)
def test_every_declared_dependency_is_imported(folder: str) -> None:
    unused = _declared(folder) - _imported(ROOT / folder).keys() - LOADED_BY_NAME

    assert unused == set()


def test_all_projects_carry_the_same_version() -> None:
    versions = {folder: _project(folder)["version"] for folder in (".", "deploy/local", *PROJECTS)}

    assert len(set(versions.values())) == 1, versions


def _project(folder: str) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    return project


def _declared(folder: str) -> set[str]:
    project = _project(folder)
    extras = project.get("optional-dependencies", {}).values()
    needs = [*project.get("dependencies", []), *(need for extra in extras for need in extra)]
    return {_normal(re.split(r"[\[<>=!~; ]", need)[0]) for need in needs}


def _imported(folder: Path) -> dict[str, str]:
    """Distribution -> one place that imports it. A project's own modules and the standard library do not count."""
    own = _normal(_project(folder.relative_to(ROOT).as_posix())["name"])
    found: dict[str, str] = {}
    for path in sorted((folder / "gen" if folder.name == "protos" else folder).rglob("*.py")):
        for module, line in _modules(ast.parse(path.read_text())):
            for distribution in _distributions(module):
                found.setdefault(distribution, f"{path.relative_to(ROOT)}:{line} imports {module}")
    found.pop(own, None)
    return found


def _modules(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from google.rpc import code_pb2` and `from services import runtime` both name a module this way.
            yield from ((f"{node.module}.{name.name}", node.lineno) for name in node.names)


def _distributions(module: str) -> set[str]:
    for prefix, distribution in NAMESPACES.items():
        if module == prefix or module.startswith(f"{prefix}."):
            return {distribution}
    top = module.split(".", maxsplit=1)[0]
    if top in sys.stdlib_module_names or top == "services":
        return set()
    known = _installed().get(top)
    assert known, f"{module} is not installed, so nothing says which distribution it belongs to"
    return {_normal(name) for name in known}


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
