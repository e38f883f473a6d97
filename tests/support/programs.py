"""Programs that a test needs and no wheel brings.

    need("pdftotext", "soffice")        # skips the test where one is missing, and fails it in continuous integration

What installs them: deploy/local/system_packages.py --tests.
"""

import os
import shutil

import pytest


def need(*names: str) -> None:
    """Lets the test go on where all programs are there."""
    lacking = [name for name in names if shutil.which(name) is None]
    if not lacking:
        return
    message = f"needs {', '.join(lacking)}; `make test` installs it where that is allowed"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
