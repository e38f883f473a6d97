"""What happens around every RPC, in this order, outermost first.

    correlation     request id and trace: taken or made, put in context, echoed in trailing metadata
    metrics         counts by code, latency, calls in flight, one log line per call
    errors          any exception becomes a status; unknown ones INTERNAL without their text
    concurrency     more calls than the server takes are refused with RESOURCE_EXHAUSTED
    identity        bearer token -> Identity
    deadline        remaining time in context; refuses what cannot be done in time
    validation      each inbound message against its proto's rules

`stages(...)` builds that list; services/runtime/interceptors/chain.py runs it around handlers of all four
kinds. A stage is a function from the call to an async context manager. Health and reflection are exempt from
the last four but for validation.
"""

from collections.abc import Sequence

from services.runtime.auth import Authenticate
from services.runtime.interceptors.chain import Chain, Stage
from services.runtime.interceptors.concurrency import limit_concurrency
from services.runtime.interceptors.correlation import correlate
from services.runtime.interceptors.deadline import apply_deadline
from services.runtime.interceptors.errors import map_errors
from services.runtime.interceptors.identity import identify
from services.runtime.interceptors.metrics import observe
from services.runtime.interceptors.validation import validate_messages
from services.runtime.metrics import RpcMetrics

__all__ = ["Chain", "stages"]


def stages(
    *, metrics: RpcMetrics, authenticate: Authenticate, max_in_flight: int, default_deadline: float
) -> Sequence[Stage]:
    """The stages every server runs. `default_deadline` is in seconds."""
    return (
        correlate,
        observe(metrics),
        map_errors,
        limit_concurrency(max_in_flight),
        identify(authenticate),
        apply_deadline(default_deadline),
        validate_messages,
    )
