"""Configuration of the gateway."""

from dataclasses import dataclass

from services.runtime.config import Bytes, Seconds, group, setting
from services.runtime.settings import ExternalIdentityConfig, ProcessConfig, TlsConfig

SERVICE = "gateway"
"""Name of the process, space of its variables, issuer of the internal tokens it mints."""


@dataclass(frozen=True)
class TargetsConfig:
    """Where the services are."""

    generation: str = setting(
        "VITAE_GATEWAY_GENERATION_ADDRESS",
        meaning="gRPC target of the generation service (dns:///host:port).",
    )
    render: str = setting(
        "VITAE_GATEWAY_RENDER_ADDRESS", meaning="gRPC target of the render service (dns:///host:port)."
    )
    storage: str = setting(
        "VITAE_GATEWAY_STORAGE_ADDRESS", meaning="gRPC target of the storage service (dns:///host:port)."
    )
    signing_key: str = setting(
        "VITAE_GATEWAY_SIGNING_KEY",
        meaning="Ed25519 private key (PEM) that signs internal tokens; its public half is in VITAE_INTERNAL_JWKS "
        "with iss gateway.",
        secret=True,
    )
    timeout: Seconds = setting(
        "VITAE_GATEWAY_CALL_TIMEOUT", default="10s", meaning="Longest call to a service.", minimum=0.1
    )


@dataclass(frozen=True)
class HttpConfig:
    """How the gateway speaks HTTP."""

    host: str = setting(
        "VITAE_GATEWAY_HOST", default="127.0.0.1", meaning="Address the HTTP server listens on."
    )
    port: int = setting(
        "VITAE_GATEWAY_PORT",
        default=8080,
        meaning="Port of the HTTP server; 0 takes a free one.",
        minimum=0,
        maximum=65535,
    )
    max_body: Bytes = setting(
        "VITAE_GATEWAY_MAX_BODY", default="3MiB", meaning="Largest request body.", minimum=1024
    )
    export_wait: Seconds = setting(
        "VITAE_GATEWAY_EXPORT_WAIT",
        default="30s",
        meaning="How long a call that creates an export waits for the file before it answers 202.",
        minimum=0,
        maximum=60,
    )
    link_lifetime: Seconds = setting(
        "VITAE_GATEWAY_DOWNLOAD_LINK_LIFETIME",
        default="5m",
        meaning="Life of the link a download is redirected to.",
        minimum=1,
    )
    cors_origins: tuple[str, ...] = setting(
        "VITAE_GATEWAY_CORS_ORIGINS",
        default=(),
        meaning="Origins of front-ends on other hosts, comma-separated; none by default.",
    )


@dataclass(frozen=True)
class GatewayConfig:
    """Everything the gateway reads from its environment."""

    process: ProcessConfig = group()
    tls: TlsConfig = group()
    external_identity: ExternalIdentityConfig = group()
    targets: TargetsConfig = group()
    http: HttpConfig = group()
