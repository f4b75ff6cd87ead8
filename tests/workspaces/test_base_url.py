"""Every absolute address begins with BASE_URL, whatever Host a request names; unknown hosts get 400."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allauth.core import context
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from django.conf import settings
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse

from core.links import absolute_url
from tests.support.api_client import create_key, get_bearer_header
from tests.support.chat import create_conversation
from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.marketplace import make_listing
from tests.support.raw_http import send_raw
from tests.support.services import start_web_service
from workspaces.web.base_url import build_absolute_uri

pytestmark = pytest.mark.django_db

EVIL = "evil.example"
BASE = "http://localhost:8000"
ADDRESS = re.compile(r"https?://[^\s\"'<>)]+")


def find_foreign(text: str) -> list[str]:
    return [found for found in ADDRESS.findall(text) if EVIL in found or "testserver" in found]


@pytest.mark.parametrize("headers", [{"Host": EVIL}, {"Host": EVIL, "X-Forwarded-Host": EVIL}])
def test_mails_lead_to_the_base_url(
    headers: dict[str, str], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    user = UserFactory.create()
    client = Client(headers=headers)
    signup = {"password1": "a long good phrase", "display_name": "New"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("account_reset_password"), {"email": user.email})
        client.post(reverse("account_reset_password"), {"email": "nobody@example.org"})
        client.post(reverse("account_signup"), {"email": "new@example.org", **signup})
        Client(headers=headers).post(reverse("account_signup"), {"email": user.email, **signup})
    with django_capture_on_commit_callbacks(execute=True):
        run_enqueued_jobs()  # resets write their mails in a job
    run_enqueued_jobs()

    assert len(mail.outbox) == 4
    for message in mail.outbox:
        text = f"{message.subject}\n{message.body}"
        assert find_foreign(text) == []
        assert EVIL not in text
        assert BASE in text


def test_pages_name_the_base_url() -> None:
    listing = make_listing()
    about = Client(headers={"Host": EVIL}).get(f"/g/{listing.slug}").content.decode()

    assert f'<meta property="og:url" content="{BASE}/g/{listing.slug}">' in about
    assert find_foreign(about) == []


def test_libraries_get_the_base_url_from_the_request() -> None:
    request = RequestFactory().get("/a/b?c=1", headers={"Host": EVIL})

    assert build_absolute_uri(request) == f"{BASE}/a/b?c=1"
    assert build_absolute_uri(request, "/x") == f"{BASE}/x"
    assert build_absolute_uri(request, "d") == f"{BASE}/a/d"
    assert build_absolute_uri(request, "?e=2") == f"{BASE}/a/b?e=2"
    assert build_absolute_uri(request, "https://login.example/y") == "https://login.example/y"
    assert absolute_url("/x") == f"{BASE}/x"


def test_sign_in_with_a_company_names_the_base_url(social_provider_page: str) -> None:
    assert f"redirect_uri={BASE.replace(':', '%3A').replace('/', '%2F')}" in social_provider_page
    assert EVIL not in social_provider_page


@pytest.fixture
def social_provider_page(settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address to which sign-in with an OpenID Connect server redirects, asked for under another host."""
    from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter

    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "acme", "name": "Acme", "client_id": "id", "secret": "s",
                    "settings": {"server_url": "https://login.acme.example"},
                }
            ]
        }
    }  # fmt: skip
    # The server's own description, which would be fetched over the network.
    config = {
        "authorization_endpoint": "https://login.acme.example/go",
        "token_endpoint": "https://login.acme.example/token",
        "userinfo_endpoint": "https://login.acme.example/me",
    }
    monkeypatch.setattr(OpenIDConnectOAuth2Adapter, "openid_config", config)
    answer = Client(headers={"Host": EVIL}).post("/accounts/oidc/acme/login/")
    assert answer.status_code == 302
    return str(answer.headers["Location"])


