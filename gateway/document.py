"""Prints the OpenAPI document of the API: `python -m gateway.document`."""

import json
import sys

from gateway.app import document


def main() -> int:
    """Writes the document to standard output, in a form that is good to compare."""
    json.dump(document(), sys.stdout, indent=1, ensure_ascii=False, sort_keys=True)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
