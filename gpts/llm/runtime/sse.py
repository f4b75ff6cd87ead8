"""Parses server-sent events: takes bytes, returns the data of each event."""

from __future__ import annotations

import json

import orjson

MAX_EVENT_BYTES = 4_000_000
DONE = b"[DONE]"
_BOM = b"\xef\xbb\xbf"


class EventTooLargeError(Exception):
    """An event is larger than any that a provider sends."""


class EventSplitter:
    """Takes network chunks of any size; ``feed`` returns the data of the events that a chunk completes.

    Used in place of the SDK's parser, because building a validated object for each event costs more than all
    other work on a chunk of text. Events that are parted by one line end instead of two are told apart by
    their JSON: a new ``data:`` line after a complete value begins a new event. A body that is JSON, from a
    server that does not stream, comes back from ``finish`` as one event.
    """

    __slots__ = ("_buffer", "_is_json", "_is_started", "_limit")

    def __init__(self, limit: int = MAX_EVENT_BYTES) -> None:
        self._buffer = b""
        self._limit = limit
        self._is_started = self._is_json = False

    def feed(self, chunk: bytes) -> list[bytes]:
        buffer = self._buffer + chunk if self._buffer else chunk
        if not self._is_started:
            buffer = buffer.removeprefix(_BOM)
            if not (begin := buffer.lstrip()[:1]):
                self._buffer = buffer
                return []
            self._is_started, self._is_json = True, begin in (b"{", b"[")
        if self._is_json:
            self._keep(buffer)
            return []
        if b"\r" in buffer:
            # The chunk may end between CR and LF: wait for the next one.
            if buffer.endswith(b"\r"):
                self._buffer = buffer
                return []
            buffer = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *blocks, rest = buffer.split(b"\n\n")
        if b"\ndata:" in rest:
            block, _, tail = rest.rpartition(b"\ndata:")
            if _is_complete(_extract_data(block)):
                blocks.append(block)
                rest = b"data:" + tail
        self._keep(rest)
        return [data for block in blocks for data in _split_block(block)]

    def finish(self) -> list[bytes]:
        """Return what the end of the body completes: an event without a line end, or a body of JSON."""
        rest, self._buffer = self._buffer, b""
        if self._is_json:
            return _split_json(rest)
        rest = rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return [data for data in _split_block(rest) if _is_complete(data)]

    def _keep(self, rest: bytes) -> None:
        if len(rest) > self._limit:
            raise EventTooLargeError
        self._buffer = rest


def parse_json(data: bytes) -> object:
    """Parse a provider's JSON, also with NaN and halves of surrogate pairs. Raises ValueError."""
    try:
        return orjson.loads(data)
    except ValueError:
        try:
            return json.loads(data.decode("utf-8", "replace"))
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _is_complete(data: bytes) -> bool:
    """Return whether the data of an event is whole: JSON, or the mark of the end."""
    if data == DONE:
        return True
    if data[-1:] not in (b"}", b"]"):
        return False
    try:
        parse_json(data)
    except ValueError:
        return False
    return True


def _extract_data(block: bytes) -> bytes:
    lines = [line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines)


def _split_block(block: bytes) -> list[bytes]:
    """Return the data of the events in a block of lines; nearly always one."""
    if block.startswith(b"data:") and b"\n" not in block:
        data = block[5:].strip()
        return [data] if data else []
    found: list[bytes] = []
    pending: list[bytes] = []
    for line in block.split(b"\n"):
        if not line.startswith(b"data:"):
            continue
        if pending and _is_complete(b"\n".join(pending)):
            found.append(b"\n".join(pending))
            pending = []
        pending.append(line[5:].strip())
    if data := b"\n".join(pending).strip():
        found.append(data)
    return found


def _split_json(body: bytes) -> list[bytes]:
    """Return a body of JSON as one event, a body of JSON lines as one for each line."""
    try:
        parse_json(body)
    except ValueError:
        return [line for line in body.split(b"\n") if line.strip()]
    return [body.strip()]
