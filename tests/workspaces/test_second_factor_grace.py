"""The days of grace before a second factor is required: a banner on each page, and two mails."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail

from tests.support.factories.workspaces import MemberFactory, UserFactory, WorkspaceFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import OutgoingMail, User, Workspace
from workspaces.services.identity_rules import SignInChange, set_sign_in_rules
from workspaces.services.second_factor_notices import send_second_factor_notices

pytestmark = pytest.mark.django_db


def make_company(*, days: int | None = 10) -> tuple[Workspace, User, User]:
    """A company with its owner and a member; the owner has a second factor."""
    owner, ann = UserFactory.create(display_name="Olga"), UserFactory.create(display_name="Ann")
    company = WorkspaceFactory.create(owner=owner, name="Acme")
    MemberFactory.create(workspace=company, user=ann, role="member", by=owner)
    Authenticator.objects.create(user=owner, type="totp", data={"secret": "x"})
    if days is not None:
        set_grace(company, owner, days)
    return company, owner, ann


def set_grace(company: Workspace, owner: User, days: int | None, *, at: datetime = NOW) -> None:
    set_sign_in_rules(workspace=company, change=SignInChange(mfa_grace_days=days), by=owner, at=at)


def test_the_banner_says_the_date_on_each_page_until_there_is_a_factor() -> None:
    _company, owner, ann = make_company()
    with time_machine.travel(NOW, tick=False):
        hers, his = sign_in(ann), sign_in(owner)
        pages = [hers.get(path).content.decode() for path in ("/", "/c/", "/settings/")]
        without = his.get("/").content.decode()
        User.objects.filter(pk=ann.pk).update(language="zh-hans")
        chinese = hers.get("/", headers={"Accept-Language": "zh-hans"}, follow=True).content.decode()
        Authenticator.objects.create(user=ann, type="totp", data={"secret": "x"})
        after = hers.get("/").content.decode()

    for page in pages:
        assert "Acme asks for two-factor sign-in from" in page
        assert 'href="/accounts/2fa/"' in page
    assert "grace-note" not in without and "grace-note" not in after
    assert "Acme 将从" in chinese


def test_no_rule_no_banner_and_none_for_visitors(client: Any) -> None:
    _company, _owner, ann = make_company(days=None)
    assert "grace-note" not in sign_in(ann).get("/").content.decode()
    assert "grace-note" not in client.get("/").content.decode()


def test_each_member_without_a_factor_gets_two_mails(deliver_mails: Any) -> None:
    company, owner, ann = make_company()

    def run(days: float) -> list[tuple[list[str], str]]:
        mail.outbox.clear()
        with deliver_mails():
            send_second_factor_notices(at=NOW + timedelta(days=days))
        return [(message.to, str(message.subject)) for message in mail.outbox]

    begins, due = "Acme asks for two-factor sign-in", "Two-factor sign-in is due soon"
    assert run(0) == [([ann.email], begins)]
    assert "From" in str(mail.outbox[0].body) and "/accounts/2fa/" in str(mail.outbox[0].body)
    assert run(0) == run(6.9) == []
    # Who joins later is told then.
    bob = UserFactory.create(language="zh-hans")
    MemberFactory.create(workspace=company, user=bob, role="member", by=owner)
    assert run(6.95) == [([bob.email], "Acme 要求两步验证登录")]
    assert run(7) == [([ann.email], due), ([bob.email], "两步验证即将成为必需")]
    assert run(7) == run(9.9) == []
    # Another day is another rule.
    set_grace(company, owner, 30)
    assert [to for to, _subject in run(0)] == [[ann.email], [bob.email]]


def test_few_days_of_grace_are_told_once(deliver_mails: Any) -> None:
    make_company(days=2)
    with deliver_mails():
        counts = [send_second_factor_notices(at=NOW + timedelta(days=days)) for days in (0, 1, 1.9, 2)]
    assert counts == [1, 0, 0, 0]


def test_nobody_is_told_without_need() -> None:
    company, owner, ann = make_company(days=None)
    assert send_second_factor_notices(at=NOW) == 0
    set_grace(company, owner, 10)
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert send_second_factor_notices(at=NOW) == 0
    User.objects.filter(pk=ann.pk).update(is_active=True)
    # After its end the sign-in itself asks.
    assert send_second_factor_notices(at=NOW + timedelta(days=10)) == 0
    company.identity_rules.emergency_owner = owner
    company.identity_rules.is_sso_required = True
    company.identity_rules.save()
    assert send_second_factor_notices(at=NOW) == 0
    assert not OutgoingMail.objects.exists()
