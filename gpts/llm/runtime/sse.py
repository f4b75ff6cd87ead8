"""A light reader of server-sent events: bytes in, the JSON text of each `data:` out."""

from __future__ import annotations

MAX_EVENT_BYTES = 4_000_000


class EventTooLargeError(Exception):
    """One event exceeds what any provider sends; the stream is not to be trusted."""


class EventSplitter:
    """Feed it network chunks of any cut; each call returns the data of the events completed by it.

    The provider SDK builds a validated object per event, which costs more than everything else that is
    done with a chunk of text together; only the data lines are needed here.
    """

    __slots__ = ("_buffer", "_limit")

    def __init__(self, limit: int = MAX_EVENT_BYTES) -> None:
        self._buffer = b""
        self._limit = limit

    def feed(self, chunk: bytes) -> list[bytes]:
        buffer = self._buffer + chunk if self._buffer else chunk
        if b"\r" in buffer:
            # A chunk may end between the two bytes of a line end: keep it whole until the next one.
            if buffer.endswith(b"\r"):
                self._buffer = buffer
                return []
            buffer = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *blocks, rest = buffer.split(b"\n\n")
        if len(rest) > self._limit:
            raise EventTooLargeError
        self._buffer = rest
        return [data for block in blocks if (data := _data_of(block))]


def _data_of(block: bytes) -> bytes:
    if block.startswith(b"data:") and b"\n" not in block:
        return block[5:].strip()
    lines = [line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines)
