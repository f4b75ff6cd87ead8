"""The guarded HTTP client: every request to a URL that a person typed goes through it."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import httpcore2
import httpx2
from django.utils.translation import gettext_lazy as _

from core.connections import check_no_open_scope, release_connection
from core.errors import TooLarge, Unavailable
from core.outbound_guard import (
    AsyncGuardedBackend,
    GuardedBackend,
    OutboundPolicy,
    OutboundRefused,
    Resolver,
    Target,
    parse_target,
    policy_for,
    resolve_by_system,
)
from core.outbound_purposes import Purpose

MAX_BYTES = 2_000_000
# Largest ratio of decompressed to compressed size, checked only beyond RATIO_FREE_BYTES: short texts
# compress well.
MAX_RATIO = 100
RATIO_FREE_BYTES = 1_000_000
TOTAL_TIMEOUT = 20.0
STEP_TIMEOUT = 10.0
MAX_REDIRECTS = 4
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Headers that are sent on a redirect to another origin; any other could be a credential.
HARMLESS_HEADERS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
FORBIDDEN_HEADERS = frozenset(
    {
        "connection", "content-encoding", "content-length", "expect", "forwarded", "host", "keep-alive",
        "metadata", "metadata-flavor", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "via", "x-real-ip", "x-http-method-override",
    }
)  # fmt: skip
FORBIDDEN_PREFIXES = ("x-forwarded-", "x-aws-", "x-google-", "x-original-", "proxy-", "sec-")
TOKEN_CHARACTERS = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
USER_AGENT = "Loggia"


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """A response of any status. `url` is the final one after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class OutboundFailed(Unavailable):
    """There was no usable response in time."""


def fetch(
    url: str,
    *,
    purpose: Purpose,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    max_bytes: int = MAX_BYTES,
    timeout: float = TOTAL_TIMEOUT,
    max_redirects: int = MAX_REDIRECTS,
    policy: OutboundPolicy | None = None,
    resolver: Resolver = resolve_by_system,
) -> OutboundResponse:
    """Send one request and follow redirects, checking each URL, in at most `timeout` seconds overall.

    Not inside a transaction: see core.connections.release_connection.
    Raises OutboundRefused (a URL or header is not allowed; nothing was sent there), TooLarge (more
    than `max_bytes` after decompression), OutboundFailed (no connection, bad certificate, too slow).
    """
    policy = policy or policy_for(purpose)
    target = parse_target(url, policy)
    release_connection(purpose)
    deadline = time.monotonic() + timeout
    sent = {"user-agent": USER_AGENT, "accept-encoding": "gzip", **check_headers(headers or {})}
    transport = GuardedTransport(policy, resolver)
    with httpx2.Client(transport=transport, trust_env=False, follow_redirects=False) as client:
        for _hop in range(max_redirects + 1):
            request = client.build_request(method, target.url, headers=sent, content=content)
            answer = _send(client, request, target, max_bytes, deadline)
            location = answer.headers.get("location")
            if answer.status not in REDIRECTS or not location:
                return answer
            following = parse_target(urljoin(target.url, location), policy)
            if following.origin != target.origin:
                sent = {name: value for name, value in sent.items() if name in HARMLESS_HEADERS}
                sent["accept-encoding"] = "gzip"
            method, content = _after_redirect(answer.status, method, content, following, target)
            target = following
    raise OutboundFailed(_("The address redirects too many times."), code="too_many_redirects")


