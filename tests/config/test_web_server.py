"""The web service bounds what a client may send before it is answered, in bytes and in time."""

from __future__ import annotations

import re
import time
from itertools import chain

import psutil
import pytest

from config import http_protocol
from embedded.paths import ROOT
from tests.support.raw_http import connect, get_status, read_answer, repeat, send_raw
from tests.support.services import WebService, start_web_service

MEGABYTE = 1024 * 1024
# A form without its CSRF token: the answer of a request that was read to its end.
NO_TOKEN = 403
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
CHUNKED = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
FILLER = b"x" * (64 * 1024)


def measure_memory(service: WebService) -> int:
    return int(psutil.Process(service.process.pid).memory_info().rss)


def test_an_ordinary_request_is_answered(server: WebService) -> None:
    status, answer, _sent = send_raw(server.url, [HEAD + b"\r\n"])

    assert (status, answer.endswith(b"ok\n")) == (200, True)
    assert b"server: uvicorn" not in answer.lower()


FLOODS: dict[str, tuple[set[int], bytes, bytes]] = {
    "one header": ({0, 431}, HEAD + b"X-Large: ", FILLER),
    "a header's name": ({0, 431}, HEAD, FILLER),
    "a cookie": ({0, 431}, HEAD + b"Cookie: a=", FILLER),
    "request line": ({0, 414, 431}, b"GET /", FILLER),
    "method": ({0, 400, 431}, b"", FILLER),
    "query string": ({0, 414, 431}, b"GET /?q=", FILLER),
    "many headers": ({0, 431}, HEAD, b"X-One: 1\r\n" * 6_000),
    "same header": ({0, 431}, HEAD, b"Cookie: a=1\r\n" * 5_000),
    "empty lines": ({0, 400, 431}, b"", b"\r\n" * 30_000),
    "folded header": ({0, 400, 431}, HEAD + b"X-Folded: 1", b"\r\n " + FILLER),
    "a trailer": (
        {0, 400, 431},
        CHUNKED + b"1\r\na\r\n0\r\nX-T: ",
        FILLER,
    ),
    "many trailers": (
        {0, 400, 431},
        CHUNKED + b"1\r\na\r\n0\r\n",
        b"X-One: 1\r\n" * 6_000,
    ),
    "a chunk's extension": (
        {0, 400, 431},
        CHUNKED + b"1;a=",
        FILLER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FLOODS)
def test_150_megabytes_before_the_body_are_refused_after_the_first(what: str, server: WebService) -> None:
    expected, start, piece = FLOODS[what]
    before = measure_memory(server)

    status, _answer, sent = send_raw(server.url, chain([start], repeat(piece, 150 * MEGABYTE)))

    assert status in expected
    # The rest of what was sent lay in the buffers of the two sockets.
    assert sent < 16 * MEGABYTE
    assert measure_memory(server) - before < 24 * MEGABYTE
    assert send_raw(server.url, [HEAD + b"\r\n"])[0] == 200


def test_limits_are_exact(server: WebService) -> None:
    room = http_protocol.MAX_HEAD_BYTES - 200
    fields = http_protocol.MAX_FIELDS - 2

    assert send_raw(server.url, [HEAD + b"X-Large: " + b"x" * room + b"\r\n\r\n"])[0] == 200
    assert send_raw(server.url, [HEAD + b"X-Large: " + b"x" * (room + 300) + b"\r\n\r\n"])[0] == 431
    assert send_raw(server.url, [HEAD + b"X-One: 1\r\n" * fields + b"\r\n"])[0] == 200
    assert send_raw(server.url, [HEAD + b"X-One: 1\r\n" * (fields + 1) + b"\r\n"])[0] == 431
    target = b"/healthz?q=" + b"q" * (http_protocol.MAX_TARGET_BYTES - 11)
    assert send_raw(server.url, [HEAD.replace(b"/healthz", target) + b"\r\n"])[0] == 200
    assert send_raw(server.url, [HEAD.replace(b"/healthz", target + b"q") + b"\r\n"])[0] == 414


def test_a_large_head_in_one_piece_with_its_body_is_refused(server: WebService) -> None:
    head = HEAD.replace(b"GET", b"POST") + b"Content-Length: 1\r\nX-Large: " + b"x" * 100_000 + b"\r\n\r\na"

    assert send_raw(server.url, [head])[0] in (0, 431)


def test_large_bodies_pass_in_small_and_large_chunks(server: WebService) -> None:
    """A body is no head: its bytes, and the framing of its chunks, do not count as one."""
    start = HEAD.replace(b"GET", b"POST") + b"Transfer-Encoding: chunked\r\n\r\n"
    small = b"1\r\na\r\n" * 10_000

    assert send_raw(server.url, [start, *[small] * 5, b"0\r\n\r\n"])[0] == NO_TOKEN
    assert send_raw(server.url, [start, *[b"10000\r\n" + FILLER + b"\r\n"] * 40, b"0\r\n\r\n"])[0] == NO_TOKEN


def test_trailers_do_not_become_headers(server: WebService) -> None:
    """A Host or a cookie in a trailer would reach the view without having passed any proxy's rules."""
    start = HEAD.replace(b"GET", b"POST") + b"Transfer-Encoding: chunked\r\n\r\n"

    status, _answer, _sent = send_raw(server.url, [start + b"1\r\na\r\n0\r\nHost: evil,\r\n\r\n"])

    assert status == NO_TOKEN  # not 400: the host is still the head's


def test_a_body_beyond_its_declared_length_is_not_read_as_body(server: WebService) -> None:
    start = HEAD.replace(b"GET", b"POST").replace(b"close", b"keep-alive") + b"Content-Length: 3\r\n\r\nabc"

    status, answer, sent = send_raw(server.url, chain([start], repeat(FILLER, 150 * MEGABYTE)))

    assert status in (0, 400, NO_TOKEN)
    assert answer.count(b"HTTP/1.1") <= 2
    assert sent < 16 * MEGABYTE


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 3, 4\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"X: a\x00b\r\n",
        b" X: a\r\n",
    ],
)
def test_ambiguous_heads_are_refused(fields: bytes, server: WebService) -> None:
    assert send_raw(server.url, [HEAD.replace(b"GET", b"POST") + fields + b"\r\nabc"])[0] == 400


