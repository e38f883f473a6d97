"""Compares database and store: `python -m services.storage.audit [--repair]` (SPEC O10).

Prints a line for each finding. Exit code 0 when all is well or was mended, 1 when something is wrong, further ones as
in commands.py. After restoring a backup run it with --repair, once database and bucket are both back.
"""

import argparse
import sys
from collections.abc import Sequence

from services.storage.commands import Tools, run


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.storage.audit", description=__doc__)
    parser.add_argument("--repair", action="store_true", help="mend what can be mended")
    parser.add_argument(
        "--skip-content",
        action="store_true",
        help="believe the hash the store keeps for an object instead of reading every byte",
    )
    arguments = parser.parse_args(argv)

    async def work(tools: Tools) -> int:
        report = await tools.audit.run(repair=arguments.repair, read_bytes=not arguments.skip_content)
        for each in report.findings:
            mended = " mended:" if each.repaired else ""
            print(f"{each.code} {each.name}:{mended} {each.message}")  # noqa: T201
        print(  # noqa: T201 - a command line talks to its terminal
            f"{report.records} completed exports and {report.objects} objects looked at,"
            f" {len(report.findings)} findings, {sum(each.repaired for each in report.findings)} mended"
        )
        return 0 if report.clean else 1

    return run("audit", work)


if __name__ == "__main__":
    sys.exit(main())
