"""An HTTP/1.1 transport of httpx2 for model servers, fast for answers of many small chunks.

httpx2's own transport reads each chunk through four layers of coroutines and a parser in Python, which costs
more than all other work on it. Here a callback parses chunks with httptools, as uvicorn does, and wakes the
reader only if it waits. No proxies, no HTTP/2, no redirects.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpcore2
import httptools
import httpx2

from core.outbound_guard import OutboundPolicy, Resolver, parse_target, resolve_by_system, resolve_checked

KEEP_IDLE_SECONDS = 30.0
KEEP_IDLE = 200
MAX_HEAD_BYTES = 256_000
# With more unread bytes than this, reading from the socket pauses (back-pressure).
MAX_WAITING_BYTES = 4_000_000
PORTS = {"http": 80, "https": 443}
_BREAKS = (b"\r", b"\n", b"\x00")

Origin = tuple[str, str, int]


class StreamTransport(httpx2.AsyncBaseTransport):
    """A connection pool of one event loop. Raises the same errors as httpx2's own transport.

    It connects only to addresses that the policy allows and that it has just checked, as core.outbound does.
    """

    def __init__(self, policy: OutboundPolicy, resolver: Resolver = resolve_by_system) -> None:
        self._policy, self._resolver = policy, resolver
        self._idle: dict[Origin, list[_Connection]] = {}
        self._open: set[_Connection] = set()
        self._tls: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        message = await _serialise_request(request)
        limits = request.extensions.get("timeout", {})
        origin = _get_origin(request.url)
        connection = self._take(origin) or await self._connect(request, origin, limits.get("connect"))
        try:
            await connection.send(message, limits.get("read"))
        except BaseException:
            connection.close()
            raise
        return httpx2.Response(
            connection.status,
            headers=connection.headers,
            stream=_Body(self, connection),
            extensions={"http_version": b"HTTP/1.1"},
        )

    async def aclose(self) -> None:
        for connection in list(self._open):
            connection.close()
        self._idle.clear()

    def _take(self, origin: Origin) -> _Connection | None:
        waiting = self._idle.get(origin, [])
        while waiting:
            connection = waiting.pop()
            if connection.is_usable():
                return connection
            connection.close()
        return None

    async def _connect(self, request: httpx2.Request, origin: Origin, timeout: float | None) -> _Connection:
        parse_target(str(request.url), self._policy)
        try:
            async with asyncio.timeout(timeout):
                return await self._connect_to_any(origin)
        except TimeoutError:
            raise httpx2.ConnectTimeout("No connection in time.") from None
        except (OSError, UnicodeError, httpcore2.ConnectError) as error:
            raise httpx2.ConnectError(type(error).__name__) from None

    async def _connect_to_any(self, origin: Origin) -> _Connection:
        """Connect to the first of the host's checked addresses that answers; TLS verifies the name."""
        scheme, host, port = origin
        tls = self._tls_context() if scheme == "https" else None
        *others, last = await asyncio.to_thread(resolve_checked, host, port, self._policy, self._resolver)
        for address in others:
            try:
                return await self._open_connection(origin, address, tls)
            except OSError:
                continue
        return await self._open_connection(origin, last, tls)

    async def _open_connection(self, origin: Origin, address: str, tls: ssl.SSLContext | None) -> _Connection:
        _transport, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(self, origin),
            address,
            origin[2],
            ssl=tls,
            server_hostname=origin[1] if tls is not None else None,
        )
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = httpx2.create_ssl_context(trust_env=False)
        return self._tls

    def add_connection(self, connection: _Connection) -> None:
        self._open.add(connection)

    def remove_connection(self, connection: _Connection) -> None:
        self._open.discard(connection)
        waiting = self._idle.get(connection.origin, [])
        if connection in waiting:
            waiting.remove(connection)

    def give_back(self, connection: _Connection) -> None:
        """Keep a connection for the next request if its response was read to the end and allows it."""
        waiting = self._idle.setdefault(connection.origin, [])
        if connection.make_idle() and len(waiting) < KEEP_IDLE:
            waiting.append(connection)
        else:
            connection.close()


