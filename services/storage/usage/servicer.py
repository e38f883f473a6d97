"""Serves usage against the quota."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from services.runtime.auth import require_user
from services.runtime.db import Database
from services.storage.exports.messages import STATUS
from services.storage.exports.store import own
from services.storage.tables import exports, files, objects, work_items
from services.storage.usage.store import space
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
        mine = own(identity)
        groups = select(
            exports.c.format,
            exports.c.template,
            exports.c.status,
            func.count().label("number"),
            func.sum(exports.c.download_count).label("downloads"),
        ).where(mine)
        groups = groups.group_by(exports.c.format, exports.c.template, exports.c.status)
        numbers = select(
            select(func.count())
            .select_from(files)
            .where(files.c.tenant_id == identity.tenant_id, files.c.user_id == identity.user)
            .scalar_subquery()
            + select(func.count())
            .select_from(objects)
            .where(objects.c.tenant_id == identity.tenant_id, objects.c.user_id == identity.user)
            .scalar_subquery(),
            select(func.coalesce(func.avg(exports.c.render_seconds), 0)).where(mine).scalar_subquery(),
            select(func.count())
            .select_from(work_items.join(exports, exports.c.id == work_items.c.id))
            .where(mine, exports.c.status == "pending", work_items.c.owner.is_not(None))
            .scalar_subquery(),
        )
        async with self.database.user_transaction(identity) as connection:
            kept = await space(connection, identity)
            rows = (await connection.execute(groups)).all()
            file_count, mean_seconds, running = (await connection.execute(numbers)).one()
        formats: Counter[Format.ValueType] = Counter()
        templates: Counter[str] = Counter()
        statuses: Counter[WorkStatus.ValueType] = Counter()
        for row in rows:
            formats[row.format] += row.number
            templates[row.template] += row.number
            statuses[STATUS[row.status]] += row.number
        pending = statuses[STATUS["pending"]]
        statuses[STATUS["pending"]] = pending - running
        statuses[WORK_STATUS_PROCESSING] = running
        return messages.Usage(
            used_bytes=kept.used_bytes,
            reserved_bytes=kept.reserved_bytes,
            quota_bytes=self.quota_bytes if kept.quota_bytes is None else kept.quota_bytes,
            file_count=file_count,
            by_format=[messages.FormatCount(format=each, count=n) for each, n in sorted(formats.items())],
            by_template=[
                messages.TemplateCount(template=each, count=n) for each, n in sorted(templates.items())
            ],
            by_status=[
                messages.StatusCount(status=each, count=n) for each, n in sorted(statuses.items()) if n
            ],
            download_count=sum(int(row.downloads) for row in rows),
            mean_render_seconds=float(mean_seconds),
            waiting=pending - running,
            running=running,
        )
