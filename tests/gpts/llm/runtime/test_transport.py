"""The HTTP transport to model servers: parsing, reuse of connections, errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest

from core.outbound_guard import OutboundPolicy
from gpts.llm.runtime.transport import MAX_HEAD_BYTES, MAX_WAITING_BYTES, StreamTransport

pytestmark = pytest.mark.anyio

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


class Server:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.connections = 0
        self.heads: list[bytes] = []


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[Server]:
    """Each request's head is kept; then ``talk`` answers it. A connection serves until it is closed."""
    found = Server(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        try:
            while True:
                found.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await talk(reader, writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client disconnected, or the test ended
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield found


TRUSTED = OutboundPolicy(allowed_private=frozenset({"127.0.0.1"}))


def client(**timeouts: float) -> httpx2.AsyncClient:
    timeout = httpx2.Timeout(5.0, **timeouts)
    return httpx2.AsyncClient(transport=StreamTransport(TRUSTED), timeout=timeout, trust_env=False)


def saying(answer: bytes, *, then_close: bool = False) -> Talk:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        if then_close:
            await writer.drain()
            writer.close()

    return talk


async def test_a_response_sent_byte_by_byte_is_parsed() -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = OK + b"X-One: 1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
        for place in range(len(whole)):
            writer.write(whole[place : place + 1])
            await writer.drain()
            await asyncio.sleep(0)

    async with serving(talk) as server, client() as http:
        answer = await http.get(server.url + "/a?b=c")

    assert (answer.status_code, answer.headers["x-one"], answer.content) == (200, "1", b"hello world")
    assert server.heads[0].startswith(b"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_a_connection_that_was_read_to_its_end_is_reused() -> None:
    async with serving(saying(OK + b"content-length: 2\r\n\r\nok")) as server, client() as http:
        answers = [(await http.post(server.url, content=b"")).content for _ in range(3)]

    assert (answers, server.connections) == ([b"ok"] * 3, 1)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"content-length: 2\r\nconnection: close\r\n\r\nok",
        # Extra data would be read as the response to the next request.
        OK + b"content-length: 2\r\n\r\nok" + OK + b"content-length: 4\r\n\r\nevil",
    ],
)
async def test_a_connection_with_close_or_extra_data_is_not_reused(answer: bytes) -> None:
    async with serving(saying(answer)) as server, client() as http:
        answers = [(await http.get(server.url)).content for _ in range(2)]

    assert (answers, server.connections) == ([b"ok", b"ok"], 2)


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    async with serving(saying(OK + b"\r\nto the end", then_close=True)) as server, client() as http:
        assert (await http.get(server.url)).content == b"to the end"


async def test_an_interim_response_is_skipped() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    async with serving(saying(interim + OK + b"content-length: 2\r\n\r\nok")) as server, client() as http:
        answer = await http.get(server.url)

    assert (answer.status_code, answer.content) == (200, b"ok")
    assert "link" not in answer.headers


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (CHUNKED + b"5\r\nhel", httpx2.RemoteProtocolError),
        (OK + b"content-length: 9\r\n\r\nhel", httpx2.RemoteProtocolError),
        (b"SSH-2.0-OpenSSH\r\n", httpx2.RemoteProtocolError),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            httpx2.ProtocolError,
        ),
        (OK + b"x: " + b"y" * MAX_HEAD_BYTES, httpx2.RemoteProtocolError),
        (b"", httpx2.RemoteProtocolError),
    ],
)
async def test_incomplete_and_invalid_responses_are_errors(answer: bytes, error: type[Exception]) -> None:
    async with serving(saying(answer, then_close=True)) as server, client() as http:
        with pytest.raises(error):
            await http.get(server.url)


async def test_data_before_a_lost_connection_is_returned_first() -> None:
    talk = saying(CHUNKED + b"5\r\nhello\r\n", then_close=True)
    async with serving(talk) as server, client() as http, http.stream("GET", server.url) as answer:
        await asyncio.sleep(0.05)
        parts = answer.aiter_bytes()
        assert await anext(parts) == b"hello"
        with pytest.raises(httpx2.RemoteProtocolError):
            await anext(parts)


async def test_silence_before_the_head_is_a_timeout() -> None:
    async with serving(saying(b"")) as server, client(read=0.05) as http:
        with pytest.raises(httpx2.ReadTimeout):
            await http.get(server.url)


async def test_a_refused_connection_is_a_connect_error() -> None:
    async with client() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("http://127.0.0.1:9")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "unix:///x"])
async def test_other_schemes_are_refused(url: str) -> None:
    async with client() as http:
        with pytest.raises(httpx2.UnsupportedProtocol):
            await http.get(url)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b"])
async def test_line_breaks_in_headers_are_refused(value: str) -> None:
    async with serving(saying(OK + b"content-length: 0\r\n\r\n")) as server, client() as http:
        with pytest.raises(httpx2.LocalProtocolError):
            await http.get(server.url, headers={"Authorization": value})

    assert server.heads == []


async def test_closing_a_response_early_closes_the_connection() -> None:
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + b"2\r\nhi\r\n")
        await reader.read()
        gone.set()

    async with serving(talk) as server, client() as http:
        async with http.stream("GET", server.url) as answer:
            assert await anext(answer.aiter_bytes()) == b"hi"
        async with asyncio.timeout(5):
            await gone.wait()


async def test_a_slow_reader_pauses_the_sender() -> None:
    sent = 0

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        piece = b"x" * 100_000
        writer.write(OK + b"content-length: %d\r\n\r\n" % (400 * len(piece)))
        for _ in range(400):
            writer.write(piece)
            await writer.drain()
            sent += len(piece)

    async with serving(talk) as server, client() as http, http.stream("GET", server.url) as answer:
        await asyncio.sleep(0.3)
        waiting = sent
        whole = sum([len(part) async for part in answer.aiter_bytes()])

    assert MAX_WAITING_BYTES <= waiting < 40_000_000
    assert whole == 40_000_000
