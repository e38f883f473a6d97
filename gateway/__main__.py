"""Runs the gateway: `python -m gateway`. Only wiring; what it serves is in routes/."""

import gc

gc.disable()  # while code is loaded, all of which stays: a tenth of a start. Process turns it on again

import sys

from gateway.app import build_app
from gateway.config import SERVICE, GatewayConfig
from gateway.http_server import HttpServer
from gateway.services import connected
from services.runtime.auth import remembering
from services.runtime.config import ConfigError
from services.runtime.external_identity import external_verifier
from services.runtime.process import Process, run


async def start(process: Process, config: GatewayConfig) -> None:
    """Opens channels to the services and serves the REST API."""
    verifier = external_verifier(config.external_identity)
    if verifier is None:
        raise ConfigError(
            ["VITAE_IDENTITY_JWKS, VITAE_IDENTITY_SECRET: set one of them, or nobody can be recognised"]
        )
    services = await process.enter(connected(config.targets, config.tls))
    app = build_app(
        services=services,
        authenticate=remembering(verifier.verify),
        http=config.http,
        registry=process.registry,
    )
    process.serve(HttpServer(app, config.http.host, config.http.port), "http")


def main() -> int:
    """The exit code of the process."""
    return run(SERVICE, GatewayConfig, start)


if __name__ == "__main__":
    sys.exit(main())
