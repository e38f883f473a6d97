"""The stage that counts, and writes one log line per call."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import grpc

from services.runtime.interceptors.chain import Call, Stage
from services.runtime.logs import get_logger
from services.runtime.metrics import RpcMetrics


def observe(metrics: RpcMetrics) -> Stage:
    """Counts every call by its code, times it, and keeps the number in flight."""
    log = get_logger(__name__)

    @asynccontextmanager
    async def stage(call: Call) -> AsyncIterator[None]:
        in_flight = metrics.in_flight.labels(call.service, call.method)
        in_flight.inc()
        started = time.perf_counter()
        code = grpc.StatusCode.UNKNOWN
        try:
            yield
            code = call.ended_with
        except asyncio.CancelledError:
            left = call.time_left
            late = left is not None and left <= 0
            code = grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED
            raise
        except grpc.aio.AbortError:
            code = call.ended_with
            raise
        finally:
            seconds = time.perf_counter() - started
            in_flight.dec()
            metrics.seconds.labels(call.service, call.method).observe(seconds)
            metrics.handled.labels(call.service, call.method, code.name).inc()
            line = partial(
                log.debug if call.exempt else log.info,
                "rpc",
                rpc=f"{call.service}/{call.method}",
                code=code.name,
                milliseconds=round(seconds * 1000, 2),
            )
            # In its turn: the answer, which leaves when this ends, need not wait for a line to be written.
            asyncio.get_running_loop().call_soon(line)

    return stage
