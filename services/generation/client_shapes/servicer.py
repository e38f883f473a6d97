"""Serves documents in the shapes of existing clients: read here, shaped by services.document.client_shapes."""

import asyncio
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.document.client_shapes.generation import letter_generation, resume_generation
from services.document.client_shapes.optimized_resume import optimized_resume
from services.document.client_shapes.tailored_resume import tailored_resume
from services.document.client_shapes.values import Json
from services.generation.composing.compose import compose
from services.generation.documents import store
from services.generation.letters.servicer import letter_message
from services.generation.matching.ranking import rank
from services.generation.profiles import store as profiles
from services.generation.resumes.saving import RESUME
from services.generation.resumes.servicer import resume_message
from services.generation.skills.table import SkillTable
from services.generation.tables import etag_of, sees_tenant
from services.runtime.auth import require_user
from services.runtime.db import Database
from services.runtime.errors import NotFound
from vitae.generation.v1 import client_shapes_pb2, client_shapes_pb2_grpc, resumes_pb2
from vitae.resume.v1 import profile_pb2, resume_pb2

_TAILORED = client_shapes_pb2.CLIENT_SHAPE_KIND_TAILORED_RESUME
_OPTIMIZED = client_shapes_pb2.CLIENT_SHAPE_KIND_OPTIMIZED_RESUME


class ClientShapeServicer(client_shapes_pb2_grpc.ClientShapeServiceServicer):
    """Documents in the shapes that existing clients were promised."""

    def __init__(self, database: Database, skills: SkillTable, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._skills = skills
        self._clock = clock

    async def GetClientShape(
        self, request: client_shapes_pb2.GetClientShapeRequest, context: Any
    ) -> client_shapes_pb2.ClientShape:
        """A document's head version in one shape."""
        identity = require_user()
        wanted = RESUME if request.kind in (_TAILORED, _OPTIMIZED) else None
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            row = await store.head(connection, identity, UUID(request.document_id), wanted)
            try:
                profile = profiles.message(await profiles.get(connection, identity, row.profile_id)).content
            except NotFound:  # a recruiter's resume outlives the role
                profile = profile_pb2.ProfileContent()
        today = self._clock().date()

        def shaped() -> Json:
            if row.document_type != RESUME:
                return letter_generation(letter_message(row))
            resume = resume_message(row)
            if request.kind == _TAILORED:
                return tailored_resume(resume, self._untailored(profile, resume.structure.locale, today))
            return optimized_resume(resume) if request.kind == _OPTIMIZED else resume_generation(resume)

        value = await asyncio.to_thread(shaped)
        return client_shapes_pb2.ClientShape(
            json=json.dumps(value, ensure_ascii=False), etag=etag_of(row.revision)
        )

    def _untailored(
        self, profile: profile_pb2.ProfileContent, locale: str, today: date
    ) -> resume_pb2.StructuredResume:
        """The profile as a resume that no posting shaped."""
        options = resumes_pb2.TailoringOptions(locale=locale)
        ranking = rank(profile, None, today, self._skills)
        return compose(profile, None, ranking, options, today, self._skills).structure
