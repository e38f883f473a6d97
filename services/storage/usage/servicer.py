"""Serves usage against the quota."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from services.runtime.auth import require_user
from services.runtime.db import Database
from services.storage.exports.messages import STATUS
from services.storage.usage.store import at_work, export_groups, space
from vitae.render.v1.options_pb2 import Format
from vitae.resume.v1.common_pb2 import WORK_STATUS_PROCESSING, WorkStatus
from vitae.storage.v1 import usage_pb2 as messages
from vitae.storage.v1.usage_pb2_grpc import UsageServiceServicer


@dataclass(frozen=True)
class UsageServicer(UsageServiceServicer):
    """vitae.storage.v1.UsageService."""

    database: Database
    quota_bytes: int

    async def GetUsage(self, request: messages.GetUsageRequest, context: Any) -> messages.Usage:
        """What the caller keeps, has under way, and may keep."""
        identity = require_user()
        async with self.database.user_transaction(identity) as connection:
            kept = await space(connection, identity)
            groups = await export_groups(connection, identity)
            running = await at_work(connection, identity)
        formats: Counter[Format.ValueType] = Counter()
        templates: Counter[str] = Counter()
        statuses: Counter[WorkStatus.ValueType] = Counter()
        for each in groups:
            formats[each.format] += each.exports
            templates[each.template] += each.exports
            statuses[STATUS[each.status]] += each.exports
        rendered = sum(each.rendered for each in groups)
        seconds = sum(each.render_seconds for each in groups)
        pending = statuses[STATUS["pending"]]
        running = min(running, pending)  # it was counted a moment later
        statuses[STATUS["pending"]] = pending - running
        statuses[WORK_STATUS_PROCESSING] = running
        return messages.Usage(
            used_bytes=kept.used_bytes,
            reserved_bytes=kept.reserved_bytes,
            quota_bytes=self.quota_bytes if kept.quota_bytes is None else kept.quota_bytes,
            file_count=kept.file_count,
            by_format=[messages.FormatCount(format=each, count=n) for each, n in sorted(formats.items())],
            by_template=[
                messages.TemplateCount(template=each, count=n) for each, n in sorted(templates.items())
            ],
            by_status=[
                messages.StatusCount(status=each, count=n) for each, n in sorted(statuses.items()) if n
            ],
            download_count=sum(each.downloads for each in groups),
            mean_render_seconds=seconds / rendered if rendered else 0.0,
            waiting=pending - running,
            running=running,
        )
