"""What every outgoing call carries, and the typed errors it ends with: the client's side of a channel.

grpc.aio wants one interceptor object per kind of RPC; all four share `Outgoing`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from grpc.aio import ClientCallDetails

from services.runtime import correlation, deadlines
from services.runtime.errors import from_rpc_error

Continuation = Callable[[ClientCallDetails, Any], Awaitable[Any]]


@dataclass(frozen=True)
class Outgoing:
    """Token, request id, trace and deadline of the calls of one channel."""

    token: Callable[[], str] | None
    default_timeout: float

    def details(self, details: ClientCallDetails) -> ClientCallDetails:
        """The call's details with all of it added. Raises DeadlineExceeded when no time is left for it."""
        metadata = grpc.aio.Metadata(*(details.metadata or ()), *correlation.outgoing())
        if self.token is not None:
            metadata.add("authorization", f"Bearer {self.token()}")
        asked = self.default_timeout if details.timeout is None else details.timeout
        return ClientCallDetails(
            details.method,
            deadlines.hop_timeout(asked),
            metadata,
            details.credentials,
            details.wait_for_ready,
        )

    def interceptors(self) -> Sequence[grpc.aio.ClientInterceptor]:
        """One per kind of RPC."""
        return (_UnaryUnary(self), _UnaryStream(self), _StreamUnary(self), _StreamStream(self))


class _UnaryUnary(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def intercept_unary_unary(
        self, continuation: Continuation, client_call_details: ClientCallDetails, request: Any
    ) -> Any:
        call = await continuation(self._outgoing.details(client_call_details), request)
        return await _TypedUnary(call)


class _UnaryStream(grpc.aio.UnaryStreamClientInterceptor):
    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def intercept_unary_stream(
        self, continuation: Continuation, client_call_details: ClientCallDetails, request: Any
    ) -> Any:
        return _typed(await continuation(self._outgoing.details(client_call_details), request))


class _StreamUnary(grpc.aio.StreamUnaryClientInterceptor):
    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def intercept_stream_unary(
        self, continuation: Continuation, client_call_details: ClientCallDetails, request_iterator: Any
    ) -> Any:
        call = await continuation(self._outgoing.details(client_call_details), request_iterator)
        return _TypedUnary(call)


class _StreamStream(grpc.aio.StreamStreamClientInterceptor):
    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def intercept_stream_stream(
        self, continuation: Continuation, client_call_details: ClientCallDetails, request_iterator: Any
    ) -> Any:
        return _typed(await continuation(self._outgoing.details(client_call_details), request_iterator))


class _TypedUnary:
    """A call whose awaiting raises typed errors; everything else of it is the call's own."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            return (yield from self._call.__await__())
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)


async def _typed(call: Any) -> AsyncIterator[Any]:
    try:
        async for message in call:
            yield message
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from error
