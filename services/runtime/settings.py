"""The settings every process shares. A VITAE_ variable outside a process's own space is declared here, or
refused.

`ProcessConfig` is what services/runtime/process.py needs and each process's configuration holds as `process`;
`ServerConfig` is a gRPC server's; `InternalKeysConfig` and `ExternalIdentityConfig` say who is believed.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from services.runtime.config import Bytes, ConfigError, Seconds, group, setting


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class LogConfig:
    """How log lines look and which are written."""

    format: LogFormat = setting(
        "VITAE_LOG_FORMAT", default=LogFormat.JSON, meaning="Form of log lines: json or console."
    )
    level: LogLevel = setting(
        "VITAE_LOG_LEVEL",
        default=LogLevel.INFO,
        meaning="Least level written: debug, info, warning or error.",
    )


@dataclass(frozen=True)
class TlsConfig:
    """TLS between processes, by files. With a CA both sides prove who they are (mutual TLS)."""

    certificate: Path | None = setting(
        "VITAE_TLS_CERT_FILE", default=None, meaning="PEM certificate chain this process shows its peers."
    )
    key: Path | None = setting(
        "VITAE_TLS_KEY_FILE", default=None, meaning="PEM private key of that certificate."
    )
    authority: Path | None = setting(
        "VITAE_TLS_CA_FILE",
        default=None,
        meaning="PEM authorities that peers' certificates have to come from.",
    )

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ConfigError(["VITAE_TLS_CERT_FILE, VITAE_TLS_KEY_FILE: set both or neither"])

    @property
    def enabled(self) -> bool:
        return self.certificate is not None or self.authority is not None


@dataclass(frozen=True)
class InternalKeysConfig:
    """The public keys whose internal identity tokens are believed."""

    jwks: str = setting(
        "VITAE_INTERNAL_JWKS",
        meaning="JSON Web Key Set of internal signers: Ed25519 keys, each with kid and iss (its process).",
        mountable=True,
    )


@dataclass(frozen=True)
class ExternalIdentityConfig:
    """An identity provider (a key set or a shared secret) whose tokens are believed; none when both are empty."""

    issuer: str = setting(
        "VITAE_IDENTITY_ISSUER", default="vitae", meaning="The iss a user's token has to carry."
    )
    audience: str = setting(
        "VITAE_IDENTITY_AUDIENCE", default="vitae", meaning="The aud a user's token has to carry."
    )
    algorithm: str = setting(
        "VITAE_IDENTITY_ALGORITHM",
        default="",
        meaning="The one signature algorithm accepted; empty: RS256 with a key set, HS256 with a shared secret.",
        legacy=("ALGORITHM",),
    )
    jwks: str = setting(
        "VITAE_IDENTITY_JWKS", default="", meaning="https address or file path of the provider's key set."
    )
    secret: str = setting(
        "VITAE_IDENTITY_SECRET",
        default="",
        meaning="Shared secret of HMAC tokens, at least as long as the hash (32 bytes for HS256).",
        secret=True,
        legacy=("SECRET_KEY",),
    )
    tenant_claim: str = setting(
        "VITAE_IDENTITY_TENANT_CLAIM",
        default="",
        meaning="Claim naming the tenant; empty: all are in the default tenant.",
    )
    roles_claim: str = setting(
        "VITAE_IDENTITY_ROLES_CLAIM",
        default="vitae_roles",
        meaning="Claim listing roles; a dotted path is followed.",
    )

    def __post_init__(self) -> None:
        if self.jwks and self.secret:
            raise ConfigError(["VITAE_IDENTITY_JWKS, VITAE_IDENTITY_SECRET: set one of them, not both"])

    @property
    def enabled(self) -> bool:
        return bool(self.jwks or self.secret)


@dataclass(frozen=True)
class ProcessConfig:
    """What running any process takes."""

    log: LogConfig = group()
    environment: Environment = setting(
        "VITAE_ENVIRONMENT",
        default=Environment.PRODUCTION,
        meaning="development switches on conveniences (gRPC reflection) that production must not have.",
    )
    ops_host: str = setting(
        "VITAE_{PROCESS}_OPS_HOST", default="127.0.0.1", meaning="Address of /livez, /readyz and /metrics."
    )
    ops_port: int = setting(
        "VITAE_{PROCESS}_OPS_PORT",
        default=0,
        meaning="Port of the ops address; 0 takes a free one.",
        minimum=0,
        maximum=65535,
    )
    ready_file: Path | None = setting(
        "VITAE_{PROCESS}_READY_FILE",
        default=None,
        meaning="File written when ready (JSON: name, pid, ports) and removed at shutdown; launchers read it.",
    )
    drain_wait: Seconds = setting(
        "VITAE_SHUTDOWN_WAIT",
        default="0s",
        meaning="From saying not-ready to refusing calls, so that clients' name lookups catch up (5s on Kubernetes).",
        minimum=0,
    )
    grace: Seconds = setting(
        "VITAE_SHUTDOWN_GRACE",
        default="25s",
        meaning="What calls under way get to finish at shutdown.",
        minimum=0,
    )


@dataclass(frozen=True)
class ServerConfig:
    """A gRPC server."""

    tls: TlsConfig = group()
    host: str = setting(
        "VITAE_{PROCESS}_HOST", default="127.0.0.1", meaning="Address the gRPC server listens on."
    )
    port: int = setting(
        "VITAE_{PROCESS}_PORT",
        default=0,
        meaning="Port of the gRPC server; 0 takes a free one.",
        minimum=0,
        maximum=65535,
    )
    max_in_flight: int = setting(
        "VITAE_{PROCESS}_MAX_IN_FLIGHT",
        default=256,
        meaning="Calls served at once; further ones are refused.",
        minimum=1,
    )
    max_message: Bytes = setting(
        "VITAE_MAX_MESSAGE",
        default="4MiB",
        meaning="Largest gRPC message; files travel as streams.",
        minimum=65536,
    )
    default_deadline: Seconds = setting(
        "VITAE_{PROCESS}_DEFAULT_DEADLINE",
        default="60s",
        meaning="Deadline of calls that bring none.",
        minimum=1,
    )
    max_connection_age: Seconds = setting(
        "VITAE_MAX_CONNECTION_AGE",
        default="5m",
        meaning="Age at which a server asks a client to connect anew, so that new replicas get their share.",
        minimum=1,
    )
    keepalive: Seconds = setting(
        "VITAE_KEEPALIVE", default="30s", meaning="Quiet time after which a connection is probed.", minimum=10
    )


SHARED: tuple[type, ...] = (
    LogConfig,
    TlsConfig,
    InternalKeysConfig,
    ExternalIdentityConfig,
    ProcessConfig,
    ServerConfig,
)
"""The groups whose variables every process knows, whether or not it reads them."""
