"""Serves profiles: stored, imported, exported, changed."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask

from services.document.jsonresume import Finding, export_profile, import_json_resume
from services.generation.matching.kept import keep, read_for_matching
from services.generation.outbox import store as outbox
from services.generation.outbox.relay import Relay
from services.generation.profiles import store
from services.generation.profiles.completion import completed
from services.generation.skills.table import SkillTable
from services.generation.tables import Lock, check_etag, idempotency_keys, sees_tenant
from services.runtime.auth import require_user
from services.runtime.db import Database, after_commit, retrying
from services.runtime.errors import FieldError, InvalidArgument, Unimplemented
from services.runtime.idempotency import RepeatableCall
from services.runtime.pages import after_token, next_token, page_size
from services.runtime.validation import validate
from vitae.generation.v1 import profiles_pb2, profiles_pb2_grpc
from vitae.resume.v1 import profile_pb2

Create = profiles_pb2.CreateProfileRequest | profiles_pb2.ImportProfileRequest


class ProfileServicer(profiles_pb2_grpc.ProfileServiceServicer):
    """Keeps profiles."""

    def __init__(
        self, database: Database, skills: SkillTable, clock: Callable[[], datetime], *, relay: Relay
    ) -> None:
        self._database = database
        self._skills = skills
        self._clock = clock
        self._relay = relay

    async def CreateProfile(
        self, request: profiles_pb2.CreateProfileRequest, context: Any
    ) -> profile_pb2.Profile:
        """Stores a profile as given; facts without an id get one."""
        profile = profile_pb2.Profile(
            display_name=request.profile.display_name, content=completed(request.profile.content)
        )
        return await self._store("CreateProfile", request, profile)

    async def ImportProfile(
        self, request: profiles_pb2.ImportProfileRequest, context: Any
    ) -> profiles_pb2.ImportProfileResponse:
        """Reads a file and stores the profile in it."""
        if request.format != profiles_pb2.PROFILE_FORMAT_JSON_RESUME:
            raise Unimplemented("Only JSON Resume files can be imported so far; send format json_resume.")
        content, report = await asyncio.to_thread(import_json_resume, request.data)
        if request.locale:
            content.locale = request.locale
        profile = profile_pb2.Profile(display_name=request.display_name, content=completed(content))
        validate(profile)
        if not request.validate_only:
            profile = await self._store("ImportProfile", request, profile)
        return profiles_pb2.ImportProfileResponse(
            profile=profile, notes=[note(each) for each in report.findings]
        )

    async def ExportProfile(
        self, request: profiles_pb2.ExportProfileRequest, context: Any
    ) -> profiles_pb2.ExportProfileResponse:
        """Writes a stored profile as a file."""
        if request.format != profiles_pb2.PROFILE_FORMAT_JSON_RESUME:
            raise Unimplemented(
                "Profiles can only be exported as JSON Resume so far; send format json_resume."
            )
        profile = await self._get(request.id)
        text = json.dumps(export_profile(profile.content), ensure_ascii=False, indent=2)
        return profiles_pb2.ExportProfileResponse(data=text.encode(), content_type="application/json")

    async def GetProfile(self, request: profiles_pb2.GetProfileRequest, context: Any) -> profile_pb2.Profile:
        """One profile."""
        return await self._get(request.id)

    async def ListProfiles(
        self, request: profiles_pb2.ListProfilesRequest, context: Any
    ) -> profiles_pb2.ListProfilesResponse:
        """A page of profiles, newest first."""
        identity, size = require_user(), page_size(request.page_size)
        after = after_token(request.page_token)
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            rows, total = await store.page(connection, identity, after, size)
        return profiles_pb2.ListProfilesResponse(
            profiles=[store.message(row) for row in rows[:size]],
            next_page_token=next_token(rows, size),
            total_size=total,
        )

    async def UpdateProfile(
        self, request: profiles_pb2.UpdateProfileRequest, context: Any
    ) -> profile_pb2.Profile:
        """Changes the fields of the mask, under the etag the caller read."""
        identity, mask = require_user(), _writable(request.update_mask)
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            row = await store.get(connection, identity, _id(request.profile.id), lock=Lock.CHANGE)
            check_etag(request.profile.etag, row.revision)
            profile = store.message(row)
            mask.MergeMessage(
                request.profile, profile, replace_message_field=True, replace_repeated_field=True
            )
            profile.content.CopyFrom(completed(profile.content))
            validate(profile)
            reading = await asyncio.to_thread(read_for_matching, profile.content, self._skills)
            changed = await store.change(connection, row.id, profile, self._clock())
            await keep(connection, self._skills, [(changed.id, changed.revision, reading)])
            return store.message(changed)

    async def DeleteProfile(self, request: profiles_pb2.DeleteProfileRequest, context: Any) -> Empty:
        """Deletes a profile with all that was made from it, whoever made it, and has storage follow."""
        identity = require_user()
        # The whole tenant is in sight, for recruiters' documents go too; `remove` checks that it is the caller's.
        async with self._database.user_transaction(identity, shared=True) as connection:
            document_ids = await store.remove(connection, identity, UUID(request.id), request.etag)
            await outbox.note_forgotten(
                connection,
                identity.tenant_id,
                identity.user,
                document_ids,
                delete_files=request.delete_files,
            )
            after_commit(connection, self._relay.wake)
        return Empty()

    async def _get(self, profile_id: str) -> profile_pb2.Profile:
        identity = require_user()
        async with self._database.user_transaction(identity, shared=sees_tenant(identity)) as connection:
            return store.message(await store.get(connection, identity, UUID(profile_id)))

    async def _store(self, method: str, request: Create, profile: profile_pb2.Profile) -> profile_pb2.Profile:
        identity, now = require_user(), self._clock()
        call = RepeatableCall(idempotency_keys, identity, method, request.request_id, request)
        reading = await asyncio.to_thread(read_for_matching, profile.content, self._skills)

        async def attempt() -> profile_pb2.Profile:
            async with self._database.user_transaction(identity) as connection:
                answer = await call.find(connection, now)
                if answer is not None:
                    return store.message(await store.get(connection, identity, UUID(bytes=answer)))
                profile_id = uuid4()
                row = await store.add(connection, identity, profile, profile_id, now)
                await keep(connection, self._skills, [(profile_id, row.revision, reading)])
                await call.keep(connection, profile_id.bytes, now)
                return store.message(row)

        return await retrying(attempt)


def _writable(mask: FieldMask) -> FieldMask:
    """The mask, checked: only what a user may write. "*" stands for all of it."""
    if list(mask.paths) == ["*"]:
        return FieldMask(paths=["display_name", "content"])
    bad = [path for path in mask.paths if path.split(".")[0] not in {"display_name", "content"}]
    if bad or not mask.IsValidForDescriptor(profile_pb2.Profile.DESCRIPTOR) or not mask.paths:
        problem = FieldError("update_mask", 'must name fields below "display_name" or "content", or be "*"')
        raise InvalidArgument(reason="FIELD_MASK_INVALID", fields=[problem])
    return mask


def _id(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidArgument(fields=[FieldError("profile.id", "must be a UUID")]) from error


_KINDS = {"converted": "changed", "cleaned": "changed", "kept": "kept_as_extra", "dropped": "dropped"}


def note(finding: Finding) -> profiles_pb2.CarryNote:
    """A finding of an import or export as clients see it."""
    return profiles_pb2.CarryNote(
        pointer=finding.pointer, kind=_KINDS[finding.outcome], message=finding.message, confidence=1
    )
