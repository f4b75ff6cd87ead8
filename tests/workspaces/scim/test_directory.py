"""What an identity provider may do with the people and groups of a workspace, and what it may not."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.models import AuditEvent
from gpts.assistants.models import GPTShare
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.scim import ENTERPRISE, GROUP, USER, Directory, make_directory
from workspaces.models import (
    ApiKey,
    GroupMember,
    Invitation,
    Member,
    ProvedDomain,
    ScimGroup,
    ScimToken,
    ScimUser,
    User,
    Workspace,
)
from workspaces.services.api_keys import create_api_key
from workspaces.services.cost_centres import set_member_cost_centre
from workspaces.services.identity_rules import set_role_claims
from workspaces.services.locks import lock_workspaces
from workspaces.services.members import accept_invitation, remove_member
from workspaces.services.proved_domains import prove_domain
from workspaces.services.scim_tokens import create_scim_token, revoke_scim_token
from workspaces.states import Role

pytestmark = pytest.mark.django_db

MOST_STATEMENTS = 32


def find(directory: Directory, path: str, filter_: str) -> list[dict[str, Any]]:
    response = directory.get(f"{path}?filter={quote(filter_)}")
    assert response.status_code == 200, response.content
    return json.loads(response.content)["Resources"]


def refused(response: Any) -> tuple[int, str]:
    body = json.loads(response.content)
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert body["status"] == str(response.status_code) and body["detail"]
    return response.status_code, body.get("scimType", "")


def test_nobody_is_taken_over_people_are_invited() -> None:
    directory = make_directory()
    stranger = UserFactory.create(display_name="Stranger")
    sent = [directory.add_user(email) for email in (stranger.email, "new@else.test")]

    assert [one["urn:ietf:params:scim:schemas:extension:loggia:2.0:User"]["status"] for one in sent] == [
        "invited",
        "invited",
    ]
    assert not Member.objects.filter(workspace=directory.workspace, user=stranger).exists()
    assert not User.objects.filter(email="new@else.test").exists()
    invitations = Invitation.objects.filter(workspace=directory.workspace, revoked_at__isnull=True)
    assert set(invitations.values_list("email", "role", "invited_by_id")) == {
        (stranger.email, "member", directory.owner.pk),
        ("new@else.test", "member", directory.owner.pk),
    }
    # Deactivating somebody who is only invited closes the invitation.
    assert directory.patch(f"Users/{sent[0]['id']}", {"op": "replace", "path": "active", "value": False})
    assert not invitations.filter(email=stranger.email).exists()
    directory.patch(f"Users/{sent[0]['id']}", {"op": "replace", "value": {"active": True}})
    assert invitations.filter(email=stranger.email).count() == 1


def test_people_at_a_proved_domain_become_members_at_once() -> None:
    directory = make_directory()
    prove_domain(workspace=directory.workspace, domain="acme.example", at=timezone.now())
    known = UserFactory.create(display_name="Known", email="known@acme.example")
    unsure = UserFactory.create(email="unsure@acme.example", is_email_verified=False)
    statuses = {}
    for email in ("new@acme.example", known.email, unsure.email, "x@sub.acme.example"):
        sent = directory.add_user(email, name={"givenName": "Nia", "familyName": "New"})
        statuses[email] = sent["urn:ietf:params:scim:schemas:extension:loggia:2.0:User"]["status"]
    assert statuses == {
        "new@acme.example": "member",
        known.email: "member",
        unsure.email: "invited",
        "x@sub.acme.example": "invited",
    }
    made = User.objects.get(email="new@acme.example")
    assert (made.display_name, made.has_usable_password()) == ("Nia New", False)
    assert Member.objects.filter(workspace=directory.workspace).count() == 3
    known.refresh_from_db()
    assert known.display_name == "Known"
    Workspace.objects.filter(pk=directory.workspace.pk).update(seats=3)
    full = {"schemas": [USER], "userName": "late@acme.example"}
    assert refused(directory.send("POST", "Users", full)) == (400, "mutability")
    assert not User.objects.filter(email="late@acme.example").exists()


def test_a_domain_belongs_to_one_workspace() -> None:
    first, second = make_directory(), make_directory(name="Globex")
    call_command("prove_domain", first.workspace.slug, "@Acme.Example", stdout=StringIO())
    for workspace, domain in ((second.workspace.slug, "acme.example"), (first.workspace.slug, "gmail.com"),
                              ("nowhere", "acme.example"), (first.workspace.slug, "nonsense")):  # fmt: skip
        with pytest.raises(CommandError):
            call_command("prove_domain", workspace, domain, stdout=StringIO())
    assert list(ProvedDomain.objects.values_list("workspace_id", "domain")) == [
        (first.workspace.pk, "acme.example")
    ]
    call_command("prove_domain", first.workspace.slug, "acme.example", release=True, stdout=StringIO())
    call_command("prove_domain", second.workspace.slug, "acme.example", stdout=StringIO())
    assert set(
        AuditEvent.objects.filter(action__startswith="workspaces.domain_").values_list("action", flat=True)
    ) == {"workspaces.domain_proved", "workspaces.domain_released"}


def test_who_becomes_a_member_later_gets_the_groups_that_were_sent_before() -> None:
    directory = make_directory()
    prove_domain(workspace=directory.workspace, domain="acme.example", at=timezone.now())
    sent = directory.add_user("pia@acme.example", active=False)
    assert not User.objects.filter(email="pia@acme.example").exists()
    directory.send(
        "POST", "Groups",
        {"schemas": [GROUP], "displayName": "Design", "externalId": "g1", "members": [{"value": sent["id"]}]},
    )  # fmt: skip
    assert GroupMember.objects.count() == 0

    directory.patch(f"Users/{sent['id']}", {"op": "Replace", "path": "active", "value": True})

    found = GroupMember.objects.values_list("member__user__email", "group__name", "source")
    assert list(found) == [("pia@acme.example", "Design", "scim")]


def test_an_accepted_invitation_brings_the_groups_and_is_kept_up_to_date() -> None:
    directory = make_directory()
    person = UserFactory.create(display_name="Pia")
    set_role_claims(
        workspace=directory.workspace, default_role="member", role_claims={"GPT builders": "builder"},
        by=directory.owner, at=timezone.now(),
    )  # fmt: skip
    sent = directory.add_user(person.email, roles=["gpt BUILDERS"])
    group = json.loads(
        directory.send(
            "POST", "Groups",
            {"schemas": [GROUP], "displayName": "Design", "externalId": "g1",
             "members": [{"value": sent["id"]}]},
        ).content
    )  # fmt: skip
    assert GroupMember.objects.count() == 0

    invitation = Invitation.objects.get(workspace=directory.workspace, email=person.email)
    member = accept_invitation(invitation=invitation, by=person, at=timezone.now())
    assert member is not None
    assert member.role == Role.BUILDER
    assert list(GroupMember.objects.values_list("member_id", "group__name", "source")) == [
        (member.pk, "Design", "scim")
    ]
    status = json.loads(directory.get(f"Users/{sent['id']}").content)
    assert status["groups"] == [
        {
            "value": group["id"],
            "$ref": f"{group['meta']['location']}",
            "display": "Design",
            "type": "direct",
        }
    ]
    # A value that is not mapped any more takes its role along.
    directory.patch(f"Users/{sent['id']}", {"op": "Replace", "path": "roles", "value": [{"value": "Other"}]})
    member.refresh_from_db()
    assert member.role == Role.MEMBER
    # Leaving by hand shows at the identity provider.
    remove_member(member=member, by=person, at=timezone.now())
    assert json.loads(directory.get(f"Users/{sent['id']}").content)["active"] is False
    assert GroupMember.objects.count() == 0


def test_the_cost_centre_of_the_directory_is_that_of_the_member() -> None:
    directory = make_directory()
    person = UserFactory.create()
    sent = directory.add_user(person.email, **{ENTERPRISE: {"costCenter": "4100"}})
    invitation = Invitation.objects.get(workspace=directory.workspace, email=person.email)
    member = accept_invitation(invitation=invitation, by=person, at=timezone.now())
    assert member is not None

    def put(*operations: dict[str, Any]) -> str:
        if operations:
            assert directory.patch(f"Users/{sent['id']}", *operations).status_code == 200
        return str(Member.objects.values_list("cost_centre", flat=True).get(pk=member.pk))

    path = f"{ENTERPRISE}:costCenter"
    assert put() == "4100"
    assert put({"op": "replace", "path": path, "value": "4200"}) == "4200"
    # What is no code of ours counts as none, and the person can still be changed.
    assert put({"op": "replace", "path": path, "value": "=1+1"}) == ""
    assert put({"op": "replace", "path": path, "value": "4300"}) == "4300"
    assert put({"op": "remove", "path": path}) == ""
    # A code that was set by hand stays while the directory sends none.
    set_member_cost_centre(member=member, code="1000", by=directory.owner, at=timezone.now())
    assert put({"op": "replace", "path": "title", "value": "Lead"}) == "1000"
    codes = AuditEvent.objects.filter(action="workspaces.member_cost_centre_set").order_by("pk")
    assert codes.count() == 6 and codes[0].actor_id is None


def test_deactivating_ends_access_at_once_and_spares_other_workspaces() -> None:
    directory = make_directory()
    person = UserFactory.create(display_name="Mia")
    MemberFactory.create(workspace=directory.workspace, user=person, by=directory.owner)
    key, _plain = create_api_key(
        user=person, workspace=directory.workspace, name="k", scopes=["chat"], by=person, at=timezone.now()
    )
    own, _plain = create_api_key(
        user=person, workspace=person.personal_workspace, name="o", scopes=["chat"], by=person,
        at=timezone.now(),
    )  # fmt: skip
    shared = GPTFactory.create(owner=directory.owner, workspace=directory.workspace)
    GPTShare.objects.create(
        gpt=shared, workspace=directory.workspace, user=person, right="chat", created_at=timezone.now()
    )
    [row] = find(directory, "Users", f'userName eq "{person.email.upper()}"')
    response = directory.patch(f"Users/{row['id']}", {"op": "Replace", "path": "active", "value": "False"})

    assert not GPTShare.objects.exists()
    assert (response.status_code, json.loads(response.content)["active"]) == (200, False)
    assert not Member.objects.filter(workspace=directory.workspace, user=person).exists()
    assert ApiKey.objects.get(pk=key.pk).revoked_at is not None
    assert ApiKey.objects.get(pk=own.pk).revoked_at is None
    assert User.objects.get(pk=person.pk).is_active
    event = AuditEvent.objects.get(action="workspaces.member_removed")
    assert (event.actor_id, event.actor_label, event.is_automated) == (None, "directory", False)
    # Deleting forgets the row; the account stays.
    assert directory.send("DELETE", f"Users/{row['id']}").status_code == 204
    assert directory.get(f"Users/{row['id']}").status_code == 404
    assert User.objects.filter(pk=person.pk, is_active=True).exists()


def test_the_last_owner_stays_whatever_is_sent() -> None:
    directory = make_directory()
    set_role_claims(
        workspace=directory.workspace, default_role="member", role_claims={"Staff": "member"},
        by=directory.owner, at=timezone.now(),
    )  # fmt: skip
    [row] = find(directory, "Users", f'userName eq "{directory.owner.email}"')
    path = f"Users/{row['id']}"
    body = {"schemas": [USER], "userName": directory.owner.email, "active": False, "title": "Gone"}
    for response in (
        directory.patch(path, {"op": "replace", "path": "title", "value": "Gone"},
                        {"op": "replace", "path": "active", "value": False}),
        directory.send("PUT", path, body),
        directory.send("DELETE", path),
    ):  # fmt: skip
        assert refused(response) == (400, "mutability")
    after = json.loads(directory.get(path).content)
    assert (after["active"], after.get("title"), after.get("roles")) == (True, None, None)
    assert Member.objects.get(workspace=directory.workspace, user=directory.owner).role == Role.OWNER


def test_no_claim_makes_an_owner_and_only_mapped_ones_an_admin() -> None:
    directory = make_directory()
    person = UserFactory.create(display_name="Max")
    member = MemberFactory.create(workspace=directory.workspace, user=person, by=directory.owner)
    [row] = find(directory, "Users", f'emails.value eq "{person.email}"')
    for value in ("owner", "admin", "Owner"):
        directory.patch(f"Users/{row['id']}", {"op": "Add", "path": "roles", "value": [{"value": value}]})
    member.refresh_from_db()
    assert member.role == Role.MEMBER
    set_role_claims(
        workspace=directory.workspace, default_role="member", role_claims={"GPT admins": "admin"},
        by=directory.owner, at=timezone.now(),
    )  # fmt: skip
    directory.patch(f"Users/{row['id']}", {"op": "Replace", "path": "roles", "value": "GPT Admins"})
    member.refresh_from_db()
    assert member.role == Role.ADMIN


def test_names_are_unique_and_versions_are_checked() -> None:
    directory = make_directory()
    sent = directory.add_user("a@else.test", externalId="e1")
    again = {"schemas": [USER], "userName": "A@else.test"}
    assert refused(directory.send("POST", "Users", again)) == (409, "uniqueness")
    assert refused(directory.send("POST", "Users", {"schemas": [USER]})) == (400, "invalidValue")
    assert refused(directory.send("POST", "Users", {"userName": "x"})) == (400, "invalidSyntax")
    path, version = f"Users/{sent['id']}", sent["meta"]["version"]
    response = directory.patch(
        path, {"op": "replace", "path": "title", "value": "X"}, **{"If-Match": version}
    )
    assert (response.status_code, response["ETag"]) == (200, 'W/"2"')
    late = directory.patch(path, {"op": "replace", "path": "title", "value": "Y"}, **{"If-Match": version})
    assert refused(late)[0] == 412
    assert directory.get(path, **{"If-None-Match": 'W/"2"'}).status_code == 304
    assert json.loads(directory.get(f"{path}?attributes=title,name.givenName").content) == {
        "schemas": sent["schemas"],
        "id": sent["id"],
        "title": "X",
    }
    # What changes nothing raises no version.
    assert directory.patch(path, {"op": "replace", "path": "title", "value": "X"})["ETag"] == 'W/"2"'


def test_lists_are_filtered_sorted_and_paged() -> None:
    directory = make_directory()
    for number in range(5):
        directory.add_user(
            f"p{number}@else.test", externalId=f"x{number}", active=number != 3,
            **{ENTERPRISE: {"department": "Research" if number % 2 else "Sales"}},
        )  # fmt: skip
    page = json.loads(
        directory.get("Users?startIndex=2&count=2&sortBy=userName&sortOrder=descending").content
    )
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (6, 2, 2)
    assert [one["userName"] for one in page["Resources"]] == ["p3@else.test", "p2@else.test"]
    none = json.loads(directory.get("Users?count=0").content)
    assert (none["totalResults"], none["Resources"]) == (6, [])
    for text, names in (
        ('externalId eq "x2"', "2"),
        ('externalId eq "X2"', ""),
        ("active eq false", "3"),
        ('userName sw "P" and active eq true', "0124"),
        ('emails.value eq "P4@else.test"', "4"),
        ('emails[value co "4@else"]', "4"),
        (f'{ENTERPRISE}:department eq "research"', "13"),
        (f'{ENTERPRISE}:department eq "research" and not (active eq false)', "1"),
    ):
        found = sorted(one["userName"][1] for one in find(directory, "Users", text))
        assert "".join(found) == names, text
    assert refused(directory.get("Users?filter=userName")) == (400, "invalidFilter")
    assert refused(directory.get("Users?count=many")) == (400, "invalidValue")


def test_groups_by_every_road() -> None:
    directory = make_directory()
    people = [UserFactory.create(display_name=name) for name in ("Ann", "Bob")]
    for person in people:
        MemberFactory.create(workspace=directory.workspace, user=person, by=directory.owner)
    ids = [find(directory, "Users", f'userName eq "{one.email}"')[0]["id"] for one in people]
    body = {"schemas": [GROUP], "displayName": "Design", "externalId": "g1"}
    sent = json.loads(directory.send("POST", "Groups", body).content)
    path = f"Groups/{sent['id']}"
    directory.patch(path, {"op": "Add", "path": "members", "value": [{"value": one} for one in ids]})
    assert GroupMember.objects.filter(group__name="Design", source="scim").count() == 2
    assert [one["id"] for one in find(directory, "Groups", 'displayName eq "DESIGN"')] == [sent["id"]]
    assert [one["id"] for one in find(directory, "Groups", f'members[value eq "{ids[0]}"]')] == [sent["id"]]
    assert find(directory, "Groups", f'members.value eq "{directory.owner.pk}"') == []
    directory.patch(path, {"op": "Remove", "path": f'members[value eq "{ids[0]}"]'})
    directory.patch(path, {"op": "replace", "value": {"id": sent["id"], "displayName": "Studio"}})
    group = json.loads(directory.get(path).content)
    assert (group["displayName"], [one["value"] for one in group["members"]]) == ("Studio", [ids[1]])
    assert "members" not in json.loads(directory.get(f"{path}?excludedAttributes=members").content)

    assert refused(directory.send("POST", "Groups", body | {"displayName": "Studio"})) == (409, "uniqueness")
    unknown = {"op": "add", "path": "members", "value": [{"value": sent["id"]}]}
    rename = {"op": "replace", "path": "displayName", "value": "Half done"}
    assert refused(directory.patch(path, rename, unknown)) == (400, "invalidValue")
    assert ScimGroup.objects.get(pk=sent["id"]).group.name == "Studio"
    # Deactivated people leave the group here and come back into it.
    directory.patch(f"Users/{ids[1]}", {"op": "replace", "path": "active", "value": False})
    assert GroupMember.objects.count() == 0
    assert directory.send("DELETE", path).status_code == 204
    assert directory.get(path).status_code == 404
    assert Member.objects.filter(workspace=directory.workspace, user=people[0]).exists()


def test_a_token_opens_its_own_workspace_and_nothing_else() -> None:
    directory, other = make_directory(), make_directory(name="Globex")
    sent = other.add_user("g@else.test")
    group = json.loads(other.send("POST", "Groups", {"schemas": [GROUP], "displayName": "G"}).content)
    mixed = Directory(directory.owner, other.workspace, directory.token)
    assert refused(mixed.get("Users"))[0] == 401
    for method in ("GET", "DELETE"):
        assert refused(directory.send(method, f"Users/{sent['id']}"))[0] == 404
        assert refused(directory.send(method, f"Groups/{group['id']}"))[0] == 404
    member = {"schemas": [GROUP], "displayName": "Mine", "members": [{"value": sent["id"]}]}
    assert refused(directory.send("POST", "Groups", member)) == (400, "invalidValue")
    assert find(directory, "Users", 'userName eq "g@else.test"') == []
    # A key of a person is no token, and a token no key.
    _key, plain = create_api_key(
        user=directory.owner, workspace=directory.workspace, name="k", scopes=["account"],
        by=directory.owner, at=timezone.now(),
    )  # fmt: skip
    assert refused(Directory(directory.owner, directory.workspace, plain).get("Users"))[0] == 401
    api = directory.client.get("/api/v1/me", headers={"Authorization": f"Bearer {directory.token}"})
    assert api.status_code == 401
    assert refused(directory.client.get(f"/scim/v2/{directory.workspace.slug}/Users"))[0] == 401


def test_tokens_end() -> None:
    directory = make_directory()
    now = timezone.now()
    stored = ScimToken.objects.get(workspace=directory.workspace)
    assert directory.token not in (stored.token_hash, stored.prefix)
    assert directory.get("Users").status_code == 200
    assert ScimToken.objects.get(pk=stored.pk).last_used_at is not None
    _late, plain = create_scim_token(
        workspace=directory.workspace, name="Short", by=directory.owner, at=now - timedelta(days=2),
        expires_at=now - timedelta(days=1),
    )  # fmt: skip
    assert refused(Directory(directory.owner, directory.workspace, plain).get("Users"))[0] == 401
    Workspace.objects.filter(pk=directory.workspace.pk).update(suspended_at=now)
    assert refused(directory.get("Users"))[0] == 401
    Workspace.objects.filter(pk=directory.workspace.pk).update(suspended_at=None)
    revoke_scim_token(token=stored, by=directory.owner, at=now)
    assert refused(directory.get("Users"))[0] == 401
    assert not ScimUser.objects.exclude(user=directory.owner).exists()


def test_seats_are_respected() -> None:
    directory = make_directory()
    person = UserFactory.create(display_name="Pia")
    directory.add_user(person.email)
    Workspace.objects.filter(pk=directory.workspace.pk).update(seats=1)
    invitation = Invitation.objects.get(workspace=directory.workspace, email=person.email)
    with pytest.raises(Exception, match="no_seat"):
        accept_invitation(invitation=invitation, by=person, at=timezone.now())
    assert Member.objects.filter(workspace=directory.workspace).count() == 1


def test_a_member_who_was_never_listed_is_found_when_sent() -> None:
    directory = make_directory()
    person = UserFactory.create(display_name="Mia")
    MemberFactory.create(workspace=directory.workspace, user=person, role="builder", by=directory.owner)
    sent = directory.add_user(person.email)
    assert sent["urn:ietf:params:scim:schemas:extension:loggia:2.0:User"] == {
        "status": "member",
        "role": "builder",
    }
    assert ScimUser.objects.get(pk=sent["id"]).user == person
    assert len(find(directory, "Users", "active eq true")) == 2


def test_a_role_of_the_directory_leaves_owners_alone() -> None:
    directory = make_directory()
    second = UserFactory.create(display_name="Second")
    member = MemberFactory.create(
        workspace=directory.workspace, user=second, role="owner", by=directory.owner
    )
    set_role_claims(
        workspace=directory.workspace, default_role="member", role_claims={"Staff": "member"},
        by=directory.owner, at=timezone.now(),
    )  # fmt: skip
    [row] = find(directory, "Users", f'userName eq "{second.email}"')
    roles = {"op": "add", "path": "roles", "value": [{"value": "Staff"}]}
    assert directory.patch(f"Users/{row['id']}", roles).status_code == 200
    member.refresh_from_db()
    assert member.role == Role.OWNER


def test_only_the_token_of_an_owner_removes_an_owner() -> None:
    directory = make_directory()
    workspace = directory.workspace
    second, admin = UserFactory.create(display_name="Second"), UserFactory.create(display_name="Adam")
    MemberFactory.create(workspace=workspace, user=second, role="owner", by=directory.owner)
    MemberFactory.create(workspace=workspace, user=admin, role="admin", by=directory.owner)
    [row] = find(directory, "Users", f'userName eq "{second.email}"')
    path = f"Users/{row['id']}"
    for maker in (admin, None):
        ScimToken.objects.filter(workspace=workspace).update(created_by=maker)
        for response in (
            directory.patch(path, {"op": "replace", "value": {"title": "Gone", "active": False}}),
            directory.send("DELETE", path),
        ):
            assert refused(response) == (400, "mutability")
        after = json.loads(directory.get(path).content)
        assert (after["active"], after.get("title")) == (True, None)
        assert Member.objects.get(workspace=workspace, user=second).role == Role.OWNER
    ScimToken.objects.filter(workspace=workspace).update(created_by=directory.owner)
    gone = directory.patch(path, {"op": "replace", "path": "active", "value": False})
    assert gone.status_code == 200
    assert not Member.objects.filter(workspace=workspace, user=second).exists()


def test_an_invitation_follows_the_address_and_the_role() -> None:
    directory = make_directory()
    set_role_claims(
        workspace=directory.workspace, default_role="member", role_claims={"Makers": "builder"},
        by=directory.owner, at=timezone.now(),
    )  # fmt: skip
    open_ones = Invitation.objects.filter(workspace=directory.workspace, revoked_at__isnull=True)
    sent = directory.add_user("old@else.test")
    path = f"Users/{sent['id']}"
    directory.patch(path, {"op": "replace", "path": "emails", "value": [{"value": "new@else.test"}]})
    assert list(open_ones.values_list("email", "role")) == [("new@else.test", "member")]
    directory.patch(path, {"op": "replace", "path": "roles", "value": [{"value": "Makers"}]})
    assert list(open_ones.values_list("email", "role")) == [("new@else.test", "builder")]
    directory.patch(path, {"op": "remove", "path": "roles"})
    assert list(open_ones.values_list("email", "role")) == [("new@else.test", "member")]
    # What people decided stays: a role given by hand without a value for it, and an owner.
    for role in ("admin", "owner"):
        open_ones.update(role=role)
        directory.patch(path, {"op": "replace", "path": "title", "value": role})
        assert list(open_ones.values_list("email", "role")) == [("new@else.test", role)]


def test_a_secondary_address_of_another_account_is_taken() -> None:
    directory = make_directory()
    prove_domain(workspace=directory.workspace, domain="acme.example", at=timezone.now())
    holder = UserFactory.create(display_name="Holder")
    EmailAddress.objects.create(user=holder, email="second@acme.example", verified=True, primary=False)
    body = {"schemas": [USER], "userName": "second@acme.example"}
    assert refused(directory.send("POST", "Users", body)) == (409, "uniqueness")
    assert not User.objects.filter(email="second@acme.example").exists()
    assert not ScimUser.objects.filter(
        workspace=directory.workspace, user_name="second@acme.example"
    ).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_the_same_moment_none_is_lost() -> None:
    """The second request has begun, and waits for the workspace, while the first one changes the rows."""
    directory = make_directory()
    workspace = directory.workspace
    people = [directory.add_user(f"p{number}@else.test")["id"] for number in range(3)]
    body = {"schemas": [GROUP], "displayName": "Team", "members": [{"value": people[0]}]}
    group = json.loads(directory.send("POST", "Groups", body).content)["id"]
    person, team = f"Users/{people[0]}", f"Groups/{group}"
    cases: list[tuple[str, list[dict[str, Any]]]] = [
        (person, [{"op": "add", "value": value} for value in ({"title": "A"}, {"locale": "de"})]),
        (team, [{"op": "add", "path": "members", "value": [{"value": one}]} for one in people[1:]]),
    ]
    answers: list[int] = []

    def send(path: str, operation: dict[str, Any]) -> None:
        answers.append(directory.patch(path, operation).status_code)
        connections.close_all()

    for path, (first, second) in cases:
        thread = threading.Thread(target=send, args=(path, second))
        with transaction.atomic():
            lock_workspaces([workspace.pk])
            thread.start()
            wait_for_a_lock()
            assert directory.patch(path, first).status_code == 200
        thread.join(timeout=30)
    assert answers == [200, 200]
    after = json.loads(directory.get(person).content)
    assert (after["title"], after["locale"]) == ("A", "de")
    assert {one["value"] for one in json.loads(directory.get(team).content)["members"]} == set(people)


def wait_for_a_lock() -> None:
    for _try in range(3_000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("Nobody waited for a lock.")


def test_a_closed_account_can_be_taken_out() -> None:
    directory = make_directory()
    prove_domain(workspace=directory.workspace, domain="acme.example", at=timezone.now())
    person = UserFactory.create(display_name="Closed", email="closed@acme.example")
    MemberFactory.create(workspace=directory.workspace, user=person, by=directory.owner)
    [row] = find(directory, "Users", f'userName eq "{person.email}"')
    User.objects.filter(pk=person.pk).update(is_active=False)
    path = f"Users/{row['id']}"
    gone = directory.patch(path, {"op": "replace", "path": "active", "value": False})
    assert gone.status_code == 200, gone.content
    assert not Member.objects.filter(workspace=directory.workspace, user=person).exists()
    back = directory.patch(path, {"op": "replace", "path": "active", "value": True})
    assert refused(back) == (400, "mutability")
    assert directory.send("DELETE", path).status_code == 204
    assert directory.send("DELETE", path).status_code == 404


def test_adding_a_person_takes_few_statements() -> None:
    """A first sync sends thousands of them, one by one."""
    directory = make_directory()
    prove_domain(workspace=directory.workspace, domain="acme.example", at=timezone.now())
    directory.add_user("a@acme.example")  # the token notes its use once a while
    with CaptureQueriesContext(connection) as statements:
        directory.add_user("b@acme.example", displayName="Ada B")
    assert len(statements) <= MOST_STATEMENTS, "\n".join(one["sql"][:150] for one in statements)
    assert Member.objects.filter(workspace=directory.workspace).count() == 3
