"""The stage that turns exceptions into statuses. Nothing but a VitaeError's own words reaches a client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from services.runtime import correlation
from services.runtime.errors import STATUS_KEY, Internal, Unimplemented, VitaeError, from_rpc_error, to_status
from services.runtime.interceptors.chain import Call
from services.runtime.logs import get_logger


@asynccontextmanager
async def map_errors(call: Call) -> AsyncIterator[None]:
    """Ends the call with the status of whatever exception leaves it; unknown ones are logged with their traceback."""
    log = get_logger(__name__)
    try:
        yield
        return
    except grpc.aio.AbortError:
        raise
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # Something inside was cancelled, not this call: its caller still waits for an answer.
        log.exception("rpc_failed", rpc=f"{call.service}/{call.method}")
        error: VitaeError = Internal(reason="INTERNAL")
    except VitaeError as raised:
        error = raised
        if isinstance(raised, Internal):
            log.exception("rpc_failed", rpc=f"{call.service}/{call.method}")
    except grpc.aio.AioRpcError as raised:
        error = from_rpc_error(raised)
    except Exception as raised:
        if _unwritten(raised, call):
            error = Unimplemented()
        else:
            log.exception("rpc_failed", rpc=f"{call.service}/{call.method}")
            error = Internal()
    await _abort(call, error)


async def _abort(call: Call, error: VitaeError) -> None:
    call.code = error.code
    status = to_status(error, correlation.request_id())
    trailing = [(key, value) for key, value in call.context.trailing_metadata() or () if key != STATUS_KEY]
    await call.context.abort(
        error.code, status.message, (*trailing, (STATUS_KEY, status.SerializeToString()))
    )


def _unwritten(error: Exception, call: Call) -> bool:
    """Whether a generated base class answered for a method its servicer does not define."""
    return isinstance(error, NotImplementedError) and call.context.code() in (
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.UNIMPLEMENTED.value[0],
    )
