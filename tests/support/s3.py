"""The S3 server of a run: that of VITAE_TEST_S3_ENDPOINT, or a Ceph of its own, started for the first test that asks.

Where Ceph is not installed, tests that need it are skipped, and in continuous integration they fail (programs.py).
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ceph import PROGRAMS, S3Endpoint, ceph
from tests.support.programs import need


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[S3Endpoint]:
    """Address and credentials."""
    given = os.environ.get("VITAE_TEST_S3_ENDPOINT")
    if given:
        yield S3Endpoint(given, os.environ["VITAE_TEST_S3_KEY"], os.environ["VITAE_TEST_S3_SECRET"])
        return
    need(*PROGRAMS)
    folder = Path(tempfile.mkdtemp(prefix="ceph"))
    try:
        with ceph(folder) as endpoint:
            yield endpoint
    finally:
        shutil.rmtree(folder, ignore_errors=True)
