"""Every page of allauth has our layout; sign-up, sign-in and sign-out work."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import allauth
import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.socialaccount.adapter import get_adapter as get_social_adapter
from allauth.socialaccount.internal.flows.login import complete_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core import mail
from django.http import HttpResponse
from django.template.loader import get_template
from django.template.loader_tags import ExtendsNode
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, get_resolver, reverse

from tests.support.factories.workspaces import PASSWORD, UserFactory
from workspaces.access import personal_workspace
from workspaces.models import SharingPolicy, User

pytestmark = pytest.mark.django_db

APPS = ("account", "mfa", "socialaccount", "usersessions")
SHIPPED = Path(allauth.__file__).parent / "templates"
# Partials and mails have no layout.
PARTS = re.compile(r"/(snippets|email|messages)/")
PAGES = sorted(
    path.relative_to(SHIPPED).as_posix()
    for app in APPS
    for path in (SHIPPED / app).rglob("*.html")
    if not PARTS.search(path.as_posix())
)


def find_base_template(name: str) -> str:
    """Follow {% extends %} to the last parent."""
    template: Any = get_template(name)
    parents: list[Any] = [node for node in template.template.nodelist if isinstance(node, ExtendsNode)]
    return find_base_template(parents[0].parent_name.var) if parents else name


@pytest.mark.parametrize("name", PAGES)
def test_every_page_template_extends_our_layout(name: str) -> None:
    assert find_base_template(name) == "base.html"


def allauth_names() -> list[str]:
    prefixes = ("account_", "mfa_", "socialaccount_", "usersessions_")
    return sorted(
        name for name in get_resolver().reverse_dict if isinstance(name, str) and name.startswith(prefixes)
    )


def build_url(name: str) -> str:
    for kwargs in ({}, {"pk": 1}, {"key": "x"}, {"uidb36": "1", "key": "x-y"}):
        try:
            return reverse(name, kwargs=kwargs)
        except NoReverseMatch:
            continue
    raise AssertionError(f"no arguments known for {name}")


@pytest.mark.parametrize("name", allauth_names())
@pytest.mark.parametrize("signed_in", [False, True])
def test_every_page_has_our_layout(client: Client, name: str, signed_in: bool) -> None:
    if signed_in:
        client.post(reverse("account_login"), {"login": UserFactory.create().email, "password": PASSWORD})
    answer = client.get(build_url(name))
    assert answer.status_code in (200, 302, 401, 404, 405), name
    if answer.status_code in (200, 401) and answer["Content-Type"].startswith("text/html"):
        page = answer.content.decode()
        assert 'class="skip-link"' in page, name
        assert " · Loggia</title>" in page, name
        assert page.count("<h1") == 1, name
        assert not re.search(r"<[^>]+ style=", page), name


def sign_up(client: Client, email: str) -> Any:
    return client.post(
        reverse("account_signup"),
        {"display_name": "Ada", "email": email, "password1": PASSWORD},
        follow=True,
    )


def test_signing_up_and_confirming_by_code_signs_in(client: Client, deliver_mails: Any) -> None:
    with deliver_mails():
        page = sign_up(client, "ada@example.test")
    assert page.redirect_chain[-1][0] == reverse("account_email_verification_sent")
    user = User.objects.get()
    assert not page.context["person"]
    assert personal_workspace(user).name == "Ada"
    assert SharingPolicy.objects.filter(workspace=personal_workspace(user)).exists()
    (message,) = mail.outbox
    code = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", str(message.body), re.MULTILINE)
    assert code is not None, message.body

    answer = client.post(reverse("account_email_verification_sent"), {"code": code[1]})

    assert answer.status_code == 302
    assert EmailAddress.objects.get(user=user).verified
    assert client.get("/settings/").status_code == 200


def without_tokens(page: Any, email: str) -> str:
    return re.sub(r"(csrf\w*|X-CSRFToken)[^>]*", "", page.content.decode().replace(email, "ADDRESS"))


def test_signing_up_with_a_taken_address_looks_the_same_and_creates_nothing(
    client: Client, deliver_mails: Any
) -> None:
    """The page is the same, so accounts cannot be enumerated; only the mail to the owner differs."""
    user = UserFactory.create()
    with deliver_mails():
        fresh, taken = sign_up(Client(), "new@example.test"), sign_up(client, user.email)
    assert fresh.redirect_chain == taken.redirect_chain
    assert without_tokens(fresh, "new@example.test") == without_tokens(taken, user.email)
    assert User.objects.count() == 2
    assert [message.to for message in mail.outbox] == [["new@example.test"], [user.email]]


def test_resetting_the_password_of_an_unknown_address_looks_the_same(client: Client) -> None:
    user = UserFactory.create()
    answers = [
        client.post(reverse("account_reset_password"), {"email": email})
        for email in (user.email, "nobody@example.test")
    ]
    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [
        (302, reverse("account_reset_password_done"))
    ] * 2


def test_a_wrong_password_and_an_unknown_address_get_the_same_message(client: Client) -> None:
    user = UserFactory.create()
    pages = [
        client.post(reverse("account_login"), {"login": email, "password": "wrong wrong wrong"})
        for email in (user.email, "nobody@example.test")
    ]
    assert pages[0].context["form"].errors == pages[1].context["form"].errors != {}


def test_a_deactivated_person_cannot_sign_in(client: Client) -> None:
    user = UserFactory.create()
    User.objects.filter(pk=user.pk).update(is_active=False)
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert client.get("/settings/").status_code == 302


def test_a_totp_code_works_once(client: Client) -> None:
    """A replayed code is refused, also with spaces in it."""
    user = UserFactory.create()
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    assert Authenticator.objects.filter(user=user).count() == 1
    counter = next(iter(yield_hotp_counters_from_time()))
    code = format_hotp_value(hotp_value(secret, counter))
    answers = []
    for variant in (code, code, f"{code[:3]} {code[3:]}"):
        browser = Client()
        step = browser.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
        assert step.headers["Location"] == reverse("mfa_authenticate")
        browser.post(reverse("mfa_authenticate"), {"code": variant})
        answers.append(browser.get("/settings/").status_code)
    assert answers == [200, 302, 302]


def test_sign_out_needs_a_post(client: Client) -> None:
    client.force_login(UserFactory.create())
    assert client.get(reverse("account_logout")).status_code == 200
    assert client.get("/settings/").status_code == 200
    client.post(reverse("account_logout"))
    assert client.get("/settings/").status_code == 302


def test_the_passkey_button_is_on_the_sign_in_page(client: Client) -> None:
    page = client.get(reverse("account_login")).content.decode()
    assert 'id="passkey_login"' in page
    assert 'id="mfa_login"' in page
    assert "mfa/js/webauthn.js" in page


def test_next_redirects_to_our_own_pages_only(client: Client) -> None:
    user = UserFactory.create()
    answer = client.post(
        reverse("account_login"),
        {"login": user.email, "password": PASSWORD, "next": "https://evil.example/"},
    )
    assert answer.headers["Location"] == "/"


def test_a_reset_link_is_in_our_name_and_works_once(client: Client, deliver_mails: Any) -> None:
    user = UserFactory.create()
    with deliver_mails():
        client.post(reverse("account_reset_password"), {"email": user.email})
    (message,) = mail.outbox
    assert message.subject == "Choose a new password for Loggia"
    assert "example.com" not in message.body
    link = re.search(settings.BASE_URL + r"(/accounts/password/reset/key/\S+)", str(message.body))
    assert link is not None
    page = client.get(link[1], follow=True)
    assert page.status_code == 200
    changed = client.post(
        page.redirect_chain[-1][0], {"password1": "another good phrase", "password2": "another good phrase"}
    )
    assert changed.status_code == 302
    user.refresh_from_db()
    assert user.check_password("another good phrase")
    assert client.get(link[1], follow=True).context.get("token_fail") is True


@pytest.fixture
def social_provider(settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "acme",
                    "name": "Acme sign-in",
                    "client_id": "id",
                    "secret": "s",
                    "settings": {"server_url": "https://login.acme.example"},
                }
            ]
        }
    }


def social_login(email: str, *, verified: bool, uid: str = "subject-1") -> SocialLogin:
    user = User(email=email)
    return SocialLogin(
        user=user,
        account=SocialAccount(provider="acme", uid=uid, extra_data={"name": "Ada of Acme"}),
        email_addresses=[EmailAddress(email=email, verified=verified, primary=True)],
    )


def sign_in_socially(rf: RequestFactory, login: SocialLogin, name: str = "Ada of Acme") -> Any:
    request = rf.get("/accounts/oidc/acme/login/callback/")
    request.user = AnonymousUser()
    SessionMiddleware(lambda _request: HttpResponse()).process_request(request)
    MessageMiddleware(lambda _request: HttpResponse()).process_request(request)
    request.allauth = SimpleNamespace()  # type: ignore[attr-defined]
    with context.request_context(request):
        login.provider = get_social_adapter().get_provider(request, "acme")
        get_social_adapter().populate_user(request, login, {"name": name, "email": login.user.email})
        return complete_login(request, login)


def test_configured_providers_are_on_the_sign_in_page(client: Client, social_provider: None) -> None:
    for name in ("account_login", "account_signup"):
        assert "Acme sign-in" in client.get(reverse(name)).content.decode()


def test_social_sign_in_creates_a_complete_account(rf: RequestFactory, social_provider: None) -> None:
    sign_in_socially(rf, social_login("ada@acme.test", verified=True))
    user = User.objects.get()
    assert (user.email, user.display_name, user.has_usable_password()) == (
        "ada@acme.test",
        "Ada of Acme",
        False,
    )
    assert SharingPolicy.objects.filter(workspace=personal_workspace(user)).exists()
    sign_in_socially(rf, social_login("renamed@acme.test", verified=True))
    assert User.objects.count() == 1


def test_social_sign_in_with_a_known_address_opens_no_account(
    rf: RequestFactory, social_provider: None
) -> None:
    """An e-mail address from a provider never links accounts by itself."""
    user = UserFactory.create()
    for verified in (True, False):
        sign_in_socially(rf, social_login(user.email, verified=verified, uid=f"subject-{verified}"))
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()


def test_what_the_page_says_is_not_said_again_in_a_message(client: Client) -> None:
    user = UserFactory.create()

    inside = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD}, follow=True)
    outside = client.post(reverse("account_logout"), follow=True)

    assert [str(message) for page in (inside, outside) for message in page.context["messages"]] == []
