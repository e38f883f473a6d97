"""What all tables of the generation database share.

Contents are stored as serialised protobuf messages, not as JSONB: parsing one costs microseconds where JSON costs
half a millisecond, fields that a newer version added survive being written by an older one, and pictures stay bytes.
What is searched for has a column of its own.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    MetaData,
    Select,
    Table,
    Uuid,
    false,
)

from services.runtime.auth import Identity, Role
from services.runtime.errors import Aborted, FieldError, InvalidArgument
from services.runtime.idempotency import idempotency_table

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

idempotency_keys = idempotency_table(metadata)


def owned_columns() -> tuple[Column[UUID], ...]:
    """Id, tenant and user: the first columns of everything a user owns. The user goes null when they go."""
    return (
        Column("id", Uuid, primary_key=True),
        Column("tenant_id", Uuid, nullable=False),
        Column("user_id", Uuid),
    )


def tenant_owned_column() -> Column[bool]:
    """Whether a recruiter made it: then it belongs to the tenant and stays, without its maker, when they are erased."""
    return Column("tenant_owned", Boolean, nullable=False, server_default=false())


def written_columns() -> tuple[Column[int], Column[datetime], Column[datetime]]:
    """Revision (the etag) and the times of the first and last write."""
    return (
        Column("revision", BigInteger, nullable=False),
        Column("create_time", DateTime(timezone=True), nullable=False),
        Column("update_time", DateTime(timezone=True), nullable=False),
    )


def sees_tenant(identity: Identity) -> bool:
    """Whether this caller shares all records of their tenant (CONTRACTS C3)."""
    return identity.has_role(Role.RECRUITER)


def visible(table: Table, identity: Identity) -> ColumnElement[bool]:
    """Rows the caller may see: the first wall; row-level security is the second."""
    own_tenant = table.c.tenant_id == identity.tenant_id
    return own_tenant if sees_tenant(identity) else own_tenant & (table.c.user_id == identity.user)


class Lock(Enum):
    """What a transaction keeps others from doing to a row until it ends."""

    KEEP = "keep"
    """Deleting it: for whoever makes something that refers to it."""
    CHANGE = "change"
    """Changing or deleting it."""
    DELETE = "delete"
    """All of that, and making anything that refers to it."""


def locked(query: Select[Any], lock: Lock | None, *, of: Sequence[Table] | None = None) -> Select[Any]:
    """The query, with its rows locked; those of some of its tables where `of` names them."""
    if lock is None:
        return query
    return query.with_for_update(read=lock is Lock.KEEP, key_share=lock is not Lock.DELETE, of=of)


def etag_of(revision: int) -> str:
    """The etag clients hold for a revision."""
    return f"r{revision}"


def check_etag(given: str, revision: int) -> None:
    """Raises Aborted (ETAG_MISMATCH, with the current etag) when the caller read an older state; empty is unchecked."""
    if given and given.strip('"') != etag_of(revision):
        raise Aborted(
            "It was changed by someone else since you read it. Read it again and repeat your change.",
            reason="ETAG_MISMATCH",
            metadata={"etag": etag_of(revision)},
        )


def optional_id(value: str, field: str) -> UUID | None:
    """An id that may be empty; InvalidArgument names the field when it is neither empty nor a UUID."""
    if not value:
        return None
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidArgument(fields=[FieldError(field, "must be a UUID or empty")]) from error


def timestamp(moment: datetime) -> Timestamp:
    """A database time as a message."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message
