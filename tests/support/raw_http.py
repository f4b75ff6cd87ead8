"""Requests byte by byte over a real socket, as no HTTP client would send them."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

CHUNK = 64 * 1024


def connect(url: str, timeout: float = 30) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname
    return socket.create_connection((parts.hostname, parts.port or 80), timeout=timeout)


def send_raw(url: str, parts: Iterable[bytes], timeout: float = 30) -> tuple[int, bytes, int]:
    """Send ``parts`` until the server closes; return status, whole answer, and how many bytes it took.

    The status is 0 when the connection was reset before an answer arrived.
    """
    sent = 0
    with connect(url, timeout) as peer:
        try:
            for part in parts:
                peer.sendall(part)
                sent += len(part)
        except OSError:
            pass
        answer = read_answer(peer)
    return get_status(answer), answer, sent


def read_answer(peer: socket.socket) -> bytes:
    """Return everything until the server closes or resets the connection."""
    answer = b""
    try:
        while piece := peer.recv(CHUNK):
            answer += piece
    except ConnectionError:
        pass
    return answer


def get_status(answer: bytes) -> int:
    first = answer.partition(b"\r\n")[0].split(b" ")
    return int(first[1]) if len(first) > 1 else 0


def repeat(piece: bytes, total: int) -> Iterable[bytes]:
    """Yield ``piece`` until ``total`` bytes were sent."""
    for _number in range(total // len(piece)):
        yield piece
