"""The guard's rules on URLs: everything that is not clearly public is refused."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from core.outbound_guard import (
    OutboundPolicy,
    OutboundRefused,
    is_public,
    parse_target,
    policy_for,
    resolve_checked,
)
from core.outbound_purposes import Purpose

STRICT = OutboundPolicy()
PUBLIC = "93.184.215.14"


def find_refusal_reason(url: str, policy: OutboundPolicy = STRICT) -> str:
    with pytest.raises(OutboundRefused) as refused:
        parse_target(url, policy)
    return str(refused.value.data["reason"])


@pytest.mark.parametrize(
    ("url", "rebuilt"),
    [
        ("https://api.example.com", "https://api.example.com/"),
        ("https://API.Example.com/a b".replace(" ", "%20"), "https://api.example.com/a%20b"),
        ("https://api.example.com:443/x?y=1&z=a%2Fb#part", "https://api.example.com/x?y=1&z=a%2Fb"),
        ("https://93.184.215.14/", "https://93.184.215.14/"),
        ("https://[2606:2800:21f::1]/", "https://[2606:2800:21f::1]/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
    ],
)
def test_public_urls_pass_and_are_rebuilt(url: str, rebuilt: str) -> None:
    assert parse_target(url, STRICT).url == rebuilt


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "0",
        "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.0.192",
        "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.1", "127.0.1", "017700000001", "1.1.1.1.1",
        "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[::ffff:8.8.8.8]", "[0:0:0:0:0:ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[::127.0.0.1]",
        "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]",
        "１２７.0.0.1", "①②⑦.0.0.1", "ⓛocalhost.example", "127。0。0。1", "xn--.example",
        "localhost", "redis", "postgres", "api", "kubernetes.default", "kubernetes.default.svc.cluster.local",
        "metadata.google.internal", "printer.local", "app.localhost",
        "example.com.", "a..b.com", "-a.example.com",
        "a%00.example.com", "x" * 64 + ".com", "",
    ],
)  # fmt: skip
def test_private_and_malformed_hosts_are_refused(host: str) -> None:
    if host == "kubernetes.default":
        # A name of two labels cannot be told from a domain; the look-up of the full name decides.
        assert parse_target(f"https://{host}/", STRICT).host == host
        return
    find_refusal_reason(f"https://{host}/")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://api.example.com/", "plain_http"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://api.example.com/", "scheme"),
        ("ftp://api.example.com/", "scheme"),
        ("dict://api.example.com/", "scheme"),
        ("data:text/html,x", "scheme"),
        ("unix:///var/run/docker.sock", "scheme"),
        ("ws://api.example.com/", "scheme"),
        ("//api.example.com/", "scheme"),
        ("api.example.com", "scheme"),
        ("https://api.example.com:22/", "port"),
        ("https://api.example.com:5432/", "port"),
        ("https://api.example.com:6379/", "port"),
        ("https://api.example.com:9200/", "port"),
        ("https://api.example.com:2375/", "port"),
        ("https://api.example.com:99999/", "syntax"),
        ("https://user:pass@api.example.com/", "user_in_address"),
        ("https://good.example@evil.example/", "user_in_address"),
        ("https://a@b@api.example.com/", "user_in_address"),
        ("https://good.example\\@evil.example/", "characters"),
        ("https:\\\\api.example.com/", "characters"),
        ("https://api.exa\tmple.com/", "characters"),
        ("https://api.example.com/\r\nHost: x", "characters"),
        (" https://api.example.com/", "characters"),
        ("https://[::1/", "syntax"),
        ("https://api.example.com/" + "x" * 2_000, "characters"),
    ],
)
def test_refused_urls_name_the_rule(url: str, reason: str) -> None:
    assert find_refusal_reason(url) == reason


def test_http_is_allowed_by_a_setting() -> None:
    assert parse_target("http://api.example.com/", OutboundPolicy(allow_http=True)).port == 80
    assert find_refusal_reason("http://127.0.0.1/", OutboundPolicy(allow_http=True)) == "address"


def test_an_allowed_private_host_passes_with_its_port_only() -> None:
    policy = OutboundPolicy(allowed_private=frozenset({"localhost:11434"}))

    assert parse_target("http://localhost:11434/v1", policy).url == "http://localhost:11434/v1"
    find_refusal_reason("http://localhost:6379/", policy)
    find_refusal_reason("https://localhost/", policy)


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        [PUBLIC, "10.0.0.5"],
        [PUBLIC, "::1"],
        ["::ffff:10.0.0.1"],
        ["fe80::1%eth0"],
        ["nonsense"],
    ],
)
def test_one_private_address_refuses_the_host(found: list[str]) -> None:
    with pytest.raises(OutboundRefused):
        resolve_checked("api.example.com", 443, STRICT, lambda host, port: found)


def test_connections_go_to_the_resolved_public_addresses() -> None:
    found = resolve_checked("api.example.com", 443, STRICT, lambda host, port: [PUBLIC, "2606:2800:21f::1"])

    assert found == [PUBLIC, "2606:2800:21f::1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("8.8.8.8", True), ("2606:4700::1111", True), ("192.88.99.1", False), ("2002:808:808::1", False),
     ("64:ff9b::808:808", False), ("3fff::1", False), ("100::1", False), ("240.0.0.1", False)],
)  # fmt: skip
def test_is_public(text: str, expected: bool) -> None:
    assert is_public(ipaddress.ip_address(text)) is expected


@pytest.mark.parametrize(
    ("purpose", "name"),
    [
        (Purpose.INSTANCE_PROVIDER, "OUTBOUND_ALLOWED_PRIVATE_HOSTS"),
        (Purpose.WORKSPACE_PROVIDER, "OUTBOUND_TENANT_PRIVATE_HOSTS"),
        (Purpose.KNOWLEDGE_PAGE, "OUTBOUND_TENANT_PRIVATE_HOSTS"),
        (Purpose.KNOWLEDGE_PAGE, "OUTBOUND_ALLOW_HTTP"),
    ],
)
def test_a_missing_setting_is_an_error_not_a_permission(purpose: Purpose, name: str) -> None:
    with override_settings():
        from django.conf import settings

        delattr(settings, name)
        with pytest.raises(ImproperlyConfigured):
            policy_for(purpose)


@pytest.mark.parametrize("purpose", [Purpose.KNOWLEDGE_PAGE, Purpose.WORKSPACE_PROVIDER])
def test_hosts_that_the_operator_allows_for_the_instance_are_refused_to_tenants(
    settings: Any, purpose: Purpose
) -> None:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["localhost:11434", "models.internal"]
    settings.OPENAI_BASE_URL = "http://10.0.0.8:8080/v1"

    for url in ("http://localhost:11434/v1", "http://models.internal/admin", "http://10.0.0.8:8080/v1"):
        with pytest.raises(OutboundRefused):
            parse_target(url, policy_for(purpose))
        assert parse_target(url, policy_for(Purpose.INSTANCE_PROVIDER)).url == url


def test_tenants_have_a_list_of_their_own_which_is_empty_by_default(settings: Any) -> None:
    assert settings.OUTBOUND_TENANT_PRIVATE_HOSTS == []

    settings.OUTBOUND_TENANT_PRIVATE_HOSTS = ["wiki.internal:8080"]

    url = "http://wiki.internal:8080/page"
    assert parse_target(url, policy_for(Purpose.KNOWLEDGE_PAGE)).url == url
    with pytest.raises(OutboundRefused):
        parse_target("http://wiki.internal/page", policy_for(Purpose.KNOWLEDGE_PAGE))
    with pytest.raises(OutboundRefused):
        parse_target(url, policy_for(Purpose.INSTANCE_PROVIDER))


@pytest.mark.parametrize(
    "url",
    [
        "https://store.example.com/metrics",
        "https://STORE.example.com./",
        "https://www.example.org/",
        "https://a.b.wild.example.net/",
        "https://wild.example.net/",
        "http://localhost:8000/metrics",
        "http://127.0.0.1:8000/",
    ],
)
@pytest.mark.parametrize("purpose", list(Purpose))
def test_this_servers_own_addresses_are_refused_for_every_purpose(
    settings: Any, purpose: Purpose, url: str
) -> None:
    settings.BASE_URL = "https://store.example.com"
    settings.ALLOWED_HOSTS = ["www.example.org", ".wild.example.net", "*", "localhost", "127.0.0.1"]
    # A host without a port must not open the server's own port.
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["localhost", "127.0.0.1", "store.example.com"]
    settings.OUTBOUND_TENANT_PRIVATE_HOSTS = ["localhost", "127.0.0.1", "store.example.com"]

    with pytest.raises(OutboundRefused):
        parse_target(url, policy_for(purpose))
    assert parse_target("https://example.com/", policy_for(purpose)).host == "example.com"
    assert parse_target("http://localhost:11434/v1", policy_for(purpose)).port == 11434


def test_an_own_name_is_refused_at_the_connection_too(settings: Any) -> None:
    settings.BASE_URL = "https://store.example.com"

    with pytest.raises(OutboundRefused):
        resolve_checked(
            "store.example.com", 443, policy_for(Purpose.KNOWLEDGE_PAGE), lambda host, port: [PUBLIC]
        )
