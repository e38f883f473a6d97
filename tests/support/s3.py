"""The S3 server of a run: that of VITAE_TEST_S3_ENDPOINT, or a Ceph of its own, started for the first test that asks.

Where Ceph is not installed (`make test-packages` does so) tests that need it are skipped, unless VITAE_TEST_REQUIRE_S3
is set, as on continuous integration: then they fail.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ceph import S3Endpoint, ceph, missing_programs


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[S3Endpoint]:
    """Address and credentials."""
    given = os.environ.get("VITAE_TEST_S3_ENDPOINT")
    if given:
        yield S3Endpoint(given, os.environ["VITAE_TEST_S3_KEY"], os.environ["VITAE_TEST_S3_SECRET"])
        return
    if lacking := missing_programs():
        missing = f"no {', '.join(lacking)}: run `make test-packages`, or set VITAE_TEST_S3_ENDPOINT"
        if os.environ.get("VITAE_TEST_REQUIRE_S3"):
            pytest.fail(missing)
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="ceph"))
    try:
        with ceph(folder) as endpoint:
            yield endpoint
    finally:
        shutil.rmtree(folder, ignore_errors=True)
