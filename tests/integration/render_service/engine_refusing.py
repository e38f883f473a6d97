"""An engine that refuses to start, as the real one does where a library of the system is missing."""

from services.runtime.errors import FailedPrecondition


def warm_up() -> None:
    raise FailedPrecondition("Install libharfbuzz-subset0.", reason="LIBRARY_MISSING")
