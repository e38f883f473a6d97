"""Tests that need a server run in one process (tests/support/scheduling.py)."""

from pathlib import Path

import pytest

from tests.support.scheduling import COMPUTING, TOGETHER, scope

ROOT = Path(__file__).parents[3]
SERVERS = ("databases: Databases", "system: LiveSystem", "s3_endpoint: S3Endpoint", "running_storage(")
"""What a test with a server says in its file."""


@pytest.mark.parametrize(
    ("test", "stays_with"),
    [
        ("tests/unit/document/test_view.py::test_it[a/b::c]", "tests/unit/document/test_view.py"),
        ("deploy/tests/test_compose.py::test_it", "deploy/tests/test_compose.py"),
        ("tests/security/test_route_walk.py::test_it", TOGETHER),
        ("tests/integration/render_service/test_worker.py::test_it", TOGETHER),
    ],
)
def test_a_test_stays_with_what_it_runs_on(test: str, stays_with: str) -> None:
    assert scope(test) == stays_with


def test_no_test_with_a_server_runs_beside_another() -> None:
    asking = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if path != Path(__file__) and any(each in path.read_text(encoding="utf-8") for each in SERVERS)
    ]

    assert len(asking) > 20
    assert {scope(path) for path in asking} == {TOGETHER}


def test_every_folder_exists() -> None:
    assert [each for each in COMPUTING if not (ROOT / each).is_dir()] == []
