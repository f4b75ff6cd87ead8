"""The network address of the client: one answer for limits, reports, sign-in and sessions.

Headers of proxies count only as far as the operator trusts them (TRUST_PROXY, TRUSTED_PROXY_HOPS), because
everybody can send them.
"""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

# Providers give each customer at least a network of this size, so its addresses count as one client.
IPV6_PREFIX = 64
# Headers by which a proxy says that it passes a request on.
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Forwarded-Proto", "X-Forwarded-Host", "Via")


def get_client_address(request: HttpRequest) -> str:
    """Return the client's address in its usual form; empty when it is unknown (a Unix socket).

    Each trusted proxy appends the address that it saw to X-Forwarded-For. With n of them, the n-th entry from
    the end was written by the outermost trusted proxy; everything before it is the client's own claim.
    """
    hops = settings.TRUSTED_PROXY_HOPS
    entries = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if hops and entries[-1]:
        claimed = _clean(entries[-min(hops, len(entries))])
        if claimed:
            return claimed
    return _clean(request.META.get("REMOTE_ADDR", ""))


def get_client_network(request: HttpRequest) -> str:
    """Return what limits count as one client: an IPv4 address, or the /64 network of an IPv6 address."""
    address = get_client_address(request)
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/{IPV6_PREFIX}", strict=False))


def is_on_this_machine(request: HttpRequest) -> bool:
    """Return whether the caller is on this machine and no proxy passed the request on."""
    if any(request.headers.get(name) for name in FORWARDED):
        return False
    return request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")


def _clean(text: str) -> str:
    """Return an address without port, brackets and zone, IPv4 inside IPv6 as IPv4; empty for others."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