@pytest.mark.parametrize("target", [f"http://{EVIL}/x", f"//{EVIL}/x", f"https://{EVIL}"])
def test_redirects_stay_here_even_under_another_host(target: str) -> None:
    user = UserFactory.create()
    client = Client(headers={"Host": EVIL})

    theme = client.post("/preferences/theme", {"theme": "dark", "next": target})
    login = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD, "next": target})

    assert theme.headers["Location"] == "/"
    assert login.headers["Location"] == "/"


def test_passkeys_belong_to_the_base_url() -> None:
    with context.request_context(RequestFactory().get("/", headers={"Host": EVIL})):
        entity = get_mfa_adapter().get_public_key_credential_rp_entity()

    assert entity == {"id": "localhost", "name": "Loggia"}


@pytest.fixture
def _two_tries(settings: Any) -> None:
    settings.PASSWORD_TRIES = 2


@pytest.mark.usefixtures("_two_tries")
def test_failed_sign_ins_count_together_under_every_host() -> None:
    user = UserFactory.create()
    for host in (EVIL, "localhost"):
        Client(headers={"Host": host}).post(
            reverse("account_login"), {"login": user.email, "password": "wrong"}
        )

    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})

    assert "_auth_user_id" not in client.session


def test_links_of_the_api_name_the_base_url() -> None:
    person = UserFactory.create()
    conversation = create_conversation(person)
    headers = {"Host": EVIL, **get_bearer_header(create_key(person))}

    answer = Client(headers=headers).put(f"/api/v1/conversations/{conversation.pk}/share")

    assert answer.json()["url"].startswith(f"{BASE}/")


# Unknown hosts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [EVIL, "store.example.org.evil.example", "a b", "store.example.org, x"])
@pytest.mark.parametrize("path", ["/", "/g/unknown", "/healthz", "/no/such/page", "/accounts/login/"])
def test_an_unknown_host_gets_the_branded_page(path: str, host: str, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["store.example.org"]
    answer = Client(headers={"Host": host}).get(path)

    assert answer.status_code == 400
    assert "This site has another address." in answer.content.decode()
    assert 'class="site-header' in answer.content.decode()
    assert host not in answer.content.decode()
    assert "Content-Security-Policy" in answer.headers
    assert Client(headers={"Host": "store.example.org"}).get("/healthz").status_code == 200


def test_an_unknown_host_gets_json_from_the_api(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["store.example.org"]
    answer = Client(headers={"Host": EVIL}).get("/api/v1/me")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_host")


def test_nothing_is_sent_or_changed_for_an_unknown_host(settings: Any) -> None:
    user = UserFactory.create()
    settings.ALLOWED_HOSTS = ["store.example.org"]
    client = Client(headers={"Host": EVIL})

    assert client.post(reverse("account_reset_password"), {"email": user.email}).status_code == 400
    assert client.post("/preferences/theme", {"theme": "dark"}).cookies == {}
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_production_over_a_real_socket(tmp_path: Path) -> None:
    """A whole production service: unknown hosts 400 over https, http leads to BASE_URL."""
    from cryptography.fernet import Fernet

    service = start_web_service(
        "production",
        LOGGIA_ENV="production",
        SECRET_KEY=settings.SECRET_KEY.replace("only for tests", "of one test alone"),
        ENCRYPTION_KEYS=Fernet.generate_key().decode(),
        ALLOWED_HOSTS="store.example.org",
        BASE_URL="https://store.example.org",
        TRUST_PROXY="true",
        STATIC_ROOT=str(tmp_path),
    )
    try:

        def ask(host: str, scheme: str = "https", path: str = "/healthz") -> tuple[int, bytes]:
            request = (
                f"GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Proto: {scheme}\r\n"
                f"X-Forwarded-Host: {EVIL}\r\nConnection: close\r\n\r\n"
            )
            status, answer, _sent = send_raw(service.url, [request.encode()])
            return status, answer

        assert ask("store.example.org")[0] == 200
        assert ask("localhost")[0] == 200
        assert ask(EVIL, path="/api/v1/me")[0] == 400
        status, answer = ask(EVIL, scheme="http", path="/search?q=a")
        assert status in (301, 308)
        assert b"location: https://store.example.org/search?q=a" in answer.lower()
    finally:
        service.stop()
