"""A running generation service for each test that asks."""

from collections.abc import AsyncIterator

import pytest

from tests.support.generation_service import GenerationHarness, running_generation
from tests.support.postgres import Databases


@pytest.fixture
async def generation(databases: Databases) -> AsyncIterator[GenerationHarness]:
    """One replica on a fresh database."""
    async with running_generation(databases.migrated("generation", "services.generation")) as harness:
        yield harness
