"""/api/v1/me, API keys, workspaces and members."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.models import AuditEvent
from tests.support.factories.workspaces import PASSWORD, MemberFactory, UserFactory, WorkspaceFactory
from tests.support.times import AT
from workspaces.access import hash_secret, personal_workspace
from workspaces.models import ApiKey, Member, User, Workspace
from workspaces.services.api_keys import create_api_key
from workspaces.states import ApiScope, Role

pytestmark = pytest.mark.django_db


class Caller:
    """A client with an API key."""

    def __init__(
        self, user: User, workspace: Workspace | None = None, expires_at: datetime | None = None
    ) -> None:
        self.key, plain = create_api_key(
            user=user,
            workspace=workspace or personal_workspace(user),
            name="k",
            scopes=[ApiScope.ACCOUNT, ApiScope.CHAT],
            expires_at=expires_at,
            by=user,
            at=AT,
        )
        self.headers = {"Authorization": f"Bearer {plain}"}
        self.client = Client()

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return self.client.generic(
            method,
            f"/api/v1/{path}",
            body if isinstance(body, str) else (b"" if body is None else _json(body)),
            content_type="application/json",
            headers=self.headers,
        )


def _json(body: Any) -> bytes:
    import json

    return json.dumps(body).encode()


def test_me_shows_exactly_these_keys() -> None:
    ada = UserFactory.create()
    assert Caller(ada)("GET", "me").json() == {
        "id": ada.pk,
        "email": ada.email,
        "display_name": "Ada",
        "language": "",
        "time_zone": "UTC",
        "theme": "system",
        "created_at": ada.created_at.isoformat().replace("+00:00", "Z"),
    }


def test_me_changes_preferences_and_ignores_privileges() -> None:
    """Status, e-mail address and roles cannot be set by mass assignment."""
    ada = UserFactory.create()
    answer = Caller(ada)(
        "PATCH",
        "me",
        {
            "display_name": "Grace",
            "theme": "dark",
            "email": "x@y.test",
            "is_active": False,
            "staff": ["finance"],
        },
    )
    assert (answer.status_code, answer.json()["display_name"], answer.json()["theme"]) == (
        200,
        "Grace",
        "dark",
    )
    fresh = User.objects.get(pk=ada.pk)
    assert (fresh.email, fresh.is_active, fresh.staff_roles.count()) == (ada.email, True, 0)


@pytest.mark.parametrize(
    "body",
    [
        "null",
        "[]",
        '""',
        "{",
        "1e999",
        "[" * 100_000,
        '{"display_name": ' + "[" * 50 + "]" * 50 + "}",
        '{"display_name": null}',
        '{"display_name": []}',
        '{"display_name": {}}',
        '{"display_name": ""}',
        '{"display_name": "a\\u0000b"}',
        '{"display_name": "' + "x" * 100_000 + '"}',
        '{"language": "tlh"}',
        '{"time_zone": "../../etc/passwd"}',
        '{"theme": "neon"}',
        '{"theme": {"$gt": ""}}',
        '{"\\ud800": "\\ud800", "display_name": "\\ud800"}',
    ],
)
def test_invalid_bodies_are_refused_in_our_error_format(body: str) -> None:
    """Never a 500, and nothing is written."""
    ada = UserFactory.create()
    answer = Caller(ada)("PATCH", "me", body)
    assert 400 <= answer.status_code < 500
    assert set(answer.json()["error"]) == {"code", "message", "field", "data"}
    assert User.objects.get(pk=ada.pk).display_name == "Ada"


def test_a_key_cannot_create_a_more_powerful_key() -> None:
    ada = UserFactory.create()
    ends = timezone.now() + timedelta(days=5)
    call = Caller(ada, expires_at=ends)
    made = call("POST", "me/api-keys", {"name": "Child", "scopes": ["chat"], "password": PASSWORD})
    assert made.status_code == 201
    child = ApiKey.objects.get(pk=made.json()["id"])
    assert (child.scopes, child.expires_at) == (["chat"], ends)
    assert child.key_hash == hash_secret(made.json()["key"])
    listed = call("GET", "me/api-keys").json()
    assert [item["name"] for item in listed["items"]] == ["Child", "k"]
    assert set(listed["items"][0]) == {
        "id", "name", "prefix", "workspace", "scopes", "created_at", "last_used_at", "expires_at",
    }  # fmt: skip

    beyond = call("POST", "me/api-keys", {"name": "More", "scopes": ["gpts:write"], "password": PASSWORD})
    elsewhere = call(
        "POST",
        "me/api-keys",
        {
            "name": "More",
            "scopes": ["chat"],
            "password": PASSWORD,
            "workspace": WorkspaceFactory.create(owner=ada).slug,
        },
    )
    assert [answer.status_code for answer in (beyond, elsewhere)] == [403, 403]
    assert ApiKey.objects.count() == 2


def test_a_key_can_revoke_only_keys_of_its_person() -> None:
    ada, bob = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Bob")
    call, foreign = Caller(ada), Caller(bob)
    absent = call("DELETE", "me/api-keys/999999")
    theirs = call("DELETE", f"me/api-keys/{foreign.key.pk}")
    assert (theirs.status_code, theirs.content) == (404, absent.content)
    assert call("DELETE", f"me/api-keys/{call.key.pk}").status_code == 204
    assert call("GET", "me").status_code == 401
    assert foreign("GET", "me").status_code == 200


def test_workspaces_lists_the_workspace_of_the_key() -> None:
    ada = UserFactory.create()
    team = WorkspaceFactory.create(owner=ada)
    listed = Caller(ada, team)("GET", "workspaces").json()["items"]
    assert [item["slug"] for item in listed] == [team.slug]
    assert set(listed[0]) == {"slug", "name", "kind", "accent", "logo_url", "created_at"}


def test_an_admin_lists_changes_and_removes_members() -> None:
    owner, member = UserFactory.create(display_name="Owner"), UserFactory.create(display_name="Member")
    team = WorkspaceFactory.create(owner=owner)
    membership = MemberFactory.create(workspace=team, user=member, role=Role.MEMBER, by=owner)
    call = Caller(owner, team)
    listed = call("GET", f"workspaces/{team.slug}/members").json()["items"]
    assert [(item["user"]["email"], item["role"]) for item in listed] == [
        (owner.email, "owner"),
        (member.email, "member"),
    ]
    path = f"workspaces/{team.slug}/members/{membership.pk}"
    assert call("PATCH", path, {"role": "builder"}).json()["role"] == "builder"
    assert call("PATCH", path, {"role": "king"}).status_code == 400
    assert call("DELETE", path).status_code == 204
    assert not Member.objects.filter(pk=membership.pk).exists()


def test_non_members_get_404_and_members_without_the_role_403() -> None:
    owner, member, stranger = (
        UserFactory.create(display_name="Owner"),
        UserFactory.create(display_name="Member"),
        UserFactory.create(display_name="Stranger"),
    )
    team, other = WorkspaceFactory.create(owner=owner), WorkspaceFactory.create(owner=stranger, name="Other")
    membership = MemberFactory.create(workspace=team, user=member, role=Role.MEMBER, by=owner)
    call = Caller(stranger, other)
    before = AuditEvent.objects.count()
    inside = Caller(member, team)
    for method, tail in (("GET", ""), ("PATCH", f"/{membership.pk}"), ("DELETE", f"/{membership.pk}")):
        body = {"role": "owner"} if method == "PATCH" else None
        foreign = call(method, f"workspaces/{team.slug}/members{tail}", body)
        absent = call(method, f"workspaces/absent/members{tail}", body)
        own_parent = call(method, f"workspaces/{other.slug}/members/{membership.pk}", body)
        assert (foreign.status_code, foreign.content) == (404, absent.content), method
        assert own_parent.status_code in (404, 405)
    assert inside("GET", f"workspaces/{team.slug}/members").status_code == 403
    assert (
        inside("PATCH", f"workspaces/{team.slug}/members/{membership.pk}", {"role": "owner"}).status_code
        == 403
    )
    assert Member.objects.get(pk=membership.pk).role == Role.MEMBER
    assert AuditEvent.objects.count() == before + 1  # the key of the member, made above


def test_a_key_for_one_workspace_does_not_administer_another() -> None:
    owner = UserFactory.create(display_name="Owner")
    team = WorkspaceFactory.create(owner=owner)
    assert Caller(owner)("GET", f"workspaces/{team.slug}/members").status_code == 404


def test_page_size_and_cursor_are_validated() -> None:
    call = Caller(UserFactory.create())
    for query in ("size=0", "size=201", "size=x", "size=-1", "size=٣", "cursor=nonsense", "cursor=W10"):
        assert call("GET", f"me/api-keys?{query}").status_code == 400, query
    assert call("GET", "me/api-keys?size=1").status_code == 200


def test_expired_keys_do_not_work() -> None:
    call = Caller(UserFactory.create(), expires_at=AT + timedelta(days=1))
    assert timezone.now() > datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert call("GET", "me").status_code == 401
