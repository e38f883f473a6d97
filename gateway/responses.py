"""Headers that several routes set alike."""

from typing import Protocol, TypeVar

from fastapi import Response


class _Resource(Protocol):
    @property
    def id(self) -> str: ...


class _Versioned(Protocol):
    @property
    def etag(self) -> str: ...


class _New(_Resource, _Versioned, Protocol):
    pass


V = TypeVar("V", bound=_Versioned)
N = TypeVar("N", bound=_New)


def with_etag(response: Response, resource: V) -> V:
    """The resource, its etag in the header."""
    response.headers["ETag"] = f'"{resource.etag}"'
    return resource


def created(response: Response, collection: str, resource: N) -> N:
    """The new resource, its address and etag in the headers."""
    response.headers["Location"] = f"{collection}/{resource.id}"
    return with_etag(response, resource)
