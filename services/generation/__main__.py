"""Runs the generation service: `python -m services.generation`. Only wiring; what it serves is in the folders."""

import sys
from datetime import UTC, datetime

from services.generation.config import SERVICE, GenerationConfig
from services.generation.skills.table import SkillTable
from services.generation.wiring import add_services
from services.runtime.auth import InternalVerifier, authenticator
from services.runtime.db import Database
from services.runtime.external_identity import external_verifier
from services.runtime.migrate import require_schema
from services.runtime.process import Process, run
from services.runtime.server import build_server

PACKAGE = "services.generation"


async def start(process: Process, config: GenerationConfig) -> None:
    """Wires the process."""
    database = await process.enter(Database.from_config(config.database, application=SERVICE))
    await require_schema(database, PACKAGE)
    process.check("database", database.check)
    internal = InternalVerifier.from_jwks(config.internal_keys.jwks, audience=SERVICE)
    external = external_verifier(config.external_identity)
    server = build_server(
        config.server,
        authenticate=authenticator(internal, external.verify if external else None),
        registry=process.registry,
        reflection=process.development,
    )
    add_services(server, database, SkillTable.load(), _now)
    process.serve(server)


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> int:
    """The exit code of the process."""
    return run(SERVICE, GenerationConfig, start)


if __name__ == "__main__":
    sys.exit(main())
