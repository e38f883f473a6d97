"""Removes what has expired and what nobody refers to: `python -m services.storage.cleanup`, for a CronJob (SPEC S8).

Safe to run twice at once and to be killed. Exit codes as in commands.py.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from services.storage.commands import Tools, run
from services.storage.retention.cleanup import BATCH


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code; prints one line of JSON that says what went."""
    parser = argparse.ArgumentParser(prog="python -m services.storage.cleanup", description=__doc__)
    parser.add_argument("--batch-size", type=int, default=BATCH, help="records removed in one transaction")
    parser.add_argument("--max-batches", type=int, help="stop after so many; all when not given")
    arguments = parser.parse_args(argv)

    async def work(tools: Tools) -> int:
        cleaned = await tools.cleanup.run(
            batch_size=max(1, arguments.batch_size), max_batches=arguments.max_batches
        )
        print(json.dumps(asdict(cleaned)))  # noqa: T201 - a command line talks to its terminal
        return 0

    return run("cleanup", work)


if __name__ == "__main__":
    sys.exit(main())
