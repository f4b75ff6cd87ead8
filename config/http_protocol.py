"""uvicorn's HTTP protocol with limits on the head of a request and on the time that sending it may take.

With httptools uvicorn has none: one header of any size is kept in memory, and a connection that sends a byte
now and then stays open forever. Bodies are limited in config.handler.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

# Request line and header fields together; nginx allows 32 KiB by default as well.
MAX_HEAD_BYTES = 32 * 1024
MAX_TARGET_BYTES = 16 * 1024
MAX_FIELDS = 100
# Seconds for a whole head and for the start of a body, which then needs so many bytes a second.
HEAD_SECONDS = 15.0
BODY_SECONDS = 30.0
MIN_BODY_RATE = 1024

TEXTS = {
    400: "Invalid HTTP request received.",
    408: "The request was sent too slowly.",
    414: "The address of the request is too long.",
    431: "The header fields of the request are too large.",
}


class _HeadTooLarge(Exception):
    """Ends parsing; the parser turns it into an error of its own."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses heads that are too large (414, 431) and requests that are sent too slowly (408).

    Trailer fields of chunked bodies are dropped: uvicorn would add them to the headers of the request, where
    no proxy has looked at them.
    """

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._is_in_head = True
        self._is_in_body = False
        # Bytes received since the last part of a body or the end of a message. The parser reports a header
        # field only once it is complete, so this alone counts one that never ends.
        self._pending_bytes = 0
        self._head_bytes = 0
        self._body_bytes = 0
        self._body_started_at = 0.0
        self._status = 400

    # Connection -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._start_timer(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self._start_timer(HEAD_SECONDS)
        self._pending_bytes += len(data)
        super().data_received(data)
        if self._pending_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431)

    # Parser ---------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._is_in_body = True, False
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count_head(len(url), status=414, limit=MAX_TARGET_BYTES)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value), status=431, limit=MAX_HEAD_BYTES)
        if not self._is_in_head:
            return
        if len(self.headers) >= MAX_FIELDS:
            self._status = 431
            raise _HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head, self._is_in_body = False, True
        self._pending_bytes = self._head_bytes = self._body_bytes = 0
        self._body_started_at = self.loop.time()
        self._start_timer(BODY_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._pending_bytes = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._pending_bytes = 0
        self._is_in_body = False
        self._stop_timer()
        super().on_message_complete()

    def _count_head(self, size: int, *, status: int, limit: int) -> None:
        self._head_bytes += size
        if self._head_bytes > limit:
            self._status = status
            raise _HeadTooLarge

    # Refusals -------------------------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser or a limit has refused; called by uvicorn for every parser error."""
        status, self._status = self._status, 400
        self._refuse(status)

    def _refuse(self, status: int) -> None:
        """Answer and close; only close while an answer is being sent, which a second one would damage."""
        self._stop_timer()
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            text = TEXTS[status].encode()
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\n"
                b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(text), text)
            )
        self.transport.close()

    # Time -----------------------------------------------------------------------------------------------

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._check_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_time(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._is_in_body:
            now = self.loop.time()
            if self.flow.read_paused:  # the client waits for us
                self._body_started_at, self._body_bytes = now, 0
            left = self._body_started_at + BODY_SECONDS + self._body_bytes / MIN_BODY_RATE - now
            if left > 0:
                self._start_timer(left)
                return
        self._refuse(408)
