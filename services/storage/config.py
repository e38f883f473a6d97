"""The storage service's configuration."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from services.runtime.config import Bytes, ConfigError, Seconds, Url, group, setting
from services.runtime.db import DatabaseConfig
from services.runtime.settings import (
    ExternalIdentityConfig,
    InternalKeysConfig,
    ProcessConfig,
    ServerConfig,
)


class Encryption(StrEnum):
    """Server-side encryption of a bucket's objects, as the S3 API names it."""

    NONE = "none"
    AES256 = "AES256"
    KMS = "aws:kms"

    @property
    def parameter(self) -> str:
        """What the API is told; nothing for none."""
        return "" if self is Encryption.NONE else self.value


@dataclass(frozen=True)
class LocalObjectsConfig:
    """Files in a folder; used while no bucket is configured."""

    folder: Path | None = setting(
        "VITAE_STORAGE_OBJECTS_FOLDER",
        default=None,
        meaning="Folder for files while no bucket is configured; all replicas have to share it.",
    )
    link_secrets: tuple[str, ...] = setting(
        "VITAE_STORAGE_LINK_SECRETS",
        default=(),
        meaning="Secrets of download links, comma-separated: the first signs, all verify. At least 32 characters each.",
        secret=True,
    )
    public_url: str = setting(
        "VITAE_STORAGE_PUBLIC_URL",
        default="",
        meaning="The gateway's public address, put before download links; links are paths when empty.",
    )

    def __post_init__(self) -> None:
        if any(len(secret) < 32 for secret in self.link_secrets):
            raise ConfigError(["VITAE_STORAGE_LINK_SECRETS: every secret has to have at least 32 characters"])


@dataclass(frozen=True)
class S3Config:
    """A bucket of any S3-compatible store. Credentials come from AWS_ variables or the platform."""

    bucket: str = setting(
        "VITAE_STORAGE_S3_BUCKET",
        default="",
        meaning="Bucket for files, created when absent; files go to the local folder when empty.",
        legacy=("S3_BUCKET_NAME",),
    )
    region: str = setting(
        "VITAE_STORAGE_S3_REGION",
        default="us-east-1",
        meaning="Region of the bucket.",
        legacy=("S3_REGION",),
    )
    endpoint: Url | None = setting(
        "VITAE_STORAGE_S3_ENDPOINT", default=None, meaning="Address of the store; AWS's own when empty."
    )
    public_endpoint: Url | None = setting(
        "VITAE_STORAGE_S3_PUBLIC_ENDPOINT",
        default=None,
        meaning="Address clients reach the store under, where it is another one.",
    )
    path_style: bool = setting(
        "VITAE_STORAGE_S3_PATH_STYLE",
        default=False,
        meaning="Bucket in the path instead of the host name, for stores without wildcard DNS.",
    )
    encryption: Encryption = setting(
        "VITAE_STORAGE_S3_ENCRYPTION",
        default=Encryption.NONE,
        meaning="Server-side encryption asked for with every file: none, AES256 or aws:kms.",
    )
    kms_key: str = setting("VITAE_STORAGE_S3_KMS_KEY", default="", meaning="Key id for aws:kms.")
    connect_timeout: Seconds = setting(
        "VITAE_STORAGE_S3_CONNECT_TIMEOUT",
        default="2s",
        meaning="Longest wait for a connection.",
        minimum=0.1,
    )
    read_timeout: Seconds = setting(
        "VITAE_STORAGE_S3_READ_TIMEOUT", default="15s", meaning="Longest silence of the store.", minimum=0.1
    )
    attempts: int = setting(
        "VITAE_STORAGE_S3_ATTEMPTS", default=3, meaning="Tries of one call in all.", minimum=1
    )
    connections: int = setting(
        "VITAE_STORAGE_S3_CONNECTIONS", default=16, meaning="Calls to the store at once.", minimum=1
    )


