"""The render processes: `python -m services.render server` and `python -m services.render worker`."""

import gc

gc.disable()  # while code is loaded, all of which stays: a tenth of a start. Process turns it on again

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from services.render import config as settings
from services.render import engine
from services.render.config import ChildrenConfig, FileConfig, RenderConfig, WorkerConfig
from services.render.fidelity.figures import Figures
from services.render.jobs import FileLimits
from services.render.metrics import WorkerMetrics
from services.render.samples import sample
from services.render.servicer import RenderServicer
from services.render.supervisor import Supervisor
from services.render.templates_servicer import TemplatesServicer
from services.render.worker import ExportWorker
from services.runtime.auth import InternalSigner, InternalVerifier, authenticator
from services.runtime.client import as_service, open_channel
from services.runtime.external_identity import external_verifier
from services.runtime.process import Process, run
from services.runtime.server import build_server
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions
from vitae.render.v1.render_pb2_grpc import add_RenderServiceServicer_to_server
from vitae.render.v1.templates_pb2_grpc import add_TemplateServiceServicer_to_server
from vitae.storage.v1.work_pb2_grpc import WorkServiceStub

_DRAIN_SHARE = 0.8
"""Part of the grace period in which exports may end; in the rest leases are returned."""


async def start_server(process: Process, config: RenderConfig) -> None:
    """Wires the RPC server."""
    internal = InternalVerifier.from_jwks(config.keys.jwks, audience=settings.SERVICE)
    external = external_verifier(config.provider)
    supervisor, limits = await _children(process, config.children, config.files)
    # The first plan loads the fonts' coverage; no caller should wait for that.
    await asyncio.to_thread(engine.plan, sample("en"), FORMAT_PDF, "", RenderOptions())
    templates = await asyncio.to_thread(engine.template_listing)
    figures = await asyncio.to_thread(Figures.load)
    server = build_server(
        config.server,
        authenticate=authenticator(internal, external.verify if external else None),
        registry=process.registry,
        reflection=process.development,
    )
    server.add(add_RenderServiceServicer_to_server, RenderServicer(supervisor, limits))
    server.add(add_TemplateServiceServicer_to_server, TemplatesServicer(supervisor, templates, figures))
    process.serve(server)


async def start_worker(process: Process, config: WorkerConfig) -> None:
    """Wires the worker."""
    signer = InternalSigner.from_pem(config.leases.signing_key, issuer=settings.WORKER)
    channel = await process.enter(_channel(config, signer))
    supervisor, limits = await _children(process, config.children, config.files)
    worker = ExportWorker(
        WorkServiceStub(channel),
        supervisor,
        limits=limits,
        metrics=WorkerMetrics.register(process.registry),
        lease_wait=config.leases.wait,
    )
    drain = config.process.grace * _DRAIN_SHARE
    process.background("exports", worker.run(process.stopping, drain=drain), finishes=True)


def main(arguments: list[str]) -> int:
    """The exit code of the process."""
    parser = argparse.ArgumentParser(prog="services.render", description=__doc__)
    parser.add_argument("role", choices=("server", "worker"), nargs="?", default="server")
    if parser.parse_args(arguments).role == "worker":
        return run(settings.WORKER, WorkerConfig, start_worker, space=settings.SPACE)
    return run(settings.SERVICE, RenderConfig, start_server)


async def _children(
    process: Process, children: ChildrenConfig, files: FileConfig
) -> tuple[Supervisor, FileLimits]:
    limits = FileLimits(files.max_pages, files.max_bytes)
    supervisor = await process.enter(Supervisor(children, limits, registry=process.registry))

    async def check() -> bool:
        return supervisor.healthy()

    process.check("children", check)
    return supervisor, limits


@asynccontextmanager
async def _channel(config: WorkerConfig, signer: InternalSigner) -> AsyncIterator[grpc.aio.Channel]:
    channel = open_channel(
        config.leases.storage,
        token=as_service(signer, ["storage"]),
        tls=config.server.tls,
        keepalive=config.server.keepalive,
        max_message=config.server.max_message,
    )
    try:
        yield channel
    finally:
        await channel.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
