"""Streams of messages from services."""


def hang_up(call: object) -> None:
    """Ends a streaming call. A gRPC call whose reader just walks away goes on until its deadline."""
    cancel = getattr(call, "cancel", None)
    if cancel is not None:
        cancel()
