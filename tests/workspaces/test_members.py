"""Members: inviting, joining, changing roles, leaving; a refusal writes nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from core.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from core.models import AuditEvent
from tests.support.factories.workspaces import PASSWORD, MemberFactory, UserFactory, WorkspaceFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.times import AT
from workspaces.access import WorkspaceAct, access_invitation_by_token, access_workspace, personal_workspace
from workspaces.models import (
    ApiKey,
    Group,
    GroupMember,
    Invitation,
    InviteLink,
    Member,
    Notification,
    User,
    Workspace,
)
from workspaces.rules import ADMIN_PARTS
from workspaces.services.api_keys import create_api_key
from workspaces.services.invite_links import create_invite_link
from workspaces.services.joining import INVITATION_DAYS
from workspaces.services.leaving import delete_account
from workspaces.services.members import (
    accept_invitation,
    add_member,
    change_role,
    invite_member,
    remove_member,
    revoke_invitation,
)
from workspaces.states import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Owner")


@pytest.fixture
def team(owner: User) -> Workspace:
    return WorkspaceFactory.create(owner=owner)


def test_accepting_an_invitation_gives_its_role(owner: User, team: Workspace) -> None:
    bob = UserFactory.create(display_name="Bob")
    invitation, token = invite_member(
        workspace=team, email=bob.email.upper(), role="builder", by=owner, at=AT
    )
    assert (invitation.email, token in invitation.token_hash) == (bob.email, False)
    member = accept_invitation(invitation=access_invitation_by_token(token, at=AT), by=bob, at=AT)
    assert (member.workspace, member.user, member.role) == (team, bob, Role.BUILDER)
    with pytest.raises(NotFound):
        access_invitation_by_token(token, at=AT)
    with pytest.raises(Conflict):
        accept_invitation(invitation=invitation, by=bob, at=AT)


@pytest.mark.parametrize(("role", "sender_becomes"), [("owner", "admin"), ("admin", "builder")])
def test_nobody_gets_a_role_that_its_sender_may_give_no_more(
    owner: User, team: Workspace, role: str, sender_becomes: str
) -> None:
    bob, other = UserFactory.create(), UserFactory.create()
    MemberFactory.create(workspace=team, user=other, role="owner", by=owner)
    invitation, _token = invite_member(workspace=team, email=bob.email, role=role, by=owner, at=AT)
    seat = team.members.get(user=owner)
    change_role(member=seat, role=sender_becomes, by=other, at=AT)
    revoked = Invitation.objects.get(pk=invitation.pk).revoked_at
    # As if it had been sent while the role was taken away.
    Invitation.objects.update(revoked_at=None)

    with pytest.raises(Conflict) as refusal:
        accept_invitation(invitation=invitation, by=bob, at=AT)

    assert (refusal.value.code, revoked) == ("invitation_used", AT)
    assert not team.members.filter(user=bob).exists()


def test_a_deleted_account_leaves_no_way_in(owner: User, team: Workspace) -> None:
    admin = UserFactory.create()
    MemberFactory.create(workspace=team, user=admin, role="admin", by=owner)
    invite_member(workspace=team, email="second@example.test", role="member", by=admin, at=AT)
    create_invite_link(workspace=team, role="member", days=9, max_uses=None, by=admin, at=AT)

    delete_account(user=admin, confirmation=admin.email, by=admin, at=AT)

    assert Invitation.objects.get().revoked_at == AT
    assert InviteLink.objects.get().revoked_at == AT


def test_an_invitation_is_for_its_email_address_only(owner: User, team: Workspace) -> None:
    invitation, _token = invite_member(
        workspace=team, email="bob@example.test", role="member", by=owner, at=AT
    )
    with pytest.raises(Forbidden) as refusal:
        accept_invitation(invitation=invitation, by=UserFactory.create(display_name="Eve"), at=AT)
    assert refusal.value.code == "invitation_for_other"
    assert team.members.count() == 1


def test_expired_revoked_and_replaced_invitations_do_not_work(owner: User, team: Workspace) -> None:
    first, old_token = invite_member(workspace=team, email="bob@example.test", role="member", by=owner, at=AT)
    _second, token = invite_member(workspace=team, email="bob@example.test", role="admin", by=owner, at=AT)
    with pytest.raises(NotFound):
        access_invitation_by_token(old_token, at=AT)
    assert access_invitation_by_token(token, at=AT).role == Role.ADMIN
    with pytest.raises(NotFound):
        access_invitation_by_token(token, at=AT + timedelta(days=INVITATION_DAYS))
    revoke_invitation(invitation=access_invitation_by_token(token, at=AT), by=owner, at=AT)
    with pytest.raises(NotFound):
        access_invitation_by_token(token, at=AT)
    first.refresh_from_db()
    assert first.revoked_at == AT


@pytest.mark.parametrize(
    ("email", "role", "error", "code"),
    [
        ("nonsense", "member", InvalidInput, "email_invalid"),
        ("", "member", InvalidInput, "required"),
        ("a\x00b@example.test", "member", InvalidInput, "control_characters"),
        ("new@example.test", "king", InvalidInput, "role_unknown"),
    ],
)
def test_invalid_invitations_are_refused(
    owner: User, team: Workspace, email: str, role: str, error: type[DomainError], code: str
) -> None:
    with pytest.raises(error) as refusal:
        invite_member(workspace=team, email=email, role=role, by=owner, at=AT)
    assert refusal.value.code == code
    assert not Invitation.objects.exists()


def test_members_are_not_invited_again(owner: User, team: Workspace) -> None:
    with pytest.raises(Conflict) as refusal:
        invite_member(workspace=team, email=owner.email, role="member", by=owner, at=AT)
    assert refusal.value.code == "already_member"
    with pytest.raises(Conflict):
        add_member(workspace=team, user=owner, role="member", by=owner, at=AT)


def test_nobody_joins_a_personal_workspace(owner: User) -> None:
    own = personal_workspace(owner)
    for act in (
        lambda: invite_member(workspace=own, email="b@example.test", role="member", by=owner, at=AT),
        lambda: add_member(
            workspace=own, user=UserFactory.create(display_name="Bob"), role="member", by=owner, at=AT
        ),
        lambda: remove_member(member=own.members.get(), by=owner, at=AT),
    ):
        with pytest.raises(Conflict) as refusal:
            act()
        assert refusal.value.code == "workspace_personal"
    assert own.members.count() == 1


def test_the_last_owner_cannot_change_or_leave(owner: User, team: Workspace) -> None:
    last = team.members.get()
    for act in (
        lambda: change_role(member=last, role="member", by=owner, at=AT),
        lambda: remove_member(member=last, by=owner, at=AT),
    ):
        with pytest.raises(Conflict) as refusal:
            act()
        assert refusal.value.code == "last_owner"
    assert team.members.get().role == Role.OWNER


def test_an_inactive_owner_does_not_count(owner: User, team: Workspace) -> None:
    second = MemberFactory.create(
        workspace=team, user=UserFactory.create(display_name="Second"), role=Role.OWNER, by=owner
    )
    User.objects.filter(pk=second.user_id).update(is_active=False)
    with pytest.raises(Conflict):
        remove_member(member=team.members.get(user=owner), by=owner, at=AT)


def test_only_owners_can_make_and_change_owners(owner: User, team: Workspace) -> None:
    """An admin cannot act on somebody with a higher role."""
    admin = UserFactory.create(display_name="Admin")
    membership = MemberFactory.create(workspace=team, user=admin, role=Role.ADMIN, by=owner)
    events = AuditEvent.objects.count()
    for act in (
        lambda: invite_member(workspace=team, email="x@example.test", role="owner", by=admin, at=AT),
        lambda: change_role(member=membership, role="owner", by=admin, at=AT),
        lambda: change_role(member=team.members.get(user=owner), role="member", by=admin, at=AT),
        lambda: remove_member(member=team.members.get(user=owner), by=admin, at=AT),
    ):
        with pytest.raises(Forbidden) as refusal:
            act()
        assert refusal.value.code == "owner_protected"
    assert list(team.members.order_by("pk").values_list("role", flat=True)) == ["owner", "admin"]
    assert AuditEvent.objects.count() == events


def test_a_role_change_is_audited(owner: User, team: Workspace) -> None:
    membership = MemberFactory.create(
        workspace=team, user=UserFactory.create(display_name="Bob"), role=Role.MEMBER, by=owner
    )
    change_role(member=membership, role="admin", by=owner, at=AT)
    event = AuditEvent.objects.get(action="workspaces.member_role_changed")
    assert event.data == {"user_id": membership.user_id, "changes": {"role": ["member", "admin"]}}
    assert (event.workspace_id, event.actor) == (team.pk, owner)


@pytest.mark.parametrize("act", ["remove", "demote"])
def test_whom_an_admin_invited_comes_no_more_once_they_are_none(
    owner: User, team: Workspace, act: str
) -> None:
    bob = UserFactory.create(display_name="Bob")
    membership = MemberFactory.create(workspace=team, user=bob, role=Role.ADMIN, by=owner)
    for by in (bob, owner):
        invite_member(workspace=team, email=f"x{by.pk}@new.example", role="member", by=by, at=AT)
        create_invite_link(workspace=team, role="member", days=7, max_uses=None, by=by, at=AT)
    change_role(member=membership, role="owner", by=owner, at=AT)
    assert Invitation.objects.filter(revoked_at__isnull=True).count() == 2
    if act == "remove":
        remove_member(member=membership, by=owner, at=AT)
    else:
        change_role(member=membership, role="builder", by=bob, at=AT)
    assert [row.invited_by for row in Invitation.objects.filter(revoked_at__isnull=True)] == [owner]
    assert [row.created_by for row in InviteLink.objects.filter(revoked_at__isnull=True)] == [owner]


def test_owners_hear_of_an_owner_who_was_invited(owner: User, team: Workspace) -> None:
    bob = UserFactory.create(display_name="Bob")
    invitation, _token = invite_member(workspace=team, email=bob.email, role="owner", by=owner, at=AT)
    accept_invitation(invitation=invitation, by=bob, at=AT)
    assert set(Notification.objects.values_list("user_id", flat=True)) == {owner.pk, bob.pk}


def test_leaving_ends_group_memberships_and_keys(owner: User, team: Workspace) -> None:
    bob = UserFactory.create(display_name="Bob")
    membership = MemberFactory.create(workspace=team, user=bob, role=Role.MEMBER, by=owner)
    group = Group.objects.create(workspace=team, name="Sales", created_at=AT)
    GroupMember.objects.create(group=group, member=membership)
    create_api_key(user=bob, workspace=team, name="k", scopes=["chat"], by=bob, at=AT)
    own, _plain = create_api_key(
        user=bob, workspace=personal_workspace(bob), name="own", scopes=["chat"], by=bob, at=AT
    )
    remove_member(member=membership, by=bob, at=AT)
    assert not GroupMember.objects.exists()
    assert list(ApiKey.objects.filter(revoked_at__isnull=True)) == [own]
    assert AuditEvent.objects.get(action="workspaces.member_removed").data == {"left": True}
    with pytest.raises(Conflict):
        remove_member(member=Member(pk=membership.pk or 0, workspace=team, user=bob), by=owner, at=AT)


PARTS = {part.upper() for part in ADMIN_PARTS}


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("owner", {"ENTER", "BUILD", "ADMINISTER", "OWN", *PARTS}),
        ("admin", {"ENTER", "BUILD", "ADMINISTER", *PARTS}),
        ("builder", {"ENTER", "BUILD"}),
        ("member", {"ENTER"}),
    ],
)
def test_permissions_of_each_role(owner: User, team: Workspace, role: str, allowed: set[str]) -> None:
    bob = UserFactory.create(display_name="Bob")
    MemberFactory.create(workspace=team, user=bob, role=role, by=owner)
    may = set()
    for act in WorkspaceAct:
        try:
            access_workspace(bob, team.slug, to=act)
            may.add(act.name)
        except Forbidden:
            continue
    assert may == allowed


def test_a_suspended_workspace_is_not_found(owner: User, team: Workspace) -> None:
    Workspace.objects.filter(pk=team.pk).update(suspended_at=AT)
    with pytest.raises(NotFound):
        access_workspace(owner, team.slug, to=WorkspaceAct.ENTER)


# Pages ---------------------------------------------------------------------------------------------------


@pytest.fixture
def owner_client(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


ADMIN_PAGES = ("members", "settings", "audit")


@pytest.mark.parametrize("page", ADMIN_PAGES)
def test_admin_pages_are_for_admins(owner_client: Client, owner: User, team: Workspace, page: str) -> None:
    member, stranger = UserFactory.create(display_name="Member"), UserFactory.create(display_name="Stranger")
    MemberFactory.create(workspace=team, user=member, role=Role.MEMBER, by=owner)
    path = f"/w/{team.slug}/admin/{page}"
    assert owner_client.get(path).status_code == 200
    answers = {}
    for person in (member, stranger):
        browser = Client()
        browser.force_login(person)
        answers[person.display_name] = (browser.get(path).status_code, browser.post(path, {}).status_code)
    assert answers["Member"][0] == 403
    assert answers["Stranger"][0] == 404
    assert {pair[1] for pair in answers.values()} <= {403, 404, 405}


def test_inviting_by_the_page_mails_a_link_that_works(
    owner_client: Client, team: Workspace, django_capture_on_commit_callbacks: Any
) -> None:
    bob = UserFactory.create(display_name="Bob")
    with django_capture_on_commit_callbacks(execute=True):
        answer = owner_client.post(f"/w/{team.slug}/admin/members", {"email": bob.email, "role": "builder"})
    assert run_enqueued_jobs() == ["workspaces.send_queued_mail"]
    assert answer.status_code == 302
    (message,) = mail.outbox
    link = re.search(r"/join/\S+", str(message.body))
    assert link is not None
    assert message.to == [bob.email]

    browser = Client()
    away = browser.get(link[0])
    assert away.headers["Location"].startswith("/accounts/login/?next=/join/")
    browser.force_login(bob)
    assert "Join Acme" in browser.get(link[0]).content.decode()
    assert browser.post(link[0], {"role": "owner"}).headers["Location"] == f"/w/{team.slug}/"
    assert team.members.get(user=bob).role == Role.BUILDER
    assert browser.post(link[0]).status_code == 404


def test_an_invalid_invitation_keeps_the_input(owner_client: Client, team: Workspace) -> None:
    page = owner_client.post(f"/w/{team.slug}/admin/members", {"email": "nonsense", "role": "builder"})
    assert page.status_code == 400
    assert 'value="nonsense"' in page.content.decode()
    assert not Invitation.objects.exists()


def test_the_page_changes_roles_and_removes_members(
    owner_client: Client, owner: User, team: Workspace
) -> None:
    membership = MemberFactory.create(
        workspace=team, user=UserFactory.create(display_name="Bob"), role=Role.MEMBER, by=owner
    )
    path = f"/w/{team.slug}/admin/members/{membership.pk}"
    assert owner_client.post(f"{path}/role", {"role": "admin"}).status_code == 302
    assert owner_client.post(f"{path}/role", {"role": "king"}).status_code == 400
    assert Member.objects.get(pk=membership.pk).role == Role.ADMIN
    assert "Bob" in owner_client.get(f"{path}/remove").content.decode()
    assert Member.objects.filter(pk=membership.pk).exists()
    assert owner_client.post(f"{path}/remove").status_code == 302
    assert not Member.objects.filter(pk=membership.pk).exists()


def test_a_member_of_another_team_is_not_found_under_my_team(owner_client: Client, team: Workspace) -> None:
    other = UserFactory.create(display_name="Other")
    foreign = WorkspaceFactory.create(owner=other, name="Globex").members.get()
    for tail in ("role", "remove"):
        answer = owner_client.post(f"/w/{team.slug}/admin/members/{foreign.pk}/{tail}", {"role": "member"})
        assert answer.status_code == 404
    assert Member.objects.get(pk=foreign.pk).role == Role.OWNER


def test_the_pages_create_and_change_a_team(client: Client) -> None:
    ada = UserFactory.create()
    client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    made = client.post("/w/new", {"name": "Globex"})
    team = Workspace.objects.get(name="Globex")
    assert made.headers["Location"] == f"/w/{team.slug}/admin/members"
    path = f"/w/{team.slug}/admin/settings"
    bad = client.post(path, {"name": "Globex", "accent": "red"})
    assert (bad.status_code, list(bad.context["form"].errors)) == (400, ["accent"])
    assert client.post(path, {"name": "Globex Corp", "accent": "#A8481F"}).status_code == 302
    team.refresh_from_db()
    assert (team.name, team.accent) == ("Globex Corp", "#a8481f")


def test_the_audit_page_filters_and_exports_without_formulas(
    owner_client: Client, owner: User, team: Workspace
) -> None:
    evil = UserFactory.create(display_name="Evil")
    User.objects.filter(pk=evil.pk).update(display_name="=cmd|' /C calc'!A0")
    MemberFactory.create(workspace=team, user=evil, role=Role.ADMIN, by=owner)
    other = WorkspaceFactory.create(owner=UserFactory.create(display_name="Other"), name="Globex")
    evil_place = team.members.get(user=evil)
    change_role(member=evil_place, role="member", by=User.objects.get(pk=evil.pk), at=AT)

    page = owner_client.get(f"/w/{team.slug}/admin/audit?action=workspaces.member_joined")
    assert [event.action for event in page.context["page"].items] == ["workspaces.member_joined"]
    events = AuditEvent.objects.filter(workspace_id=team.pk).count()
    csv = owner_client.get(f"/w/{team.slug}/admin/audit?format=csv")
    rows = csv.content.decode().splitlines()
    assert csv.headers["Content-Disposition"] == f'attachment; filename="audit-{team.slug}.csv"'
    # The download itself is an event after the last one in the file.
    assert len(rows) == 1 + events == AuditEvent.objects.filter(workspace_id=team.pk).count()
    assert not any(cell.startswith("=") for row in rows for cell in row.split(","))
    assert other.slug not in csv.content.decode()


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("page", ["members", "audit"])
def test_lists_take_the_same_number_of_queries_for_any_length(
    owner_client: Client, owner: User, team: Workspace, page: str, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        MemberFactory.create(
            workspace=team,
            user=UserFactory.create(display_name=f"Member{number}"),
            role=Role.MEMBER,
            by=owner,
        )
        invite_member(workspace=team, email=f"x{number}@example.test", role="member", by=owner, at=AT)
    path = f"/w/{team.slug}/admin/{page}"
    owner_client.get(path)
    # user, roles, savepoint, scope, workspace, two of the page, unread count, restored scope, release; the
    # log also asks for its actions, the people of the filter and the names of what its events are about.
    with django_assert_num_queries({"members": 13, "audit": 17}[page]):
        owner_client.get(path)


def test_a_member_can_leave_by_the_page_but_not_the_last_owner(
    owner_client: Client, owner: User, team: Workspace
) -> None:
    bob = UserFactory.create(display_name="Bob")
    membership = MemberFactory.create(workspace=team, user=bob, role=Role.MEMBER, by=owner)
    browser = Client()
    browser.force_login(bob)
    assert "Leave Acme" in browser.get("/settings/").content.decode()
    assert browser.post(f"/w/{team.slug}/leave").status_code == 302
    assert not Member.objects.filter(pk=membership.pk).exists()
    assert browser.post(f"/w/{team.slug}/leave").status_code == 404
    assert owner_client.post(f"/w/{team.slug}/leave").status_code == 409
    assert team.members.get().user == owner