@pytest.mark.parametrize("fields", [b"Host: localhost\r\n", b"Host: evil.example\r\n"])
def test_two_hosts_are_refused(fields: bytes, server: WebService) -> None:
    assert send_raw(server.url, [HEAD + fields + b"\r\n"])[0] == 400


def test_a_websocket_handshake_is_an_ordinary_request(server: WebService) -> None:
    upgrade = HEAD.replace(b"close", b"Upgrade") + (
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n"
    )

    with connect(server.url) as peer:
        peer.sendall(upgrade)
        assert get_status(peer.recv(1_000)) == 200


# Time ------------------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(transactional_db: None, running_services: dict[str, WebService]) -> WebService:
    """A web service with short times, so that the test need not wait; one for all tests."""
    if "hasty" not in running_services:
        running_services["hasty"] = start_web_service("hasty", module="tests.support.hasty_web_server")
    return running_services["hasty"]


def trickle(service: WebService, start: bytes, piece: bytes, every: float) -> tuple[int, float]:
    """Send ``piece`` again and again; return the status and after how many seconds the server closed."""
    began = time.monotonic()
    with connect(service.url, 20) as peer:
        peer.sendall(start)
        peer.settimeout(every)
        answer = b""
        while time.monotonic() - began < 20:
            try:
                found = peer.recv(1_000)
            except TimeoutError:
                try:
                    peer.sendall(piece)
                except OSError:
                    break
                continue
            except ConnectionError:
                break
            if not found:
                break
            answer += found
    return get_status(answer), time.monotonic() - began


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"\r\n"),
        (b"GET / HT", b""),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", b"X-Slow: 1\r\n"),
        (b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\n", b"a"),
        (b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\n", b""),
        (
            CHUNKED,
            b"1\r\na\r\n",
        ),
    ],
)
def test_a_request_that_is_sent_too_slowly_ends(start: bytes, piece: bytes, hasty: WebService) -> None:
    status, seconds = trickle(hasty, start, piece, 0.2)

    assert status == 408
    assert 0.8 < seconds < 10


def test_after_an_answer_a_slow_second_request_ends_too(hasty: WebService) -> None:
    with connect(hasty.url, 20) as peer:
        peer.sendall(HEAD.replace(b"close", b"keep-alive") + b"\r\nGET /hea")
        began = time.monotonic()
        answer = read_answer(peer)

    assert get_status(answer) == 200
    assert time.monotonic() - began < 10


def test_a_body_that_keeps_its_rate_may_take_longer(hasty: WebService) -> None:
    with connect(hasty.url, 20) as peer:
        peer.sendall(
            b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 40000\r\n\r\n"
        )
        for _number in range(20):
            peer.sendall(b"a" * 2_000)
            time.sleep(0.1)
        assert get_status(read_answer(peer)) == NO_TOKEN


# One way to start ------------------------------------------------------------------------------------------


def test_every_way_to_start_uses_the_one_definition() -> None:
    """A bare uvicorn would trust forwarded headers of this machine and bound no head."""
    for name in ("Dockerfile", "docker-compose.yml", "embedded/start.py", "benchmarks/servers.py"):
        text = (ROOT / name).read_text()
        assert not re.search(r"uvicorn", text), name
    assert "config.web_server" in (ROOT / "Dockerfile").read_text()
    assert "config.web_server" in (ROOT / "embedded" / "start.py").read_text()
    text = (ROOT / "config" / "web_server.py").read_text()
    assert "proxy_headers=False" in text
    assert 'http="config.http_protocol:BoundedHttpProtocol"' in text
    assert 'ws="none"' in text
