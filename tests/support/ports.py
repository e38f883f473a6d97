"""Ports for servers that have to be told theirs, and to have it again after they died."""

import random
import socket

_RANGE = range(20_000, 32_000)
"""Below those the system gives to outgoing connections (32768 and up on Linux), any of which could take a port that a
dead server comes back for.
"""


def free_ports(count: int) -> list[int]:
    """So many different ports of the loopback address that nobody listens on. By chance, so that runs at the same time
    do not choose the same.
    """
    found: list[int] = []
    for port in random.sample(_RANGE, len(_RANGE)):
        if len(found) == count:
            break
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
    return found
