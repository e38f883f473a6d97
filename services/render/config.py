"""Configuration of the render service's two roles: the RPC server and the worker."""

from dataclasses import dataclass

from services.runtime.config import Bytes, ConfigError, Seconds, group, setting
from services.runtime.settings import (
    ExternalIdentityConfig,
    InternalKeysConfig,
    ProcessConfig,
    ServerConfig,
)

SPACE = "render"
"""Space of both roles' variables, VITAE_RENDER_..."""

SERVICE = "render"
"""Audience of tokens for the RPC server."""

WORKER = "render-worker"
"""Issuer of the worker's own tokens: the service name its key is bound to in VITAE_INTERNAL_JWKS."""


@dataclass(frozen=True)
class ChildrenConfig:
    """The processes that draw, and what one drawing may cost."""

    count: int = setting(
        "VITAE_RENDER_CHILDREN",
        default=0,
        meaning="Documents rendered at once, a process each; 0 takes one per CPU of this container, as memory allows.",
        minimum=0,
        maximum=256,
    )
    spares: int = setting(
        "VITAE_RENDER_SPARES",
        default=1,
        meaning="Further warm processes that replace a killed or worn one at once.",
        minimum=0,
        maximum=16,
    )
    max_waiting: int = setting(
        "VITAE_RENDER_MAX_WAITING",
        default=64,
        meaning="Renderings that may wait for a process; further ones are refused.",
        minimum=0,
        maximum=10_000,
    )
    time_limit: Seconds = setting(
        "VITAE_RENDER_TIME_LIMIT",
        default="30s",
        meaning="Wall clock and CPU time of one rendering; beyond it the process is killed.",
        minimum=0.05,
        maximum=600,
    )
    memory_limit: Bytes = setting(
        "VITAE_RENDER_CHILD_MEMORY_LIMIT",
        default="1GiB",
        meaning="Address space of one process; a rendering that wants more fails.",
        minimum=256 * 2**20,
    )
    recycle_after: int = setting(
        "VITAE_RENDER_RECYCLE_AFTER",
        default=1000,
        meaning="Renderings after which a process is replaced, which takes some 40 ms.",
        minimum=1,
    )
    recycle_memory: Bytes = setting(
        "VITAE_RENDER_RECYCLE_MEMORY",
        default="128MiB",
        meaning="Resident memory at which a process is replaced once its rendering is done; about 100 MB is usual, "
        "of which half is shared.",
        minimum=64 * 2**20,
    )
    cancel_grace: Seconds = setting(
        "VITAE_RENDER_CANCEL_GRACE",
        default="250ms",
        meaning="What a rendering nobody waits for any more gets to end by itself; a kill costs "
        "a new process.",
        minimum=0,
        maximum=10,
    )
    start_limit: Seconds = setting(
        "VITAE_RENDER_START_LIMIT",
        default="60s",
        meaning="Time the process that others are forked from gets to load fonts and engines.",
        minimum=1,
    )


@dataclass(frozen=True)
class FileConfig:
    """The files that may come out."""

    max_pages: int = setting(
        "VITAE_RENDER_MAX_PAGES", default=50, meaning="Most pages of one file.", minimum=1, maximum=1000
    )
    max_bytes: Bytes = setting(
        "VITAE_RENDER_MAX_FILE", default="20MiB", meaning="Largest file rendered or measured.", minimum=65536
    )


@dataclass(frozen=True)
class LeaseConfig:
    """The worker's dealings with storage."""

    storage: str = setting(
        "VITAE_RENDER_STORAGE_ADDRESS",
        default="",
        meaning="gRPC target of storage, such as dns:///storage:50051; the worker role needs it.",
    )
    signing_key: str = setting(
        "VITAE_RENDER_SIGNING_KEY",
        default="",
        meaning="Private key (PEM, Ed25519) of the worker's own tokens, its public half in VITAE_INTERNAL_JWKS under "
        "iss render-worker; the worker role needs it.",
        secret=True,
    )
    wait: Seconds = setting(
        "VITAE_RENDER_LEASE_WAIT",
        default="20s",
        meaning="How long one request for work waits at storage.",
        minimum=0,
        maximum=60,
    )


@dataclass(frozen=True)
class RenderConfig:
    """The server role. Both roles know each other's variables, so that one set of them serves both."""

    process: ProcessConfig = group()
    server: ServerConfig = group()
    keys: InternalKeysConfig = group()
    provider: ExternalIdentityConfig = group()
    children: ChildrenConfig = group()
    files: FileConfig = group()
    leases: LeaseConfig = group()


@dataclass(frozen=True)
class WorkerConfig:
    """The worker role."""

    process: ProcessConfig = group()
    server: ServerConfig = group()
    children: ChildrenConfig = group()
    files: FileConfig = group()
    leases: LeaseConfig = group()

    def __post_init__(self) -> None:
        problems = []
        if not self.leases.storage:
            problems.append(
                "VITAE_RENDER_STORAGE_ADDRESS: set it to storage's gRPC target, host:port or dns:///name:port"
            )
        if not self.leases.signing_key:
            problems.append(
                "VITAE_RENDER_SIGNING_KEY: set it (or VITAE_RENDER_SIGNING_KEY_FILE) to the worker's key"
            )
        if problems:
            raise ConfigError(problems)
