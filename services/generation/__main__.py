"""Runs the generation service: `python -m services.generation`. Only wiring; what it serves is in the folders."""

import gc

gc.disable()  # while code is loaded, all of which stays: a tenth of a start. Process turns it on again

import sys
from datetime import UTC, datetime

from services.generation.config import SERVICE, GenerationConfig
from services.generation.outbox.relay import OutboxMetrics, Relay
from services.generation.skills.table import SkillTable
from services.generation.sweeping import sweep_every
from services.generation.wiring import add_services
from services.runtime.auth import InternalSigner, InternalVerifier, authenticator
from services.runtime.client import as_service, open_channel
from services.runtime.db import Database
from services.runtime.external_identity import external_verifier
from services.runtime.logs import get_logger
from services.runtime.process import Process, run
from services.runtime.schema import require_schema
from services.runtime.server import build_server
from vitae.storage.v1.admin_pb2_grpc import StorageAdminServiceStub

PACKAGE = "services.generation"


async def start(process: Process, config: GenerationConfig) -> None:
    """Wires the process."""
    database = await process.enter(Database.from_config(config.database, application=SERVICE))
    await require_schema(database, PACKAGE, wait=config.database.start_wait)
    process.check("database", database.check)
    internal = InternalVerifier.from_jwks(config.internal_keys.jwks, audience=SERVICE)
    external = external_verifier(config.external_identity)
    server = build_server(
        config.server,
        authenticate=authenticator(internal, external.verify if external else None),
        registry=process.registry,
        reflection=process.development,
    )
    relay = await _relay(process, config, database)
    add_services(
        server, database, SkillTable.load(), _now, relay=relay, kept_versions=config.keeping.versions
    )
    process.serve(server)
    process.background("sweep", sweep_every(database, config.keeping.sweep))


async def _relay(process: Process, config: GenerationConfig, database: Database) -> Relay:
    """What tells storage of deletions, at work where storage's address is known."""
    metrics = OutboxMetrics.register(process.registry)
    if not config.outbox.storage:
        get_logger(__name__).warning(
            "deletions_are_not_relayed", set="VITAE_GENERATION_STORAGE_ADDRESS", meanwhile="they stay noted"
        )
        return Relay(database, None, metrics, config.outbox.poll)
    signer = InternalSigner.from_pem(config.outbox.signing_key, issuer=SERVICE)
    channel = open_channel(
        config.outbox.storage,
        token=as_service(signer, ["storage"]),
        tls=config.server.tls,
        keepalive=config.server.keepalive,
        max_message=config.server.max_message,
    )
    await process.enter(channel)
    relay = Relay(database, StorageAdminServiceStub(channel), metrics, config.outbox.poll)
    process.background("outbox", relay.run())
    return relay


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> int:
    """The exit code of the process."""
    return run(SERVICE, GenerationConfig, start)


if __name__ == "__main__":
    sys.exit(main())
