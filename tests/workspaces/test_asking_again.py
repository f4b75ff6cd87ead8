"""What a thief of a session or of a key would do needs the password again, and the owner hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.isolation.rows.workspaces import ROWS
from tests.support.factories.workspaces import PASSWORD, MemberFactory, UserFactory, WorkspaceFactory
from tests.support.times import AT
from workspaces.access import personal_workspace
from workspaces.models import ApiKey, Member, Notification, User, Workspace
from workspaces.services.api_keys import create_api_key
from workspaces.services.users import note_email_change

pytestmark = pytest.mark.django_db

# Pages that ask again, with a form that would do the act.
ASKS: dict[str, Mapping[str, str]] = {
    "workspaces:api-key-list": {"name": "k", "scopes": "account", "days": "30"},
    "workspaces:account-delete": {"confirmation": "x"},
    "workspaces:workspace-delete": {"confirmation": "Acme"},
    "payouts:payout-account-edit": {"legal_name": "A", "country": "DE", "method": "manual", "minimum": ""},
    "account_email": {"action_add": "", "email": "thief@example.test"},
    "mfa_activate_totp": {"code": "123456"},
    "mfa_generate_recovery_codes": {},
    "mfa_add_webauthn": {"name": "x", "credential": "{}"},
}
ASKS_TO_READ = ("workspaces:account-export", "gpts:conversation-export-all")
# Pages of accounts that do not ask again, each with the reason.
DO_NOT_ASK = {
    "account_login": "asks for the password itself",
    "account_logout": "takes a right away",
    "account_inactive": "shows a text",
    "account_signup": "nobody is signed in",
    "account_reauthenticate": "is the question",
    "mfa_reauthenticate": "is the question",
    "mfa_reauthenticate_webauthn": "is the question",
    "account_email_verification_sent": "takes a code that was mailed after the question",
    "account_change_password": "asks for the old password in its form",
    "account_set_password": "for people without a password; asks through its own decorator",
    "account_reset_password": "proves the mailbox",
    "account_confirm_login_code": "nobody is signed in",
    "account_reset_password_done": "shows a text",
    "account_reset_password_from_key": "proves the mailbox",
    "account_reset_password_from_key_done": "shows a text",
    "mfa_index": "shows which factors there are",
    "mfa_authenticate": "is a step of signing in",
    "mfa_deactivate_totp": "asks again (allauth); refuses without TOTP before it",
    "mfa_view_recovery_codes": "asks again (allauth); refuses without codes before it",
    "mfa_download_recovery_codes": "asks again (allauth); refuses without codes before it",
    "mfa_remove_webauthn": "asks again (allauth); refuses without a key before it",
    "mfa_edit_webauthn": "renames a key",
    "mfa_list_webauthn": "shows the names of keys",
    "mfa_login_webauthn": "signs in",
    "socialaccount_login_cancelled": "shows a text",
    "socialaccount_login_error": "shows a text",
    "socialaccount_signup": "nobody is signed in",
    "socialaccount_connections": "asks again (allauth) when there is something to disconnect",
    "openid_connect_login": "sends to the provider; connecting asks again",
    "openid_connect_callback": "comes from the provider; connecting asks again",
    "usersessions_list": "takes rights away",
}


@pytest.fixture
def ada() -> User:
    return UserFactory.create()


@pytest.fixture
def acme(ada: User) -> Workspace:
    return WorkspaceFactory.create(owner=ada, name="Acme")


@pytest.fixture
def thief(client: Client, ada: User) -> Client:
    """A browser with the person's session, without the password."""
    client.force_login(ada)
    return client


def find_path(name: str, acme: Workspace) -> str:
    return reverse(name, args=[acme.slug] if name == "workspaces:workspace-delete" else [])


def test_every_page_of_accounts_asks_again_or_says_why_not() -> None:
    names = {
        row.name for row in ROWS if row.name.startswith(("account_", "mfa_", "social", "openid", "user"))
    }
    assert names == (DO_NOT_ASK.keys() | ASKS.keys() | set(ASKS_TO_READ)) & names


@pytest.mark.parametrize("name", sorted(ASKS))
def test_a_session_alone_does_nothing(thief: Client, ada: User, acme: Workspace, name: str) -> None:
    path = find_path(name, acme)
    form = dict(ASKS[name]) | {"workspace": personal_workspace(ada).slug}
    if name == "workspaces:account-delete":
        form["confirmation"] = ada.email
    answer = thief.post(path, form)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/"), name
    assert not ApiKey.objects.exists()
    assert User.objects.get(pk=ada.pk).is_active
    fresh = Workspace.objects.get(pk=acme.pk)
    assert (fresh.suspended_at, fresh.archived_at) == (None, None)
    assert [row.email for row in EmailAddress.objects.filter(user=ada)] == [ada.email]
    assert not Notification.objects.exists()


@pytest.mark.parametrize("name", ASKS_TO_READ)
def test_a_session_alone_reads_nothing_that_leaves_with_one_click(thief: Client, name: str) -> None:
    assert thief.get(reverse(name)).headers["Location"].startswith("/accounts/reauthenticate/")


def test_an_account_number_is_not_kept_in_the_session(thief: Client) -> None:
    form = {"legal_name": "Ada", "country": "DE", "method": "iban", "iban": "DE89370400440532013000"}
    thief.post("/earnings/account", form)
    assert "0532" not in str(dict(thief.session))


