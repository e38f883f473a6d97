"""Queries over the objects a user keeps beside exports, always within that user's space.

An object's bytes have a store key of their own, new with every put, so replacing one is a change of its row and a
reader of the old bytes is not disturbed.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.auth import Identity
from services.runtime.errors import NotFound
from services.storage.tables import objects


def own(identity: Identity) -> ColumnElement[bool]:
    """The objects of this user."""
    return and_(objects.c.tenant_id == identity.tenant_id, objects.c.user_id == identity.user)


def not_found() -> NotFound:
    """The answer for an object that is not there, and for another's: exactly the same."""
    return NotFound("There is no object with this key.", reason="OBJECT_NOT_FOUND")


async def get(connection: AsyncConnection, identity: Identity, key: str) -> Row[Any]:
    """The object under this key. Raises NotFound."""
    row = (await connection.execute(select(objects).where(own(identity), objects.c.key == key))).one_or_none()
    if row is None:
        raise not_found()
    return row


async def by_id(connection: AsyncConnection, identity: Identity, object_id: UUID) -> Row[Any]:
    """The object with this id, which a later put under the same key does not have. Raises NotFound."""
    query = select(objects).where(own(identity), objects.c.id == object_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise not_found()
    return row


async def page(
    connection: AsyncConnection, identity: Identity, *, prefix: str, after: str, size: int
) -> Sequence[Row[Any]]:
    """Objects by key, and one more when another page follows."""
    query = select(objects).where(own(identity), objects.c.key > after)
    if prefix:
        query = query.where(objects.c.key >= prefix, func.starts_with(objects.c.key, prefix))
    return (await connection.execute(query.order_by(objects.c.key).limit(size + 1))).all()


async def put(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """A new object; its key has to be free."""
    await connection.execute(insert(objects).values(values))


async def remove(connection: AsyncConnection, identity: Identity, key: str) -> Row[Any] | None:
    """Takes the object under this key away; what it was, None when there was none. The bytes stay."""
    gone = delete(objects).where(own(identity), objects.c.key == key).returning(objects)
    return (await connection.execute(gone)).one_or_none()


async def count(connection: AsyncConnection, identity: Identity) -> int:
    """How many objects the user has."""
    query = select(func.count()).select_from(objects).where(own(identity))
    return int((await connection.execute(query)).scalar_one())
