"""One answer to "who asks": headers count only as far as proxies are trusted, IPv6 by its /64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from allauth.account.adapter import get_adapter
from allauth.core.internal.ratelimit import get_ip
from django.test import Client, RequestFactory

from reviews.models import Report
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import make_listing
from tests.support.raw_http import send_raw
from tests.support.services import WebService, start_web_service
from workspaces.web.client_address import get_client_address, get_client_network, is_on_this_machine


def make_request(peer: str, forwarded: str | None = None, **more: str) -> Any:
    environment: Any = {"REMOTE_ADDR": peer, **more}
    if forwarded is not None:
        environment["HTTP_X_FORWARDED_FOR"] = forwarded
    return RequestFactory().get("/", **environment)


@pytest.mark.parametrize(
    ("hops", "peer", "forwarded", "expected"),
    [
        (0, "203.0.113.9", None, "203.0.113.9"),
        (0, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (1, "10.0.0.2", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.2", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.2", "6.6.6.6,evil,198.51.100.1", "198.51.100.1"),
        (2, "10.0.0.2", "6.6.6.6, 198.51.100.1, 10.0.0.3", "198.51.100.1"),
        (2, "10.0.0.2", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.2", None, "10.0.0.2"),
        (1, "10.0.0.2", "", "10.0.0.2"),
        (1, "10.0.0.2", "198.51.100.1, ", "10.0.0.2"),
        (1, "10.0.0.2", "unknown", "10.0.0.2"),
        (1, "10.0.0.2", "198.51.100.1:4711", "198.51.100.1"),
        (1, "10.0.0.2", "[2001:DB8::1]:4711", "2001:db8::1"),
        (1, "10.0.0.2", "2001:db8::1%eth0", "2001:db8::1"),
        (1, "10.0.0.2", "::ffff:198.51.100.1", "198.51.100.1"),
        (0, "::ffff:203.0.113.9", None, "203.0.113.9"),
        (0, "", None, ""),
        (1, "10.0.0.2", "x" * 10_000, "10.0.0.2"),
    ],
)
def test_only_trusted_proxies_are_believed(
    hops: int, peer: str, forwarded: str | None, expected: str, settings: Any
) -> None:
    settings.TRUSTED_PROXY_HOPS = hops
    request = make_request(peer, forwarded, HTTP_X_REAL_IP="7.7.7.7", HTTP_FORWARDED="for=7.7.7.7")

    assert get_client_address(request) == expected
    assert get_adapter().get_client_ip(request) == (expected or "0.0.0.0")


def test_limits_group_ipv6_by_the_64() -> None:
    first, second = make_request("2001:db8:1:2::1"), make_request("2001:db8:1:2:ffff::9")

    assert get_client_network(first) == get_client_network(second) == "2001:db8:1:2::/64"
    assert get_client_network(make_request("2001:db8:1:3::1")) == "2001:db8:1:3::/64"
    assert get_client_network(make_request("203.0.113.9")) == "203.0.113.9"
    assert get_ip(first) == get_ip(second) == "2001:db8:1:2::"


@pytest.mark.parametrize(
    ("peer", "header", "expected"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("127.0.0.1", {"HTTP_X_FORWARDED_FOR": "1.2.3.4"}, False),
        ("127.0.0.1", {"HTTP_X_FORWARDED_PROTO": "https"}, False),
        ("127.0.0.1", {"HTTP_VIA": "1.1 proxy"}, False),
        ("203.0.113.9", {}, False),
    ],
)
def test_this_machine_is_not_a_proxy_on_it(peer: str, header: dict[str, str], expected: bool) -> None:
    assert is_on_this_machine(make_request(peer, **header)) is expected


@pytest.mark.django_db
def test_reports_are_limited_by_network(client: Client) -> None:
    """Five a minute, however many addresses of one /64 they come from and whatever header they add."""
    listing = make_listing()

    def report(number: int, peer: str) -> int:
        answer = client.post(
            f"/g/{listing.slug}/report",
            {
                "category": "copyright", "explanation": f"Wrong {number}", "is_good_faith": "on", "name": "N",
                "email": f"n{number}@example.org",
            },
            REMOTE_ADDR=peer,
            HTTP_X_FORWARDED_FOR=f"198.51.100.{number}",
        )  # fmt: skip
        return answer.status_code

    statuses = [report(number, f"2001:db8:1:2::{number:x}") for number in range(7)]

    assert statuses == [200] * 5 + [429] * 2
    assert report(8, "2001:db8:1:3::1") == 200
    assert Report.objects.count() == 6


# Over a real socket -----------------------------------------------------------------------------------


@pytest.fixture
def behind_proxy(transactional_db: None) -> Iterator[WebService]:
    service = start_web_service("behind-proxy", TRUST_PROXY="true")
    yield service
    service.stop()


def try_to_sign_in(service: WebService, forwarded: list[dict[str, str]]) -> list[int]:
    """Post the form without a password once for each set of headers.

    The limit of an address counts that too, and checking passwords would take longer than its minute where
    the machine is busy.
    """
    with httpx2.Client(base_url=service.url, trust_env=False, timeout=60) as http:
        token = http.get("/accounts/login/").cookies["loggia_csrf"]
        return [
            http.post(
                "/accounts/login/",
                data={"login": f"{number}@example.org", "password": "", "csrfmiddlewaretoken": token},
                headers={"Referer": f"{service.url}/accounts/login/", **headers},
            ).status_code
            for number, headers in enumerate(forwarded)
        ]


def test_forged_headers_do_not_escape_the_sign_in_limit(server: WebService) -> None:
    names = ("X-Forwarded-For", "X-Real-IP", "Client-IP")
    forged = [
        dict.fromkeys(names, f"198.51.100.{number}")
        | {"Forwarded": f"for=198.51.100.{number}", "X-Forwarded-Proto": "https"}
        for number in range(40)
    ]

    statuses = try_to_sign_in(server, forged)

    assert (statuses[0], statuses[-1]) == (200, 429)


def test_behind_a_proxy_the_limit_is_the_clients(behind_proxy: WebService) -> None:
    forged = [{"X-Forwarded-For": f"192.0.2.{number}, 198.51.100.7"} for number in range(40)]

    statuses = try_to_sign_in(behind_proxy, forged)

    assert (statuses[0], statuses[-1]) == (200, 429)
    assert try_to_sign_in(behind_proxy, [{"X-Forwarded-For": "198.51.100.8"}]) == [200]


@pytest.mark.parametrize("name", [b"X_Forwarded_For", b"X-Forwarded_For"])
def test_underscores_are_not_hyphens(name: bytes, behind_proxy: WebService) -> None:
    """A proxy that removes X-Forwarded-For lets X_Forwarded_For pass."""
    request = (
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        + name
        + b": 198.51.100.1\r\n\r\n"
    )
    status, _answer, _sent = send_raw(behind_proxy.url, [request])

    assert status == 200  # as for any caller on this machine: the header was dropped


def test_metrics_stay_closed_to_forwarded_requests(server: WebService) -> None:
    for header in (b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-For: ::1", b"Forwarded: for=127.0.0.1"):
        request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + header + b"\r\n\r\n"
        assert send_raw(server.url, [request])[0] == 404


@pytest.mark.django_db
def test_sessions_and_notices_name_the_same_address(client: Client) -> None:
    user = UserFactory.create()
    client.force_login(user)
    request = make_request("203.0.113.9", "198.51.100.1")

    assert get_adapter().get_client_ip(request) == get_client_address(request) == "203.0.113.9"