def test_the_page_goes_on_after_the_password(thief: Client, ada: User) -> None:
    form = {"name": "Script", "workspace": personal_workspace(ada).slug, "scopes": "account", "days": "30"}
    asked = thief.post("/settings/api-keys/", form)
    page = thief.post(asked.headers["Location"], {"password": PASSWORD})
    assert page.context["plain"].startswith("lg_")
    assert ApiKey.objects.get().name == "Script"


def test_a_person_without_password_and_factor_must_have_signed_in_lately(client: Client) -> None:
    user = UserFactory.create(password=None)
    client.force_login(user)
    answer = client.get("/settings/data/delete")
    assert answer.status_code == 403
    assert "Sign out and in again" in answer.content.decode()


@pytest.mark.parametrize("act", ["role", "remove"])
def test_owners_are_made_and_removed_only_with_the_password(
    thief: Client, ada: User, acme: Workspace, act: str
) -> None:
    bob = MemberFactory.create(workspace=acme, user=UserFactory.create(), role="admin", by=ada)
    if act == "remove":
        Member.objects.filter(pk=bob.pk).update(role="owner")
    path = reverse(f"workspaces:member-{act}", args=[acme.slug, bob.pk])
    assert thief.post(path, {"role": "owner"}).headers["Location"].startswith("/accounts/reauthenticate/")
    assert Member.objects.get(pk=bob.pk).role == ("admin" if act == "role" else "owner")
    if act == "role":
        assert thief.post(path, {"role": "builder"}).headers["Location"].endswith("/admin/members")


def test_an_owner_is_invited_only_with_the_password(thief: Client, acme: Workspace) -> None:
    path = reverse("workspaces:member-list", args=[acme.slug])
    answer = thief.post(path, {"email": "eve@new.example", "role": "owner"})
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not acme.invitations.exists()
    thief.post(path, {"email": "eve@new.example", "role": "admin"})
    assert acme.invitations.get().role == "admin"


def call(key: str, method: str, path: str, body: dict[str, Any]) -> Any:
    return getattr(Client(), method)(
        f"/api/v1/{path}", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )


def list_api_acts(ada: User, acme: Workspace) -> list[tuple[str, str, dict[str, Any]]]:
    bob = MemberFactory.create(workspace=acme, user=UserFactory.create(), role="admin", by=ada)
    eve = MemberFactory.create(workspace=acme, user=UserFactory.create(), role="owner", by=ada)
    account = {"legal_name": "A", "country": "DE", "method": "manual"}
    return [
        ("post", "me/api-keys", {"name": "Child", "scopes": ["account"]}),
        ("put", "earnings/account", account),
        ("patch", f"workspaces/{acme.slug}/members/{bob.pk}", {"role": "owner"}),
        ("patch", f"workspaces/{acme.slug}/members/{eve.pk}", {"role": "member"}),
        ("delete", f"workspaces/{acme.slug}/members/{eve.pk}", {}),
    ]


def test_a_key_alone_does_none_of_it(ada: User, acme: Workspace) -> None:
    """With the password each of them works, so the refusals are not for another reason."""
    _key, plain = create_api_key(
        user=ada, workspace=acme, name="k", scopes=["account", "usage:read"], by=ada, at=AT
    )
    acts = list_api_acts(ada, acme)
    before = sorted(Member.objects.values_list("pk", "role"))
    for method, path, body in acts:
        alone, wrong = (call(plain, method, path, body | extra) for extra in ({}, {"password": "wrong"}))
        assert (alone.status_code, alone.json()["error"]["code"]) == (403, "password_needed"), path
        assert (wrong.status_code, wrong.json()["error"]["code"]) in [
            (403, "password_wrong"),
            (429, "too_many_tries"),
        ], path
    assert sorted(Member.objects.values_list("pk", "role")) == before
    assert ApiKey.objects.count() == 1


def test_a_key_with_the_password_does_them(ada: User, acme: Workspace) -> None:
    _key, plain = create_api_key(
        user=ada, workspace=acme, name="k", scopes=["account", "usage:read"], by=ada, at=AT
    )
    for method, path, body in list_api_acts(ada, acme):
        answer = call(plain, method, path, body | {"password": PASSWORD})
        assert answer.status_code in (200, 201, 204), (path, answer.content)


def test_the_former_address_hears_of_what_follows_a_change(ada: User, deliver_mails: Any) -> None:
    now = timezone.now()
    former, ada.email = ada.email, "thief@example.test"
    ada.save()
    with deliver_mails():
        note_email_change(user=ada, former=former, by=ada, at=now)
        create_api_key(
            user=ada, workspace=personal_workspace(ada), name="k", scopes=["account"], by=ada, at=now
        )
    assert {(message.to[0], message.subject) for message in mail.outbox} == {
        (former, "An API key was made for your account"),
        ("thief@example.test", "An API key was made for your account"),
        ("thief@example.test", "The e-mail address of your account was changed"),
    }
    assert len(mail.outbox) == 3


def test_adding_an_address_tells_the_first_one(thief: Client, ada: User, deliver_mails: Any) -> None:
    thief.post("/accounts/reauthenticate/", {"password": PASSWORD})
    with deliver_mails():
        thief.post("/accounts/email/", {"action_add": "", "email": "second@example.test"})
        code = thief.session["account_email_verification_code"]["code"]
        thief.post("/accounts/confirm-email/", {"code": code})
    assert EmailAddress.objects.filter(user=ada, email="second@example.test", verified=True).exists()
    told = {message.to[0]: message.subject for message in mail.outbox}
    assert told[ada.email] == "An e-mail address was added to your account"
