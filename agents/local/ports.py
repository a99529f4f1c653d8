"""Ports that nobody else takes, not even by accident, while a server is down between a kill and a restart."""

import contextlib
import random
import socket

# Below the ranges from which Linux (32768+) and macOS (49152+) hand out ports for outgoing connections: a client that
# keeps knocking at a dead server's port from within that range may be connected to itself, and so occupy the port.
LOWEST, HIGHEST = 20_000, 32_000


def free_ports(count: int) -> tuple[int, ...]:
    """Return ``count`` different TCP ports of 127.0.0.1 on which nobody listens now.

    >>> len(set(free_ports(3)))
    3
    """
    ports: list[int] = []
    with contextlib.ExitStack() as held:
        while len(ports) < count:
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):  # taken: draw again
                probe.bind(("127.0.0.1", random.randint(LOWEST, HIGHEST)))
                ports.append(probe.getsockname()[1])
    return tuple(ports)


def free_row(count: int) -> int:
    """Return the first of ``count`` TCP ports in a row of 127.0.0.1 on which nobody listens now.

    >>> LOWEST <= free_row(3) <= HIGHEST
    True
    """
    while True:
        first = random.randint(LOWEST, HIGHEST)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):  # one is taken: draw again
            for port in range(first, first + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
