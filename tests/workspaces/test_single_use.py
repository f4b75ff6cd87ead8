"""Links and codes work once, also when they are sent on several connections at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account import app_settings
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.models import AuditEvent
from core.scope import system_scope
from tests.support.factories.workspaces import PASSWORD, UserFactory, WorkspaceFactory
from workspaces.models import Invitation, Member, User
from workspaces.services.api_keys import create_api_key
from workspaces.services.members import invite_member
from workspaces.services.single_use import use_once

ROUND = 4


def at_once(act: Callable[[int], Any], count: int = ROUND) -> list[Any]:
    """Run ``act`` in ``count`` threads, each with its own connection, as close together as possible."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        try:
            barrier.wait()
            results[number] = act(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def make_user(**fields: Any) -> User:
    with system_scope("tests"):
        return UserFactory.create(**fields)


def test_a_reset_link_changes_the_password_once(transactional_db: None) -> None:
    ada = make_user()
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(ada)
    link = f"/accounts/password/reset/key/{user_pk_to_url_str(ada)}-{token}/"
    browsers = [Client(REMOTE_ADDR=f"203.0.113.{number}") for number in range(ROUND)]
    forms = [browser.get(link).headers["Location"] for browser in browsers]

    def choose(number: int) -> Any:
        password = f"another good phrase {number}"
        return browsers[number].post(forms[number], {"password1": password, "password2": password})

    answers = at_once(choose)

    accepted = [number for number, answer in enumerate(answers) if answer.status_code == 302]
    assert len(accepted) == 1, [answer.status_code for answer in answers]
    with system_scope("tests"):
        assert User.objects.get(pk=ada.pk).check_password(f"another good phrase {accepted[0]}")
        assert AuditEvent.objects.filter(action="workspaces.password_changed").count() == 1


def test_an_invitation_is_accepted_once(transactional_db: None) -> None:
    with system_scope("tests"):
        owner, guest = UserFactory.create(), UserFactory.create()
        acme = WorkspaceFactory.create(owner=owner)
        _invitation, token = invite_member(
            workspace=acme, email=guest.email, role="member", by=owner, at=timezone.now()
        )
    browsers = []
    for _number in range(ROUND):
        browsers.append(Client())
        browsers[-1].force_login(guest)
    answers = at_once(lambda number: browsers[number].post(f"/join/{token}").status_code)
    assert answers.count(302) == 1
    assert set(answers) <= {302, 404, 409}  # too late to see it, or too late to take it
    with system_scope("tests"):
        assert Member.objects.filter(workspace=acme, user=guest).count() == 1
        assert Invitation.objects.filter(accepted_at__isnull=False).count() == 1
        assert AuditEvent.objects.filter(action="workspaces.member_joined").count() == 1


def test_a_mailed_code_confirms_an_address_once(transactional_db: None) -> None:
    ada = make_user()
    browser = Client()
    browser.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    browser.post("/accounts/email/", {"action_add": "", "email": "second@example.test"})
    code = browser.session["account_email_verification_code"]["code"]
    copies = [Client() for _number in range(ROUND)]
    for copy in copies:
        copy.cookies = browser.cookies

    answers = at_once(lambda number: copies[number].post("/accounts/confirm-email/", {"code": code}))

    assert {answer.status_code for answer in answers} <= {200, 302}
    with system_scope("tests"):
        assert ada.notifications.filter(kind="security.email_added").count() == 1
        assert EmailAddress.objects.filter(email="second@example.test", verified=True).count() == 1
        assert not use_once(
            "email-code", f"{browser.session.session_key} second@example.test {code}", at=timezone.now()
        )


def sign_in_to_the_second_step(user: User) -> Client:
    browser = Client()
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return browser


def count_signed_in(browsers: list[Client], code: str) -> int:
    at_once(lambda number: browsers[number].post("/accounts/2fa/authenticate/", {"code": code}))
    return sum(browser.get("/settings/").status_code == 200 for browser in browsers)


def test_a_totp_code_signs_in_once(transactional_db: None) -> None:
    ada = make_user()
    secret = generate_totp_secret()
    with system_scope("tests"):
        TOTP.activate(ada, secret)
    browsers = [sign_in_to_the_second_step(ada) for _number in range(ROUND)]
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert count_signed_in(browsers, code) == 1


def test_a_recovery_code_signs_in_once(transactional_db: None) -> None:
    ada = make_user()
    with system_scope("tests"):
        TOTP.activate(ada, generate_totp_secret())
        code = RecoveryCodes.activate(ada).get_unused_codes()[0]
    browsers = [sign_in_to_the_second_step(ada) for _number in range(ROUND)]
    assert count_signed_in(browsers, code) == 1
    with system_scope("tests"):
        codes = Authenticator.objects.get(user=ada, type=Authenticator.Type.RECOVERY_CODES)
        assert codes.data["used_mask"].bit_count() == 1


def test_parallel_marks_of_one_token_win_once(transactional_db: None) -> None:
    def mark(_number: int) -> bool:
        with system_scope("tests"):
            return use_once("test", "token", at=timezone.now())

    for _round in range(10):
        with system_scope("tests"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM workspaces_usedtoken")
        assert sum(at_once(mark)) == 1


@pytest.mark.parametrize(("ticked", "left"), [(True, 0), (False, 1)])
def test_a_changed_password_revokes_keys_if_asked(db: None, ticked: bool, left: int) -> None:
    ada = UserFactory.create()
    create_api_key(
        user=ada, workspace=ada.personal_workspace, name="k", scopes=["chat"], by=ada, at=timezone.now()
    )
    here, elsewhere = sign_in_to_the_second_step(ada), sign_in_to_the_second_step(ada)
    page = here.get("/accounts/password/change/")
    assert page.context["form"].fields["revoke_keys"].initial is False
    form = {"oldpassword": PASSWORD, "password1": "another good phrase", "password2": "another good phrase"}
    answer = here.post("/accounts/password/change/", form | ({"revoke_keys": "on"} if ticked else {}))
    assert answer.status_code == 302
    assert ada.api_keys.filter(revoked_at__isnull=True).count() == left
    assert [client.get("/settings/").status_code for client in (here, elsewhere)] == [200, 302]
    event = AuditEvent.objects.get(action="workspaces.password_changed")
    assert event.data == {"keys_revoked": 1 - left}
    assert ada.notifications.filter(kind="security.password_changed").count() == 1


def test_after_a_reset_keys_are_revoked_unless_unticked(db: None) -> None:
    ada = UserFactory.create()
    create_api_key(
        user=ada, workspace=ada.personal_workspace, name="k", scopes=["chat"], by=ada, at=timezone.now()
    )
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(ada)
    browser = Client()
    page = browser.get(f"/accounts/password/reset/key/{user_pk_to_url_str(ada)}-{token}/", follow=True)
    assert page.context["form"].fields["revoke_keys"].initial is True
    assert "Also revoke my API keys (1)" in page.content.decode()
