"""Break-glass access: two people, a reason, a notice, a day; nobody else and nothing else is opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from core.errors import DomainError
from core.models import AuditEvent
from core.scope import Scope, open_scope, system_scope
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import ContentAccess, ContentAccessRule, Conversation
from gpts.chat.services.content_access import (
    announce_content_access,
    answer_content_access,
    close_content_access,
    request_content_access,
    set_content_access,
)
from gpts.chat.services.erasure import erase_chats_of_person
from gpts.chat.services.turns import finish_turn, start_first_turn
from gpts.chat.states import ContentAccessState
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.pages import sign_in
from tests.support.reauthentication import confirm_identity
from workspaces.access import personal_workspace
from workspaces.models import Member, Notification, User, Workspace
from workspaces.services.members import remove_member
from workspaces.states import WorkspaceKind

REASON = "Customer data was sent to a wrong address on Monday."


@dataclass
class Company:
    place: Workspace
    owner: User
    admin: User
    member: User
    inside: Conversation
    private: Conversation

    @property
    def page(self) -> str:
        return f"/w/{self.place.slug}/admin/content"


def talk(gpt: Any, person: User, place: Workspace, text: str) -> Conversation:
    turn = start_first_turn(
        gpt=gpt, version=gpt.versions.get(), workspace=place, text=text, by=person, at=timezone.now()
    )
    finish_turn(
        turn_id=turn.pk, text=f"Answer to {text}", input_tokens=1, output_tokens=1, model=None,
        at=timezone.now(), citations=[],
    )  # fmt: skip
    return turn.conversation


@pytest.fixture
def company(transactional_db: None) -> Company:
    with system_scope("tests"):
        owner, admin, member = (UserFactory.create(display_name=name) for name in ("Olga", "Adam", "Mia"))
        place = create_company(owner, admin=admin, member=member)
        Workspace.objects.filter(pk=place.pk).update(kind=WorkspaceKind.ENTERPRISE)
        place.refresh_from_db()
        gpt = GPTFactory.create(owner=owner, workspace=place)
        version = VersionFactory.create(gpt=gpt)
        for audience in (Audience.WORKSPACE, Audience.PUBLIC):
            set_live_version(gpt=gpt, version=version, audience=audience, at=timezone.now())
        inside = talk(gpt, member, place, "the wrong address")
        private = talk(gpt, member, personal_workspace(member), "my doctor")
    return Company(place, owner, admin, member, inside, private)


def allow(company: Company) -> None:
    with system_scope("tests"):
        set_content_access(workspace=company.place, is_allowed=True, by=company.owner, at=timezone.now())


def ask(company: Company, by: User | None = None, **fields: Any) -> ContentAccess:
    values: dict[str, Any] = {"email": company.member.email, "reason": REASON, "at": timezone.now()} | fields
    with system_scope("tests"):
        return request_content_access(workspace=company.place, by=by or company.admin, **values)


def answer(access: ContentAccess, by: User, *, is_approved: bool = True, **fields: Any) -> ContentAccess:
    with system_scope("tests"):
        return answer_content_access(
            access=access, is_approved=is_approved, by=by, **({"at": timezone.now()} | fields)
        )


def enter(user: User) -> Client:
    return confirm_identity(sign_in(user), user)


def refused(act: Any) -> str:
    with pytest.raises(DomainError) as error:
        act()
    return str(error.value.code)


def list_actions() -> list[str]:
    with system_scope("tests"):
        events = AuditEvent.objects.filter(action__startswith="gpts.content").order_by("sequence")
        return list(events.values_list("action", flat=True))


def test_two_people_open_a_persons_conversations_of_the_company_and_nothing_else(company: Company) -> None:
    owner, admin = enter(company.owner), enter(company.admin)
    assert owner.post(f"{company.page}/rule", {"is_allowed": "1"}).status_code == 302
    asked = admin.post(company.page, {"email": company.member.email, "reason": REASON})
    assert asked.status_code == 302
    with system_scope("tests"):
        access = ContentAccess.objects.get()
    opened = f"{company.page}/{access.pk}"
    assert owner.get(opened).status_code == 404, "nobody has agreed"

    agreed = owner.post(f"{opened}/answer", {"answer": "open"})

    assert agreed.headers["Location"] == opened
    for client in (owner, admin):
        listed = client.get(opened).content.decode()
        assert str(company.inside.pk) in listed
        assert str(company.private.pk) not in listed, "the person's own workspace is not the company's"
        read = client.get(f"{opened}/{company.inside.pk}")
        assert "Answer to the wrong address" in read.content.decode()
        assert client.get(f"{opened}/{company.private.pk}").status_code == 404
    assert list_actions() == [
        "gpts.content_access_rule_set",
        "gpts.content_access_requested",
        "gpts.content_access_opened",
        "gpts.content_read",
        "gpts.content_read",
    ]
    with system_scope("tests"):
        note = Notification.objects.get(user=company.member, kind="gpts.content_opened")
    assert note.body == f"Adam asked for it and Olga agreed. They gave this reason:\n\n{REASON}"
    run_enqueued_jobs()
    assert [message.to for message in mail.outbox] == [[company.member.email]]
    mine = enter(company.member).get("/settings/content-access").content.decode()
    assert REASON in mine
    assert "Adam asked and Olga agreed" in mine


def test_it_takes_two_and_neither_is_the_person_concerned(company: Company) -> None:
    allow(company)
    access = ask(company)
    about_owner = ask(company, email=company.owner.email)
    assert refused(lambda: answer(access, company.admin)) == "own_request"
    assert refused(lambda: answer(about_owner, company.owner)) == "own_content"
    assert refused(lambda: ask(company, email=company.admin.email)) == "own_content"
    with system_scope("tests"):
        assert set(ContentAccess.objects.values_list("state", flat=True)) == {"requested"}
        assert not ContentAccess.objects.filter(decided_by__isnull=False).exists()
        with pytest.raises(IntegrityError), transaction.atomic():
            ContentAccess.objects.filter(pk=access.pk).update(
                state="opened", decided_by=company.admin, ends_at=timezone.now()
            )
        with pytest.raises(IntegrityError), transaction.atomic():
            ContentAccess.objects.filter(pk=access.pk).update(decided_by=company.member)
    member = enter(company.member)
    assert member.get(company.page).status_code == 403
    assert member.post(f"{company.page}/{access.pk}/answer", {"answer": "open"}).status_code == 403


def test_what_is_refused_changes_nothing(company: Company) -> None:
    assert refused(lambda: ask(company)) == "content_access_off"
    allow(company)
    with system_scope("tests"):
        stranger = UserFactory.create()
    day = timezone.now().date()
    refusals = {
        "reason_too_short": {"reason": "because"},
        "reason_too_long": {"reason": "why " * 400},
        "not_a_member": {"email": stranger.email},
        "date_invalid": {"until": day.replace(year=9999)},
        "range_invalid": {"since": day, "until": day - timedelta(days=1)},
    }
    for code, fields in refusals.items():
        assert refused(lambda fields=fields: ask(company, **fields)) == code
    assert refused(lambda: ask(company, email="nobody@example.org")) == "not_a_member"
    assert refused(lambda: ask(company, email="x" * 9_000)) == "not_a_member"
    with system_scope("tests"):
        assert not ContentAccess.objects.exists()
        Workspace.objects.filter(pk=company.place.pk).update(kind=WorkspaceKind.TEAM)
        company.place.refresh_from_db()
    assert refused(lambda: ask(company)) == "enterprise_only"
    assert list_actions() == ["gpts.content_access_rule_set"]


def test_one_open_request_for_a_person_and_old_ones_give_way(company: Company) -> None:
    allow(company)
    long_ago = timezone.now() - timedelta(days=8)
    old = ask(company, at=long_ago)
    assert refused(lambda: ask(company, at=long_ago + timedelta(days=1))) == "already_requested"
    assert refused(lambda: answer(old, company.owner)) == "request_too_old"
    new = ask(company)
    old.refresh_from_db()
    assert (old.state, new.state) == (ContentAccessState.WITHDRAWN, ContentAccessState.REQUESTED)
    assert refused(lambda: answer(old, company.owner)) == "already_answered"
    assert answer(new, company.owner, is_approved=False).state == ContentAccessState.REFUSED
    with system_scope("tests"):
        assert not Notification.objects.filter(user=company.member, kind="gpts.content_opened").exists()


@pytest.mark.parametrize("way", ["time", "closed", "rule", "role"])
def test_an_access_ends(company: Company, way: str) -> None:
    allow(company)
    access = answer(ask(company), company.owner)
    admin, opened = enter(company.admin), f"{company.page}/{access.pk}/{company.inside.pk}"
    assert admin.get(opened).status_code == 200
    with system_scope("tests"):
        if way == "time":
            ContentAccess.objects.filter(pk=access.pk).update(ends_at=timezone.now())
        elif way == "closed":
            close_content_access(access=access, by=company.owner, at=timezone.now())
        elif way == "rule":
            set_content_access(workspace=company.place, is_allowed=False, by=company.owner, at=timezone.now())
        else:
            Member.objects.filter(workspace=company.place, user=company.admin).update(role="member")
    read_before = list_actions().count("gpts.content_read")
    assert admin.get(opened).status_code == 403
    assert list_actions().count("gpts.content_read") == read_before


def test_what_ended_by_itself_is_not_closed_again(company: Company) -> None:
    allow(company)
    access = answer(ask(company), company.owner)
    long_ago = timezone.now() - timedelta(days=30)
    with system_scope("tests"):
        ContentAccess.objects.filter(pk=access.pk).update(ends_at=long_ago)
        set_content_access(workspace=company.place, is_allowed=False, by=company.owner, at=timezone.now())
        close_content_access(access=access, by=company.owner, at=timezone.now())
    access.refresh_from_db()
    assert (access.state, access.ends_at) == (ContentAccessState.OPENED, long_ago)
    assert "gpts.content_access_closed" not in list_actions()


def test_conversations_of_somebody_who_left_within_the_days(company: Company) -> None:
    allow(company)
    with system_scope("tests"):
        seat = Member.objects.select_related("workspace", "user").get(
            workspace=company.place, user=company.member
        )
        remove_member(member=seat, by=company.owner, at=timezone.now())
    day = timezone.now().date()
    before = answer(ask(company, until=day - timedelta(days=1)), company.owner)
    today = answer(ask(company, since=day, until=day), company.owner)
    admin = enter(company.admin)
    assert str(company.inside.pk) not in admin.get(f"{company.page}/{before.pk}").content.decode()
    assert str(company.inside.pk) in admin.get(f"{company.page}/{today.pk}").content.decode()


def test_members_are_told_once_that_it_is_possible(company: Company) -> None:
    allow(company)
    run_enqueued_jobs()
    with system_scope("tests"):
        rule = ContentAccessRule.objects.get()
        again = announce_content_access(
            workspace_id=company.place.pk, since=rule.changed_at, at=timezone.now()
        )
        told = Notification.objects.filter(kind="gpts.content_access_allowed")
        assert sorted(told.values_list("user__display_name", flat=True)) == ["Adam", "Mia", "Olga"]
    assert again == 0
    mine = enter(company.member).get("/settings/content-access").content.decode()
    assert company.place.name in mine


def test_another_company_and_raw_sql_reach_nothing(company: Company) -> None:
    allow(company)
    access = answer(ask(company), company.owner)
    with system_scope("tests"):
        stranger = UserFactory.create()
        other = create_company(stranger)
    page = f"/w/{other.slug}/admin/content/{access.pk}"
    assert enter(stranger).get(page).status_code == 404
    assert enter(stranger).get(f"{page}/{company.inside.pk}").status_code == 404
    scope = Scope(user_id=stranger.pk, workspace_ids=(other.pk,), admin_workspace_ids=(other.pk,))
    with open_scope(scope):
        assert not ContentAccess.objects.exists()
        assert not ContentAccess.objects.update(state="ended")


def test_the_reason_is_erased_with_the_person(company: Company) -> None:
    allow(company)
    access = answer(ask(company), company.owner)
    with system_scope("tests"):
        erase_chats_of_person(company.member, timezone.now())
    access.refresh_from_db()
    assert access.reason == ""
