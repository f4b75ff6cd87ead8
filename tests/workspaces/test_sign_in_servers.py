"""Signing in with a company's server: it is asked without a transaction, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.marketplace import make_listing
from workspaces.models import Member, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def sign_in_server(settings: Any) -> Iterator[list[str]]:
    """An OpenID Connect server of Acme; the list has the paths that were asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            asked.append(path)
            self.rfile.read(int(self.headers.get("content-length") or 0))
            base = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
            answers: dict[str, dict[str, Any]] = {
                "/.well-known/openid-configuration": {
                    "issuer": base,
                    "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token",
                    "userinfo_endpoint": f"{base}/userinfo",
                    "jwks_uri": f"{base}/keys",
                },
                "/token": {"access_token": "t", "token_type": "Bearer", "expires_in": 60},
                "/userinfo": {
                    "sub": "subject-1",
                    "email": "ada@acme.example",
                    "email_verified": True,
                    "name": "Ada",
                },
            }
            body = json.dumps(answers[path]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # the name that the library calls

        def log_message(self, *_arguments: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "acme",
                    "name": "Acme sign-in",
                    "client_id": "id",
                    "secret": "s",
                    "settings": {"server_url": f"http://127.0.0.1:{server.server_port}"},
                }
            ],
        }
    }
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_sign_in_server_is_asked_outside_of_transactions(sign_in_server: list[str], client: Client) -> None:
    listing = make_listing(name="Essay coach")
    client.post(f"/g/{listing.slug}/ask", {"text": "Asked before"})
    send = f"/g/{listing.slug}/chat/asked"
    # Within a transaction the guard would raise.
    begun = client.post(reverse("openid_connect_login", args=["acme"]), {"next": send})
    sent = parse_qs(urlsplit(begun["Location"]).query)
    back = client.get(
        reverse("openid_connect_callback", args=["acme"]), {"code": "c", "state": sent["state"][0]}
    )

    assert urlsplit(begun["Location"]).path == "/authorize"
    assert sent["code_challenge_method"] == ["S256"]
    assert back.status_code == 302
    assert {"/token", "/userinfo"} <= set(sign_in_server)
    user = User.objects.filter(email="ada@acme.example").first()
    if user is None:  # the form for the rest of the account follows
        form = client.get(back["Location"])
        page = form.content.decode()
        assert "Your question to <strong>Essay coach</strong>" in page
        assert 'href="/rules"' in page
        back = client.post(back["Location"], {"display_name": "Ada", "email": "ada@acme.example"})
        user = User.objects.get(email="ada@acme.example")
    assert Member.objects.filter(user=user).exists()
    # The question that was asked before is sent next.
    assert back["Location"] == send
    assert client.session["asked_question"]["text"] == "Asked before"
