"""The RPC server with real children, over a real socket."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from services.render import engine
from services.render.config import ChildrenConfig
from services.render.fidelity.figures import Figures
from services.render.jobs import FileLimits
from services.render.samples import sample
from services.render.servicer import CHUNK, RenderServicer
from services.render.supervisor import Supervisor
from services.render.templates_servicer import TemplatesServicer
from services.runtime.auth import (
    Identity,
    InternalSigner,
    InternalVerifier,
    authenticator,
    generate_key,
    key_set,
)
from services.runtime.client import open_channel
from services.runtime.config import load
from services.runtime.errors import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    Unauthenticated,
)
from services.runtime.server import build_server
from services.runtime.settings import ServerConfig
from vitae.render.v1 import render_pb2 as messages
from vitae.render.v1.options_pb2 import (
    FORMAT_DOCX,
    FORMAT_HTML,
    FORMAT_MARKDOWN,
    FORMAT_PDF,
    FORMAT_PNG,
    FORMAT_TXT,
    Format,
    RenderOptions,
)
from vitae.render.v1.render_pb2_grpc import RenderServiceStub, add_RenderServiceServicer_to_server
from vitae.render.v1.templates_pb2 import (
    GetTemplatePreviewRequest,
    GetTemplateRequest,
    ListTemplatesRequest,
)
from vitae.render.v1.templates_pb2_grpc import TemplateServiceStub, add_TemplateServiceServicer_to_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = FileLimits(max_pages=10, max_bytes=4 * 2**20)
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Service:
    render: RenderServiceStub
    templates: TemplateServiceStub
    stranger: RenderServiceStub
    supervisor: Supervisor
    registry: CollectorRegistry

    def drawn_previews(self) -> float:
        """How many previews children have drawn so far."""
        return self.registry.get_sample_value("vitae_render_stage_seconds_count", {"stage": "preview"}) or 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    signer = InternalSigner.from_pem(generate_key(), issuer="gateway")
    token = signer.for_user(Identity(uuid4(), uuid4()), audience=["render"])
    verifier = InternalVerifier.from_jwks(key_set([signer]), audience="render")
    registry = CollectorRegistry()
    config = replace(load(ChildrenConfig, {}, process="render"), count=1, spares=0)
    server_config = load(ServerConfig, {}, process="render")
    async with Supervisor(
        config, LIMITS, registry=registry, temporary=tmp_path_factory.mktemp("render")
    ) as supervisor:
        server = build_server(server_config, authenticate=authenticator(verifier), registry=registry)
        server.add(add_RenderServiceServicer_to_server, RenderServicer(supervisor, LIMITS))
        templates = TemplatesServicer(supervisor, engine.template_listing(), Figures.load())
        server.add(add_TemplateServiceServicer_to_server, templates)
        port = await server.start()
        channels = [
            open_channel(f"127.0.0.1:{port}", token=each, default_timeout=60.0)
            for each in (lambda: token, None)
        ]
        yield Service(
            RenderServiceStub(channels[0]),
            TemplateServiceStub(channels[0]),
            RenderServiceStub(channels[1]),
            supervisor,
            registry,
        )
        for channel in channels:
            await channel.close()
        await server.stop(1.0)


async def rendered(service: Service, request: messages.RenderRequest) -> tuple[messages.RenderedFile, bytes]:
    parts = [each async for each in service.render.Render(request)]
    assert parts[0].WhichOneof("part") == "file"
    assert all(len(each.chunk) <= CHUNK for each in parts[1:])
    return parts[0].file, b"".join(each.chunk for each in parts[1:])


@pytest.mark.parametrize(
    ("format_", "begin"),
    [
        (FORMAT_PDF, b"%PDF-"),
        (FORMAT_DOCX, b"PK\x03\x04"),
        (FORMAT_HTML, b"<!"),
        (FORMAT_TXT, b"Amara"),
        (FORMAT_MARKDOWN, b"# Amara"),
        (FORMAT_PNG, PNG),
    ],
)
async def test_every_format_arrives_whole_and_the_same_again(
    service: Service, format_: Format.ValueType, begin: bytes
) -> None:
    request = messages.RenderRequest(document=sample("en"), format=format_)
    file, data = await rendered(service, request)
    assert data.lstrip().lower().startswith(begin.lower())
    assert file.size_bytes == len(data)
    assert file.sha256 == hashlib.sha256(data).hexdigest()
    assert file.HasField("fidelity") == (format_ in (FORMAT_PDF, FORMAT_DOCX))
    if file.HasField("fidelity"):
        assert file.fidelity.score >= 0.95
        assert len(file.fidelity.extractors) == (2 if format_ == FORMAT_PDF else 1)
    assert (await rendered(service, request))[1] == data


async def test_a_plan_is_quick_and_its_key_follows_what_decides_the_bytes(service: Service) -> None:
    request = messages.PlanExportRequest(document=sample("en"), format=FORMAT_PDF)
    plan = await service.render.PlanExport(request)
    assert plan.template
    assert plan.renderer_digest
    assert plan == await service.render.PlanExport(request)
    request.options.base_font_size_pt = 11
    assert (await service.render.PlanExport(request)).cache_key != plan.cache_key
    times = []
    for _ in range(20):
        began = time.perf_counter()
        await service.render.PlanExport(request)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.02


async def test_a_stranger_is_sent_away(service: Service) -> None:
    with pytest.raises(Unauthenticated):
        await service.stranger.PlanExport(
            messages.PlanExportRequest(document=sample("en"), format=FORMAT_PDF)
        )
    with pytest.raises(Unauthenticated):
        _ = [
            each
            async for each in service.stranger.Render(
                messages.RenderRequest(document=sample("en"), format=FORMAT_PDF)
            )
        ]


async def test_an_unknown_template_is_named(service: Service) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await rendered(
            service, messages.RenderRequest(document=sample("en"), format=FORMAT_PDF, template="nope")
        )
    assert caught.value.reason == "UNKNOWN_TEMPLATE"
    assert [each.field for each in caught.value.fields] == ["template"]


async def test_a_file_that_parsers_read_too_badly_fails_with_the_findings(service: Service) -> None:
    document = sample("en")
    document.resume.sections[2].title = "My Journey"
    options = RenderOptions(min_fidelity=1.0)
    with pytest.raises(FailedPrecondition) as caught:
        await rendered(service, messages.RenderRequest(document=document, format=FORMAT_PDF, options=options))
    assert caught.value.reason == "FIDELITY_BELOW_MINIMUM"
    assert "sections[2].title" in {each.field for each in caught.value.fields}
    assert "HEADING_UNKNOWN" in caught.value.fields[0].description
    file, _ = await rendered(service, messages.RenderRequest(document=document, format=FORMAT_PDF))
    assert 0.9 < file.fidelity.score < 1


async def test_pages_come_as_pictures(service: Service) -> None:
    request = messages.PreviewPagesRequest(document=sample("en-long"), width_px=400, page_limit=20)
    pages = [each async for each in service.render.PreviewPages(request)]
    assert [each.page for each in pages] == list(range(1, pages[0].page_count + 1))
    assert all(each.png.startswith(PNG) and each.width_px == 400 for each in pages)
    request.first_page, request.page_limit = 2, 1
    assert [each.page async for each in service.render.PreviewPages(request)] == [2]


async def measured(
    service: Service, header: messages.MeasureFidelityHeader, chunks: Iterable[bytes]
) -> float:
    async def parts() -> AsyncIterator[messages.MeasureFidelityRequest]:
        yield messages.MeasureFidelityRequest(header=header)
        for chunk in chunks:
            yield messages.MeasureFidelityRequest(chunk=chunk)

    report = await service.render.MeasureFidelity(parts())
    return float(report.score)


async def test_files_are_measured_with_every_parser(service: Service) -> None:
    _, data = await rendered(service, messages.RenderRequest(document=sample("en"), format=FORMAT_PDF))
    header = messages.MeasureFidelityHeader(format=FORMAT_PDF, document=sample("en"))
    pieces = [data[start : start + 5000] for start in range(0, len(data), 5000)]
    assert await measured(service, header, pieces) >= 0.9
    header.document.CopyFrom(sample("de"))
    assert await measured(service, header, pieces) < 0.3


async def test_what_cannot_be_measured_is_refused(service: Service) -> None:
    header = messages.MeasureFidelityHeader(format=FORMAT_PDF)
    with pytest.raises(InvalidArgument) as caught:
        await measured(service, header, [b"nonsense"])
    assert caught.value.reason == "UNREADABLE_FILE"
    with pytest.raises(InvalidArgument) as caught:
        await measured(service, header, [b"x" * 60_000] * 80)
    assert caught.value.reason == "FILE_TOO_LARGE"

    async def headless() -> AsyncIterator[messages.MeasureFidelityRequest]:
        yield messages.MeasureFidelityRequest(chunk=b"x")

    with pytest.raises(InvalidArgument):
        await service.render.MeasureFidelity(headless())


async def test_templates_tell_measured_figures_and_show_a_picture(service: Service) -> None:
    listed = (await service.templates.ListTemplates(ListTemplatesRequest())).templates
    assert [each.id for each in listed][:1] == ["modern"]
    for template in listed:
        assert template == await service.templates.GetTemplate(GetTemplateRequest(id=template.id))
    request = GetTemplatePreviewRequest(id=listed[0].id, width_px=300)
    picture = await service.templates.GetTemplatePreview(request)
    assert picture.png.startswith(PNG)
    drawn = service.drawn_previews()
    assert await service.templates.GetTemplatePreview(request) == picture
    assert service.drawn_previews() == drawn > 0, "kept, not drawn again"
    with pytest.raises(NotFound):
        await service.templates.GetTemplate(GetTemplateRequest(id="nope"))
    with pytest.raises(NotFound):
        await service.templates.GetTemplatePreview(GetTemplatePreviewRequest(id="nope"))


async def test_a_client_that_leaves_stops_its_rendering(service: Service) -> None:
    document = sample("en-long")
    slow = sample("en-long")
    jobs = next(each.experience for each in slow.resume.sections if each.HasField("experience"))
    while len(jobs.entries) < 100:  # more pages than any machine draws within the deadline
        jobs.entries.add().CopyFrom(jobs.entries[0])
    call = service.render.Render(messages.RenderRequest(document=slow, format=FORMAT_PDF), timeout=0.15)
    with pytest.raises(DeadlineExceeded):
        _ = [each async for each in call]
    file, _ = await rendered(service, messages.RenderRequest(document=document, format=FORMAT_PDF))
    assert file.page_count >= 1
