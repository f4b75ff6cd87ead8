"""Parses server-sent events: takes bytes, returns the data of each event."""

from __future__ import annotations

MAX_EVENT_BYTES = 4_000_000


class EventTooLargeError(Exception):
    """An event is larger than any that a provider sends."""


class EventSplitter:
    """Takes network chunks of any size; ``feed`` returns the data of the events that a chunk completes.

    Used in place of the SDK's parser, because building a validated object for each event costs more than all
    other work on a chunk of text.
    """

    __slots__ = ("_buffer", "_limit")

    def __init__(self, limit: int = MAX_EVENT_BYTES) -> None:
        self._buffer = b""
        self._limit = limit

    def feed(self, chunk: bytes) -> list[bytes]:
        buffer = self._buffer + chunk if self._buffer else chunk
        if b"\r" in buffer:
            # The chunk may end between CR and LF: wait for the next one.
            if buffer.endswith(b"\r"):
                self._buffer = buffer
                return []
            buffer = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *blocks, rest = buffer.split(b"\n\n")
        if len(rest) > self._limit:
            raise EventTooLargeError
        self._buffer = rest
        return [data for block in blocks if (data := _extract_data(block))]


def _extract_data(block: bytes) -> bytes:
    if block.startswith(b"data:") and b"\n" not in block:
        return block[5:].strip()
    lines = [line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines)
