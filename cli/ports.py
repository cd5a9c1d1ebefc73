"""Free ports on this machine's loopback."""

import random
import socket
from collections.abc import Iterator
from typing import Final

HOST: Final = "127.0.0.1"
# Below what Linux (32768 up) and macOS (49152 up) give to outgoing connections: a client that
# reconnects while a broker restarts would otherwise sooner or later be given the broker's port.
ANY: Final = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as server:
        # as Kafka does: connections that an earlier broker left in TIME_WAIT don't matter
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return not answers(port)  # macOS lets one bind beside a server that listens on all addresses


def answers(port: int) -> bool:
    """Whether a server accepts connections there."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((HOST, port)) == 0


def free() -> Iterator[int]:
    """Free ports, no two the same, in no order."""
    return (port for port in random.sample(ANY, len(ANY)) if is_free(port))
