"""Usage rollups: verdicts, and incremental counts that equal a full recount."""

from __future__ import annotations

import threading
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction

from core.errors import Conflict
from core.ids import uuid7
from core.periods import Period
from gpts.metering.models import UsageEvent, UsageVoid
from payouts.models import AccountingPeriod, RateCard, Statement, UsageRollup, UsageVerdict
from payouts.services import approve_close, close_period, roll_up
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.payouts import CLOSING, create_uses
from tests.support.times import MARCH
from workspaces.models import Member, StaffRole
from workspaces.services.staff import grant_staff_role

pytestmark = pytest.mark.django_db(transaction=True)


def list_counts() -> list[tuple[Any, ...]]:
    return sorted(
        UsageRollup.objects.values_list(
            "day", "month", "payee_id", "gpt_id", "category", "is_paid_user", "verdict", "conversations",
            "messages", "input_tokens", "output_tokens",
        )
    )  # fmt: skip


def sum_verdicts() -> dict[str, int]:
    found: dict[str, int] = {}
    for verdict, messages in UsageRollup.objects.values_list("verdict", "messages"):
        found[verdict] = found.get(verdict, 0) + messages
    return found


def test_verdicts_of_unpaid_use() -> None:
    creator, visitor, colleague, staff = (
        UserFactory.create(display_name=name) for name in ("Creator", "Visitor", "Colleague", "Staff")
    )
    gpt = GPTFactory.create(owner=creator)
    Member.objects.create(workspace=gpt.workspace, user=colleague, role="member", joined_at=MARCH)
    grant_staff_role(user=staff, role="moderator", by=None, at=MARCH)
    conversation = uuid7(MARCH)
    UsageEventFactory.create(gpt=gpt, user=visitor, conversation_id=conversation)
    UsageEventFactory.create(gpt=gpt, user=visitor, conversation_id=conversation)
    UsageEventFactory.create(gpt=gpt, user=visitor, is_regeneration=True)
    UsageEventFactory.create(gpt=gpt, user=visitor, output_tokens=3)
    UsageEventFactory.create(gpt=gpt, user=creator)
    UsageEventFactory.create(gpt=gpt, user=colleague)
    UsageEventFactory.create(gpt=gpt, user=staff)
    # A preview of a colleague who left before the rollup; an imported event has no version either.
    UsageEventFactory.create(gpt=gpt, user=visitor, version_id=None)
    UsageEventFactory.create(gpt=gpt, user=visitor, version_id=None, source="import")
    voided = UsageEventFactory.create(gpt=gpt, user=visitor)
    UsageVoid.objects.create(
        event_id=voided.event_id, occurred_at=voided.occurred_at, reason="test", made_at=MARCH
    )

    roll_up(at=CLOSING)

    assert sum_verdicts() == {
        "qualified": 3, "regeneration": 1, "too_short": 1, "self_use": 1, "affiliated": 2, "staff": 1,
        "void": 1,
    }  # fmt: skip
    assert UsageRollup.objects.get(verdict="qualified").conversations == 2


def test_membership_verdict_stays_after_the_member_leaves() -> None:
    creator, colleague = (
        UserFactory.create(display_name="Creator"),
        UserFactory.create(display_name="Colleague"),
    )
    gpt = GPTFactory.create(owner=creator)
    seat = Member.objects.create(workspace=gpt.workspace, user=colleague, role="member", joined_at=MARCH)
    UsageEventFactory.create(gpt=gpt, user=colleague)
    roll_up(at=CLOSING)
    seat.delete()
    StaffRole.objects.all().delete()

    roll_up(at=CLOSING, is_full=True)

    assert sum_verdicts() == {"affiliated": 1}
    assert UsageVerdict.objects.get().made_by_id is None


def test_regular_pace_is_automation() -> None:
    creator, bot, fan = (
        UserFactory.create(display_name="Creator"),
        UserFactory.create(display_name="Bot"),
        UserFactory.create(display_name="Fan"),
    )
    gpts = [GPTFactory.create(owner=creator, name=f"GPT {number}") for number in range(4)]
    for minute in range(40):
        UsageEventFactory.create(gpt=gpts[minute % 4], user=bot, at=MARCH + timedelta(minutes=minute))
    create_uses(gpts[0], fan, 40)

    roll_up(at=CLOSING)

    assert sum_verdicts() == {"automation": 40, "qualified": 40}


def test_bot_farm_of_many_accounts_over_many_gpts_is_detected() -> None:
    """The pattern of United States v. Smith: 636 plays per account and day, few per title."""
    creator = UserFactory.create(display_name="Creator")
    gpts = [GPTFactory.create(owner=creator, name=f"GPT {number}") for number in range(12)]
    for number in range(4):
        bot, random = UserFactory.create(display_name=f"Bot {number}"), Random(number)
        UsageEvent.objects.bulk_create(
            UsageEventFactory.build(
                gpt=random.choice(gpts),
                user=bot,
                at=MARCH.replace(hour=0) + timedelta(seconds=random.randrange(86_000)),
            )
            for _play in range(636)
        )

    roll_up(at=CLOSING)

    found = sum_verdicts()
    assert found.get("automation", 0) >= 0.95 * sum(found.values()) == 0.95 * 4 * 636


