"""Pages of listings that run newest first: opaque tokens that continue where the last page ended.

    after = after_token(request.page_token)                         # None on the first page
    query = newest_first(select(table).where(...), table, after, size)
    token = next_token(rows, size)                                  # "" on the last page

A token holds the time and id of the last row shown, so inserts between two calls neither repeat nor hide a row. It is
not signed: it only moves within rows the caller may see anyway.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Table, tuple_

from services.runtime.errors import FieldError, InvalidArgument

DEFAULT_PAGE_SIZE = 20
"""Entries of a page when the caller does not say (CONTRACTS C1)."""

Position = tuple[datetime, UUID]


def page_size(asked: int, default: int = DEFAULT_PAGE_SIZE) -> int:
    """How many entries a page has; the protos bound what may be asked."""
    return asked or default


def after_token(token: str) -> Position | None:
    """Where a page begins; None for the first. Raises InvalidArgument for a token nobody handed out."""
    if not token:
        return None
    try:
        created, identifier = base64.urlsafe_b64decode(token.encode()).decode().split(" ")
        return datetime.fromisoformat(created), UUID(identifier)
    except (ValueError, binascii.Error) as error:
        problem = FieldError("page_token", "must be a next_page_token of this listing, or empty")
        raise InvalidArgument(
            "The page token is not valid.", reason="PAGE_TOKEN_INVALID", fields=[problem]
        ) from error


def newest_first(
    query: Select[Any], table: Table, after: Position | None, size: int, skip: int = 0
) -> Select[Any]:
    """The query of one page, with one row more than shown, which tells whether another page follows."""
    if after is not None:
        query = query.where(tuple_(table.c.create_time, table.c.id) < tuple_(*after))
    return query.order_by(table.c.create_time.desc(), table.c.id.desc()).offset(skip).limit(size + 1)


def next_token(rows: Sequence[Row[Any]], size: int) -> str:
    """The token of the page after these rows; empty when none follows."""
    if len(rows) <= size:
        return ""
    last = rows[size - 1]
    return base64.urlsafe_b64encode(f"{last.create_time.isoformat()} {last.id}".encode()).decode()
