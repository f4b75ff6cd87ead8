"""Mails about accounts are in our words, in both languages, as text and as HTML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import allauth
import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import translation

from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from workspaces.account_mails import ACCOUNT_MAILS, build_account_mail
from workspaces.mail_text import MailText, render_mail

TEMPLATES = Path(allauth.__file__).parent / "templates"
CONTEXT: dict[str, Any] = {
    "email": "ada@example.test",
    "code": "ABC-123",
    "password_reset_url": "https://store.example/reset",
    "signup_url": "https://store.example/signup",
    "from_email": "old@example.test",
    "to_email": "ada@example.test",
    "deleted_email": "old@example.test",
    "provider": "Acme ID",
    "timestamp": NOW,
    "ip": "203.0.113.7",
    "user_agent": "Firefox <b>",
}


def test_every_mail_of_allauth_has_our_words() -> None:
    """A mail that an update of allauth adds fails here, not in front of a person."""
    sent = {
        str(file.relative_to(TEMPLATES)).removesuffix("_subject.txt")
        for file in TEMPLATES.glob("*/email/*_subject.txt")
        if file.parts[-3] in ("account", "mfa", "socialaccount")
    }

    assert sent == ACCOUNT_MAILS


@pytest.mark.parametrize("prefix", sorted(ACCOUNT_MAILS))
def test_a_mail_says_what_to_do_in_both_languages(prefix: str) -> None:
    with translation.override("en"):
        english = render_mail(build_account_mail(prefix, CONTEXT))
    with translation.override("zh-hans"), override_settings(INSTANCE_NAME="Acme Store"):
        chinese = render_mail(build_account_mail(prefix, CONTEXT))

    for rendered in (english, chinese):
        assert "\n" not in rendered.subject
        assert "%(" not in rendered.subject + rendered.body + rendered.html
        assert rendered.subject in rendered.html
        assert "<b>" not in rendered.html
        assert re.search(r"ABC-123|https?://", rendered.body)
    assert re.search(r"[一-鿿]", chinese.subject)
    assert "Acme Store" in chinese.body
    # Names and addresses apart, no English is left.
    words = re.sub(r"https?://\S+|\S+@\S+|Acme ID|Acme Store|ABC-123|Firefox <b>|[\d.:]+", "", chinese.body)
    assert re.findall(r"[A-Za-z]{4,}", words) == []


def test_a_subject_is_one_line_whatever_a_name_holds() -> None:
    rendered = render_mail(
        MailText("Ada\r\nBcc: all@example.test", ("Text",), link="https://a.test", label="Go")
    )

    assert rendered.subject == "Ada Bcc: all@example.test"
    assert "Text\n\nhttps://a.test\n\n" in rendered.body


@pytest.mark.django_db
def test_a_mail_of_sign_up_has_text_and_html_in_the_persons_language(
    client: Client, deliver_mails: Any
) -> None:
    client.cookies["loggia_language"] = "zh-hans"
    with deliver_mails():
        client.post(
            reverse("account_signup"),
            {"display_name": "Ada", "email": "ada@example.test", "password1": "correct horse battery"},
        )
    (message,) = mail.outbox
    ((html, kind),) = message.alternatives

    assert message.subject == "欢迎使用 Loggia"
    assert kind == "text/html"
    assert '<html lang="zh-hans">' in str(html)
    code = re.search(r"^[A-Z0-9-]{6,9}$", str(message.body), re.MULTILINE)
    assert code is not None
    assert code[0] in str(html)


@pytest.mark.django_db
def test_a_security_notice_leads_to_the_page_where_it_is_mended(client: Client, deliver_mails: Any) -> None:
    user = UserFactory.create(language="zh-hans")
    with deliver_mails():
        for number in range(12):
            client.post("/accounts/login/", {"login": user.email, "password": f"wrong {number}"})
    (message,) = mail.outbox

    assert re.search(r"[一-鿿]", str(message.subject))
    assert "/settings/security/" in message.body


@pytest.mark.django_db
@pytest.mark.parametrize("is_known", [False, True])
def test_asking_for_a_new_code_says_what_came_of_it(
    client: Client, deliver_mails: Any, is_known: bool
) -> None:
    """The same words for an address that has an account: they must not tell whether it has one."""
    email = UserFactory.create().email if is_known else "new@example.test"
    with deliver_mails():
        client.post(
            reverse("account_signup"),
            {"display_name": "Ada", "email": email, "password1": "correct horse battery"},
        )
    first = len(mail.outbox)

    with deliver_mails():
        too_early = client.post("/accounts/confirm-email/", {"action": "resend"}, follow=True)
    assert too_early.status_code == 200
    assert f"A code was sent to {email} a moment ago. Wait 10 seconds" in too_early.content.decode()
    assert len(mail.outbox) == first

    cache.clear()  # as after ten seconds
    with deliver_mails():
        again = client.post("/accounts/confirm-email/", {"action": "resend"}, follow=True)
    assert f"A new code was sent to {email}." in again.content.decode()
    assert len(mail.outbox) == first + (0 if is_known else 1)
