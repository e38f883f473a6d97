"""Which processes make up a one-machine system, and what each is told."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.credentials import Credentials
from deploy.local.processes import Program

SERVICES = ("generation", "render", "storage")
"""The gRPC services, each on a free port of this machine."""


@dataclass(frozen=True)
class Settings:
    """How a one-machine system is laid out."""

    folder: Path
    """Data, logs and sockets; everything the system keeps is below it."""
    gateway_port: int
    databases: Mapping[str, str]
    """DATABASE_URL by service."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"


def programs(settings: Settings, credentials: Credentials, environ: Mapping[str, str]) -> list[Program]:
    """The processes in the order of their start, the render worker last.

    VITAE_ variables of `environ` win over what is set here.
    """
    ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
    targets = {service: f"dns:///127.0.0.1:{port}" for service, port in ports.items()}
    shared = {
        "VITAE_ENVIRONMENT": "development",
        "VITAE_INTERNAL_JWKS": credentials.public_keys(),
        "VITAE_IDENTITY_SECRET": credentials.identity_secret,
        "VITAE_SHUTDOWN_GRACE": "10s",
    }
    own: dict[str, dict[str, str]] = {
        "generation": {
            "VITAE_GENERATION_PORT": str(ports["generation"]),
            "VITAE_GENERATION_DATABASE_URL": settings.databases["generation"],
            "VITAE_GENERATION_DATABASE_START_WAIT": "60s",
            "VITAE_GENERATION_STORAGE_ADDRESS": targets["storage"],
            "VITAE_GENERATION_SIGNING_KEY": credentials.generation_key,
        },
        "render": {"VITAE_RENDER_PORT": str(ports["render"]), "VITAE_RENDER_CHILDREN": "1"},
        "storage": {
            "VITAE_STORAGE_PORT": str(ports["storage"]),
            "VITAE_STORAGE_DATABASE_URL": settings.databases["storage"],
            "VITAE_STORAGE_DATABASE_START_WAIT": "60s",
            "VITAE_STORAGE_GENERATION_ADDRESS": targets["generation"],
            "VITAE_STORAGE_RENDER_ADDRESS": targets["render"],
            "VITAE_STORAGE_OBJECTS_FOLDER": str(settings.folder / "objects"),
            "VITAE_STORAGE_LINK_SECRETS": credentials.link_secret,
            "VITAE_STORAGE_PUBLIC_URL": settings.url,
        },
        "render-worker": {
            "VITAE_RENDER_STORAGE_ADDRESS": targets["storage"],
            "VITAE_RENDER_SIGNING_KEY": credentials.worker_key,
        },
        "gateway": {
            "VITAE_GATEWAY_PORT": str(settings.gateway_port),
            "VITAE_GATEWAY_GENERATION_ADDRESS": targets["generation"],
            "VITAE_GATEWAY_RENDER_ADDRESS": targets["render"],
            "VITAE_GATEWAY_STORAGE_ADDRESS": targets["storage"],
            "VITAE_GATEWAY_SIGNING_KEY": credentials.gateway_key,
        },
    }
    arguments = {
        "generation": ("-m", "services.generation"),
        "render": ("-m", "services.render", "server"),
        "storage": ("-m", "services.storage"),
        "gateway": ("-m", "gateway"),
        "render-worker": ("-m", "services.render", "worker"),
    }
    return [_program(name, arguments[name], {**shared, **own[name]}, settings, environ) for name in arguments]


def base_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """What every process inherits: the ordinary variables and the store's credentials, nothing of this project."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "PYTHONPATH")
    return {
        name: value
        for name, value in environ.items()
        if name in kept or name.startswith(("AWS_", "SSL_CERT_", "OTEL_"))
    }


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def _program(
    name: str,
    arguments: tuple[str, ...],
    told: dict[str, str],
    settings: Settings,
    environ: Mapping[str, str],
) -> Program:
    folder = settings.folder / "processes"
    space = name.split("-", maxsplit=1)[0].upper()
    program = Program(name, arguments, {}, folder)
    overrides = {variable: value for variable, value in environ.items() if variable.startswith("VITAE_")}
    return Program(
        name,
        arguments,
        {
            **base_environ(environ),
            **told,
            **overrides,
            f"VITAE_{space}_READY_FILE": str(program.ready_file),
            "PYTHONUNBUFFERED": "1",
        },
        folder,
    )
