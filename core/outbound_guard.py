"""Guards outgoing requests against SSRF: parses URLs, checks hosts, connects only to checked addresses."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httpcore2
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.outbound_purposes import OPERATOR_PURPOSES, Purpose

Resolver = Callable[[str, int], Sequence[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

MAX_URL = 2_000
PORTS = {"https": 443, "http": 80}
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")
# Ranges that embed other addresses, or that the standard library of Python 3.11 wrongly calls global.
REFUSED_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
        "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
        "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
    )
)  # fmt: skip
GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")


class OutboundRefused(DomainError):
    """The guard does not allow this URL; `data["reason"]` names the rule."""

    def __init__(self, reason: str, subject: str) -> None:
        shown = subject[:100]
        super().__init__(
            _("%(address)s is not an address that this server may call. Use a public https address.")
            % {"address": shown},
            code="outbound_refused",
            data={"reason": reason},
        )


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """`allowed_private` lists "host" or "host:port", exempt from address and port checks.

    `own_hosts` are this server's own names (".example.com": also below it), `own_ports` the ports at which it
    answers on loopback addresses. They are refused unless the exact "host:port" is allowed.
    """

    allow_http: bool = False
    allowed_private: frozenset[str] = frozenset()
    own_hosts: frozenset[str] = frozenset()
    own_ports: frozenset[int] = frozenset()

    def trusts(self, host: str, port: int) -> bool:
        if f"{host}:{port}" in self.allowed_private:
            return True
        return host in self.allowed_private and not self.is_own(host, port)

    def is_own(self, host: str, port: int) -> bool:
        if host in LOOPBACK_NAMES:
            return port in self.own_ports
        return any(
            host == own.removeprefix(".") or (own.startswith(".") and host.endswith(own))
            for own in self.own_hosts
        )


def policy_for(purpose: Purpose) -> OutboundPolicy:
    """Return the policy of a purpose. A missing setting is an error, not a permission.

    The operator's list of private hosts is for the providers of the instance alone. Addresses that tenants
    type have a list of their own: a model server that the operator reaches must not be read as a web page.
    """
    try:
        if purpose in OPERATOR_PURPOSES:
            allowed = [*settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS, *_get_configured_provider()]
        else:
            allowed = list(settings.OUTBOUND_TENANT_PRIVATE_HOSTS)
        base = urlsplit(settings.BASE_URL)
        return OutboundPolicy(
            allow_http=bool(settings.OUTBOUND_ALLOW_HTTP),
            allowed_private=frozenset(host.lower() for host in allowed),
            own_hosts=frozenset(
                host.lower()
                for host in (base.hostname or "", *settings.ALLOWED_HOSTS)
                if host and host != "*" and host.lower() not in LOOPBACK_NAMES
            ),
            own_ports=frozenset({base.port or PORTS.get(base.scheme, 443), settings.OWN_PORT}),
        )
    except AttributeError as missing:
        raise ImproperlyConfigured(f"The outbound guard is not configured: {missing}") from missing


def _get_configured_provider() -> list[str]:
    """Return "host:port" of the provider in the settings: whoever set it needs no second list."""
    parts = urlsplit(settings.OPENAI_BASE_URL)
    if not parts.hostname or parts.scheme not in PORTS:
        return []
    return [f"{parts.hostname}:{parts.port or PORTS[parts.scheme]}"]


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL; `url` is rebuilt from the checked parts, so that nothing else can be requested."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def parse_target(url: str, policy: OutboundPolicy) -> Target:
    """Parse a URL and check all that needs no DNS lookup. Raises OutboundRefused."""
    if len(url) > MAX_URL or any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in url):
        raise OutboundRefused("characters", url)
    try:
        parts = urlsplit(url)
        given_host, given_port = parts.hostname or "", parts.port
    except ValueError:
        raise OutboundRefused("syntax", url) from None
    if parts.scheme not in PORTS:
        raise OutboundRefused("scheme", url)
    if "@" in parts.netloc:
        raise OutboundRefused("user_in_address", parts.netloc)
    port = PORTS[parts.scheme] if given_port is None else given_port
    host = _normalise_host(given_host)
    trusted = policy.trusts(host, port)
    if not trusted:
        if policy.is_own(host, port):
            raise OutboundRefused("own_host", host)
        if parts.scheme == "http" and not policy.allow_http:
            raise OutboundRefused("plain_http", host)
        if port not in PORTS.values():
            raise OutboundRefused("port", f"{host}:{port}")
        _check_name(host)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    if parts.query:
        path += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=-._~?[]")
    return Target(parts.scheme, host, port, path)


def _normalise_host(host: str) -> str:
    """Return the host in lower-case ASCII, by IDNA for other scripts.

    Refuses names that IDNA maps to plain ASCII, such as full-width digits that spell an IP address.
    """
    if not host or "%" in host:
        raise OutboundRefused("host", host)
    if host.isascii():
        return host.lower()
    try:
        encoded = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise OutboundRefused("host", host) from None
    if "xn--" not in encoded:
        raise OutboundRefused("host", host)
    return encoded


def _check_name(host: str) -> None:
    """Refuse all but canonical public IP addresses and fully qualified domain names."""
    address = _as_address(host)
    if address is not None:
        if not is_public(address):
            raise OutboundRefused("address", host)
        return
    labels = host.split(".")
    if len(host) > 253 or len(labels) < 2 or not all(LABEL.fullmatch(label) for label in labels):
        raise OutboundRefused("host", host)
    # Some parsers read a name whose last label is a number as an IPv4 address (0x7f.1, 127.1, 0177.0.0.1).
    if labels[-1][0].isdigit() or labels[-1] in ("localhost", "local", "internal", "localdomain", "arpa"):
        raise OutboundRefused("host", host)


def _as_address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Return whether ``address`` is globally routable and does not embed another address."""
    if any(address in network for network in REFUSED_NETWORKS if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_V6:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Return all addresses of a host; a trailing dot excludes the resolver's search domains."""
    name = host if "." not in host or _as_address(host) else f"{host}."
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve_checked(host: str, port: int, policy: OutboundPolicy, resolver: Resolver) -> list[str]:
    """Return the addresses to connect to; raises OutboundRefused if any of them is not public."""
    if policy.trusts(host, port):
        return [host] if _as_address(host) else _resolve(host, port, resolver)
    if policy.is_own(host, port):
        raise OutboundRefused("own_host", host)
    _check_name(host)
    if port not in PORTS.values():
        raise OutboundRefused("port", f"{host}:{port}")
    if _as_address(host):
        return [host]
    found = _resolve(host, port, resolver)
    for text in found:
        address = _as_address(text)
        if address is None or not is_public(address):
            raise OutboundRefused("address", host)
    return found


def _resolve(host: str, port: int, resolver: Resolver) -> list[str]:
    try:
        found = list(resolver(host, port))
    except OSError:
        raise httpcore2.ConnectError(f"{host} cannot be resolved") from None
    if not found:
        raise httpcore2.ConnectError(f"{host} has no address")
    return found


class GuardedBackend(httpcore2.NetworkBackend):
    """Connects only to addresses that it checked in the same call; TLS still verifies the host name."""

    def __init__(self, policy: OutboundPolicy, resolver: Resolver) -> None:
        self._policy, self._resolver = policy, resolver
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.NetworkStream:
        *others, last = resolve_checked(host, port, self._policy, self._resolver)
        for address in others:
            try:
                return self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._backend.connect_tcp(last, port, timeout, local_address, socket_options)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SocketOption] | None = None
    ) -> httpcore2.NetworkStream:
        raise OutboundRefused("unix_socket", path)


class AsyncGuardedBackend(httpcore2.AsyncNetworkBackend):
    """The same for asynchronous clients; DNS lookups run in a thread."""

    def __init__(self, policy: OutboundPolicy, resolver: Resolver) -> None:
        self._policy, self._resolver = policy, resolver
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        checked = await asyncio.to_thread(resolve_checked, host, port, self._policy, self._resolver)
        *others, last = checked
        for address in others:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._backend.connect_tcp(last, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SocketOption] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        raise OutboundRefused("unix_socket", path)
