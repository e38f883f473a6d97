"""What is sent to the database, whoever sends it: SQLAlchemy or a Statement of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg


@contextmanager
def sent_statements() -> Iterator[list[tuple[str, Any]]]:
    """Statements and their values, in order, while the block lasts; COMMIT is left out."""
    seen: list[tuple[str, Any]] = []
    execute = psycopg.AsyncCursor.execute

    async def noted(cursor: Any, query: Any, values: Any = None, **options: Any) -> Any:
        if query != "commit":
            seen.append((query, values))
        return await execute(cursor, query, values, **options)

    with patch.object(psycopg.AsyncCursor, "execute", noted):
        yield seen
