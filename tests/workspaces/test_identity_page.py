"""The page and the API of a workspace's identity: tokens of the identity provider, roles by value."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import Forbidden, InvalidInput
from core.models import AuditEvent
from core.scope import Scope, open_scope
from tests.support.factories.workspaces import PASSWORD, MemberFactory, UserFactory, WorkspaceFactory
from tests.support.pages import sign_in
from tests.support.reauthentication import confirm_identity
from workspaces.access import hash_secret
from workspaces.models import IdentityRules, ScimToken, User, Workspace
from workspaces.services.api_keys import create_api_key
from workspaces.services.identity_rules import set_role_claims
from workspaces.services.scim_tokens import create_scim_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Owner")


@pytest.fixture
def team(owner: User) -> Workspace:
    return WorkspaceFactory.create(owner=owner)


def test_a_token_is_made_shown_once_and_revoked(owner: User, team: Workspace) -> None:
    client = confirm_identity(sign_in(owner), owner)
    page = f"/w/{team.slug}/admin/identity"
    made = client.post(f"{page}/tokens", {"name": "Entra ID", "days": "90"})
    assert made.status_code == 200
    [plain] = set(re.findall(r"lgd_[a-z0-9]+_[\w-]+", made.content.decode()))
    token = ScimToken.objects.get(workspace=team)
    assert (token.name, token.token_hash) == ("Entra ID", hash_secret(plain))
    assert token.expires_at is not None
    later = client.get(page).content.decode()
    assert plain not in later and token.prefix in later and f"/scim/v2/{team.slug}" in later

    client.post(f"{page}/tokens/{token.pk}/revoke")
    assert ScimToken.objects.get(pk=token.pk).revoked_at is not None
    assert token.prefix not in client.get(page).content.decode()
    actions = AuditEvent.objects.filter(workspace_id=team.pk).values_list("action", flat=True)
    assert {"workspaces.scim_token_created", "workspaces.scim_token_revoked"} <= set(actions)
    assert plain not in str(list(AuditEvent.objects.values_list("data", flat=True)))


def test_roles_by_value_are_set_and_refused_whole(owner: User, team: Workspace) -> None:
    client = confirm_identity(sign_in(owner), owner)
    path = f"/w/{team.slug}/admin/identity/roles"
    good = {"default_role": "builder", "role_claims": "GPT = admins = Admin\n\nStaff = member"}
    assert client.post(path, good).status_code == 302
    rules = IdentityRules.objects.get(workspace=team)
    assert (rules.default_role, rules.role_claims) == (
        "builder",
        {"GPT = admins": "admin", "Staff": "member"},
    )
    event = AuditEvent.objects.get(action="workspaces.identity_claims_set")
    assert event.data["changes"]["default_role"] == ["member", "builder"]
    for text in ("Boss = owner", "nothing", "= admin", "A = admin\nA = member", "a = admin\nA = admin"):
        refusal = client.post(path, {"default_role": "member", "role_claims": text})
        assert refusal.status_code == 400, text
    assert client.post(path, {"default_role": "admin", "role_claims": ""}).status_code == 400
    rules.refresh_from_db()
    assert rules.default_role == "builder"
    assert AuditEvent.objects.filter(action="workspaces.identity_claims_set").count() == 1


def test_only_admins_decide_what_makes_admins(owner: User, team: Workspace) -> None:
    builder = UserFactory.create(display_name="Bo")
    MemberFactory.create(workspace=team, user=builder, role="builder", by=owner)
    with pytest.raises(Forbidden):
        set_role_claims(
            workspace=team, default_role="member", role_claims={"X": "admin"}, by=builder, at=timezone.now()
        )
    with pytest.raises(InvalidInput):
        set_role_claims(
            workspace=team, default_role="member", role_claims={"X": "owner"}, by=owner, at=timezone.now()
        )
    assert not IdentityRules.objects.filter(workspace=team).exists()


def test_a_second_password_is_asked_for_on_page_and_api(owner: User, team: Workspace) -> None:
    old = sign_in(owner)
    session = old.session
    for record in session.get("account_authentication_methods", []):
        record["at"] = 0
    session.save()
    answer = old.post(f"/w/{team.slug}/admin/identity/tokens", {"name": "X", "days": "0"})
    assert answer.status_code == 302 and "reauthenticate" in answer["Location"]
    assert not ScimToken.objects.exists()

    _key, plain = create_api_key(
        user=owner, workspace=team, name="k", scopes=["account"], by=owner, at=timezone.now()
    )
    path = f"/api/v1/workspaces/{team.slug}/identity"
    call: Any = Client(headers={"Authorization": f"Bearer {plain}"})

    def send(method: str, where: str, body: dict[str, Any]) -> Any:
        return getattr(call, method)(where, body, content_type="application/json")

    assert send("post", f"{path}/scim-tokens", {"name": "X"}).status_code == 403
    assert send("patch", path, {"role_claims": {"A": "admin"}}).status_code == 403
    assert not ScimToken.objects.exists()
    made = send("post", f"{path}/scim-tokens", {"name": "X", "password": PASSWORD}).json()
    assert set(made) == {"id", "name", "prefix", "created_at", "last_used_at", "expires_at", "token"}
    [listed] = call.get(f"{path}/scim-tokens").json()
    assert listed == {name: value for name, value in made.items() if name != "token"}
    changed = send("patch", path, {"role_claims": {"A": "admin"}, "password": PASSWORD}).json()
    assert changed == {"default_role": "member", "role_claims": {"A": "admin"}}
    assert call.delete(f"{path}/scim-tokens/{made['id']}").status_code == 204
    assert call.get(f"{path}/scim-tokens").json() == []


def test_the_scope_of_a_directory_sees_one_workspace(owner: User, team: Workspace) -> None:
    other = WorkspaceFactory.create(owner=owner, name="Other")
    create_scim_token(workspace=other, name="Sync", by=owner, at=timezone.now())
    with open_scope(Scope(workspace_ids=(team.pk,), admin_workspace_ids=(team.pk,))):
        assert not ScimToken.objects.filter(workspace=other).exists()
