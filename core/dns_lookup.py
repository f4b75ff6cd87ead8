"""DNS lookups of a name's texts, with the resolvers of the server or of the setting DNS_SERVERS."""

from __future__ import annotations

import dns.exception
import dns.nameserver
import dns.resolver
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.connections import release_connection
from core.errors import Unavailable

SECONDS = 6.0
# What is read of an answer; a name with more texts has none of ours.
TEXTS = 100


class LookupFailed(Unavailable):
    """No name server gave an answer: whether the record exists is unknown."""


def read_texts(name: str) -> list[str]:
    """Return the TXT records of ``name``, an ASCII host name; none for a name that does not exist.

    Waits at most SECONDS, so not inside a transaction. Raises LookupFailed.
    """
    release_connection("dns")
    try:
        answer = _build_resolver().resolve(name, "TXT", lifetime=SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise LookupFailed(
            _("The name servers of %(name)s did not answer.") % {"name": name}, code="lookup_failed"
        ) from error
    return [b"".join(row.strings).decode("utf-8", "replace") for row in list(answer)[:TEXTS]]


def _build_resolver() -> dns.resolver.Resolver:
    if not settings.DNS_SERVERS:
        return dns.resolver.Resolver()
    resolver = dns.resolver.Resolver(configure=False)
    servers = map(_read_server, settings.DNS_SERVERS)
    resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
    return resolver


def _read_server(text: str) -> tuple[str, int]:
    """Split "192.0.2.1:53" or "[2001:db8::1]:53"; the port is 53 where none is given."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        return text.strip().strip("[]"), 53
    return host.strip("[]"), int(port)
