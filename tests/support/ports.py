"""Ports for servers that processes of their own open."""

from __future__ import annotations

import secrets
import socket

# Below the ports that Linux gives to outgoing connections: one of those could be taken, by a request of
# another test, between this moment and the one in which the server listens.
FIRST, LAST = 20_000, 32_000


def find_free_port() -> int:
    """Return a port of this machine on which nobody listens now."""
    for _attempt in range(200):
        port = FIRST + secrets.randbelow(LAST - FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"No port from {FIRST} to {LAST} is free.")
