"""Putting new export records into the ledger, each by one statement that decides while it inserts (SPEC S6, S11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.db import transaction_time
from services.runtime.statements import Statement
from services.storage.usage.store import Space, quota_exceeded

_SHARING = Statement(
    """
    with source as (
        select e.result, e.file_id, f.object_key
        from exports e join files f on f.id = e.file_id
        where e.tenant_id = :tenant_id and e.user_id = :user_id and e.cache_key = :cache_key
            and e.status = 'completed' and e.expire_time > :create_time
        order by e.create_time desc limit 1
    ), made as (
        insert into exports (
            id, tenant_id, user_id, document_id, document_type, document_version, document_title, job_posting_id,
            job_title, company, format, template, filename, extension, cache_key, plan, max_attempts, request_id,
            traceparent, create_time, expire_time, reserved_bytes, status, from_cache, complete_time, result, file_id
        )
        select cast(:id as uuid), cast(:tenant_id as uuid), cast(:user_id as uuid), cast(:document_id as uuid),
            cast(:document_type as smallint), cast(:document_version as int), :document_title,
            cast(:job_posting_id as uuid), :job_title, :company, cast(:format as smallint), :template, :filename,
            :extension, :cache_key, cast(:plan as bytea), cast(:max_attempts as int), :request_id, :traceparent,
            cast(:create_time as timestamptz),
            cast(:create_time as timestamptz) + coalesce(
                (select retention from tenant_settings where tenant_id = :tenant_id), cast(:retention as interval)
            ),
            0, 'completed', true, cast(:create_time as timestamptz), source.result, source.file_id
        from source
        returning expire_time
    )
    select made.expire_time, source.result, source.file_id, source.object_key from made, source
    """
)

_PENDING = Statement(
    """
    with kept as (
        select
            (select coalesce(sum(size_bytes), 0) from files
                where tenant_id = :tenant_id and user_id = :user_id)
            + (select coalesce(sum(size_bytes), 0) from objects
                where tenant_id = :tenant_id and user_id = :user_id) as used_bytes,
            (select coalesce(sum(reserved_bytes), 0) from exports
                where tenant_id = :tenant_id and user_id = :user_id and status = 'pending') as reserved_bytes,
            coalesce((select quota_bytes from tenant_settings where tenant_id = :tenant_id),
                cast(:quota_bytes as bigint)) as quota_bytes,
            coalesce((select retention from tenant_settings where tenant_id = :tenant_id),
                cast(:retention as interval)) as retention
    ), made as (
        insert into exports (
            id, tenant_id, user_id, document_id, document_type, document_version, document_title, job_posting_id,
            job_title, company, format, template, filename, extension, cache_key, plan, max_attempts, request_id,
            traceparent, create_time, expire_time, reserved_bytes, status, document
        )
        select cast(:id as uuid), cast(:tenant_id as uuid), cast(:user_id as uuid), cast(:document_id as uuid),
            cast(:document_type as smallint), cast(:document_version as int), :document_title,
            cast(:job_posting_id as uuid), :job_title, :company, cast(:format as smallint), :template, :filename,
            :extension, :cache_key, cast(:plan as bytea), cast(:max_attempts as int), :request_id, :traceparent,
            cast(:create_time as timestamptz), cast(:create_time as timestamptz) + kept.retention,
            cast(:reserved_bytes as bigint), 'pending', cast(:document as bytea)
        from kept
        where kept.used_bytes + kept.reserved_bytes + cast(:reserved_bytes as bigint) <= kept.quota_bytes
        returning expire_time
    )
    select kept.used_bytes, kept.reserved_bytes, kept.quota_bytes, (select expire_time from made) as expire_time
    from kept
    """
)


@dataclass(frozen=True)
class Bounds:
    """What holds where the tenant has no setting of its own, and what a file reserves until its size is known."""

    quota_bytes: int
    reservation_bytes: int
    retention: timedelta


async def add_shared(
    connection: AsyncConnection, record: Mapping[str, Any], bounds: Bounds
) -> tuple[Any, str] | None:
    """A completed record that shares the file of the user's newest unexpired one with the same cache key.

    The record as a row, and the key of the file; None when there is no such file, and then nothing was inserted. An
    IntegrityError says that the file is being deleted at this moment.
    """
    found = (await _SHARING.run(connection, {**record, "retention": bounds.retention})).one_or_none()
    if found is None:
        return None
    ended = {"status": "completed", "from_cache": True, "complete_time": transaction_time(connection)}
    kept = {"result": found.result, "file_id": found.file_id, "expire_time": found.expire_time}
    return SimpleNamespace(**{**_NEW, **record, **ended, **kept}), found.object_key


async def add_pending(
    connection: AsyncConnection, record: Mapping[str, Any], document: bytes, bounds: Bounds
) -> Any:
    """A record whose file is still to be made, as a row, with its part of the quota reserved.

    Meant to run while the user's queue slot is locked, so that two requests cannot both take the last place. Raises
    ResourceExhausted (QUOTA_EXCEEDED).
    """
    values = {
        **record,
        "document": document,
        "reserved_bytes": bounds.reservation_bytes,
        "quota_bytes": bounds.quota_bytes,
        "retention": bounds.retention,
    }
    found = (await _PENDING.run(connection, values)).one()
    if found.expire_time is None:
        raise quota_exceeded(
            Space(int(found.used_bytes), int(found.reserved_bytes), int(found.quota_bytes), None)
        )
    return SimpleNamespace(**{**_NEW, **record, "status": "pending", "expire_time": found.expire_time})


_NEW: Mapping[str, Any] = {
    "attempts": 0,
    "download_count": 0,
    "error_message": "",
    "error_reason": "",
    "error_retryable": False,
    "file_id": None,
    "from_cache": False,
    "result": None,
    "start_time": None,
    "complete_time": None,
}
"""What the columns that messages show hold in a new record (tables.py's defaults)."""