def _after_redirect(
    status: int, method: str, content: bytes | None, following: Target, target: Target
) -> tuple[str, bytes | None]:
    if status == 303 or (status in (301, 302) and method == "POST"):
        return ("HEAD" if method == "HEAD" else "GET"), None
    if content is not None and following.origin != target.origin:
        raise OutboundRefused("body_to_other_host", following.host)
    return method, content


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with lower-case names; refuse those that control proxies or metadata services."""
    checked: dict[str, str] = {}
    for given, value in headers.items():
        name = given.lower()
        if not name or not set(name) <= TOKEN_CHARACTERS or name in FORBIDDEN_HEADERS:
            raise OutboundRefused("header", given)
        if name.startswith(FORBIDDEN_PREFIXES) or any(character in value for character in "\r\n\x00"):
            raise OutboundRefused("header", given)
        checked[name] = value
    return checked


def _send(
    client: httpx2.Client, request: httpx2.Request, target: Target, max_bytes: int, deadline: float
) -> OutboundResponse:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _slow_error()
    step = min(left, STEP_TIMEOUT)
    request.extensions = {
        **request.extensions,
        "timeout": dict.fromkeys(("connect", "read", "write", "pool"), step),
    }
    try:
        response = client.send(request, stream=True)
        try:
            body = b"" if response.status_code in REDIRECTS else _read(response, max_bytes, deadline)
        finally:
            response.close()
    except httpx2.TimeoutException:
        raise _slow_error() from None
    except httpx2.HTTPError:
        raise OutboundFailed(
            _("%(host)s did not answer.") % {"host": target.host}, code="outbound_failed"
        ) from None
    return OutboundResponse(response.status_code, dict(response.headers), body, target.url)


def _read(response: httpx2.Response, max_bytes: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in _decompress(response, max_bytes):
        size += len(part)
        if size > max_bytes:
            raise TooLarge(_("The answer is too large."), code="answer_too_large")
        if time.monotonic() > deadline:
            raise _slow_error()
        parts.append(part)
    return b"".join(parts)


def _decompress(response: httpx2.Response, max_bytes: int) -> Iterator[bytes]:
    """Yield the decompressed body in parts, so that a decompression bomb is stopped at the size limit."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        yield from response.iter_raw()
        return
    if encoding not in ("gzip", "deflate"):
        raise OutboundFailed(_("The answer uses an unknown compression."), code="unknown_compression")
    decoder = zlib.decompressobj(wbits=47 if encoding == "gzip" else 15)
    received = produced = 0
    try:
        for raw in response.iter_raw():
            received += len(raw)
            part = decoder.decompress(raw, max(max_bytes - produced, 0) + 1)
            produced += len(part)
            if produced > RATIO_FREE_BYTES and produced > received * MAX_RATIO:
                raise TooLarge(_("The answer is too large."), code="answer_too_large")
            yield part
    except zlib.error:
        raise OutboundFailed(_("The answer is damaged."), code="damaged_answer") from None


def _slow_error() -> OutboundFailed:
    return OutboundFailed(_("The other side took too long to answer."), code="outbound_slow")


class GuardedTransport(httpx2.HTTPTransport):
    """A transport that connects only to addresses that it has just checked."""

    def __init__(self, policy: OutboundPolicy, resolver: Resolver = resolve_by_system) -> None:
        super().__init__(trust_env=False)
        self._policy = policy
        # The library offers no public way to give its pool a network backend.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            network_backend=GuardedBackend(policy, resolver),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        release_connection("http")
        parse_target(str(request.url), self._policy)
        return super().handle_request(request)


class AsyncGuardedTransport(httpx2.AsyncHTTPTransport):
    """The same for asynchronous clients."""

    def __init__(self, policy: OutboundPolicy, resolver: Resolver = resolve_by_system) -> None:
        super().__init__(trust_env=False)
        self._policy = policy
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            max_connections=1_000,
            max_keepalive_connections=200,
            keepalive_expiry=30.0,
            network_backend=AsyncGuardedBackend(policy, resolver),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        check_no_open_scope("http")
        parse_target(str(request.url), self._policy)
        return await super().handle_async_request(request)


def guarded_transport(purpose: Purpose) -> AsyncGuardedTransport:
    """Return the transport for asynchronous clients of a purpose."""
    return AsyncGuardedTransport(policy_for(purpose))
