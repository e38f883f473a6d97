"""TemplateService: what templates there are, how they look, and how well parsers read them."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from services.render import engine
from services.render.fidelity.figures import Figures
from services.render.jobs import preview_job
from services.render.samples import sample
from services.render.servicer import PREVIEW_WIDTH
from services.render.supervisor import Supervisor
from services.runtime.auth import current_identity
from services.runtime.errors import NotFound
from vitae.render.v1 import templates_pb2 as messages
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions
from vitae.render.v1.templates_pb2_grpc import TemplateServiceServicer

_MOST_PICTURES = 64
"""Pictures kept: a few templates in a few widths; one has some 100 KB."""


class TemplatesServicer(TemplateServiceServicer):
    """vitae.render.v1.TemplateService. Templates do not change while the process lives."""

    def __init__(
        self, supervisor: Supervisor, templates: Sequence[messages.Template], figures: Figures
    ) -> None:
        self._supervisor = supervisor
        self._templates = [_with_fidelity(each, figures) for each in templates]
        self._pictures: OrderedDict[tuple[str, int], asyncio.Task[bytes]] = OrderedDict()

    async def ListTemplates(
        self, request: messages.ListTemplatesRequest, context: Any
    ) -> messages.ListTemplatesResponse:
        """All templates, the default first."""
        current_identity()
        return messages.ListTemplatesResponse(templates=self._templates)

    async def GetTemplate(self, request: messages.GetTemplateRequest, context: Any) -> messages.Template:
        """One template."""
        current_identity()
        return self._template(request.id)

    async def GetTemplatePreview(
        self, request: messages.GetTemplatePreviewRequest, context: Any
    ) -> messages.TemplatePreview:
        """The first page of an invented person's resume in a template."""
        current_identity()
        key = (self._template(request.id).id, request.width_px or PREVIEW_WIDTH)
        return messages.TemplatePreview(png=await self._picture(*key))

    async def _picture(self, template: str, width_px: int) -> bytes:
        """The picture, drawn once however many ask for it at the same time."""
        key = (template, width_px)
        drawing = self._pictures.get(key)
        if drawing is None or (drawing.done() and (drawing.cancelled() or drawing.exception() is not None)):
            drawing = asyncio.create_task(self._draw(template, width_px))
            self._pictures[key] = drawing
        self._pictures.move_to_end(key)
        while len(self._pictures) > _MOST_PICTURES:
            self._pictures.popitem(last=False)
        return await asyncio.shield(drawing)

    async def _draw(self, template: str, width_px: int) -> bytes:
        document = sample("en")
        plan = await asyncio.to_thread(engine.plan, document, FORMAT_PDF, template, RenderOptions())
        [page] = await self._supervisor.run(
            preview_job(document, plan, width_px=width_px, first_page=1, page_limit=1)
        )
        return page.png

    def _template(self, name: str) -> messages.Template:
        for each in self._templates:
            if each.id == name:
                return each
        known = ", ".join(each.id for each in self._templates)
        raise NotFound(f"There is no template of this id; there are {known}.", reason="UNKNOWN_TEMPLATE")


def _with_fidelity(template: messages.Template, figures: Figures) -> messages.Template:
    told = messages.Template()
    told.CopyFrom(template)
    told.fidelity.extend(figures.of(template))
    return told