class _Connection(asyncio.Protocol):
    """One connection with one request at a time. The parser calls the `on_` methods during `feed_data`."""

    def __init__(self, owner: StreamTransport, origin: Origin) -> None:
        self.origin = origin
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._waiter: asyncio.Future[None] | None = None
        self._failure: httpx2.TransportError | None = None
        self._chunks: list[bytes] = []
        self._waiting_bytes = self._head_bytes = 0
        self._is_headed = self._is_complete = self._is_paused = self._keeps_alive = False
        self._idle_since = 0.0

    # Called by StreamTransport

    async def send(self, message: bytes, timeout: float | None) -> None:
        """Send a request and wait for the head of the response. ``timeout`` in seconds."""
        self.status, self.headers = 0, []
        self._head_bytes = 0
        self._is_headed = self._is_complete = self._keeps_alive = False
        self._parser = httptools.HttpResponseParser(self)
        if self._transport is None or self._transport.is_closing():
            raise httpx2.RemoteProtocolError("The connection was closed.")
        self._transport.write(message)
        try:
            async with asyncio.timeout(timeout):
                while not self._is_headed:
                    await self._wait()
        except TimeoutError:
            raise httpx2.ReadTimeout("No answer in time.") from None

    async def read(self) -> bytes:
        """Return the body received since the last call, waiting if there is none; empty at the end."""
        while not self._chunks:
            if self._is_complete:
                return b""
            await self._wait()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._waiting_bytes = 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return data

    def make_idle(self) -> bool:
        """Mark the connection as idle; returns whether it can take another request."""
        self._parser = None
        self._idle_since = self._loop.time()
        return self._is_complete and self._keeps_alive and not self._chunks and self.is_usable()

    def is_usable(self) -> bool:
        is_open = self._transport is not None and not self._transport.is_closing()
        return is_open and self._loop.time() - self._idle_since < KEEP_IDLE_SECONDS

    def close(self) -> None:
        self._owner.remove_connection(self)
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self) -> None:
        self._check()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        self._check()

    def _check(self) -> None:
        if self._failure is not None and not self._chunks:
            raise self._failure

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, failure: httpx2.TransportError) -> None:
        if not self._is_complete and self._failure is None:
            self._failure = failure
        self.close()
        self._wake()

    # Called by asyncio and by the parser

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream socket's transport is one
        self._owner.add_connection(self)

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            # Data without a request.
            self.close()
            return
        if not self._is_headed:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._fail(httpx2.RemoteProtocolError("The head of the answer is too large."))
                return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(httpx2.RemoteProtocolError("The answer is not HTTP."))
            return
        if self._waiter is not None:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._parser is not None and exc is None and self._is_headed and self._ends_with_connection():
            self._is_complete = True
        self._fail(
            httpx2.ReadError(type(exc).__name__)
            if exc is not None
            else httpx2.RemoteProtocolError("The connection was closed before the answer ended.")
        )

    def _ends_with_connection(self) -> bool:
        return not any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in self.headers)

    def on_message_begin(self) -> None:
        if self._is_complete:
            # A response without a request: do not reuse this connection.
            self._keeps_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_complete:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._is_complete:
            return
        self.status = self._parser.get_status_code()
        if self.status >= 200:
            self._is_headed = True
            self._keeps_alive = self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        if self._is_complete:
            return
        self._chunks.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MAX_WAITING_BYTES and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if self._is_headed:
            self._is_complete = True
        else:
            # An interim response (1xx): the final one follows.
            self.headers = []


class _Body(httpx2.AsyncByteStream):
    def __init__(self, owner: StreamTransport, connection: _Connection) -> None:
        self._owner = owner
        self._connection: _Connection | None = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._connection is not None and (data := await self._connection.read()):
            yield data

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._owner.give_back(connection)


async def _serialise_request(request: httpx2.Request) -> bytes:
    """Return the request as bytes. Raises LocalProtocolError for a line break in a line of the head."""
    body = await request.aread()
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % pair for pair in request.headers.raw]
    if any(mark in line for line in lines for mark in _BREAKS):
        raise httpx2.LocalProtocolError("A line of the request's head has a line break in it.")
    return b"\r\n".join([*lines, b"", body])


def _get_origin(url: httpx2.URL) -> Origin:
    if url.scheme not in PORTS:
        raise httpx2.UnsupportedProtocol(f"Not an address of the web: {url.scheme}")
    return url.scheme, url.raw_host.decode("ascii"), url.port or PORTS[url.scheme]
