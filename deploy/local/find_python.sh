#!/usr/bin/env bash
# Prints a Python that Vitae runs on: $PYTHON3 where it is set, else the first of the usual names that is 3.11 or newer.
set -euo pipefail

for name in ${PYTHON3:-python3 python3.13 python3.12 python3.11 python}; do
    # Run it rather than trust its name: a version manager's shim may have nothing behind it.
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$name"
        exit 0
    fi
done
echo "Vitae needs Python 3.11 or newer: install it, or say where it is with PYTHON3=/path/to/python3" >&2
exit 1
