"""Migrates the generation service's database: `python -m services.generation.migrate upgrade`."""

import sys

from services.runtime.migrate import main

if __name__ == "__main__":
    sys.exit(main("generation", "services.generation"))
