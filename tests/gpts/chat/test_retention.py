"""How long companies keep conversations: proposed, counted, saved, applied; holds keep what they name."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import Conflict, DomainError, Forbidden, NotFound
from core.ids import uuid7
from core.models import AuditEvent
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.chat.models import Conversation, LegalHold, RetentionRule, Turn
from gpts.chat.services.erasure import erase_chats_of_person
from gpts.chat.services.removal import remove_expired_conversations
from gpts.chat.services.retention import (
    apply_retention,
    count_rule,
    end_hold,
    end_rule,
    propose_rule,
    save_rule,
    start_hold,
)
from gpts.chat.services.turns import delete_conversation
from gpts.llm.states import TurnState
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.erasure import ErasureWaits
from workspaces.models import Member, User, Workspace
from workspaces.services.leaving import delete_workspace
from workspaces.services.life_cycle import GRACE, delete_due_workspaces, plan_deletion

pytestmark = pytest.mark.django_db

REASON = "A dispute about an offer of March."


class Stage:
    def __init__(self) -> None:
        self.boss = UserFactory.create(display_name="Boss")
        self.ann, self.bob = UserFactory.create(display_name="Ann"), UserFactory.create(display_name="Bob")
        self.company: Workspace = create_company(self.boss, builder=self.ann, member=self.bob)
        self.desk = GPTFactory.create(owner=self.ann, workspace=self.company, name="Desk")
        self.letters = GPTFactory.create(owner=self.ann, workspace=self.company, name="Letters")

    def talk(self, user: User, gpt: GPT, days: int, place: Workspace | None = None, **fields: Any) -> UUID:
        at = NOW - timedelta(days=days)
        conversation = Conversation.objects.create(
            user=user, gpt=gpt, workspace=place or self.company, created_at=at, updated_at=at, **fields
        )
        return conversation.pk

    def answer(self, conversation_id: UUID, gpt: GPT, state: str = TurnState.FINISHED) -> None:
        conversation = Conversation.objects.get(pk=conversation_id)
        is_over = state != TurnState.RUNNING
        Turn.objects.create(
            id=uuid7(NOW), conversation=conversation, user=conversation.user, gpt=gpt, position=1,
            state=state, workspace=conversation.workspace, started_at=NOW, ended_at=NOW if is_over else None,
        )  # fmt: skip

    def rule(self, days: int, gpt: GPT | None = None) -> RetentionRule:
        rule = propose_rule(workspace=self.company, gpt=gpt, days=days, by=self.boss, at=NOW)
        assert count_rule(rule_id=rule.pk, at=NOW)
        return save_rule(rule=rule, by=self.boss, at=NOW)

    def hold(self, email: str = "", gpt: GPT | None = None) -> LegalHold:
        return start_hold(workspace=self.company, email=email, gpt=gpt, reason=REASON, by=self.boss, at=NOW)

    def left(self) -> set[UUID]:
        return set(Conversation.objects.values_list("pk", flat=True))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def clock() -> datetime:
    return NOW


def test_a_rule_deletes_what_is_due_and_nothing_else(stage: Stage) -> None:
    old = stage.talk(stage.ann, stage.desk, 31)
    hidden = stage.talk(stage.bob, stage.desk, 40, deleted_at=NOW)
    running = stage.talk(stage.bob, stage.desk, 50)
    stage.answer(running, stage.desk, TurnState.RUNNING)
    fresh = stage.talk(stage.ann, stage.desk, 29)
    # Letters has a longer rule of its own.
    kept, ended = stage.talk(stage.ann, stage.letters, 60), stage.talk(stage.ann, stage.letters, 100)
    private = stage.talk(stage.ann, stage.desk, 400, stage.ann.personal_workspace)
    stage.rule(90, stage.letters)
    rule = stage.rule(30)

    removed = apply_retention(clock=clock)
    again = apply_retention(clock=clock)

    assert (rule.conversation_count, rule.held_count) == (3, 0)
    assert (removed, again) == (3, 0)
    assert stage.left() == {running, fresh, kept, private}
    assert not {old, hidden, ended} & stage.left()
    events = AuditEvent.objects.filter(action="gpts.conversations_expired").order_by("id")
    assert sorted(event.data["count"] for event in events) == [1, 2]
    assert all(event.is_automated and event.workspace_id == stage.company.pk for event in events)


def test_a_rule_is_counted_before_it_is_saved_and_replaces_the_one_before(
    stage: Stage, django_capture_on_commit_callbacks: Any
) -> None:
    stage.talk(stage.ann, stage.desk, 31)
    stage.talk(stage.bob, stage.desk, 31)
    stage.hold(email=stage.bob.email)
    client, base = sign_in(stage.boss), f"/w/{stage.company.slug}/admin/retention"
    with django_capture_on_commit_callbacks(execute=True):
        asked = client.post(base, {"gpt": "", "days": "30"})
    rule = RetentionRule.objects.get()
    early = client.post(f"{base}/{rule.pk}/save").status_code
    waiting = client.get(asked["Location"]).content.decode()
    run_enqueued_jobs()
    # The clock of the job is not that of the test: counted anew for the day of the rows.
    count_rule(rule_id=rule.pk, at=NOW)
    counted = client.get(asked["Location"]).content.decode()
    too_old = client.post(f"{base}/{rule.pk}/save").status_code
    RetentionRule.objects.update(counted_at=timezone.now())
    saved = client.post(f"{base}/{rule.pk}/save").status_code

    rule.refresh_from_db()
    assert (early, too_old, saved) == (409, 409, 302)
    assert "Counting what this would delete" in waiting
    assert "1 conversation would be deleted within the hour." in counted
    assert "1 more stays" in counted
    assert rule.saved_at is not None
    second = stage.rule(60)
    rule.refresh_from_db()
    assert (rule.ended_at, second.ended_at) == (NOW, None)
    end_rule(rule=second, by=stage.boss, at=NOW)
    changes = [
        event.data["changes"]["retention_days"]
        for event in AuditEvent.objects.filter(action="gpts.retention_set").order_by("id")
    ]
    assert changes == [[None, 30], [30, 60], [60, None]]
    with pytest.raises(Conflict):
        save_rule(rule=rule, by=stage.boss, at=NOW)
    assert apply_retention(clock=clock) == 0


@pytest.mark.parametrize("days", [0, -1, 3_651])
def test_wrong_days_and_personal_workspaces_are_refused(stage: Stage, days: int) -> None:
    with pytest.raises(DomainError) as refusal:
        propose_rule(workspace=stage.company, gpt=None, days=days, by=stage.boss, at=NOW)
    with pytest.raises(Conflict):
        propose_rule(workspace=stage.boss.personal_workspace, gpt=None, days=3, by=stage.boss, at=NOW)
    page = sign_in(stage.boss).post(f"/w/{stage.company.slug}/admin/retention", {"gpt": "", "days": days})

    assert refusal.value.field == "days"
    assert page.status_code == 400
    assert not RetentionRule.objects.exists()


def test_what_is_held_is_deleted_by_nobody(stage: Stage) -> None:
    of_bob = stage.talk(stage.bob, stage.letters, 100)
    with_desk = stage.talk(stage.ann, stage.desk, 100)
    mentioned = stage.talk(stage.ann, stage.letters, 100)
    stage.answer(mentioned, stage.desk)
    temporary = stage.talk(stage.bob, stage.letters, 1, is_temporary=True, expires_at=NOW)
    free = stage.talk(stage.ann, stage.letters, 100)
    person_hold, gpt_hold = stage.hold(email=stage.bob.email.upper()), stage.hold(gpt=stage.desk)
    stage.rule(30)

    assert apply_retention(clock=clock) == 1
    with system_scope("tests"):
        assert remove_expired_conversations(at=NOW) == 0
    for pk in (of_bob, with_desk, mentioned):
        with pytest.raises(Conflict) as refusal:
            delete_conversation(conversation=Conversation.objects.get(pk=pk), at=NOW)
        assert refusal.value.code == "legal_hold"
        assert stage.company.name in str(refusal.value.message) and REASON not in str(refusal.value.message)
    assert stage.left() == {of_bob, with_desk, mentioned, temporary}
    assert free not in stage.left()
    assert not Conversation.objects.filter(deleted_at__isnull=False).exists()
    # Also once he has left, on the page as in the service.
    Member.objects.filter(workspace=stage.company, user=stage.bob).delete()
    refused = sign_in(stage.bob).post(f"/c/{of_bob}/delete")
    assert refused.status_code == 409
    assert Conversation.objects.get(pk=of_bob).deleted_at is None

    end_hold(hold=gpt_hold, by=stage.boss, at=NOW)
    end_hold(hold=person_hold, by=stage.boss, at=NOW)
    assert apply_retention(clock=clock) == 3
    events = AuditEvent.objects.filter(action__startswith="gpts.legal_hold").order_by("id")
    assert [(event.action, event.data) for event in events] == [
        ("gpts.legal_hold_started", {"user_id": stage.bob.pk}),
        ("gpts.legal_hold_started", {"gpt_id": stage.desk.pk}),
        ("gpts.legal_hold_ended", {"gpt_id": stage.desk.pk}),
        ("gpts.legal_hold_ended", {"user_id": stage.bob.pk}),
    ]


def test_who_left_is_held_by_an_address_that_is_a_part_of_a_members(stage: Stage) -> None:
    client, url = sign_in(stage.boss), f"/w/{stage.company.slug}/admin/retention/holds"
    left = UserFactory.create(email="ann@acme.test")
    seat = MemberFactory.create(workspace=stage.company, user=left, role="member", by=stage.boss)
    stage.talk(left, stage.desk, 1)
    seat.delete()
    joann = UserFactory.create(email="joann@acme.test", display_name="Joann")
    MemberFactory.create(workspace=stage.company, user=joann, role="member", by=stage.boss)

    partly = client.post(url, {"email": "joan", "gpt": "", "reason": REASON})
    assert partly.status_code == 400
    assert "Joann · joann@acme.test" in partly.content.decode()
    assert client.post(url, {"email": "ann@acme.test", "gpt": "", "reason": REASON}).status_code == 302

    assert LegalHold.objects.get().person == left


def test_erasures_wait_for_the_end_of_a_hold(stage: Stage) -> None:
    held = stage.talk(stage.bob, stage.desk, 1)
    stage.talk(stage.bob, stage.desk, 1, stage.bob.personal_workspace)
    hold = stage.hold(email=stage.bob.email)

    with system_scope("tests"):
        assert erase_chats_of_person(stage.bob, NOW) == 1
        with pytest.raises(ErasureWaits):
            erase_chats_of_person(stage.bob, NOW)
    assert stage.left() == {held}
    with pytest.raises(Conflict) as refusal:
        delete_workspace(workspace=stage.company, confirmation=stage.company.name, by=stage.boss, at=NOW)
    assert refusal.value.code == "gpts.chat_obstacle"
    assert Workspace.objects.get(pk=stage.company.pk).suspended_at is None

    end_hold(hold=hold, by=stage.boss, at=NOW)
    with system_scope("tests"):
        assert (erase_chats_of_person(stage.bob, NOW), erase_chats_of_person(stage.bob, NOW)) == (1, 0)
    assert LegalHold.objects.get().reason == ""


def test_a_deleted_gpt_is_held_and_nobody_ends_a_hold_on_themselves(stage: Stage) -> None:
    kept = stage.talk(stage.bob, stage.desk, 100)
    GPT.objects.filter(pk=stage.desk.pk).update(deleted_at=NOW)
    body = {"email": "", "gpt": stage.desk.slug, "reason": REASON}
    made = ApiClient(stage.boss, stage.company, ("account",)).post(
        f"workspaces/{stage.company.slug}/legal-holds", body
    )
    stage.rule(30)
    own = stage.hold(email=stage.boss.email)

    with pytest.raises(Forbidden) as refusal:
        end_hold(hold=own, by=stage.boss, at=NOW)

    own.refresh_from_db()
    assert (refusal.value.code, own.ended_at) == ("own_hold", None)
    assert (made.status_code, made.json()["gpt"]) == (201, stage.desk.slug)
    offered = sign_in(stage.boss).get(f"/w/{stage.company.slug}/admin/gpts/search?for=hold&q=desk")
    assert re.search(r"Desk</bdi>.*>deleted</span>", offered.content.decode(), re.DOTALL)
    assert (apply_retention(clock=clock), stage.left()) == (0, {kept})


def test_a_hold_keeps_its_workspace_and_no_other_from_being_deleted(stage: Stage) -> None:
    other = create_company(stage.boss)
    refused = create_company(stage.boss)
    for place in (stage.company, other):
        plan_deletion(workspace=place, confirmation=place.name, by=stage.boss, at=NOW)
    stage.hold(email=stage.bob.email)
    start_hold(workspace=refused, email=stage.boss.email, reason=REASON, by=stage.boss, at=NOW)
    with pytest.raises(Conflict) as refusal:
        plan_deletion(workspace=refused, confirmation=refused.name, by=stage.boss, at=NOW)

    with system_scope("tests"):
        assert delete_due_workspaces(at=NOW + GRACE) == 1

    closed = Workspace.objects.filter(suspended_at__isnull=False)
    assert (refusal.value.code, list(closed)) == ("gpts.chat_obstacle", [other])
    with pytest.raises(NotFound):
        start_hold(workspace=other, email=stage.boss.email, reason=REASON, by=stage.boss, at=NOW)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "", "gpt": "", "reason": REASON}, "hold_invalid"),
        ({"email": "bob", "gpt": "desk", "reason": REASON}, "hold_invalid"),
        ({"email": "nobody@else.test", "gpt": "", "reason": REASON}, "not_a_member"),
        ({"email": "bob", "gpt": "", "reason": "Short"}, "reason_too_short"),
        ({"email": "", "gpt": "no-such", "reason": REASON}, "unknown_gpt"),
    ],
)
def test_a_wrong_hold_is_refused(stage: Stage, body: dict[str, str], code: str) -> None:
    values = body | {"email": stage.bob.email if body["email"] == "bob" else body["email"]}
    values["gpt"] = stage.desk.slug if body["gpt"] == "desk" else body["gpt"]
    client = ApiClient(stage.boss, stage.company, ("account",))

    answer = client.post(f"workspaces/{stage.company.slug}/legal-holds", values)

    assert (answer.status_code in (400, 409), answer.json()["error"]["code"]) == (True, code)
    assert not LegalHold.objects.exists()


def test_the_api_proposes_saves_holds_and_ends(stage: Stage) -> None:
    client, base = ApiClient(stage.boss, stage.company, ("account",)), f"workspaces/{stage.company.slug}"
    proposed = client.post(f"{base}/retention", {"gpt": stage.desk.slug, "days": 30}).json()
    too_early = client.put(f"{base}/retention/{proposed['id']}", {})
    not_in_force = client("DELETE", f"{base}/retention/{proposed['id']}")
    count_rule(rule_id=UUID(proposed["id"]), at=timezone.now())
    saved = client.put(f"{base}/retention/{proposed['id']}", {}).json()
    listed = client.get(f"{base}/retention").json()
    ended = client("DELETE", f"{base}/retention/{proposed['id']}")
    hold = client.post(f"{base}/legal-holds", {"email": stage.ann.email, "reason": REASON}).json()
    twice = client.post(f"{base}/legal-holds", {"email": stage.ann.email, "reason": REASON})
    holds = client.get(f"{base}/legal-holds").json()
    done = client("DELETE", f"{base}/legal-holds/{hold['id']}")

    assert (proposed["conversation_count"], proposed["counted_at"], proposed["gpt"]) == (
        None,
        None,
        stage.desk.slug,
    )
    assert (not_in_force.status_code, not_in_force.json()["error"]["code"]) == (409, "not_in_force")
    assert (too_early.status_code, too_early.json()["error"]["code"]) == (409, "not_counted")
    assert (saved["conversation_count"], saved["held_count"], [one["id"] for one in listed]) == (
        0,
        0,
        [saved["id"]],
    )
    assert (ended.status_code, client.get(f"{base}/retention").json()) == (204, [])
    for kind in ("retention", "legal-holds"):
        absent = client("DELETE", f"{base}/{kind}/{uuid7(NOW)}")
        assert absent.status_code == 404
    assert (twice.status_code, twice.json()["error"]["code"]) == (409, "held_already")
    assert [(one["person"]["display_name"], one["reason"]) for one in holds] == [("Ann", REASON)]
    assert (done.status_code, client.get(f"{base}/legal-holds").json()) == (204, [])


def test_the_page_shows_rules_and_holds_to_admins_and_days_to_members(stage: Stage) -> None:
    stage.rule(30)
    stage.hold(gpt=stage.desk)
    base = f"/w/{stage.company.slug}/admin/retention"
    client = sign_in(stage.boss)

    page = client.get(base).content.decode()
    bad = client.post(f"{base}/holds", {"email": "", "gpt": "", "reason": REASON})
    good = client.post(f"{base}/holds", {"email": stage.bob.email, "gpt": "", "reason": REASON})
    own = sign_in(stage.bob).get("/settings/content-access").content.decode()
    refused = sign_in(stage.ann).get(base).status_code

    assert "Deleted 30 days after the last message" in page and REASON in page
    assert (bad.status_code, good.status_code, refused) == (409, 302, 403) or bad.status_code == 400
    assert f"{stage.company.name} deletes conversations 30 days after the last message" in own
    assert REASON not in own


def test_the_database_holds_the_constraints(stage: Stage) -> None:
    first = stage.rule(30)
    for wrong in (
        RetentionRule(workspace=stage.company, days=0, proposed_at=NOW),
        RetentionRule(workspace=stage.company, days=3_651, proposed_at=NOW),
        RetentionRule(workspace=stage.company, days=3, proposed_at=NOW, ended_at=NOW),
        RetentionRule(workspace=stage.company, days=3, proposed_at=NOW, saved_at=NOW),
        LegalHold(workspace=stage.company, reason="x", started_by=stage.boss, started_at=NOW),
        LegalHold(
            workspace=stage.company, reason="x", started_by=stage.boss, started_at=NOW, gpt=stage.desk,
            person=stage.bob,
        ),
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong.save(force_insert=True)
    assert list(RetentionRule.objects.all()) == [first]
