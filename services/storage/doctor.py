"""Tries the configured store as a client would: `python -m services.storage.doctor` (SPEC S2, S4).

Prints a line for each check and what to change. Exit code 0 when everything needed works, 1 when something does not,
further ones as in commands.py.
"""

import argparse
import sys
from collections.abc import Sequence

from services.storage.commands import Tools, run


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code."""
    argparse.ArgumentParser(prog="python -m services.storage.doctor", description=__doc__).parse_args(argv)

    async def work(tools: Tools) -> int:
        checks = await tools.doctor.run()
        for each in checks:
            result = "ok" if each.passed else "note" if each.optional else "FAILED"
            print(f"{result:6} {each.name:12} {each.advice}".rstrip())  # noqa: T201
        return 0 if all(each.passed or each.optional for each in checks) else 1

    return run("doctor", work)


if __name__ == "__main__":
    sys.exit(main())
