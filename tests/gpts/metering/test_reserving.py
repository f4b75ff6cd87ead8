"""Reserving, capturing and releasing: never above a hard limit, each turn once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connections, transaction
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from core.errors import RateLimited
from core.ids import uuid7
from core.scope import open_scope, system_scope
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.metering.models import Budget, BudgetReservation, BudgetUse
from gpts.metering.services.budgets import BudgetExceeded, capture, release, release_stale
from gpts.tasks import FIND_RUNNING, release_stale_budgets
from tests.support.budgets import (
    NOW,
    add_new_member,
    create_monthly_budget,
    create_owned_company,
    read_counters,
    reserve_turn,
)
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from workspaces.access import personal_workspace, scope_for
from workspaces.models import Group, GroupMember, Member, Notification

pytestmark = pytest.mark.django_db


def test_without_budgets_reserving_takes_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ann, acme = UserFactory.create(), create_owned_company()
    gpt = GPTFactory.create(workspace=acme, owner=add_new_member(acme, role="builder"))
    with django_assert_num_queries(1):
        assert reserve_turn(ann, acme, gpt).count == 0
    assert BudgetUse.objects.count() == 0


def test_a_used_up_limit_refuses_and_says_limit_and_time() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    budget = create_monthly_budget(acme, owner, hard_limit=2)
    held = [reserve_turn(ann, acme, gpt), reserve_turn(ann, acme, gpt)]

    with pytest.raises(BudgetExceeded) as refusal, translation.override("en"):
        reserve_turn(ann, acme, gpt)

    assert refusal.value.code == "budget_exceeded"
    assert str(refusal.value.message) == (
        f"Your limit “Monthly answers” in {acme.name} is used up: 2 answers a month."
        " It opens again at 1 Dec 2026, 00:00 UTC."
    )
    assert refusal.value.data == {
        "opens_at": "2026-12-01T00:00:00+00:00",
        "retry_after": int((datetime(2026, 12, 1, tzinfo=UTC) - NOW).total_seconds()) + 1,
        "window": "month",
        "budget": "Monthly answers",
        "workspace": acme.name,
        "measure": "turns",
        "hard_limit": 2,
        "used": 2,
        "needed": 1,
    }
    assert [one.count for one in held] == [1, 1]
    assert read_counters(budget) == [(ann.pk, 0, 2)]
    # The owner has another counter, and a new month another window.
    reserve_turn(owner, acme, gpt)
    reserve_turn(ann, acme, gpt, at=datetime(2026, 12, 1, tzinfo=UTC))
    assert sorted(read_counters(budget)) == sorted([(owner.pk, 0, 1), (ann.pk, 0, 2), (ann.pk, 0, 1)])


def test_the_refusal_is_translated_to_chinese() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    create_monthly_budget(acme, owner, hard_limit=1, measure="tokens")
    reserve_turn(owner, acme, gpt, tokens=1)
    with pytest.raises(BudgetExceeded) as refusal, translation.override("zh-hans"):
        reserve_turn(owner, acme, gpt, tokens=1)
    assert "2026年12月1日 00:00" in str(refusal.value.message)


@pytest.mark.parametrize(
    ("limits", "needed", "words"),
    [
        (
            {},
            400,
            "Your limit “Tokens” in {place} has no room for this answer: of 1,000 tokens a month, 700 tokens"
            " are used, and it may take 400 tokens. It opens again at 1 Dec 2026, 00:00 UTC.",
        ),
        (
            {"subject": "workspace", "is_each": False},
            400,
            "The limit “Tokens” of {place} has no room for this answer: of 1,000 tokens a month, 700 tokens"
            " are used, and it may take 400 tokens. It opens again at 1 Dec 2026, 00:00 UTC.",
        ),
        (
            {"window": "day"},
            2_000,
            "“Tokens” in {place} allows 1,000 tokens a day, and this answer alone may take 2,000 tokens."
            " Ask an admin for a higher limit, or start a shorter conversation.",
        ),
    ],
)
def test_an_answer_that_does_not_fit_says_what_is_left(
    limits: dict[str, object], needed: int, words: str
) -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    create_monthly_budget(
        acme, owner, **{"name": "Tokens", "measure": "tokens", "hard_limit": 1_000} | limits
    )
    reserve_turn(owner, acme, gpt, tokens=700)

    with pytest.raises(BudgetExceeded) as refusal, translation.override("en"):
        reserve_turn(owner, acme, gpt, tokens=needed)

    assert str(refusal.value.message) == words.format(place=acme.name)
    assert (refusal.value.data["used"], refusal.value.data["needed"]) == (700, needed)


def test_the_refusal_gives_the_time_in_the_readers_time_zone() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    create_monthly_budget(acme, owner, hard_limit=1)
    reserve_turn(owner, acme, gpt)
    with (
        pytest.raises(BudgetExceeded) as refusal,
        timezone.override(ZoneInfo("Asia/Shanghai")),
        translation.override("en"),
    ):
        reserve_turn(owner, acme, gpt)
    assert str(refusal.value.message).endswith("It opens again at 1 Dec 2026, 08:00.")


def test_windows_of_a_minute_are_rate_limits() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    create_monthly_budget(acme, owner, window="minute", hard_limit=1)
    reserve_turn(owner, acme, gpt)
    with pytest.raises(RateLimited) as refusal:
        reserve_turn(owner, acme, gpt)
    assert (refusal.value.code, refusal.value.data["retry_after"]) == ("rate_limited", 41)
    reserve_turn(owner, acme, gpt, at=NOW + timedelta(seconds=40))


def test_capture_counts_once_and_release_counts_nothing() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    cost = create_monthly_budget(
        acme, owner, name="Cost", measure="cost_micros", hard_limit=10_000, subject="workspace", is_each=False
    )
    tokens = create_monthly_budget(acme, owner, name="Tokens", measure="tokens", hard_limit=1_000)
    turns = create_monthly_budget(acme, owner, name="Answers", soft_limit=1, hard_limit=None)
    first, second = uuid7(NOW), uuid7(NOW)
    reserve_turn(owner, acme, gpt, turn_id=first)
    reserve_turn(owner, acme, gpt, turn_id=second)
    assert (read_counters(cost), read_counters(tokens), read_counters(turns)) == (
        [(None, 0, 2_000)],
        [(owner.pk, 0, 200)],
        [(owner.pk, 0, 2)],
    )

    assert capture(turn_id=first, tokens=70, cost_micros=1_500, at=NOW) == 3
    assert capture(turn_id=first, tokens=70, cost_micros=1_500, at=NOW) == 0
    assert release(turn_id=second) == 3
    assert release(turn_id=second) == 0
    assert release(turn_id=first) == 0

    assert (read_counters(cost), read_counters(tokens), read_counters(turns)) == (
        [(None, 1_500, 0)],
        [(owner.pk, 70, 0)],
        [(owner.pk, 1, 0)],
    )
    assert BudgetReservation.objects.count() == 0


def test_a_refusal_leaves_no_reservation_in_earlier_budgets() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    wide = create_monthly_budget(acme, owner, name="Wide", hard_limit=100)
    create_monthly_budget(acme, owner, name="Tight", measure="tokens", hard_limit=50)
    with pytest.raises(BudgetExceeded):
        reserve_turn(owner, acme, gpt, tokens=51)
    assert read_counters(wide) == [] and BudgetReservation.objects.count() == 0


def test_which_budgets_apply() -> None:
    acme, globex = create_owned_company(), create_owned_company()
    owner, ann, bob = add_new_member(acme, role="owner"), add_new_member(acme), add_new_member(acme)
    eve = add_new_member(globex, role="owner")
    sales = Group.objects.create(workspace=acme, name="Sales", created_at=NOW)
    GroupMember.objects.create(group=sales, member=Member.objects.get(workspace=acme, user=ann))
    gpt, other = (
        GPTFactory.create(workspace=acme, owner=owner),
        GPTFactory.create(workspace=acme, owner=owner),
    )
    create_monthly_budget(acme, owner, name="Ann alone", is_each=False, user_id=ann.pk)
    create_monthly_budget(
        acme, owner, name="Sales together", subject="group", is_each=False, group_id=sales.pk
    )
    create_monthly_budget(acme, owner, name="Each of Sales", subject="group", group_id=sales.pk)
    create_monthly_budget(acme, owner, name="The GPT", subject="gpt", is_each=False, gpt_slug=gpt.slug)
    create_monthly_budget(acme, owner, name="All", subject="workspace", is_each=False)
    create_monthly_budget(globex, eve, name="Globex", subject="workspace", is_each=False)

    def names(user: object, workspace: object, what: object) -> list[str]:
        turn_id = uuid7(NOW)
        reserve_turn(user, workspace, what, turn_id=turn_id)  # type: ignore[arg-type]
        found = BudgetReservation.objects.filter(turn_id=turn_id).order_by("budget_id")
        held = list(found.values_list("budget__name", flat=True))
        release(turn_id=turn_id)
        return held

    assert names(ann, acme, gpt) == ["Ann alone", "Sales together", "Each of Sales", "The GPT", "All"]
    assert names(bob, acme, other) == ["All"]
    # An outsider: the budgets of the workspace that pays, and the creators' budget on this GPT.
    assert names(eve, globex, gpt) == ["The GPT", "Globex"]
    # Ann's personal workspace pays when she chats there; Acme's budgets do not apply.
    assert names(ann, personal_workspace(ann), other) == []


def test_outsiders_are_counted_and_their_refusal_has_no_amounts() -> None:
    acme = create_owned_company()
    owner, eve = add_new_member(acme, role="owner"), UserFactory.create()
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    budget = create_monthly_budget(acme, owner, subject="gpt", is_each=False, gpt_slug=gpt.slug, hard_limit=1)
    version = freeze_version(gpt=gpt, release_notes="", by=owner, at=NOW)
    set_live_version(gpt=gpt, version=version, audience=Audience.LINK, by=owner, at=NOW)
    own = personal_workspace(eve)
    with open_scope(scope_for(eve)):
        turn_id = uuid7(NOW)
        reserve_turn(eve, own, gpt, turn_id=turn_id)
        with pytest.raises(BudgetExceeded) as refusal, translation.override("en"):
            reserve_turn(eve, own, gpt)
        capture(turn_id=turn_id, tokens=1, cost_micros=1, at=NOW)
    assert str(refusal.value.message) == (
        "This GPT has reached the limit that its makers set. It answers again from 1 Dec 2026, 00:00 UTC."
    )
    assert set(refusal.value.data) == {"opens_at", "retry_after", "window"}
    assert read_counters(budget) == [(None, 1, 0)]


def test_the_soft_limit_notifies_admins_and_the_person_once_in_a_window() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    create_monthly_budget(acme, owner, soft_limit=2, hard_limit=9)
    for _number in range(4):
        turn_id = uuid7(NOW)
        reserve_turn(ann, acme, gpt, turn_id=turn_id)
        with open_scope(scope_for(ann)):
            capture(turn_id=turn_id, tokens=1, cost_micros=1, at=NOW)
    notes = Notification.objects.filter(kind="gpts.budget_warning").order_by("user_id")
    assert [(note.user_id, note.title, note.url) for note in notes] == [
        (
            owner.pk,
            f"{ann}: the warning mark of “Monthly answers” is passed",
            f"/w/{acme.slug}/admin/budgets",
        ),
        (ann.pk, "You have passed the warning mark of “Monthly answers”", "/settings/limits"),
    ]
    assert "New answers stop at 9 answers a month." in notes[0].body


def test_row_level_security_hides_counters_of_other_people() -> None:
    acme, globex = create_owned_company(), create_owned_company()
    owner, ann, bob, eve = (
        add_new_member(acme, role="owner"),
        add_new_member(acme),
        add_new_member(acme),
        add_new_member(globex, role="owner"),
    )
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    budget = create_monthly_budget(acme, owner)
    reserve_turn(ann, acme, gpt)

    def seen(user: object) -> tuple[int, int]:
        with open_scope(scope_for(user)):
            return Budget.objects.filter(pk=budget.pk).count(), BudgetUse.objects.count()

    assert [seen(who) for who in (ann, owner, bob, eve)] == [(1, 1), (1, 1), (1, 0), (0, 0)]


def test_the_job_releases_reservations_of_lost_requests() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    budget = create_monthly_budget(acme, owner)
    reserve_turn(owner, acme, gpt)
    assert release_stale(at=NOW + timedelta(minutes=9), running=FIND_RUNNING) == 0
    assert release_stale(at=NOW + timedelta(minutes=11), running=FIND_RUNNING) == 1
    assert read_counters(budget) == [(owner.pk, 0, 0)]
    assert release_stale_budgets() == 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hard=st.integers(1, 400),
    steps=st.lists(
        st.tuples(st.integers(1, 120), st.sampled_from(["capture", "release", "keep"])), max_size=12
    ),
)
def test_reservations_never_exceed_the_hard_limit_and_none_is_lost(
    hard: int, steps: list[tuple[int, str]]
) -> None:
    with transaction.atomic():
        acme = create_owned_company()
        owner = add_new_member(acme, role="owner")
        gpt = GPTFactory.create(workspace=acme, owner=owner)
        budget = create_monthly_budget(acme, owner, measure="tokens", hard_limit=hard)
        used = held = 0
        for amount, then in steps:
            turn_id = uuid7(NOW)
            fits = used + held + amount <= hard
            try:
                reserve_turn(owner, acme, gpt, tokens=amount, turn_id=turn_id)
            except BudgetExceeded:
                assert not fits
                continue
            assert fits
            if then == "capture":
                capture(turn_id=turn_id, tokens=amount, cost_micros=0, at=NOW)
                used += amount
            elif then == "release":
                release(turn_id=turn_id)
            else:
                held += amount
            assert read_counters(budget) == [(owner.pk, used, held)]
            assert used + held <= hard
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_concurrent_reservations_use_the_limit_exactly() -> None:
    with system_scope("tests"):
        acme = create_owned_company()
        owner = add_new_member(acme, role="owner")
        gpt = GPTFactory.create(workspace=acme, owner=owner)
        both = [
            create_monthly_budget(
                acme,
                owner,
                name="Tokens",
                measure="tokens",
                hard_limit=1_000,
                subject="workspace",
                is_each=False,
            ),
            create_monthly_budget(acme, owner, name="Answers", hard_limit=7),
        ]

    def one(number: int) -> bool:
        turn_id = uuid7(NOW)
        try:
            with system_scope("tests"):
                reserve_turn(owner, acme, gpt, tokens=100 + number, turn_id=turn_id)
            with system_scope("tests"):
                if number % 3 == 0:
                    release(turn_id=turn_id)
                elif number % 3 == 1:
                    capture(turn_id=turn_id, tokens=100, cost_micros=0, at=NOW)
        except BudgetExceeded:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(one, range(24)))

    with system_scope("tests"):
        (_who, used, reserved), (_ann, turns, held) = read_counters(both[0])[0], read_counters(both[1])[0]
    kept = [number for number, is_in in enumerate(done) if is_in and number % 3]
    assert len(kept) == turns + held <= 7
    assert used == 100 * sum(number % 3 == 1 for number in kept)
    assert reserved == sum(100 + number for number in kept if number % 3 == 2)
    assert used + reserved <= 1_000


@pytest.mark.django_db(transaction=True)
def test_concurrent_captures_notify_once() -> None:
    with system_scope("tests"):
        acme = create_owned_company()
        owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
        gpt = GPTFactory.create(workspace=acme, owner=owner)
        budget = create_monthly_budget(acme, owner, soft_limit=1, hard_limit=50)
        turns = [uuid7(NOW) for _number in range(12)]
        for turn_id in turns:
            reserve_turn(ann, acme, gpt, turn_id=turn_id)

    def one(turn_id: UUID) -> int:
        try:
            with open_scope(scope_for(ann)):
                return capture(turn_id=turn_id, tokens=1, cost_micros=1, at=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        captured = list(pool.map(one, [*turns, *turns]))

    with system_scope("tests"):
        # Each turn was captured twice and counted once.
        assert sorted(captured) == [0] * 12 + [1] * 12
        assert read_counters(budget) == [(ann.pk, 12, 0)]
        notes = Notification.objects.filter(kind="gpts.budget_warning").values_list("user_id", flat=True)
        assert sorted(notes) == sorted([owner.pk, ann.pk])
