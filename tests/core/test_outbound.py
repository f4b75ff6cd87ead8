"""The guarded client over real sockets: redirects, credentials, limits, certificates, DNS rebinding."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest

from core import outbound
from core.errors import TooLarge
from core.outbound import AsyncGuardedTransport, OutboundFailed, check_headers
from core.outbound_guard import OutboundPolicy, OutboundRefused
from core.outbound_purposes import Purpose
from gpts.llm.runtime.transport import StreamTransport
from tests.support.certificates import create_server_context

fetch = partial(outbound.fetch, purpose=Purpose.KNOWLEDGE_PAGE)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    received: ClassVar[list[dict[str, Any]]] = []
    redirects: ClassVar[dict[str, tuple[int, str]]] = {}

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.received.append({"method": self.command, "path": self.path, "headers": headers, "body": body})
        if self.path in self.redirects:
            status, location = self.redirects[self.path]
            self._answer(status, b"", location=location)
        elif self.path == "/bomb":
            self._answer(200, gzip.compress(b"0" * 30_000_000), content_encoding="gzip")
        elif self.path == "/gzip":
            self._answer(200, gzip.compress(b"small"), content_encoding="gzip")
        elif self.path == "/large":
            self._answer(200, b"x" * 500_000)
        elif self.path == "/drip":
            self._drip()
        else:
            self._answer(200, b"hello")

    do_POST = do_GET  # noqa: N815  # the name that the library calls

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        try:
            for _ in range(1_000):  # for 100 seconds, unless the client leaves
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            self.close_connection = True


def serve(context: ssl.SSLContext | None = None) -> tuple[ThreadingHTTPServer, int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server, server.server_address[1]


@pytest.fixture
def port() -> Iterator[int]:
    Handler.received.clear()
    Handler.redirects.clear()
    server, port = serve()
    yield port
    server.shutdown()
    server.server_close()


def to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def trusting(*hosts: str) -> OutboundPolicy:
    return OutboundPolicy(allowed_private=frozenset(hosts))


def test_fetches_from_the_resolved_address(port: int) -> None:
    answer = fetch(f"http://api.test:{port}/x?y=1", policy=trusting(f"api.test:{port}"), resolver=to_loopback)

    assert (answer.status, answer.body, answer.url) == (200, b"hello", f"http://api.test:{port}/x?y=1")
    assert Handler.received[0]["headers"]["host"] == f"api.test:{port}"


def test_a_host_that_resolves_to_loopback_is_refused_before_any_connection(port: int) -> None:
    with pytest.raises(OutboundRefused):
        fetch("https://api.test/", policy=OutboundPolicy(), resolver=to_loopback)

    assert Handler.received == []


def test_dns_rebinding_never_reaches_the_second_address(port: int) -> None:
    answers = [["93.184.215.14", "127.0.0.1"], ["127.0.0.1"]]
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), 2) - 1]

    for _ in range(2):
        with pytest.raises(OutboundRefused):
            fetch("https://rebind.test/", policy=OutboundPolicy(), resolver=rebinding)

    assert asked == ["rebind.test", "rebind.test"]
    assert Handler.received == []


def test_redirects_to_the_same_origin_keep_credentials(port: int) -> None:
    Handler.redirects["/a"] = (302, "/b")
    policy = trusting(f"one.test:{port}")

    answer = fetch(
        f"http://one.test:{port}/a",
        headers={"Authorization": "Bearer s"},
        policy=policy,
        resolver=to_loopback,
    )

    assert answer.url == f"http://one.test:{port}/b"
    assert [r["headers"].get("authorization") for r in Handler.received] == ["Bearer s", "Bearer s"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_to_another_host_drop_all_credentials(port: int, status: int) -> None:
    Handler.redirects["/a"] = (status, f"http://two.test:{port}/b")
    policy = trusting(f"one.test:{port}", f"two.test:{port}")
    headers = {"Authorization": "Bearer s", "Cookie": "c=1", "X-Api-Key": "k", "Accept": "text/plain"}

    fetch(f"http://one.test:{port}/a", headers=headers, policy=policy, resolver=to_loopback)

    second = Handler.received[1]["headers"]
    assert set(second) & {"authorization", "cookie", "x-api-key"} == set()
    assert second["accept"] == "text/plain"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:6379/",
        "https://[::1]/",
        "file:///etc/passwd",
        "http://two.test/",
        "https://u:p@two.test/",
    ],
)
def test_a_redirect_is_checked_like_the_first_url(port: int, location: str) -> None:
    Handler.redirects["/a"] = (302, location)

    with pytest.raises(OutboundRefused):
        fetch(f"http://one.test:{port}/a", policy=trusting(f"one.test:{port}"), resolver=to_loopback)

    assert len(Handler.received) == 1


def test_a_body_is_not_sent_to_another_host(port: int) -> None:
    Handler.redirects["/a"] = (307, f"http://two.test:{port}/b")
    policy = trusting(f"one.test:{port}", f"two.test:{port}")

    with pytest.raises(OutboundRefused):
        fetch(
            f"http://one.test:{port}/a", method="POST", content=b"secret", policy=policy, resolver=to_loopback
        )

    assert len(Handler.received) == 1


def test_too_many_redirects_fail(port: int) -> None:
    Handler.redirects["/a"] = (302, "/a")

    with pytest.raises(OutboundFailed):
        fetch(f"http://one.test:{port}/a", policy=trusting(f"one.test:{port}"), resolver=to_loopback)

    assert len(Handler.received) == 5


def test_the_size_is_limited(port: int) -> None:
    url, policy = f"http://one.test:{port}/large", trusting(f"one.test:{port}")

    with pytest.raises(TooLarge):
        fetch(url, max_bytes=499_999, policy=policy, resolver=to_loopback)
    assert len(fetch(url, max_bytes=500_000, policy=policy, resolver=to_loopback).body) == 500_000


def test_a_decompression_bomb_stops_at_the_limit(port: int) -> None:
    policy = trusting(f"one.test:{port}")

    with pytest.raises(TooLarge):
        fetch(f"http://one.test:{port}/bomb", policy=policy, resolver=to_loopback)
    with pytest.raises(TooLarge):
        fetch(f"http://one.test:{port}/bomb", max_bytes=10**9, policy=policy, resolver=to_loopback)
    assert fetch(f"http://one.test:{port}/gzip", policy=policy, resolver=to_loopback).body == b"small"


def test_a_slow_response_ends_at_the_timeout(port: int) -> None:
    before = time.monotonic()

    with pytest.raises(OutboundFailed):
        fetch(
            f"http://one.test:{port}/drip",
            timeout=0.5,
            policy=trusting(f"one.test:{port}"),
            resolver=to_loopback,
        )

    assert time.monotonic() - before < 30


def test_a_refused_connection_is_a_clear_error() -> None:
    with pytest.raises(OutboundFailed):
        fetch("http://one.test:9/", policy=trusting("one.test:9"), resolver=to_loopback)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "x"), ("X-Forwarded-For", "1.1.1.1"), ("Metadata-Flavor", "Google"),
        ("X-aws-ec2-metadata-token", "x"), ("Transfer-Encoding", "chunked"), ("Content-Length", "5"),
        ("Proxy-Authorization", "x"), ("Connection", "close"), ("X-Ok",
        "a\r\nHost: b"), ("Bad Name", "x"), ("", "x"),
    ],
)  # fmt: skip
def test_headers_that_control_proxies_are_refused(name: str, value: str) -> None:
    with pytest.raises(OutboundRefused):
        check_headers({name: value})


def test_ordinary_headers_are_sent() -> None:
    assert check_headers({"X-Api-Key": "k", "Accept": "a/b"}) == {"x-api-key": "k", "accept": "a/b"}


def fetch_by_fetch(url: str, policy: OutboundPolicy) -> bytes:
    try:
        return fetch(url, policy=policy, resolver=to_loopback).body
    except OutboundFailed:
        raise ConnectionError from None


def fetch_by_transport(transport: type[Any]) -> Callable[[str, OutboundPolicy], bytes]:
    def get(url: str, policy: OutboundPolicy) -> bytes:
        async def run() -> bytes:
            async with httpx2.AsyncClient(transport=transport(policy, to_loopback)) as client:
                return (await client.get(url)).content

        try:
            return asyncio.run(run())
        except httpx2.ConnectError:
            raise ConnectionError from None

    return get


CLIENTS = {
    "fetch": fetch_by_fetch,
    "providers of workspaces": fetch_by_transport(AsyncGuardedTransport),
    "providers of the instance": fetch_by_transport(StreamTransport),
}


@pytest.mark.parametrize("get", CLIENTS.values(), ids=CLIENTS.keys())
@pytest.mark.parametrize(("called", "is_fine"), [("right.test", True), ("wrong.test", False)])
def test_the_certificate_must_be_for_the_name_although_the_address_is_pinned(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    called: str,
    is_fine: bool,
    get: Callable[[str, OutboundPolicy], bytes],
) -> None:
    Handler.received.clear()
    context = create_server_context("right.test", tmp_path)
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server, port = serve(context)
    authority = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    # Only the trusted authority changes: names are checked as always.
    monkeypatch.setattr(httpx2, "create_ssl_context", lambda **options: authority)
    url, policy = f"https://{called}:{port}/", trusting(f"{called}:{port}")
    try:
        if is_fine:
            assert get(url, policy) == b"hello"
        else:
            with pytest.raises(ConnectionError):
                get(url, policy)
            assert Handler.received == []
    finally:
        server.shutdown()
        server.server_close()

    assert names == [called]  # SNI is the name, not the address


@pytest.mark.parametrize("get", CLIENTS.values(), ids=CLIENTS.keys())
def test_an_unknown_authority_is_refused(tmp_path: Path, get: Callable[[str, OutboundPolicy], bytes]) -> None:
    Handler.received.clear()
    server, port = serve(create_server_context("right.test", tmp_path))
    try:
        with pytest.raises(ConnectionError):
            get(f"https://right.test:{port}/", trusting(f"right.test:{port}"))
    finally:
        server.shutdown()
        server.server_close()

    assert Handler.received == []


@pytest.mark.parametrize("transport", [AsyncGuardedTransport, StreamTransport])
def test_the_asynchronous_transports_have_the_same_guard(port: int, transport: type[Any]) -> None:
    async def get(url: str, policy: OutboundPolicy) -> int:
        async with httpx2.AsyncClient(transport=transport(policy, to_loopback)) as client:
            return (await client.get(url)).status_code

    assert asyncio.run(get(f"http://api.test:{port}/", trusting(f"api.test:{port}"))) == 200
    for url in ("https://api.test/", f"http://127.0.0.1:{port}/", "http://api.test/"):
        with pytest.raises(OutboundRefused):
            asyncio.run(get(url, OutboundPolicy()))
    assert len(Handler.received) == 1
