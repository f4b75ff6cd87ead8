"""Every password check goes through one limited function; guesses lock the guesser out, not the owner."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from core.errors import RateLimited
from embedded.paths import ROOT
from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.times import AT
from workspaces.models import Notification, User
from workspaces.services.passwords import is_own_password, limited_guess

ALLOWED = {"workspaces/services/passwords.py", "workspaces/web/adapters.py"}
CHECKS = {"check_password", "acheck_password", "verify_password", "authenticate", "aauthenticate"}


def find_password_checks(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.contrib.auth")
        for alias in node.names
    }
    called = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    return sorted((imported & CHECKS) | (called & {"check_password", "acheck_password"}))


def test_no_other_code_checks_a_password() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): checks
        for app in ("config", "core", "workspaces", "gpts", "marketplace", "reviews", "payouts")
        for path in (ROOT / app).rglob("*.py")
        if (checks := find_password_checks(path))
    }
    assert set(found) == ALLOWED, found


def sign_in(email: str, password: str, address: str) -> bool:
    client = Client(REMOTE_ADDR=address)
    client.post("/accounts/login/", {"login": email, "password": password})
    return client.get("/settings/").status_code == 200


@pytest.mark.django_db
def test_wrong_guesses_from_one_address_leave_the_owner_in_peace() -> None:
    ada = UserFactory.create()
    for number in range(settings.PASSWORD_TRIES + 3):
        assert not sign_in(ada.email, f"wrong {number}", "203.0.113.9")
    assert not sign_in(ada.email, PASSWORD, "203.0.113.9")
    assert sign_in(ada.email, PASSWORD, "198.51.100.7")


@pytest.mark.django_db
def test_the_owner_is_told_of_guesses_once(deliver_mails: Any) -> None:
    ada = UserFactory.create()
    with deliver_mails():
        for number in range(settings.PASSWORD_TRIES + 5):
            sign_in(ada.email, f"wrong {number}", "203.0.113.9")
    assert [note.kind for note in Notification.objects.filter(user=ada)] == ["security.password_guessed"]
    assert [message.to for message in mail.outbox] == [[ada.email]]


@pytest.mark.django_db
def test_guesses_at_nobody_s_account_look_the_same_and_tell_nobody(deliver_mails: Any) -> None:
    ada = UserFactory.create()
    pages: dict[str, list[Any]] = {}
    with deliver_mails():
        for email in (ada.email, "nobody@example.test"):
            client = Client(REMOTE_ADDR=f"203.0.113.{len(pages) + 1}")
            pages[email] = [
                client.post("/accounts/login/", {"login": email, "password": "wrong"}).context["form"].errors
                for _number in range(settings.PASSWORD_TRIES + 1)
            ]
    assert pages[ada.email] == pages["nobody@example.test"]
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_guesses_from_many_addresses_are_slowed_but_known_addresses_are_not() -> None:
    ada = UserFactory.create()
    assert is_own_password(user=ada, password=PASSWORD, address="198.51.100.7", at=AT)
    for number in range(settings.PASSWORD_TRIES_BY_ACCOUNT):
        assert not is_own_password(user=ada, password="wrong", address=f"203.0.113.{number}", at=AT)
    # One guess passes in ten seconds, whoever sends it; the next is refused.
    assert not is_own_password(user=ada, password="wrong", address="192.0.2.1", at=AT)
    with pytest.raises(RateLimited):
        is_own_password(user=ada, password=PASSWORD, address="192.0.2.2", at=AT)
    assert is_own_password(user=ada, password=PASSWORD, address="198.51.100.7", at=AT)


@pytest.mark.django_db
def test_one_address_cannot_try_many_accounts(settings: Any) -> None:
    settings.PASSWORD_TRIES_BY_ADDRESS = 3
    for number in range(3):
        with limited_guess(email=f"{number}@example.test", address="203.0.113.9", at=AT):
            pass
    with pytest.raises(RateLimited), limited_guess(email="4@example.test", address="203.0.113.9", at=AT):
        pass
    with limited_guess(email="4@example.test", address="203.0.113.9", at=AT + timedelta(minutes=6)):
        pass


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/accounts/reauthenticate/", {"password": "wrong"}),
        (
            "/accounts/password/change/",
            {"oldpassword": "wrong", "password1": "another good phrase", "password2": "another good phrase"},
        ),
    ],
)
def test_every_page_that_asks_for_the_password_is_limited(path: str, form: dict[str, str]) -> None:
    ada = UserFactory.create()
    client = Client()
    client.force_login(ada)
    for _number in range(settings.PASSWORD_TRIES):
        client.post(path, form)
    right = {name: PASSWORD if value == "wrong" else value for name, value in form.items()}
    page = client.post(path, right)
    assert page.status_code in (200, 429)
    assert User.objects.get(pk=ada.pk).check_password(PASSWORD)
    assert client.get("/settings/data/delete").status_code == 302


@pytest.mark.django_db
def test_a_right_password_gives_its_try_back() -> None:
    ada = UserFactory.create()
    for _number in range(settings.PASSWORD_TRIES * 3):
        assert is_own_password(user=ada, password=PASSWORD, address="203.0.113.9", at=timezone.now())
