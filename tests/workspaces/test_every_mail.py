"""Every mail of the product in both languages, as text and HTML: its subject, its links, its words."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import translation

from core.links import absolute_url
from gpts.assistants.adoption_mails import Due, build_due_mail
from gpts.assistants.models import Adoption
from gpts.assistants.services.edit_notices import _build_mail as build_edit_mail
from gpts.chat.models import ContentAccess
from gpts.chat.services.content_access import _tell_person
from gpts.metering.models import Budget
from gpts.metering.services.budgets.thresholds import build_threshold_mail
from reviews.models import Notice
from reviews.notice_mails import build_notice_mail
from tests.support.factories.workspaces import OperatorUserFactory, UserFactory
from tests.support.times import NOW
from workspaces.account_mails import (
    ACCOUNT_MAILS,
    build_account_mail,
    build_reset_mail,
    build_unknown_reset_mail,
)
from workspaces.invitation_mails import build_invitation_mail
from workspaces.mail_text import MailText
from workspaces.models import Invitation, OutboundJob, User, Workspace, WorkspaceExport
from workspaces.services.deletion_reminders import _tell as tell_of_deletion
from workspaces.services.joining import INVITATION_DAYS
from workspaces.services.mail_test import run_mail_test
from workspaces.services.mails import enqueue_mail
from workspaces.services.people import (
    restore_person,
    send_confirmation_reminder,
    suspend_person,
)
from workspaces.services.second_factor_notices import build_grace_mail
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.services.workspace_control import _mail_restoration, _mail_suspension
from workspaces.services.workspace_exports import FAILED_KIND, READY_KIND
from workspaces.services.workspace_exports import _tell as _tell_of_export

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
BASE = "https://store.acme.example"
# What mails get from outside; in Chinese mails it is the only text in other letters.
NAMES = "Ada", "Ben", "Acme", "Outside", "Firefox", "Key 7", "Because", "Loggia", "GPT", "API"
ACCOUNT = {
    "email": "ada@acme.example", "code": "ABC-123", "password_reset_url": f"{BASE}/reset",
    "signup_url": f"{BASE}/signup", "from_email": "old@acme.example", "to_email": "ada@acme.example",
    "deleted_email": "old@acme.example", "provider": "Acme", "timestamp": NOW, "ip": "203.0.113.7",
    "user_agent": "Firefox <b>",
}  # fmt: skip
ADA, BEN = User(display_name="Ada"), User(display_name="Ben")
ACME = Workspace(name="Acme", slug="acme")
LEAVING = Workspace(name="Acme", slug="acme", deletion_due_at=NOW)
SPENT = Budget(
    workspace=ACME, name="Outside", subject="workspace", measure="turns", window="month", hard_limit=100
)
APPROVAL = Adoption(workspace=ACME, expires_at=NOW + timedelta(90), recertify_at=NOW + timedelta(30))

Send = Callable[[User], object]


def build(text: Callable[[], MailText]) -> Send:
    """Return what sends the words of a builder in the person's language."""

    def send(person: User) -> None:
        with translation.override(person.language):
            enqueue_mail(to=person.email, text=text())

    return send


def suspend(person: User) -> None:
    suspend_person(user=person, reason="Because", by=OperatorUserFactory.create(), at=NOW)


def restore(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)
    restore_person(user=person, reason="Because", by=OperatorUserFactory.create(), at=NOW)


def remind(person: User) -> None:
    EmailAddress.objects.filter(user=person).delete()
    send_confirmation_reminder(user=person, by=OperatorUserFactory.create(), at=NOW)


def tell_of_security(event: SecurityEvent, detail: str, person: User) -> None:
    notify_security(user=person, event=event, at=NOW, detail=detail)


def tell_of_reading(person: User) -> None:
    access = ContentAccess(
        workspace=ACME, person=person, requested_by=ADA, decided_by=BEN, reason="Because", state="opened"
    )
    _tell_person(access, at=NOW)


def test_mail_server(person: User) -> None:
    with translation.override(person.language):
        run_mail_test(OutboundJob(requested_by=person))


def tell_of_export(kind: str, person: User) -> None:
    _tell_of_export(person, kind, WorkspaceExport(workspace=ACME, expires_at=NOW), NOW)


test_mail_server.__test__ = False  # type: ignore[attr-defined]  # it sends the test mail of operators


def invite(**fields: Any) -> Send:
    invitation = Invitation(invited_by=ADA, workspace=ACME, **fields)
    return build(lambda: build_invitation_mail(invitation, f"{BASE}/invitations/x"))


def make_notice() -> MailText:
    language = translation.get_language()
    return build_notice_mail(
        Notice(subject="Outside", language=language, body=f"Because\n{BASE}/reviews/reports/7")
    )