@dataclass(frozen=True)
class LimitsConfig:
    """What users may keep and ask for (SPEC S6 to S8)."""

    max_file: Bytes = setting(
        "VITAE_STORAGE_MAX_FILE",
        default="100MB",
        meaning="Largest file stored.",
        minimum=1,
        legacy=("EXPORT_MAX_FILE_SIZE_MB",),
        legacy_parse=lambda megabytes: f"{megabytes}MB",
    )
    quota: Bytes = setting(
        "VITAE_STORAGE_QUOTA",
        default="100MB",
        meaning="Bytes a user may keep, unless the tenant has its own.",
    )
    reservation: Bytes = setting(
        "VITAE_STORAGE_RESERVATION",
        default="2MB",
        meaning="Bytes of the quota held for an export until its size is known.",
    )
    retention: Seconds = setting(
        "VITAE_STORAGE_RETENTION",
        default="30d",
        meaning="How long files are kept, unless the tenant has its own.",
        minimum=60,
        legacy=("EXPORT_RETENTION_DAYS",),
        legacy_parse=lambda days: f"{days}d",
    )
    link_lifetime: Seconds = setting(
        "VITAE_STORAGE_LINK_LIFETIME",
        default="1h",
        meaning="Longest life of a download link, and its default.",
        minimum=1,
        maximum=604800,
        legacy=("PRESIGNED_URL_EXPIRATION_SECONDS",),
    )
    waiting: int = setting(
        "VITAE_STORAGE_WAITING_LIMIT", default=50, meaning="Exports of a user that may wait.", minimum=1
    )
    running: int = setting(
        "VITAE_STORAGE_RUNNING_LIMIT", default=3, meaning="Exports of a user at work at once.", minimum=1
    )
    attempts: int = setting(
        "VITAE_STORAGE_MAX_ATTEMPTS", default=5, meaning="Tries of an export before it has failed.", minimum=1
    )


@dataclass(frozen=True)
class WorkConfig:
    """How work is handed out."""

    lease: Seconds = setting(
        "VITAE_STORAGE_LEASE",
        default="30s",
        meaning="Silence of a worker after which its work is given to another.",
        minimum=0.3,
    )
    poll: Seconds = setting(
        "VITAE_STORAGE_QUEUE_POLL",
        default="1s",
        meaning="How often a waiting worker looks anyhow.",
        minimum=0.01,
    )
    watch_poll: Seconds = setting(
        "VITAE_STORAGE_WATCH_POLL",
        default="200ms",
        meaning="How often changes made by other replicas are looked for while somebody waits.",
        minimum=0.01,
    )
    store_probe: Seconds = setting(
        "VITAE_STORAGE_STORE_PROBE",
        default="1s",
        meaning="How often an unavailable store is tried again; no work is handed out meanwhile.",
        minimum=0.01,
    )
    deletion_poll: Seconds = setting(
        "VITAE_STORAGE_DELETION_POLL",
        default="30s",
        meaning="How often files left to delete are looked for.",
        minimum=0.01,
    )
    staging_folder: Path | None = setting(
        "VITAE_STORAGE_STAGING_FOLDER",
        default=None,
        meaning="Folder for large files being received; the system's temporary folder when empty.",
    )


@dataclass(frozen=True)
class StorageConfig:
    """Everything the storage process reads."""

    process: ProcessConfig = group()
    server: ServerConfig = group()
    keys: InternalKeysConfig = group()
    identity: ExternalIdentityConfig = group()
    database: DatabaseConfig = group()
    local: LocalObjectsConfig = group()
    s3: S3Config = group()
    limits: LimitsConfig = group()
    work: WorkConfig = group()
    generation: str = setting(
        "VITAE_STORAGE_GENERATION_ADDRESS",
        meaning="gRPC target of the generation service (dns:///host:port).",
    )
    render: str = setting(
        "VITAE_STORAGE_RENDER_ADDRESS", meaning="gRPC target of the render service (dns:///host:port)."
    )

    def __post_init__(self) -> None:
        if self.s3.bucket:
            return
        if self.local.folder is None:
            raise ConfigError(
                [
                    "VITAE_STORAGE_S3_BUCKET, VITAE_STORAGE_OBJECTS_FOLDER: set one of them, or files have no place"
                ]
            )
        if not self.local.link_secrets:
            raise ConfigError(["VITAE_STORAGE_LINK_SECRETS: set it; links to local files are signed with it"])
