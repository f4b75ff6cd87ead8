"""Adoption of GPTs from outside: who asks, who decides, what holds, and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import DomainError
from core.models import AuditEvent
from core.scope import open_scope, system_scope
from gpts.assistants.external import build_usable_filter, find_refusal, find_refused_uses
from gpts.assistants.models import GPT, Adoption, AdoptionRequest
from gpts.assistants.queries.adoptions import find_adoption, find_last_request, list_own_requests
from gpts.assistants.services.adoptions import (
    approve_adoption,
    block_gpt,
    refuse_request,
    request_adoption,
    tend_adoptions,
    withdraw_adoption,
    withdraw_request,
)
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import ADOPTION_ACTS, AdoptionState, Audience
from tests.support.chat import create_public_gpt
from tests.support.companies import create_company
from tests.support.external import allow_approved, approve, limit_external, open_external
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from workspaces.access import scope_for
from workspaces.models import Group, GroupMember, Member, Notification, User, Workspace

pytestmark = pytest.mark.django_db

REASON = "For the letters to our guests."


@dataclass(frozen=True)
class Stage:
    company: Workspace
    owner: User
    admin: User
    member: User
    other: User
    group: Group
    gpt: GPT


@pytest.fixture
def stage() -> Stage:
    with system_scope("tests"):
        owner, admin, member, other = (UserFactory.create(display_name=name) for name in "OAMX")
        company = create_company(owner, admin=admin, member=member)
        Member.objects.create(workspace=company, user=other, role="member", joined_at=NOW)
        group = Group.objects.create(workspace=company, name="Sailors", created_at=NOW)
        GroupMember.objects.create(group=group, member=Member.objects.get(workspace=company, user=member))
    return Stage(company, owner, admin, member, other, group, create_public_gpt(name="Outside"))


def ask(stage: Stage, by: User, reason: str = REASON) -> AdoptionRequest:
    fresh = User.objects.get(pk=by.pk)
    with open_scope(scope_for(fresh)):
        return request_adoption(
            workspace=stage.company, gpt=stage.gpt, reason=reason, by=fresh, at=timezone.now()
        )


def decide(stage: Stage, by: User, number: int = 1, **fields: Any) -> Adoption:
    fresh, now = User.objects.get(pk=by.pk), timezone.now()
    values: dict[str, Any] = {
        "groups": None,
        "expires_at": now + timedelta(days=100),
        "recertify_at": now + timedelta(days=50),
    } | fields
    with open_scope(scope_for(fresh)):
        return approve_adoption(
            workspace=stage.company, gpt=stage.gpt, number=number, by=fresh, at=now, **values
        )


def may_use(stage: Stage, user: User) -> bool:
    """Whether one person may use the GPT; lists and rechecks say the same."""
    fresh = User.objects.get(pk=user.pk)
    with open_scope(scope_for(fresh)):
        one = find_refusal(fresh, stage.gpt) is None
        listed = GPT.objects.filter(build_usable_filter(fresh), pk=stage.gpt.pk).exists()
        refused = find_refused_uses([(fresh.pk, stage.gpt.pk, stage.gpt.workspace_id)])
    assert one == listed == (not refused)
    return one


def take_actions() -> list[str]:
    with system_scope("tests"):
        found = AuditEvent.objects.filter(action__startswith="gpts.adoption").order_by("pk")
        return [action.removeprefix("gpts.adoption_") for action in found.values_list("action", flat=True)]


def list_notices(user: User) -> list[str]:
    with system_scope("tests"):
        return list(Notification.objects.filter(user=user).order_by("pk").values_list("title", flat=True))


def refuse(code: str, act: Callable[[], Any]) -> None:
    before = take_actions(), _count()
    with pytest.raises(DomainError) as error, transaction.atomic():
        act()
    assert error.value.code == code
    assert (take_actions(), _count()) == before


def _count() -> tuple[int, int, int]:
    with system_scope("tests"):
        return Adoption.objects.count(), AdoptionRequest.objects.count(), Notification.objects.count()


def test_what_is_approved_and_blocked_holds_under_every_policy(stage: Stage) -> None:
    people = {"member": stage.member, "other": stage.other}

    def see() -> dict[str, bool]:
        return {name: may_use(stage, user) for name, user in people.items()}

    both, nobody = {"member": True, "other": True}, {"member": False, "other": False}
    assert see() == both
    allow_approved(stage.company)
    assert see() == nobody
    approve(stage.company, stage.gpt, groups=[stage.group])
    assert see() == {"member": True, "other": False}
    approve(stage.company, stage.gpt)
    assert see() == both
    with system_scope("tests"):
        Adoption.objects.update(expires_at=timezone.now())
    assert see() == nobody
    approve(stage.company, stage.gpt)
    # A rule against everything from outside is stronger than an approval.
    limit_external(stage.company)
    assert see() == nobody
    open_external(stage.company)
    assert see() == both
    with system_scope("tests"):
        block_gpt(workspace=stage.company, gpt=stage.gpt, note="It leaks.", by=stage.owner, at=NOW)
    assert see() == nobody
    # Another company of the person decides too, and people without this company are free.
    with system_scope("tests"):
        second = create_company(UserFactory.create(), member=stage.other)
    approve(second, stage.gpt)
    assert see() == nobody
    assert may_use(stage, UserFactory.create())


def test_a_member_asks_and_another_person_answers(stage: Stage) -> None:
    asked = ask(stage, stage.member)
    assert list_notices(stage.owner) == list_notices(stage.admin) == ["M asks for Outside"]
    refuse("already_requested", lambda: ask(stage, stage.member))
    refuse("reason_too_short", lambda: ask(stage, stage.other, "  please \x00 "))
    refuse("reason_too_long", lambda: ask(stage, stage.other, "x" * 10_000))
    own = ask(stage, stage.admin)
    refuse("own_request", lambda: decide(stage, stage.admin))
    with open_scope(scope_for(User.objects.get(pk=stage.admin.pk))):
        refuse("own_request", lambda: refuse_request(request=own, answer="No, no.", by=stage.admin, at=NOW))
        refuse("reason_too_short", lambda: refuse_request(request=asked, answer=" ", by=stage.admin, at=NOW))
        refuse_request(request=asked, answer="We have one of our own.", by=stage.admin, at=NOW)
        refuse(
            "already_answered", lambda: refuse_request(request=asked, answer="No.", by=stage.admin, at=NOW)
        )
    assert list_notices(stage.member) == ["Outside was not approved"]
    # Asked again, taken back, asked again; the approval answers every open request.
    again = ask(stage, stage.member)
    fresh = User.objects.get(pk=stage.member.pk)
    with open_scope(scope_for(fresh)):
        withdraw_request(request=again, by=fresh, at=NOW)
        withdraw_request(request=own, by=fresh, at=NOW)  # somebody else's stays
    ask(stage, stage.member)
    decide(stage, stage.owner)
    with system_scope("tests"):
        states = AdoptionRequest.objects.order_by("pk").values_list("requested_by", "state", "decided_by")
        assert list(states) == [
            (stage.member.pk, "refused", stage.admin.pk),
            (stage.admin.pk, "approved", stage.owner.pk),
            (stage.member.pk, "withdrawn", None),
            (stage.member.pk, "approved", stage.owner.pk),
        ]
    assert list_notices(stage.member)[-1] == "Outside is approved"
    refuse("already_approved", lambda: ask(stage, stage.other))
    assert take_actions() == [
        "requested", "requested", "refused", "requested", "request_withdrawn", "requested", "approved",
    ]  # fmt: skip
    with system_scope("tests"), pytest.raises(IntegrityError), transaction.atomic():
        AdoptionRequest.objects.create(
            workspace=stage.company, gpt=stage.gpt, requested_by=stage.member, reason="x",
            requested_at=NOW, decided_by=stage.member,
        )  # fmt: skip


def test_nobody_approves_what_they_asked_for(stage: Stage) -> None:
    def count() -> int:
        with system_scope("tests"):
            return Adoption.objects.count()

    def take_back(request: AdoptionRequest) -> None:
        fresh = User.objects.get(pk=stage.admin.pk)
        with open_scope(scope_for(fresh)):
            withdraw_request(request=request, by=fresh, at=NOW)
            last = find_last_request(stage.company.pk, stage.gpt, fresh)
            assert [one for one in list_own_requests(stage.company, fresh) if one != last] == []
            assert last is None or last.state == "refused"

    take_back(ask(stage, stage.admin))
    refuse("own_request", lambda: decide(stage, stage.admin))
    again = ask(stage, stage.admin)
    with system_scope("tests"):
        refuse_request(request=again, answer="We have one of our own.", by=stage.owner, at=NOW)
    refuse("own_request", lambda: decide(stage, stage.admin))
    assert count() == 0
    take_back(ask(stage, stage.admin))
    with system_scope("tests"):
        kept = AdoptionRequest.objects.filter(state="withdrawn").values_list("requested_by", "reason")
        assert list(kept) == [(stage.admin.pk, "")] * 2
    # Another person agreed, so that either may renew.
    assert decide(stage, stage.owner).decided_by == stage.owner
    assert decide(stage, stage.admin).decided_by == stage.admin


def test_what_cannot_be_approved(stage: Stage) -> None:
    now = timezone.now()
    with system_scope("tests"):
        foreign = Group.objects.create(
            workspace=create_company(UserFactory.create()), name="Others", created_at=NOW
        )
    day = timedelta(days=1)
    refuse("version_changed", lambda: decide(stage, stage.owner, 2))
    refuse("range_invalid", lambda: decide(stage, stage.owner, expires_at=now - day))
    refuse("range_invalid", lambda: decide(stage, stage.owner, expires_at=now + 900 * day))
    refuse("range_invalid", lambda: decide(stage, stage.owner, recertify_at=now + 101 * day))
    refuse("unknown_group", lambda: decide(stage, stage.owner, groups=[]))
    refuse("unknown_group", lambda: decide(stage, stage.owner, groups=[foreign]))
    private = GPTFactory.create()
    own = GPTFactory.create(workspace=stage.company, owner=stage.owner)
    refuse("not_in_store", lambda: decide(replace(stage, gpt=private), stage.owner))
    refuse("not_external", lambda: decide(replace(stage, gpt=own), stage.owner))
    with system_scope("tests"), pytest.raises(IntegrityError), transaction.atomic():
        Adoption.objects.create(workspace=stage.company, gpt=stage.gpt, state="approved", decided_at=NOW)


@pytest.mark.parametrize("state", ["", *AdoptionState.values])
def test_all_states_and_acts(stage: Stage, state: str) -> None:
    with system_scope("tests"):
        if state:
            live = stage.gpt.live_versions.get()
            later = timezone.now() - timedelta(minutes=1)
            Adoption.objects.create(
                workspace=stage.company, gpt=stage.gpt, version_id=live.version_id, state=state,
                decided_at=NOW, expires_at=later, recertify_at=later, offered_version_id=live.version_id,
            )  # fmt: skip

        def withdraw() -> None:
            adoption = find_adoption(stage.company.pk, stage.gpt)
            if adoption is not None:
                withdraw_adoption(adoption=adoption, by=stage.owner, at=NOW)

        acts: dict[str, Callable[[], Any]] = {
            "approve": lambda: decide(stage, stage.owner),
            "block": lambda: block_gpt(
                workspace=stage.company, gpt=stage.gpt, note="It leaks.", by=stage.owner, at=NOW
            ),
            "withdraw": withdraw,
            "expire": lambda: tend_adoptions(at=timezone.now()),
        }
        assert set(acts) == set(ADOPTION_ACTS)
        for name, act in acts.items():
            allowed, after = ADOPTION_ACTS[name]
            saved = transaction.savepoint()
            if state in allowed:
                act()
                assert find_adoption(stage.company.pk, stage.gpt).state == after
            elif name == "expire" or not state:
                act()
                found = find_adoption(stage.company.pk, stage.gpt)
                assert (found.state if found else "") == state
            else:
                refuse("gpt_blocked" if name == "approve" else "wrong_state", act)
            transaction.savepoint_rollback(saved)


def test_a_blocked_gpt_is_not_asked_for_and_its_requests_are_refused(stage: Stage) -> None:
    ask(stage, stage.member)
    with system_scope("tests"):
        adoption = block_gpt(workspace=stage.company, gpt=stage.gpt, note="It leaks.", by=stage.owner, at=NOW)
        answered = AdoptionRequest.objects.get()
        assert (answered.state, answered.answer) == ("refused", "It leaks.")
        before = AuditEvent.objects.get(action="gpts.adoption_blocked").data["changes"]["adoption"]
        assert before == [None, "blocked"]
    refuse("gpt_blocked", lambda: ask(stage, stage.other))
    refuse("gpt_blocked", lambda: decide(stage, stage.owner))
    with system_scope("tests"):
        withdraw_adoption(adoption=adoption, by=stage.owner, at=NOW)
    assert may_use(stage, stage.member)
    ask(stage, stage.other)


def test_ends_looks_and_new_versions_are_told_once(stage: Stage) -> None:
    start = timezone.now()
    approve(stage.company, stage.gpt, days=100)

    def tend(days: float) -> list[str]:
        at: datetime = start + timedelta(days=days)
        with system_scope("tests"):
            seen = Notification.objects.count()
            tend_adoptions(at=at)
            tend_adoptions(at=at)
            assert Notification.objects.filter(user=stage.admin).count() * 2 == Notification.objects.count()
            fresh = Notification.objects.filter(user=stage.admin).order_by("created_at")
            return list(fresh.values_list("title", flat=True))[seen // 2 :]

    assert tend(1) == []
    assert tend(37) == ["Look at Outside again and renew its approval"]
    assert tend(60) == []
    with system_scope("tests"):
        GPT.objects.filter(pk=stage.gpt.pk).update(instructions="New.")
        stage.gpt.refresh_from_db()
        version = freeze_version(gpt=stage.gpt, release_notes="", by=stage.gpt.owner, at=NOW)
        set_live_version(gpt=stage.gpt, version=version, audience=Audience.PUBLIC, at=NOW)
    assert tend(61) == ["Outside has a new version, which waits for you"]
    assert tend(87) == ["The approval of Outside ends soon"]
    assert tend(101) == ["The approval of Outside has ended"]
    assert tend(200) == []
    with system_scope("tests"):
        adoption = Adoption.objects.get()
        assert (adoption.state, adoption.decided_by) == ("expired", None)
    assert take_actions() == ["approved", "expired"]
    # The pin stays when it is renewed with the version that was approved.
    assert decide(stage, stage.owner, 1).version.number == 1
    assert decide(stage, stage.owner, 2).version.number == 2
