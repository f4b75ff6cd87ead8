"""/settings/ and /preferences/."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client
from django.utils import timezone

from core.models import AuditEvent
from tests.support.factories.workspaces import PASSWORD, MemberFactory, UserFactory, WorkspaceFactory
from tests.support.times import AT, NOW
from workspaces.access import personal_workspace
from workspaces.models import ApiKey, Erasure, Member, Notification, User
from workspaces.services.api_keys import create_api_key
from workspaces.services.notifications import notify
from workspaces.services.users import set_language
from workspaces.states import ApiScope, Role

pytestmark = pytest.mark.django_db

PAGES = (
    "/settings/",
    "/settings/appearance/",
    "/settings/security/",
    "/settings/data/",
    "/settings/api-keys/",
    "/settings/notifications/",
    "/w/new",
)


@pytest.fixture
def ada() -> User:
    return UserFactory.create()


@pytest.fixture
def ada_client(client: Client, ada: User) -> Client:
    client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    return client


def enter_password_again(client: Client) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_a_title_and_needs_a_sign_in(client: Client, ada: User, path: str) -> None:
    away = client.get(path)
    assert (away.status_code, away.headers["Location"]) == (302, f"/accounts/login/?next={path}")
    client.force_login(ada)
    page = client.get(path).content.decode()
    assert " · Loggia</title>" in page
    assert page.count("<h1") == 1


def test_a_profile_is_saved_and_shown_in_its_language(ada_client: Client, ada: User) -> None:
    answer = ada_client.post(
        "/settings/", {"display_name": "Grace", "language": "zh-hans", "time_zone": "Asia/Shanghai"}
    )
    assert answer.status_code == 302
    ada.refresh_from_db()
    assert (ada.display_name, ada.language, ada.time_zone) == ("Grace", "zh-hans", "Asia/Shanghai")
    assert ada_client.get("/settings/").headers["Content-Language"] == "zh-hans"


def test_an_invalid_profile_keeps_the_input_and_saves_nothing(ada_client: Client, ada: User) -> None:
    page = ada_client.post(
        "/settings/", {"display_name": "Gra\x07ce", "language": "en", "time_zone": "Asia/Shanghai"}
    )
    assert page.status_code == 400
    assert list(page.context["form"].errors) == ["display_name"]
    assert "selected>Asia/Shanghai" in page.content.decode()
    ada.refresh_from_db()
    assert ada.display_name == "Ada"


def test_appearance_is_stored_with_the_account(ada_client: Client, ada: User) -> None:
    assert ada_client.post("/settings/appearance/", {"theme": "dark"}).status_code == 302
    assert ada_client.post("/settings/appearance/", {"theme": "neon"}).status_code == 400
    ada.refresh_from_db()
    assert ada.theme == "dark"
    assert 'data-theme="dark"' in ada_client.get("/settings/").content.decode()


def test_signing_out_keeps_the_language_of_the_account(ada_client: Client, ada: User) -> None:
    set_language(user=ada, language="zh-hans", by=ada, at=NOW)

    left = ada_client.post("/accounts/logout/")
    after = ada_client.get("/accounts/login/")

    assert left.cookies["loggia_language"].value == "zh-hans"
    assert '<html lang="zh-hans"' in after.content.decode()


def test_theme_and_language_of_visitors_are_stored_in_cookies(client: Client) -> None:
    answer = client.post("/preferences/theme", {"theme": "dark", "next": "/accounts/login/"})
    assert answer.headers["Location"] == "/accounts/login/"
    client.post("/preferences/language", {"language": "zh-hans", "next": "/"})
    page = client.get("/accounts/login/")
    assert 'data-theme="dark"' in page.content.decode()
    assert page.headers["Content-Language"] == "zh-hans"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_preferences_redirect_to_our_own_pages_only(client: Client, target: str) -> None:
    assert client.post("/preferences/theme", {"theme": "dark", "next": target}).headers["Location"] == "/"


def test_invalid_preferences_are_refused(client: Client, ada: User) -> None:
    assert client.post("/preferences/theme", {"theme": "neon"}).status_code == 400
    assert client.post("/preferences/language", {"language": "tlh"}).status_code == 400
    assert not client.cookies
    assert client.get("/preferences/theme").status_code == 405
    # The error page has forms of its own; no preference is stored.
    assert set(client.cookies) == {"loggia_csrf"}


def test_preferences_of_a_signed_in_person_are_stored_with_the_account(ada_client: Client, ada: User) -> None:
    ada_client.post("/preferences/theme", {"theme": "light"})
    ada_client.post("/preferences/language", {"language": "zh-hans"})
    ada.refresh_from_db()
    assert (ada.theme, ada.language) == ("light", "zh-hans")


def test_a_key_is_shown_once_and_works(ada_client: Client, ada: User) -> None:
    slug = personal_workspace(ada).slug
    form = {"name": "Script", "workspace": slug, "scopes": ["account"], "days": "30"}
    enter_password_again(ada_client)
    page = ada_client.post("/settings/api-keys/", form)
    plain = page.context["plain"]
    key = ApiKey.objects.get()
    assert page.content.decode().count(f'value="{plain}"') == 1
    assert plain not in ada_client.get("/settings/api-keys/").content.decode()
    assert (key.scopes, key.user) == (["account"], ada)
    assert timedelta(days=29) < key.expires_at - timezone.now() <= timedelta(days=30)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["finance:work"]}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"workspace": "someone-elses"}, "workspace"),
        ({"days": "9999"}, "days"),
    ],
)
def test_an_invalid_key_form_names_the_field_and_creates_nothing(
    ada_client: Client, ada: User, changed: dict[str, Any], field: str
) -> None:
    slug = personal_workspace(ada).slug
    form = {"name": "Script", "workspace": slug, "scopes": ["account"], "days": "30"} | changed
    enter_password_again(ada_client)
    page = ada_client.post("/settings/api-keys/", form)
    assert page.status_code == 400
    assert list(page.context["form"].errors) == [field]
    assert not ApiKey.objects.exists()


def test_the_key_of_another_person_cannot_be_revoked(ada_client: Client) -> None:
    bob = UserFactory.create(display_name="Bob")
    key, _plain = create_api_key(
        user=bob, workspace=personal_workspace(bob), name="k", scopes=[ApiScope.CHAT], by=bob, at=AT
    )
    assert ada_client.post(f"/settings/api-keys/{key.pk}/revoke").status_code == 404
    assert ada_client.post("/settings/api-keys/999999/revoke").status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None


def test_notifications_are_marked_as_read_one_by_one_and_all_at_once(ada_client: Client, ada: User) -> None:
    bob = UserFactory.create(display_name="Bob")
    first = notify(user=ada, kind="x", title="First <b>", url="/settings/", at=AT)
    second = notify(user=ada, kind="x", title="Second", at=AT)
    foreign = notify(user=bob, kind="x", title="Of Bob", at=AT)
    page = ada_client.get("/settings/notifications/").content.decode()
    assert page.index("Second") < page.index("First &lt;b&gt;")
    assert "Of Bob" not in page

    answer = ada_client.post(f"/settings/notifications/{first.pk}/open")
    assert answer.headers["Location"] == "/settings/"
    assert ada_client.post(f"/settings/notifications/{foreign.pk}/open").status_code == 404
    ada_client.post("/settings/notifications/read")

    unread = Notification.objects.filter(read_at__isnull=True)
    assert list(unread) == [foreign]
    assert second.pk


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_notifications_takes_the_same_number_of_queries_for_any_length(
    ada_client: Client, ada: User, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        notify(user=ada, kind="x", title=f"Note {number}", at=AT)
    ada_client.get("/settings/notifications/")
    # user, roles, savepoint, scope, notifications, unread count, restored scope, release.
    with django_assert_num_queries(8):
        ada_client.get("/settings/notifications/")


def test_the_export_is_complete_and_has_no_secrets(ada_client: Client, ada: User) -> None:
    key, plain = create_api_key(
        user=ada, workspace=personal_workspace(ada), name="k", scopes=[ApiScope.CHAT], by=ada, at=AT
    )
    enter_password_again(ada_client)
    answer = ada_client.get("/settings/data/export")
    body = json.loads(answer.content)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert body["account"]["email"] == ada.email
    assert [entry["prefix"] for entry in body["api_keys"]] == [key.prefix]
    text = answer.content.decode()
    assert plain not in text
    assert key.key_hash not in text
    assert ada.password not in text


def test_deleting_needs_the_address_and_leaves_a_pseudonym(ada_client: Client, ada: User) -> None:
    owner = UserFactory.create(display_name="Owner")
    team = WorkspaceFactory.create(owner=owner)
    MemberFactory.create(workspace=team, user=ada, role=Role.BUILDER, by=owner)
    own = personal_workspace(ada)
    key, _plain = create_api_key(user=ada, workspace=own, name="k", scopes=["chat"], by=ada, at=AT)
    notify(user=ada, kind="x", title="private", at=AT)

    ada_client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    wrong = ada_client.post("/settings/data/delete", {"confirmation": "yes"})
    assert wrong.status_code == 400
    assert "Type your e-mail address exactly" in wrong.content.decode()
    assert User.objects.get(pk=ada.pk).is_active

    answer = ada_client.post("/settings/data/delete", {"confirmation": ada.email.upper()})

    erasure = Erasure.objects.get(user=ada)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/deletions/{erasure.pk}")
    gone = User.objects.get(pk=ada.pk)
    assert (gone.email, gone.display_name, gone.is_active) == (
        f"deleted-{ada.pk}@deleted.invalid", "Deleted account", False,
    )  # fmt: skip
    key.refresh_from_db()
    own.refresh_from_db()
    assert key.revoked_at is not None
    assert own.suspended_at is not None
    assert not Member.objects.filter(workspace=team, user=ada).exists()
    assert not EmailAddress.objects.filter(user=ada).exists()
    assert AuditEvent.objects.get(action="workspaces.user_deleted").data == {}
    assert ada_client.get("/settings/").status_code == 302
    assert ada_client.cookies[settings.SESSION_COOKIE_NAME].value == ""


def test_the_only_owner_of_a_team_cannot_delete_their_account(ada_client: Client, ada: User) -> None:
    WorkspaceFactory.create(owner=ada, name="Acme")
    ada_client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = ada_client.post("/settings/data/delete", {"confirmation": ada.email})
    assert page.status_code == 409
    assert "You are the only owner of Acme" in page.content.decode()
    assert User.objects.get(pk=ada.pk).is_active


def test_deleting_needs_reauthentication(ada_client: Client) -> None:
    answer = ada_client.get("/settings/data/delete")
    assert answer.status_code == 302
    assert "reauthenticate" in answer.headers["Location"]


def test_a_get_of_a_form_address_shows_an_explanation(client: Client) -> None:
    answer = client.get("/preferences/theme")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "There is no page here" in answer.content.decode()
    assert client.put("/preferences/theme").content == b""
