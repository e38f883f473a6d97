"""Migrations of the storage database: `python -m services.storage.migrate upgrade`."""

import sys

from services.runtime.migrate import main

if __name__ == "__main__":
    sys.exit(main("storage", "services.storage"))
