"""The published table of every variable, made from the configuration classes themselves.

python -m deploy.configuration_table            writes docs/configuration.md (`make docs`)
python -m deploy.configuration_table --check    exit code 1 when it is out of step
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.config import LocalConfig
from gateway.config import GatewayConfig
from services.generation.config import GenerationConfig
from services.render.config import RenderConfig, WorkerConfig
from services.runtime.config import PROCESSES, SettingRow, rows
from services.runtime.migrate import MigrationConfig
from services.storage.config import StorageConfig

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"


@dataclass(frozen=True)
class Reader:
    """A process, the space its variables are in and the class that reads them."""

    name: str
    space: str
    config: type


READERS = (
    Reader("gateway", "gateway", GatewayConfig),
    Reader("generation", "generation", GenerationConfig),
    Reader("generation migrations", "generation", MigrationConfig),
    Reader("render server", "render", RenderConfig),
    Reader("render worker", "render", WorkerConfig),
    Reader("storage", "storage", StorageConfig),
    Reader("storage migrations", "storage", MigrationConfig),
    Reader("local", "local", LocalConfig),
)

_INTRODUCTION = """\
# Configuration

`make docs` writes this page from the configuration classes; a test holds it to them.

Every process is configured by its environment alone. `VITAE_<PROCESS>_...` belongs to that process and is ignored by
the others; every other `VITAE_` variable is shared. A process refuses to start, with exit code 78 and a line for each
mistake, when a variable is missing, malformed or unknown: a misspelt name is never silently ignored.

* **Durations** are `90`, `90s`, `5m`, `1h`, `250ms` or `30d`; **sizes** `65536`, `64KiB` or `100MB`; **lists** are
  comma-separated.
* **File** means that `<NAME>_FILE` may name a file to read the value from instead, such as a mounted secret.
  Secrets are never logged or shown.
* **Older names** are read where the new one is not set.
* Credentials of S3 are those of AWS's own chain: `AWS_ACCESS_KEY_ID` and its like, or the platform's.
"""

_TITLES = {
    "": "Shared by all processes",
    "gateway": "Gateway",
    "generation": "Generation",
    "render": "Render: server and worker",
    "storage": "Storage",
    "local": "One-machine launcher",
}


@dataclass
class _Line:
    row: SettingRow
    readers: list[str] = field(default_factory=list)


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([_INTRODUCTION, *_sections()])


def _sections() -> Iterator[str]:
    lines = _collected()
    for space, title in _TITLES.items():
        own = [line for name, line in lines.items() if _space(name) == space]
        yield f"## {title}\n"
        yield "| Variable | Default | Meaning | Secret | Read by | Older names |"
        yield "|---|---|---|---|---|---|"
        for line in own:
            yield _table_row(line)
        yield ""


def _collected() -> dict[str, _Line]:
    """Every variable once, in the order of declaration, with all its readers."""
    found: dict[str, _Line] = {}
    for reader in READERS:
        for row in rows(reader.config, process=reader.space):
            line = found.setdefault(row.name, _Line(row))
            if (line.row.default, line.row.meaning) != (row.default, row.meaning):
                raise ValueError(
                    f"{row.name}: {reader.name} gives it another default or meaning than others do"
                )
            if reader.name not in line.readers:
                line.readers.append(reader.name)
    return found


def _space(name: str) -> str:
    return next((each for each in PROCESSES if name.startswith(f"VITAE_{each.upper()}_")), "")


def _table_row(line: _Line) -> str:
    row = line.row
    default = {"": "", "required": "**required**"}.get(row.default, f"`{row.default}`")
    secret = ", ".join(word for word, holds in (("secret", row.secret), ("file", row.mountable)) if holds)
    older = ", ".join(f"`{name}`" for name in row.legacy)
    cells = (f"`{row.name}`", default, row.meaning, secret, ", ".join(line.readers), older)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.configuration_table")
    parser.add_argument("--check", action="store_true", help="only say whether the page is out of step")
    if parser.parse_args().check:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            sys.stderr.write(
                "docs/configuration.md is out of step with the configuration classes: run `make docs`\n"
            )
            return 1
        return 0
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