# The function that writes the words (file:name) to what sends its mails.
MAILS: dict[str, dict[str, Send]] = {
    "gpts/assistants/adoption_mails.py:build_due_mail": {
        due: build(partial(build_due_mail, due, APPROVAL, name="Outside")) for due in Due
    },
    "gpts/assistants/services/edit_notices.py:_build_mail": {
        "": build(lambda: build_edit_mail("Ada: Outside", "Because", "/build/outside/versions"))
    },
    "gpts/chat/services/content_access.py:_tell_person": {"": tell_of_reading},
    "gpts/metering/services/budgets/thresholds.py:build_threshold_mail": {
        str(percent): build(
            partial(build_threshold_mail, SPENT, used=percent, percent=percent, url="/w/acme/admin/budgets")
        )
        for percent in (50, 100)
    },
    "reviews/notice_mails.py:build_notice_mail": {"": build(make_notice)},
    "workspaces/account_mails.py": {
        prefix: build(partial(build_account_mail, prefix, ACCOUNT)) for prefix in ACCOUNT_MAILS
    },
    "workspaces/account_mails.py:build_reset_mail": {"": build(lambda: build_reset_mail(f"{BASE}/reset"))},
    "workspaces/account_mails.py:build_unknown_reset_mail": {
        "": build(lambda: build_unknown_reset_mail("ada@acme.example", f"{BASE}/signup"))
    },
    "workspaces/invitation_mails.py:build_invitation_mail": {
        "member": invite(), "guest": invite(guest_until=NOW)
    },
    "workspaces/services/deletion_reminders.py:_tell": {
        "": lambda person: tell_of_deletion(person, LEAVING, at=NOW)
    },
    "workspaces/services/workspace_exports.py:_tell": {
        kind: partial(tell_of_export, kind) for kind in (READY_KIND, FAILED_KIND)
    },
    "workspaces/services/mail_test.py:run_mail_test": {"": test_mail_server},
    "workspaces/services/people.py:_get_suspension_mail": {"": suspend},
    "workspaces/services/people.py:restore_person": {"": restore},
    "workspaces/services/people.py:send_confirmation_reminder": {
        "": remind
    },
    "workspaces/services/second_factor_notices.py:build_grace_mail": {
        f"{is_first} {has_sso}": build(
            partial(build_grace_mail, ACME, NOW, is_first=is_first, has_company_sign_in=has_sso)
        )
        for is_first in (True, False)
        for has_sso in (True, False)
    },
    "workspaces/services/security_notices.py:notify_security": {
        f"{event}{detail}": partial(tell_of_security, event, detail)
        for event in SecurityEvent
        for detail in ("", "Key 7")
    },
    "workspaces/services/workspace_control.py:_mail_restoration": {
        "": lambda person: _mail_restoration(person, ACME)
    },
    "workspaces/services/workspace_control.py:_mail_suspension": {
        "": lambda person: _mail_suspension(person, ACME, "Because")
    },
}  # fmt: skip


def test_every_function_that_writes_a_mail_is_listed() -> None:
    found = set()
    for app in ("core", "workspaces", "gpts", "marketplace", "reviews", "payouts", "config"):
        for file in sorted((ROOT / app).rglob("*.py")):
            source = file.read_text(encoding="utf-8")
            if "MailText(" in source and file.name != "mail_text.py":
                found |= {f"{file.relative_to(ROOT).as_posix()}:{name}" for name in list_writers(source)}
    listed = {name for name in MAILS if not name.endswith("account_mails.py")}
    # Those of allauth's mails are reached by their table.
    in_table = {name for name in found if name.startswith("workspaces/account_mails.py:_")}

    assert found - in_table == listed


def list_writers(source: str) -> Iterator[str]:
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "MailText"
            for call in ast.walk(node)
        ):
            yield node.name


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("writer", sorted(MAILS))
def test_a_mail_is_whole_in_text_and_html(
    writer: str, language: str, deliver_mails: Any, settings: Any
) -> None:
    settings.BASE_URL, settings.INSTANCE_NAME = BASE, "Acme Place"
    settings.DEFAULT_FROM_EMAIL = "Acme Place <mails@acme.example>"
    for case, send in sorted(MAILS[writer].items()):
        factory = OperatorUserFactory if "mail_test" in writer else UserFactory
        person = factory.create(language=language)
        mail.outbox.clear()
        with deliver_mails():
            send(person)
        (message,) = cast("list[EmailMultiAlternatives]", mail.outbox)
        with naming(f"{writer} {case}"):
            check(message, language)


@contextmanager
def naming(mail_name: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        error.add_note(mail_name)
        raise


def check(message: EmailMultiAlternatives, language: str) -> None:
    ((html, kind),) = message.alternatives
    html, body, subject = str(html), str(message.body), str(message.subject)
    shown = unescape(re.sub(r"<(title|style).*?</\1>|<[^>]*>", " ", html, flags=re.DOTALL))

    assert kind == "text/html"
    assert f'<html lang="{language}">' in html
    assert subject == subject.strip() != ""
    assert "\n" not in subject
    assert subject in shown
    assert message.from_email == "Acme Place <mails@acme.example>"
    for text in (subject, body, shown):
        # Nothing is left to be filled in, nothing is filled in wrongly.
        assert not re.search(r"%\(|%[sd]\b|\{[{%]|[%}]\}|\bNone\b|<django|object at 0x", text), text
        # allauth's own words and places.
        assert not re.search(
            r"allauth|example\.com|127\.0\.0\.1|localhost|Hello from|Thank you for using", text
        )
    # Both say the same: each line of the text is in the HTML.
    words = "".join(shown.split())
    assert [line for line in body.splitlines() if "".join(line.split()) not in words] == []
    assert "Acme Place" in body
    assert "Acme Place" in shown
    # Links are whole addresses of this instance, and each of them can be read.
    links = re.findall(r'href="([^"]*)"', html)
    assert absolute_url("/") in links
    assert [link for link in links if not link.startswith(f"{BASE}/")] == []
    assert [link for link in map(unescape, links) if link not in body] == []
    assert re.findall(r"(?<![\w/.])/[a-z]+/", body) == []
    if language == "zh-hans":
        left = re.sub(r"https?://\S+|\S+@\S+|ABC-123|\(UTC\)|" + "|".join(NAMES), " ", f"{subject} {body}")
        assert re.findall(r"[A-Za-z]{3,}", left.replace("Place", "")) == []
        assert re.search(r"[一-鿿]", body)


def test_the_time_that_an_invitation_says_is_the_real_one() -> None:
    with translation.override("en"):
        text = build_invitation_mail(Invitation(invited_by=ADA, workspace=ACME), f"{BASE}/x")
    assert f"valid for {INVITATION_DAYS} days" in str(text.paragraphs)
