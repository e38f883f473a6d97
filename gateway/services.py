"""The services behind the gateway: one channel each, and a stub for every gRPC service."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc

from gateway.config import SERVICE, TargetsConfig
from services.runtime.auth import InternalSigner
from services.runtime.client import as_service, open_channel, speaking_for_caller
from services.runtime.settings import TlsConfig
from vitae.generation.v1 import (
    cover_letters_pb2_grpc,
    documents_pb2_grpc,
    matching_pb2_grpc,
    person_data_pb2_grpc,
    postings_pb2_grpc,
    profiles_pb2_grpc,
    resumes_pb2_grpc,
)
from vitae.render.v1 import render_pb2_grpc, templates_pb2_grpc
from vitae.storage.v1 import exports_pb2_grpc, usage_pb2_grpc

AUDIENCES = {
    "generation": ("generation",),
    "render": ("render",),
    # Storage asks generation and render in the caller's name when it creates an export.
    "storage": ("storage", "generation", "render"),
}

IDEMPOTENT = (
    "vitae.generation.v1.ProfileService/GetProfile",
    "vitae.generation.v1.ProfileService/ListProfiles",
    "vitae.generation.v1.ProfileService/ExportProfile",
    "vitae.generation.v1.JobPostingService/GetJobPosting",
    "vitae.generation.v1.JobPostingService/ListJobPostings",
    "vitae.generation.v1.MatchService",
    "vitae.generation.v1.ResumeService/GetResume",
    "vitae.generation.v1.ResumeService/ListResumes",
    "vitae.generation.v1.ResumeService/ExportResumeJson",
    "vitae.generation.v1.CoverLetterService/GetCoverLetter",
    "vitae.generation.v1.CoverLetterService/ListCoverLetters",
    "vitae.generation.v1.DocumentService/ListDocumentVersions",
    "vitae.generation.v1.DocumentService/GetDocumentVersion",
    "vitae.generation.v1.DocumentService/DiffDocumentVersions",
    "vitae.render.v1.TemplateService",
    "vitae.storage.v1.ExportService/GetExport",
    "vitae.storage.v1.ExportService/WaitExport",
    "vitae.storage.v1.ExportService/ListExports",
    "vitae.storage.v1.ExportService/ListJobExports",
    "vitae.storage.v1.UsageService",
)
"""Reads: safe to try again when a service was unavailable."""


@dataclass(frozen=True)
class Services:
    """A stub for every gRPC service the gateway calls."""

    profiles: profiles_pb2_grpc.ProfileServiceStub
    postings: postings_pb2_grpc.JobPostingServiceStub
    matches: matching_pb2_grpc.MatchServiceStub
    resumes: resumes_pb2_grpc.ResumeServiceStub
    cover_letters: cover_letters_pb2_grpc.CoverLetterServiceStub
    documents: documents_pb2_grpc.DocumentServiceStub
    persons: person_data_pb2_grpc.PersonDataServiceStub
    render: render_pb2_grpc.RenderServiceStub
    templates: templates_pb2_grpc.TemplateServiceStub
    exports: exports_pb2_grpc.ExportServiceStub
    links: exports_pb2_grpc.ExportServiceStub
    """Exports again, over a channel that speaks for the gateway itself: signed links carry their own right."""
    usage: usage_pb2_grpc.UsageServiceStub


@asynccontextmanager
async def connected(targets: TargetsConfig, tls: TlsConfig) -> AsyncIterator[Services]:
    """Stubs over open channels, closed at the end. Channels connect when first used and again when lost."""
    signer = InternalSigner.from_pem(targets.signing_key, issuer=SERVICE)
    async with AsyncExitStack() as stack:

        async def channel(service: str, target: str) -> grpc.aio.Channel:
            opened = open_channel(
                target,
                token=speaking_for_caller(signer, AUDIENCES[service]),
                default_timeout=targets.timeout,
                idempotent=[name for name in IDEMPOTENT if name.startswith(f"vitae.{service}.")],
                tls=tls,
            )
            return await stack.enter_async_context(opened)

        generation = await channel("generation", targets.generation)
        render = await channel("render", targets.render)
        storage = await channel("storage", targets.storage)
        own = await stack.enter_async_context(
            open_channel(
                targets.storage,
                token=as_service(signer, ["storage"]),
                default_timeout=targets.timeout,
                tls=tls,
            )
        )
        yield Services(
            profiles=profiles_pb2_grpc.ProfileServiceStub(generation),
            postings=postings_pb2_grpc.JobPostingServiceStub(generation),
            matches=matching_pb2_grpc.MatchServiceStub(generation),
            resumes=resumes_pb2_grpc.ResumeServiceStub(generation),
            cover_letters=cover_letters_pb2_grpc.CoverLetterServiceStub(generation),
            documents=documents_pb2_grpc.DocumentServiceStub(generation),
            persons=person_data_pb2_grpc.PersonDataServiceStub(generation),
            render=render_pb2_grpc.RenderServiceStub(render),
            templates=templates_pb2_grpc.TemplateServiceStub(render),
            exports=exports_pb2_grpc.ExportServiceStub(storage),
            links=exports_pb2_grpc.ExportServiceStub(own),
            usage=usage_pb2_grpc.UsageServiceStub(storage),
        )