def test_use_above_a_cap_is_counted_and_not_paid() -> None:
    creator, visitor = UserFactory.create(display_name="Creator"), UserFactory.create(display_name="Visitor")
    RateCard.objects.create(
        version=2, currency="USD", first_month="2026-03", cap_user_gpt_day=2, created_at=MARCH
    )
    gpt = GPTFactory.create(owner=creator)
    for minute in range(5):
        UsageEventFactory.create(gpt=gpt, user=visitor, at=MARCH + timedelta(minutes=minute * minute))

    roll_up(at=CLOSING)

    assert sum_verdicts() == {"qualified": 2, "capped": 3}


@pytest.mark.parametrize("seed", range(6))
def test_incremental_rollup_equals_a_full_recount(seed: int) -> None:
    """Random order of arrival and batch bounds, late use, caps and shared conversations."""
    random = Random(seed)
    RateCard.objects.create(
        version=2,
        currency="USD",
        first_month="2026-01",
        cap_user_gpt_day=3,
        cap_user_month=9,
        created_at=MARCH,
    )
    creators = [UserFactory.create(display_name=f"Creator {number}") for number in range(2)]
    visitors = [UserFactory.create(display_name=f"Visitor {number}") for number in range(3)]
    gpts = [GPTFactory.create(owner=random.choice(creators), name=f"GPT {number}") for number in range(3)]
    talks = [uuid7(MARCH) for _talk in range(4)]
    for _event in range(60):
        at = MARCH + timedelta(days=random.randrange(-40, 20), seconds=random.randrange(80_000))
        UsageEventFactory.create(
            gpt=random.choice(gpts),
            user=random.choice([*visitors, creators[0]]),
            at=at,
            received_at=at + timedelta(days=random.choice([0, 0, 0, 20, 34, 50])),
            conversation_id=random.choice([*talks, uuid7(at)]),
            output_tokens=random.choice([5, 100]),
            is_regeneration=random.random() < 0.1,
        )
        if random.random() < 0.3:
            roll_up(at=CLOSING)
    roll_up(at=CLOSING)
    incremental = list_counts()

    roll_up(at=CLOSING)
    assert list_counts() == incremental
    roll_up(at=CLOSING, is_full=True)
    assert list_counts() == incremental
    assert sum(row[8] for row in incremental) == 60


def test_event_that_commits_late_is_not_lost() -> None:
    creator, visitor = UserFactory.create(display_name="Creator"), UserFactory.create(display_name="Visitor")
    gpt = GPTFactory.create(owner=creator)
    is_written, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        try:
            with transaction.atomic():
                UsageEventFactory.create(gpt=gpt, user=visitor)
                is_written.set()
                may_commit.wait(timeout=20)
        finally:
            connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    assert is_written.wait(timeout=20)
    UsageEventFactory.create(gpt=gpt, user=visitor)
    held_back = roll_up(at=CLOSING)
    may_commit.set()
    writer.join(timeout=20)
    roll_up(at=CLOSING)

    assert held_back.new_events == 0
    assert sum_verdicts() == {"qualified": 2}


def test_concurrent_rollups_count_everything_once() -> None:
    creator, visitor = UserFactory.create(display_name="Creator"), UserFactory.create(display_name="Visitor")
    create_uses(GPTFactory.create(owner=creator), visitor, 30)
    roll_up(at=CLOSING)
    create_uses(GPTFactory.create(owner=creator), visitor, 30)

    def run() -> None:
        try:
            roll_up(at=CLOSING)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sum_verdicts() == {"qualified": 60}


def test_past_month_with_imported_use_is_closed_before_the_next() -> None:
    creator, visitor, maker, checker = (
        UserFactory.create(display_name=name) for name in ("Creator", "Visitor", "Mia", "Carl")
    )
    for person in (maker, checker):
        grant_staff_role(user=person, role="finance", by=None, at=MARCH)
    gpt, february = GPTFactory.create(owner=creator), MARCH - timedelta(days=28)
    UsageEventFactory.create(gpt=gpt, user=visitor)
    roll_up(at=CLOSING)
    UsageEventFactory.create(gpt=gpt, user=visitor, at=february)

    roll_up(at=CLOSING)

    assert list(AccountingPeriod.objects.order_by("month").values_list("month", "state")) == [
        ("2026-02", "grace"), ("2026-03", "grace"), ("2026-04", "open"),
    ]  # fmt: skip
    with pytest.raises(Conflict) as refused:
        close_period(period=Period(2026, 3), by=maker, at=CLOSING)
    assert (refused.value.code, refused.value.data) == ("period_before_open", {"month": "2026-02"})
    for month in (Period(2026, 2), Period(2026, 3)):
        close_period(period=month, by=maker, at=CLOSING)
        assert approve_close(period=month, by=checker, at=CLOSING).state == "closed"
    settled = Statement.objects.order_by("period__month").values_list("period__month", flat=True)
    assert list(settled) == ["2026-02", "2026-03"]


def test_rollup_creates_the_period_that_settles_late_use() -> None:
    creator, visitor = UserFactory.create(display_name="Creator"), UserFactory.create(display_name="Visitor")
    gpt = GPTFactory.create(owner=creator)
    UsageEventFactory.create(gpt=gpt, user=visitor, received_at=MARCH + timedelta(days=85))
    june = MARCH + timedelta(days=90)

    roll_up(at=june)
    roll_up(at=june, is_full=True)

    settled = set(UsageRollup.objects.values_list("month", flat=True))
    assert settled == {"2026-05"}
    assert list(AccountingPeriod.objects.order_by("month").values_list("month", "state")) == [
        ("2026-03", "grace"), ("2026-05", "grace"), ("2026-06", "open"),
    ]  # fmt: skip
