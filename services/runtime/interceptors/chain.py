"""Runs stages around RPC handlers of all four kinds, as the server's one interceptor.

    Stage = Callable[[Call], AbstractAsyncContextManager[None]]

Streams out are written from here, not yielded to gRPC: gRPC leaves a generator suspended when a call is
cancelled, and its `finally` would run later, elsewhere. A handler's generator is closed in its own task,
before its stages end.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.message import Message

from services.runtime.errors import Unimplemented
from services.runtime.wire import Unreadable, reading

Context = grpc.aio.ServicerContext[Any, Any]

EXEMPT_SERVICES = frozenset(
    {
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "grpc.reflection.v1.ServerReflection",
    }
)
"""Infrastructure services: no identity, limit or deadline, or probes would fail when they matter most."""

_UNKNOWN = "unknown"
_CODES: dict[object, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


@dataclass
class Call:
    """One RPC being served. Stages read it, and tell each other of `code` and `checks` through it."""

    service: str
    method: str
    context: Context
    metadata: tuple[tuple[str, str | bytes], ...]
    code: grpc.StatusCode | None = None
    """How the call ended, when a stage decided that."""
    checks: list[Callable[[Message], None]] = field(default_factory=list)
    """Called with each inbound message before the handler sees it."""

    @property
    def exempt(self) -> bool:
        return self.service in EXEMPT_SERVICES

    @property
    def time_left(self) -> float | None:
        """Seconds until the deadline the caller set, None when it set none."""
        return self.context.time_remaining()

    @property
    def ended_with(self) -> grpc.StatusCode:
        """The code of a call whose handler has ended: what a stage decided, what the handler set, or OK."""
        if self.code is not None:
            return self.code
        # grpc.aio gives a number, 0 before anything was set; its stubs promise the enum.
        code: object = self.context.code()
        return code if isinstance(code, grpc.StatusCode) else _CODES.get(code, grpc.StatusCode.OK)

    def headers(self, name: str) -> list[str]:
        """The text values sent under this (lower-case) name."""
        return [value for key, value in self.metadata if key == name and isinstance(value, str)]

    def header(self, name: str) -> str:
        """The value sent under this name; empty when there is none or more than one."""
        values = self.headers(name)
        return values[0] if len(values) == 1 else ""

    def check(self, message: Message | Unreadable) -> Message:
        if isinstance(message, Unreadable):
            message.refuse()
        for each in self.checks:
            each(message)
        return message


Stage = Callable[[Call], AbstractAsyncContextManager[None]]


class Chain(grpc.aio.ServerInterceptor):
    """The interceptor that runs `stages`, outermost first, around every handler."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = tuple(stages)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        if handler is None:
            return self._wrapped(_no_such_method(), _UNKNOWN, _UNKNOWN)
        _, service, method = str(handler_call_details.method).split("/", 2)
        return self._wrapped(handler, service, method)

    def _wrapped(self, handler: Any, service: str, method: str) -> Any:
        def call(context: Context) -> Call:
            return Call(service, method, context, tuple(context.invocation_metadata() or ()))

        async def one_out(request: Any, context: Context) -> Any:
            present = call(context)
            async with AsyncExitStack() as stack:
                await self._enter(stack, present)
                return await behaviour(_inbound(request, present, handler), context)

        async def stream_out(request: Any, context: Context) -> None:
            present = call(context)
            async with AsyncExitStack() as stack:
                await self._enter(stack, present)
                answer = behaviour(_inbound(request, present, handler), context)
                if not hasattr(answer, "__aiter__"):
                    await answer
                    return
                async with aclosing(answer):
                    async for message in answer:
                        await context.write(message)

        behaviour, maker = _KINDS[handler.request_streaming, handler.response_streaming](handler)
        return maker(
            stream_out if handler.response_streaming else one_out,
            request_deserializer=reading(handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )

    async def _enter(self, stack: AsyncExitStack, call: Call) -> None:
        for stage in self._stages:
            await stack.enter_async_context(stage(call))


_KINDS: dict[tuple[bool, bool], Callable[[Any], tuple[Callable[..., Any], Callable[..., Any]]]] = {
    (False, False): lambda handler: (handler.unary_unary, grpc.unary_unary_rpc_method_handler),
    (False, True): lambda handler: (handler.unary_stream, grpc.unary_stream_rpc_method_handler),
    (True, False): lambda handler: (handler.stream_unary, grpc.stream_unary_rpc_method_handler),
    (True, True): lambda handler: (handler.stream_stream, grpc.stream_stream_rpc_method_handler),
}


def _inbound(request: Any, call: Call, handler: Any) -> Any:
    return _checked(request, call) if handler.request_streaming else call.check(request)


async def _checked(messages: AsyncIterator[Message | Unreadable], call: Call) -> AsyncIterator[Message]:
    async for message in messages:
        yield call.check(message)


def _no_such_method() -> Any:
    async def refuse(requests: AsyncIterator[bytes], context: Context) -> None:  # noqa: ARG001 - gRPC's signature
        raise Unimplemented(
            "This service has no such method; check its name and version.", reason="UNKNOWN_METHOD"
        )

    return grpc.stream_stream_rpc_method_handler(refuse)
