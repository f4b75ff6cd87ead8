"""Two-factor sign-in has one name in each language, in our catalogue and on every page that shows it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils import translation

from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.reauthentication import confirm_identity

pytestmark = pytest.mark.django_db

NAME = {"en": "two-factor sign-in", "zh-hans": "两步验证"}
OTHER_NAMES = re.compile(
    r"two-?\s?step|2FA|second factor|multi-?factor|two-factor (?!sign-in)"
    r"|双因素|双重(认证|验证)|两步登录|二次验证|第二重|第二因素",
    re.IGNORECASE,
)


def read(answer: Any) -> str:
    text = re.sub(r"<(script|style).*?</\1>", "", unescape(answer.content.decode()), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_the_catalogue_has_no_other_name() -> None:
    path = settings.BASE_DIR / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        messages = list(read_po(file))
    found = []
    for message in messages:
        texts: list[Any] = []
        for part in (message.id, message.string):
            texts += [part] if isinstance(part, str) else part or ()
        found += [text for text in texts if OTHER_NAMES.search(text)]
        if any(NAME["en"] in text.lower() for text in texts):
            assert NAME["zh-hans"] in str(message.string), message.id
    assert found == []


@pytest.mark.parametrize("language", NAME)
def test_no_page_has_another_name(language: str, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    user = UserFactory.create(language=language)
    pages: dict[str, str] = {}

    def sign_in() -> Client:
        client = Client(headers={"Accept-Language": language})
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
        return client

    def open_pages(client: Client, *paths: str) -> None:
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, path
            pages[f"{len(pages)} {path}"] = read(answer)

    before = confirm_identity(sign_in(), user)
    open_pages(before, "/settings/security/", "/accounts/2fa/", "/accounts/2fa/totp/activate/")
    open_pages(before, "/accounts/2fa/webauthn/add/")
    TOTP.activate(user, generate_totp_secret())
    codes = RecoveryCodes.activate(user).generate_codes()
    client = sign_in()
    open_pages(client, "/accounts/2fa/authenticate/")
    assert client.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    confirm_identity(client, user)
    open_pages(
        client,
        "/settings/security/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/deactivate/",
        "/accounts/2fa/recovery-codes/",
        "/accounts/2fa/recovery-codes/generate/",
        "/accounts/2fa/reauthenticate/",
        "/accounts/email/",
    )
    key = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Phone", "credential": {}})
    open_pages(client, f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")

    assert {path: found[0] for path, text in pages.items() if (found := OTHER_NAMES.search(text))} == {}
    named = [path.split(" ")[1] for path, text in pages.items() if NAME[language] in text.lower()]
    assert {"/settings/security/", "/accounts/2fa/", "/accounts/2fa/totp/activate/"} <= set(named)
    assert "/accounts/2fa/authenticate/" in named
    with translation.override(language):
        errors = [str(text) for text in get_adapter().error_messages.values()]
    assert [text for text in errors if OTHER_NAMES.search(text)] == []
    assert sum(NAME[language] in text.lower() for text in errors) == 4


@pytest.mark.parametrize(
    ("language", "names"),
    [("en", "Passkey|Passkey 2|Passkey 3"), ("zh-hans", "通行密钥|通行密钥 2|通行密钥 3")],
)
def test_a_new_passkey_has_a_name_that_no_other_has(language: str, names: str) -> None:
    user = UserFactory.create()
    given = []
    with translation.override(language):
        for _number in range(3):
            name = get_adapter().generate_authenticator_name(user, Authenticator.Type.WEBAUTHN)
            given.append(name)
            Authenticator.objects.create(user=user, type="webauthn", data={"name": name, "credential": {}})

    assert "|".join(given) == names
