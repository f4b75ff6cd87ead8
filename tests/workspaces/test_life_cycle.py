"""A workspace is archived, opened again, handed over and deleted after a time of grace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.formats import date_format

from core.errors import Conflict, DomainError, Forbidden, InvalidInput
from core.look.formats import day_format
from core.models import AuditEvent
from core.scope import system_scope
from gpts.assistants.access import access_gpt
from gpts.assistants.queries.served import is_free_to_leave
from gpts.assistants.rules import GPTAct
from gpts.chat.models import LegalHold
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.reauthentication import confirm_identity
from tests.support.times import AT
from workspaces.access import personal_workspace
from workspaces.acts import Act, check_act
from workspaces.models import Erasure, Invitation, Member, Notification, PolicyRule, User, Workspace
from workspaces.policy import RULED
from workspaces.services.deletion_reminders import remind_of_deletions
from workspaces.services.invitation_import import import_invitations
from workspaces.services.invite_links import create_invite_link, join_by_link
from workspaces.services.leaving import delete_account
from workspaces.services.life_cycle import (
    GRACE,
    archive_workspace,
    cancel_deletion,
    delete_due_workspaces,
    hand_over,
    plan_deletion,
    reopen_workspace,
)
from workspaces.services.members import invite_member
from workspaces.services.workspace_control import TIME_TO_CANCEL, restore_workspace

pytestmark = pytest.mark.django_db
STAYS = {Act.EXPORT, Act.USE_API, Act.USE_EXTERNAL}


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Olga")


@pytest.fixture
def builder() -> User:
    return UserFactory.create(display_name="Ben")


@pytest.fixture
def company(owner: User, builder: User) -> Workspace:
    return create_company(owner, builder=builder)


def seat(company: Workspace, user: User) -> Member:
    return Member.objects.get(workspace=company, user=user)


def fresh(company: Workspace) -> Workspace:
    return Workspace.objects.get(pk=company.pk)


def list_acts() -> list[str]:
    found = AuditEvent.objects.filter(subject_type="workspaces.workspace").order_by("pk")
    return [event.action.removeprefix("workspaces.") for event in found]


def list_refused(person: User, company: Workspace) -> dict[Act, str]:
    refused = {}
    for act in sorted(RULED):
        try:
            check_act(person, act, workspace_id=company.pk)
        except Forbidden as refusal:
            refused[act] = refusal.code
    return refused


def test_an_archived_workspace_is_read_only_until_it_is_opened_again(
    company: Workspace, owner: User, builder: User
) -> None:
    gpt = GPTFactory.create(owner=builder, workspace=company)
    for act in (Act.BUILD, Act.USE_API):
        PolicyRule.objects.create(
            workspace=company, act=act, subject_kind="everyone", target_kind="any", effect="allow"
        )
    before = list_refused(builder, company)
    link, _token = create_invite_link(
        workspace=company, role="member", days=7, max_uses=None, by=owner, at=AT
    )
    for _try in range(2):
        archive_workspace(workspace=company, by=owner, at=AT)
    assert list_refused(builder, company) == dict.fromkeys(set(RULED) - STAYS, "workspace_archived")
    assert access_gpt(builder, gpt.slug, to=GPTAct.VIEW_SETTINGS) == gpt
    with pytest.raises(Forbidden) as refusal:
        access_gpt(builder, gpt.slug, to=GPTAct.EDIT)
    assert (refusal.value.code, company.name in str(refusal.value.message)) == ("workspace_archived", True)
    with pytest.raises(Conflict) as closed:
        join_by_link(link=link, by=UserFactory.create(), at=AT)
    assert closed.value.code == "workspace_archived"
    assert not is_free_to_leave(gpt)
    # Elsewhere its people are as free as before.
    assert list_refused(builder, personal_workspace(builder)) == {}

    for _try in range(2):
        reopen_workspace(workspace=company, by=owner, at=AT)
    assert list_refused(builder, company) == before
    assert access_gpt(builder, gpt.slug, to=GPTAct.EDIT) == gpt
    assert is_free_to_leave(gpt)
    assert list_acts() == ["workspace_created", "workspace_archived", "workspace_reopened"]


def test_a_deletion_is_planned_cancelled_and_carried_out(
    company: Workspace, owner: User, django_capture_on_commit_callbacks: Any
) -> None:
    with pytest.raises(InvalidInput):
        plan_deletion(workspace=company, confirmation="Acme", by=owner, at=AT)
    with django_capture_on_commit_callbacks(execute=True):
        live_through_a_deletion(company, owner)
    run_enqueued_jobs()
    assert Erasure.objects.get().state == "finished"
    assert (fresh(company).name, fresh(company).suspended_at) == ("Deleted workspace", AT + GRACE)
    assert list_acts()[1:6] == [
        "deletion_planned", "deletion_cancelled", "workspace_reopened", "deletion_planned",
        "workspace_deleted",
    ]  # fmt: skip
    titles = [message.subject for message in mail.outbox if message.to == [owner.email]]
    assert len([title for title in titles if "going to be deleted" in title]) == 2
    assert len([title for title in titles if "was cancelled" in title]) == 1


def live_through_a_deletion(company: Workspace, owner: User) -> None:
    """Plan it, cancel it, open the workspace again, and let another plan come to its end."""
    due = [
        plan_deletion(workspace=fresh(company), confirmation=company.name, by=owner, at=at)
        for at in (AT, AT + timedelta(days=1))
    ]
    assert due == [AT + GRACE] * 2
    with pytest.raises(Conflict) as refusal:
        reopen_workspace(workspace=company, by=owner, at=AT)
    assert (refusal.value.code, fresh(company).archived_at) == ("deletion_planned", AT)
    with system_scope("tests"):
        assert delete_due_workspaces(at=AT + GRACE - timedelta(seconds=1)) == 0
    for _try in range(2):
        cancel_deletion(workspace=company, by=owner, at=AT)
    with system_scope("tests"):
        assert delete_due_workspaces(at=AT + GRACE) == 0
    reopen_workspace(workspace=company, by=owner, at=AT)

    plan_deletion(workspace=company, confirmation=f" {company.name} ", by=owner, at=AT)
    with system_scope("tests"):
        assert [delete_due_workspaces(at=AT + GRACE) for _try in range(2)] == [1, 0]


def test_owners_and_admins_are_reminded_once_a_week_and_once_a_day_before(
    company: Workspace, owner: User, builder: User, deliver_mails: Any
) -> None:
    admin = UserFactory.create(language="zh-hans")
    Member.objects.create(workspace=company, user=admin, role="admin", joined_at=AT)
    plan_deletion(workspace=company, confirmation=company.name, by=owner, at=AT)
    week, day, second = timedelta(days=7), timedelta(days=1), timedelta(seconds=1)
    due = AT + GRACE
    with system_scope("tests"), deliver_mails():
        for at, count in (
            (due - week - second, 0), (due - week, 1), (due - week, 0), (due - day - second, 0),
            (due - day, 1), (due - second, 0), (due, 0),
        ):  # fmt: skip
            assert (at - due, remind_of_deletions(at=at)) == (at - due, count)
    told = Notification.objects.filter(kind="workspaces.deletion_near").order_by("pk")
    assert [note.user_id for note in told] == [owner.pk, admin.pk] * 2
    assert {note.url for note in told} == {f"/w/{company.slug}/admin/settings"}
    assert {note.title for note in told if note.user_id == owner.pk} == {
        f"{company.name} is deleted on {format_day(due)}"
    }
    mails = [message for message in mail.outbox if "is deleted on" in message.subject]
    assert [message.to for message in mails] == [[owner.email]] * 2
    assert len([message for message in mail.outbox if message.to == [admin.email]]) == 2
    assert not [message for message in mail.outbox if message.to == [builder.email]]


def test_nobody_is_reminded_of_what_was_cancelled_or_waits(company: Workspace, owner: User) -> None:
    due = plan_deletion(workspace=company, confirmation=company.name, by=owner, at=AT)
    with system_scope("tests"):
        Workspace.objects.filter(pk=company.pk).update(suspended_at=AT)
        assert remind_of_deletions(at=due - timedelta(days=1)) == 0
        Workspace.objects.filter(pk=company.pk).update(suspended_at=None)
        cancel_deletion(workspace=company, by=owner, at=AT)
        assert remind_of_deletions(at=due - timedelta(days=1)) == 0
        # A job that was late reminds once, and a new plan begins anew.
        again = plan_deletion(workspace=fresh(company), confirmation=company.name, by=owner, at=AT)
        assert [remind_of_deletions(at=again - timedelta(hours=2)) for _try in range(2)] == [1, 0]
        cancel_deletion(workspace=company, by=owner, at=again)
        third = plan_deletion(workspace=fresh(company), confirmation=company.name, by=owner, at=again)
        assert [remind_of_deletions(at=third - timedelta(days=2)) for _try in range(2)] == [1, 0]
    assert Notification.objects.filter(kind="workspaces.deletion_near").count() == 2


def test_nobody_is_reminded_of_a_deletion_that_a_legal_hold_prevents(company: Workspace, owner: User) -> None:
    due = plan_deletion(workspace=company, confirmation=company.name, by=owner, at=AT)
    hold = LegalHold.objects.create(
        workspace=company, person=owner, reason="A court asks", started_by=owner, started_at=AT
    )
    with system_scope("tests"):
        assert remind_of_deletions(at=due - timedelta(days=1)) == 0
        LegalHold.objects.filter(pk=hold.pk).update(ended_at=AT, ended_by=owner)
        assert remind_of_deletions(at=due - timedelta(days=1)) == 1


def format_day(moment: datetime) -> str:
    return date_format(moment, day_format())


def test_a_suspended_workspace_waits_with_its_deletion(company: Workspace, owner: User) -> None:
    plan_deletion(workspace=company, confirmation=company.name, by=owner, at=AT)
    Workspace.objects.filter(pk=company.pk).update(suspended_at=AT)
    with system_scope("tests"):
        assert delete_due_workspaces(at=AT + GRACE) == 0
        restore_workspace(workspace=fresh(company), reason="A mistake.", by=owner, at=AT + GRACE)
        assert delete_due_workspaces(at=AT + GRACE) == 0
    assert fresh(company).deletion_due_at == AT + GRACE + TIME_TO_CANCEL
    assert not Erasure.objects.exists()


def test_a_team_of_nobody_else_goes_with_the_account(owner: User) -> None:
    team = create_company(owner)
    with pytest.raises(Conflict):
        delete_account(user=owner, confirmation=owner.email, by=owner, at=AT)
    plan_deletion(workspace=team, confirmation=team.name, by=owner, at=AT)
    delete_account(user=owner, confirmation=owner.email, by=owner, at=AT)
    assert fresh(team).suspended_at == AT
    assert set(Erasure.objects.values_list("workspace", flat=True)) >= {team.pk}


def test_nobody_is_invited_to_an_archived_workspace(company: Workspace, owner: User) -> None:
    archive_workspace(workspace=company, by=owner, at=AT)
    place: dict[str, Any] = {"workspace": company, "by": owner, "at": AT}
    for invite in (
        lambda: invite_member(email="a@b.example", role="member", **place),
        lambda: create_invite_link(role="member", days=9, max_uses=None, **place),
        lambda: import_invitations(content=b"email\na@b.example\n", **place),
    ):
        with pytest.raises(Conflict) as refusal:
            invite()
        assert refusal.value.code == "workspace_archived"
    assert not Invitation.objects.exists()


def test_a_planned_deletion_is_archived(company: Workspace) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.filter(pk=company.pk).update(deletion_due_at=AT)


def test_an_owner_hands_the_workspace_over(company: Workspace, owner: User, builder: User) -> None:
    stranger = create_company(UserFactory.create()).members.get()
    gone = UserFactory.create()
    User.objects.filter(pk=gone.pk).update(is_active=False)
    closed = Member.objects.create(workspace=company, user=gone, role="member", joined_at=AT)
    for member in (seat(company, owner), stranger, closed):
        with pytest.raises(InvalidInput) as refusal:
            hand_over(workspace=company, member_id=member.pk, by=owner, at=AT)
        assert refusal.value.code == "successor_unknown"
    with pytest.raises(Forbidden):
        hand_over(workspace=company, member_id=seat(company, owner).pk, by=builder, at=AT)
    hand_over(workspace=company, member_id=seat(company, builder).pk, by=owner, at=AT)
    roles = dict(Member.objects.filter(workspace=company, user__is_active=True).values_list("user", "role"))
    assert roles == {owner.pk: "admin", builder.pk: "owner"}
    # A second owner takes nothing from the first one's place but the role.
    hand_over(workspace=company, member_id=seat(company, owner).pk, by=builder, at=AT)
    assert seat(company, owner).role == "owner"


@pytest.mark.parametrize(
    "act",
    [
        lambda own, by: archive_workspace(workspace=own, by=by, at=AT),
        lambda own, by: plan_deletion(workspace=own, confirmation=own.name, by=by, at=AT),
        lambda own, by: hand_over(workspace=own, member_id=own.members.get().pk, by=by, at=AT),
    ],
)
def test_a_personal_workspace_has_no_life_of_its_own(
    owner: User, act: Callable[[Workspace, User], Any]
) -> None:
    own = personal_workspace(owner)
    with pytest.raises(DomainError) as refusal:
        act(own, owner)
    assert (refusal.value.code, fresh(own).archived_at) == ("workspace_personal", None)


def test_the_pages_and_their_password(client: Client, company: Workspace, owner: User, builder: User) -> None:
    base = f"/w/{company.slug}/admin"
    client.force_login(owner)
    assert client.post(f"{base}/archive").status_code == 302
    page = client.get(f"{base}/settings").content.decode()
    assert f"{company.name} is archived" in page and "Open it again" in page
    client.post(f"{base}/reopen")
    assert fresh(company).archived_at is None
    for path, body in (("delete", {"confirmation": company.name}), ("hand-over", {"successor": "1"})):
        answer = client.post(f"{base}/{path}", body)
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    confirm_identity(client, owner)
    assert client.post(f"{base}/delete", {"confirmation": "x"}).status_code == 400
    assert client.post(f"{base}/delete", {"confirmation": company.name}).status_code == 302
    page = client.get(f"{base}/settings").content.decode()
    assert "Cancel the deletion" in page and "is going to be deleted on" in page
    assert client.post(f"{base}/reopen").status_code == 409
    client.post(f"{base}/delete/cancel")
    assert fresh(company).deletion_due_at is None
    for wrong in ("", "x", "9" * 5_000, "²"):
        assert client.post(f"{base}/hand-over", {"successor": wrong}).status_code == 400
    client.post(f"{base}/hand-over", {"successor": builder.email})
    assert seat(company, builder).role == "owner"
    assert client.post(f"{base}/archive").status_code == 403


def test_the_api(company: Workspace, owner: User, builder: User) -> None:
    api = ApiClient(owner, workspace=company, scopes=["account"])
    base = f"workspaces/{company.slug}"
    assert api("PUT", f"{base}/archive").status_code == 204
    assert fresh(company).archived_at is not None
    assert api("DELETE", f"{base}/archive").status_code == 204
    body = {"confirmation": company.name}
    assert api.post(f"{base}/deletion", body).json()["error"]["code"] == "password_needed"
    answer = api.post(f"{base}/deletion", body | {"password": PASSWORD})
    assert (answer.status_code, set(answer.json())) == (202, {"due"})
    assert api("DELETE", f"{base}/archive").status_code == 409
    assert api("DELETE", f"{base}/deletion").status_code == 204
    heir: dict[str, Any] = {"successor": seat(company, builder).pk}
    assert api.post(f"{base}/hand-over", heir).json()["error"]["code"] == "password_needed"
    assert api.post(f"{base}/hand-over", heir | {"password": PASSWORD}).status_code == 204
    assert seat(company, owner).role == "admin"
