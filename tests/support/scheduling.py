"""How `make test` shares the tests between two processes (pytest-xdist), in the order they were given.

Tests that only compute are handed out file by file. All others stay in one of the two: they start PostgreSQL, the S3
server and the whole system once for all, and what waits for a lease or a deadline has one neighbour at most.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

COMPUTING = (
    "deploy/tests/",
    "tests/contract/",
    "tests/integration/render_corpus/",
    "tests/integration/render_formats/",
    "tests/unit/",
)
"""Folders of tests without a server."""

TOGETHER = "processes"
"""The scope of all others."""


class ByWhatTheyNeed(LoadScopeScheduling):  # type: ignore[misc] # it has no stubs
    """Gives a process one scope after another."""

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


def scope(nodeid: str) -> str:
    """What a test must stay together with."""
    file = nodeid.partition("::")[0]
    return file if file.startswith(COMPUTING) else TOGETHER


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Called by pytest-xdist where tests run in several processes."""
    return ByWhatTheyNeed(config, log)
