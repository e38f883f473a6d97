"""The one family of errors, and its translation to and from gRPC.

Domain code raises a `VitaeError` subclass; the errors interceptor turns it into a `google.rpc.Status` with
ErrorInfo (reason, domain, metadata), BadRequest (failing fields), RetryInfo and RequestInfo; the client's
interceptor turns that status back into the same class, so callers of another service catch what that service
raised.

    raise NotFound("No resume has this id.", reason="RESUME_NOT_FOUND")
    raise InvalidArgument(fields=[FieldError("options.font_size", "must be between 8 and 14")])
    raise ResourceExhausted("Too many exports are waiting.", retry_after=30)

    to_status(error, request_id="") -> google.rpc.status_pb2.Status
    from_status(status) -> VitaeError
    from_rpc_error(grpc.aio.AioRpcError) -> VitaeError

A class's docstring is its default message. A reason is stable UPPER_SNAKE (AIP-193): clients program against
it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import getattr_static
from typing import TYPE_CHECKING, ClassVar

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError

# googleapis-common-protos has no stubs.
from google.rpc.code_pb2 import Code  # type: ignore[import-untyped]
from google.rpc.error_details_pb2 import (  # type: ignore[import-untyped]
    BadRequest,
    ErrorInfo,
    RequestInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

if TYPE_CHECKING:
    import grpc

DOMAIN = "vitae"
STATUS_KEY = "grpc-status-details-bin"

_REASON = re.compile(r"[A-Z][A-Z0-9_]{0,61}[A-Z0-9]")

_DETAILS_LIMIT = 6_000
"""Bytes of status details: they travel in trailing metadata, which peers limit to 8 KiB by default."""

_MESSAGE_LIMIT = 1_000
"""Bytes of message; it travels twice, as the gRPC message and inside the status."""


@dataclass(frozen=True)
class FieldError:
    """One failing field: its dotted path with indexes (`work[2].start_date`) and what to do about it."""

    field: str
    description: str


class _Status:
    """A gRPC status by name. gRPC is loaded when one is first asked for: processes that serve nobody, as those that
    draw, do without its 14 MB.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, error: object, kind: type) -> "grpc.StatusCode":
        import grpc

        return grpc.StatusCode[self.name]


