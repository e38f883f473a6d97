"""Fixtures of all tests. A fixture costs nothing until a test asks for it."""

import asyncio
from collections.abc import Callable, Mapping

import uvloop

from tests.support.commits import hold_next_commit
from tests.support.postgres import databases, postgres, session_databases
from tests.support.s3 import s3_endpoint
from tests.support.scheduling import pytest_xdist_make_scheduler
from tests.support.system import system

__all__ = [
    "databases",
    "hold_next_commit",
    "postgres",
    "pytest_xdist_make_scheduler",
    "s3_endpoint",
    "session_databases",
    "system",
]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the loop that processes run on."""
    return {"uvloop": uvloop.new_event_loop}
