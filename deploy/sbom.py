"""Writes what an image really holds, Python and Debian packages, as a CycloneDX 1.6 bill of materials.

    BUILDER=docker python -m deploy.sbom vitae-render:0.1.0 > build/render.cdx.json

It asks the image itself (its package databases), not the lists it was built from. BUILDER is the container engine.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

_LOOK_INSIDE = """
import importlib.metadata, json, pathlib
python = sorted({(each.metadata["Name"], each.version) for each in importlib.metadata.distributions()})
status = pathlib.Path("/var/lib/dpkg/status")
debian = []
for entry in status.read_text().split("\\n\\n") if status.exists() else []:
    lines = [line for line in entry.splitlines() if ": " in line and not line.startswith(" ")]
    fields = dict(line.split(": ", 1) for line in lines)
    if fields.get("Status", "").endswith(" installed"):
        debian.append((fields["Package"], fields["Version"], fields["Architecture"]))
print(json.dumps({"python": python, "debian": debian}))
"""


def bill(image: str, held: Mapping[str, Iterable[list[str]]]) -> dict[str, Any]:
    """The CycloneDX document of an image that holds these packages. The same image gives the same document."""
    name, _, version = image.rpartition(":")
    python = [_component(f"pkg:pypi/{_normal(each)}@{found}", each, found) for each, found in held["python"]]
    debian = [
        _component(f"pkg:deb/debian/{each}@{found}?arch={architecture}", each, found)
        for each, found, architecture in held["debian"]
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": name, "version": version}},
        "components": [*python, *debian],
    }


def held_by(image: str, command: Iterable[str]) -> dict[str, list[list[str]]]:
    """The packages of an image, asked with an engine's command line."""
    ran = subprocess.run(
        [*command, "run", "--rm", "--network", "none", "--entrypoint", "python", image, "-c", _LOOK_INSIDE],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    held: dict[str, list[list[str]]] = json.loads(ran.stdout)
    return held


def _component(purl: str, name: str, version: str) -> dict[str, str]:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _normal(name: str) -> str:
    """As the purl specification wants names of Python packages."""
    return name.lower().replace("_", "-")


def main() -> int:
    """The exit code."""
    if len(sys.argv) != 2 or not os.environ.get("BUILDER"):
        sys.stderr.write("usage: BUILDER=docker python -m deploy.sbom IMAGE:VERSION\n")
        return 2
    image = sys.argv[1]
    document = bill(image, held_by(image, shlex.split(os.environ["BUILDER"])))
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