class VitaeError(Exception):
    """The request failed."""

    code: ClassVar[_Status] = _Status("UNKNOWN")

    reason: str
    message: str
    fields: tuple[FieldError, ...]
    metadata: dict[str, str]
    retry_after: float | None
    """Seconds after which trying again makes sense; None when nothing is known."""
    request_id: str
    """The request that failed on the other side, when the error came from there."""

    def __init__(
        self,
        message: str | None = None,
        *,
        reason: str | None = None,
        fields: Iterable[FieldError] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.message = message or default_message(type(self))
        self.reason = reason or _code_name(type(self))
        if not _REASON.fullmatch(self.reason):
            raise ValueError(f"error reason {self.reason!r} is not UPPER_SNAKE of at most 63 characters")
        self.fields = tuple(fields)
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after
        self.request_id = ""
        super().__init__(self.message)

    def __str__(self) -> str:
        listed = "; ".join(f"{each.field}: {each.description}" for each in self.fields)
        return f"{self.message} ({listed})" if listed else self.message


class InvalidArgument(VitaeError):
    """The request is not valid."""

    code = _Status("INVALID_ARGUMENT")


class Unauthenticated(VitaeError):
    """Valid credentials are required."""

    code = _Status("UNAUTHENTICATED")


class PermissionDenied(VitaeError):
    """This is not allowed."""

    code = _Status("PERMISSION_DENIED")


class NotFound(VitaeError):
    """Nothing was found under this id."""

    code = _Status("NOT_FOUND")


class AlreadyExists(VitaeError):
    """It exists already."""

    code = _Status("ALREADY_EXISTS")


class Aborted(VitaeError):
    """It was changed by someone else meanwhile; read it again and repeat the change."""

    code = _Status("ABORTED")


class FailedPrecondition(VitaeError):
    """The present state does not allow this."""

    code = _Status("FAILED_PRECONDITION")


class ResourceExhausted(VitaeError):
    """A limit is reached; try again later."""

    code = _Status("RESOURCE_EXHAUSTED")


class Unavailable(VitaeError):
    """The service is not available at the moment; try again."""

    code = _Status("UNAVAILABLE")


class DeadlineExceeded(VitaeError):
    """The time allowed for this request ran out."""

    code = _Status("DEADLINE_EXCEEDED")


class Cancelled(VitaeError):
    """The request was cancelled."""

    code = _Status("CANCELLED")


class Unimplemented(VitaeError):
    """This is not offered yet."""

    code = _Status("UNIMPLEMENTED")


class Internal(VitaeError):
    """Something went wrong on our side."""

    code = _Status("INTERNAL")


@cache
def _class_of(number: int) -> type[VitaeError]:
    """The class of a gRPC status by its number."""
    classes = {_code_name(each): each for each in VitaeError.__subclasses__()}
    classes["OUT_OF_RANGE"] = InvalidArgument
    name = Code.Name(number) if number in Code.values() else "UNKNOWN"
    return classes.get(name, Internal)


def _code_name(kind: type[VitaeError]) -> str:
    """Name of a class's gRPC status."""
    name: str = getattr_static(kind, "code").name
    return name


def default_message(error: type[VitaeError]) -> str:
    """The message an error of this class has when none is given: its docstring."""
    return (error.__doc__ or "").strip()


def to_status(error: VitaeError, request_id: str = "") -> Status:
    """The wire form of an error. Details that would not fit the metadata limit are left out, fields last first."""
    message = error.message.encode()[:_MESSAGE_LIMIT].decode(errors="ignore")
    status = Status(code=Code.Value(_code_name(type(error))), message=message)
    _pack(status, ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata))
    if error.retry_after is not None:
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_after * 1000))
        _pack(status, RetryInfo(retry_delay=delay))
    if request_id or error.request_id:
        _pack(status, RequestInfo(request_id=request_id or error.request_id))
    if error.fields:
        _pack(status, _fitting(error.fields, _DETAILS_LIMIT - status.ByteSize()))
    return status


def from_status(status: Status) -> VitaeError:
    """The typed error of a status. Only the words of our own domain are kept: other texts may name addresses."""
    kind = _class_of(status.code)
    info, bad_request, retry, request = ErrorInfo(), BadRequest(), RetryInfo(), RequestInfo()
    for detail in status.details:
        for form in (info, bad_request, retry, request):
            detail.Unpack(form)
    ours = info.domain == DOMAIN
    error = kind(
        status.message if ours else None,
        reason=info.reason if ours and _REASON.fullmatch(info.reason) else None,
        fields=[FieldError(each.field, each.description) for each in bad_request.field_violations],
        metadata=info.metadata if ours else None,
        retry_after=retry.retry_delay.ToMilliseconds() / 1000 if retry.HasField("retry_delay") else None,
    )
    error.request_id = request.request_id
    return error


def from_rpc_error(error: "grpc.aio.AioRpcError") -> VitaeError:
    """The typed error of a failed call; the gRPC error stays reachable as its `__cause__`."""
    status = Status(code=error.code().value[0], message=error.details() or "")
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_KEY and isinstance(value, bytes):
            status = _parsed(value, status)
    typed = from_status(status)
    typed.__cause__ = error
    return typed


def _parsed(details: bytes, otherwise: Status) -> Status:
    try:
        status = Status.FromString(details)
    except DecodeError:
        return otherwise
    return status if status.code == otherwise.code else otherwise


def _pack(status: Status, detail: ErrorInfo | BadRequest | RetryInfo | RequestInfo) -> None:
    packed = Any()
    packed.Pack(detail)
    status.details.append(packed)


def _fitting(fields: tuple[FieldError, ...], limit: int) -> BadRequest:
    bad_request = BadRequest()
    for each in fields:
        bad_request.field_violations.add(field=each.field, description=each.description)
        if bad_request.ByteSize() > limit:
            del bad_request.field_violations[-1]
            break
    return bad_request
