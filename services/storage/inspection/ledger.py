"""The audit's questions to the database, each one statement over everybody's records (queue transaction).

The queue's role sees whose a record is and how it stands, never what is in it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

FILES_AT_ONCE = 500

_FILES = text(
    """
    select id, tenant_id, user_id, object_key, size_bytes, sha256, true as of_export from files
        where object_key > :after
    union all
    select id, tenant_id, user_id, object_key, size_bytes, sha256, false as of_export from objects
        where object_key > :after
    order by object_key limit :limit
    """
)

_KNOWN = text(
    """
    select object_key from files where object_key = any(:keys)
    union select object_key from objects where object_key = any(:keys)
    union select object_key from object_deletions where object_key = any(:keys)
    """
)

_HAS_FILE = text(
    """
    select exists (select from files where object_key = :key and id = :id)
        or exists (select from objects where object_key = :key and id = :id)
    """
)

_UPLOADING = text("select id from work_items where id = any(:ids) and owner is not null")

_UNREFERENCED = text(
    """
    select f.id, f.tenant_id, f.user_id, f.object_key, f.size_bytes from files f
    where not exists (select from exports e where e.file_id = f.id)
    """
)

_DOOMED = text(
    """
    select d.object_key, d.tenant_id, d.user_id from object_deletions d
    where exists (select from files f where f.object_key = d.object_key)
        or exists (select from objects o where o.object_key = d.object_key)
    """
)

_USAGE = text(
    """
    select coalesce(f.tenant_id, e.tenant_id) as tenant_id, coalesce(f.user_id, e.user_id) as user_id,
        coalesce(f.bytes, 0) as counted, coalesce(e.bytes, 0) as kept
    from (select tenant_id, user_id, sum(size_bytes) as bytes from files group by 1, 2) f
    full join (
        select e.tenant_id, e.user_id, sum(f.size_bytes) as bytes
        from (select distinct tenant_id, user_id, file_id from exports where file_id is not null) e
        join files f on f.id = e.file_id
        group by 1, 2
    ) e on (e.tenant_id, e.user_id) = (f.tenant_id, f.user_id)
    where f.bytes is distinct from e.bytes
    """
)

_WORK_MISSING = text(
    """
    select e.id, e.tenant_id, e.user_id from exports e
    where e.status = 'pending' and not exists (select from work_items w where w.id = e.id)
    """
)

_WORK_ORPHANED = text(
    """
    select w.id, w.tenant_id, w.user_id, coalesce(e.status, 'gone') as status
    from work_items w left join exports e on e.id = w.id
    where w.kind = :kind and e.status is distinct from 'pending'
    """
)

_ATTEMPTS = text(
    """
    select id, tenant_id, user_id, attempts, max_attempts from exports where attempts not between 0 and max_attempts
    union all
    select id, tenant_id, user_id, spent, max_attempts from work_items
        where spent not between 0 and max_attempts or attempt < spent
    """
)

_COMPLETED = text("select count(*) from exports where status = 'completed'")


async def files_after(connection: AsyncConnection, key: str) -> Sequence[Row[Any]]:
    """Files of exports and objects, by the key of their bytes, from behind `key`."""
    answer = await connection.execute(_FILES, {"after": key, "limit": FILES_AT_ONCE})
    return answer.all()


async def has_file(connection: AsyncConnection, id: UUID, key: str) -> bool:
    """Whether this file or object is still recorded with this key."""
    return bool((await connection.execute(_HAS_FILE, {"id": id, "key": key})).scalar_one())


async def known_keys(connection: AsyncConnection, keys: Sequence[str]) -> set[str]:
    """Those of the keys that a record has, or that are noted for removal."""
    return set((await connection.execute(_KNOWN, {"keys": list(keys)})).scalars())


async def leased(connection: AsyncConnection, ids: Sequence[Any]) -> set[Any]:
    """Those of the exports that a worker has at this moment."""
    return set((await connection.execute(_UPLOADING, {"ids": list(ids)})).scalars())


async def completed(connection: AsyncConnection) -> int:
    """How many completed records there are."""
    return int((await connection.execute(_COMPLETED)).scalar_one())


async def unreferenced_files(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Files no export has."""
    return (await connection.execute(_UNREFERENCED)).all()


async def doomed_objects(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Objects with a record that are noted for removal all the same."""
    return (await connection.execute(_DOOMED)).all()


async def usage_differences(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Users whose files are not those of their exports."""
    return (await connection.execute(_USAGE)).all()


async def exports_without_work(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Pending exports that the queue does not know."""
    return (await connection.execute(_WORK_MISSING)).all()


async def work_without_export(connection: AsyncConnection, kind: str) -> Sequence[Row[Any]]:
    """Live work whose export is not pending."""
    return (await connection.execute(_WORK_ORPHANED, {"kind": kind})).all()


async def impossible_attempts(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Records and work with more attempts than allowed, or fewer than none."""
    return (await connection.execute(_ATTEMPTS)).all()
