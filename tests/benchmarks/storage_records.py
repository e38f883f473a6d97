"""Many export records for benchmarks, and the plans PostgreSQL makes for the service's own queries over them."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.support.sent_statements import sent_statements
from vitae.render.v1.render_pb2 import ExportPlan, RenderedFile

_FILES = """
    insert into files (id, tenant_id, user_id, object_key, size_bytes, sha256, create_time)
    select md5('file' || n)::uuid, %(tenant)s,
        case when n %% 2 = 0 then %(heavy)s::uuid else md5('user' || n / 200)::uuid end,
        'exports/' || n, 300000, md5(n::text), now()
    from generate_series(%(first)s::int, %(last)s::int) n where n %% 7 <> 0
"""

_EXPORTS = """
    insert into exports (
        id, tenant_id, user_id, document_id, document_type, document_version, document_title, job_posting_id, job_title,
        company, format, template, filename, extension, cache_key, plan, status, max_attempts, reserved_bytes,
        error_reason, file_id, result, render_seconds, create_time, complete_time, expire_time
    )
    select gen_random_uuid(), %(tenant)s, owner, gen_random_uuid(), 1, 1, 'A resume',
        case when n %% 202 = 0 then %(job)s::uuid else gen_random_uuid() end, 'Engineer', 'Acme', 1 + n %% 5,
        (array['modern', 'classic', 'creative', 'ats_optimized'])[1 + n %% 4], 'resume_modern_20251212.pdf', 'pdf',
        md5(n::text), %(plan)s, case when failed then 'failed' else 'completed' end, 5, 2000000,
        case when failed then 'WORKER_LOST' else '' end, case when not failed then md5('file' || n)::uuid end,
        case when not failed then %(result)s::bytea end, case when not failed then 0.5 end,
        now() - n * interval '10 seconds', now(), now() + (n - %(expired)s) * interval '1 second'
    from (
        select n, n %% 7 = 0 as failed,
            case when n %% 2 = 0 then %(heavy)s::uuid else md5('user' || n / 200)::uuid end as owner
        from generate_series(%(first)s::int, %(last)s::int) n
    ) numbered
"""


@dataclass(frozen=True)
class Records:
    """Whose records there are: half of all are `heavy`'s, the others' have a hundred each."""

    tenant: UUID
    heavy: UUID
    job: UUID
    """A posting for which `heavy` has one in a hundred and one of theirs."""

    def fill(self, url: str, first: int, last: int, *, expired: int = 0) -> None:
        """Finished records number `first` to `last`, six of seven with a file; those up to `expired` past their time.

        Vacuumed as autovacuum does after so many inserts.
        """
        about = {
            **vars(self),
            "first": first,
            "last": last,
            "expired": expired,
            "plan": ExportPlan(template="modern", content_type="application/pdf").SerializeToString(),
            "result": RenderedFile(size_bytes=300_000, page_count=2, sha256="0" * 64).SerializeToString(),
        }
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_FILES, about)
            connection.execute(_EXPORTS, about)
            connection.execute("vacuum analyze files, exports")


LARGE = frozenset({"exports", "files"})
"""Tables no query may read through."""


async def plan_faults(
    connection: AsyncConnection, call: Callable[[AsyncConnection], Awaitable[Any]]
) -> list[str]:
    """What is wrong with the plans of the statements `call` makes on the connection, in its role and scope.

    A large table read through, or read without an index.
    """
    with sent_statements() as statements:
        await call(connection)
    faults = []
    for statement, parameters in statements:
        shown = await connection.exec_driver_sql(f"explain (format json) {statement}", parameters)
        faults += [
            f"{table}: {how}" for table, how in _scans(shown.scalar_one()[0]["Plan"]) if table in LARGE
        ]
    return faults


def _scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "Seq Scan" in plan["Node Type"]:
        yield plan["Relation Name"], plan["Node Type"]
    for each in plan.get("Plans", ()):
        yield from _scans(each)
