"""Builds and runs every image, where an engine to do it with is named."""

import os

import pytest

from deploy.tests.images.prove import FOREIGN, Engine, prove


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    not os.environ.get("BUILDER"), reason="no container engine: set BUILDER to docker or podman"
)
@pytest.mark.parametrize("name", FOREIGN)
def test_the_image_is_what_we_say_it_is(name: str) -> None:
    prove(Engine.from_environment(os.environ), name, base=os.environ.get("BASE"))
