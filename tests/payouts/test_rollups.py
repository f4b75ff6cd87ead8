"""Counting usage: verdicts, and incremental counts that equal a full recount."""

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
from gpts.metering.models import UsageVoid
from payouts.models import AccountingPeriod, RateCard, Statement, UsageRollup, UsageVerdict
from payouts.services import approve_close, close_period, roll_up
from tests.payouts.makers import CLOSING, MARCH, make_gpt, make_user, use, use_often
from workspaces.models import Member, StaffRole
from workspaces.services.staff import grant_staff_role

pytestmark = pytest.mark.django_db(transaction=True)


def counted() -> list[tuple[Any, ...]]:
    return sorted(
        UsageRollup.objects.values_list(
            "day", "month", "payee_id", "gpt_id", "category", "is_paid_user", "verdict", "conversations",
            "messages", "input_tokens", "output_tokens",
        )
    )  # fmt: skip


def verdicts() -> dict[str, int]:
    found: dict[str, int] = {}
    for verdict, messages in UsageRollup.objects.values_list("verdict", "messages"):
        found[verdict] = found.get(verdict, 0) + messages
    return found


def test_each_reason_not_to_pay() -> None:
    creator, visitor, colleague, staff = (
        make_user(name) for name in ("Creator", "Visitor", "Colleague", "Staff")
    )
    gpt = make_gpt(creator)
    Member.objects.create(workspace=gpt.workspace, user=colleague, role="member", joined_at=MARCH)
    grant_staff_role(user=staff, role="moderator", by=None, at=MARCH)
    conversation = uuid7(MARCH)
    use(gpt, visitor, conversation=conversation)
    use(gpt, visitor, conversation=conversation)
    use(gpt, visitor, is_regeneration=True)
    use(gpt, visitor, output_tokens=3)
    use(gpt, creator)
    use(gpt, colleague)
    use(gpt, staff)
    voided = use(gpt, visitor)
    UsageVoid.objects.create(
        event_id=voided.event_id, occurred_at=voided.occurred_at, reason="test", made_at=MARCH
    )

    roll_up(at=CLOSING)

    assert verdicts() == {
        "qualified": 2, "regeneration": 1, "too_short": 1, "self_use": 1, "affiliated": 1, "staff": 1,
        "void": 1,
    }  # fmt: skip
    assert UsageRollup.objects.get(verdict="qualified").conversations == 1


def test_a_verdict_on_membership_stays_when_the_person_leaves() -> None:
    creator, colleague = make_user("Creator"), make_user("Colleague")
    gpt = make_gpt(creator)
    seat = Member.objects.create(workspace=gpt.workspace, user=colleague, role="member", joined_at=MARCH)
    use(gpt, colleague)
    roll_up(at=CLOSING)
    seat.delete()
    StaffRole.objects.all().delete()

    roll_up(at=CLOSING, is_full=True)

    assert verdicts() == {"affiliated": 1}
    assert UsageVerdict.objects.get().made_by_id is None


def test_a_machine_is_known_by_its_pace() -> None:
    creator, bot, fan = make_user("Creator"), make_user("Bot"), make_user("Fan")
    gpts = [make_gpt(creator, name=f"GPT {number}") for number in range(4)]
    for minute in range(40):
        use(gpts[minute % 4], bot, at=MARCH + timedelta(minutes=minute))
    use_often(gpts[0], fan, 40)

    roll_up(at=CLOSING)

    assert verdicts() == {"automation": 40, "qualified": 40}


def test_a_farm_of_many_accounts_over_many_gpts_is_caught() -> None:
    """A tenth of a day of the farm of United States v. Smith: few plays per title, 636 per account."""
    creator = make_user("Creator")
    gpts = [make_gpt(creator, name=f"GPT {number}") for number in range(12)]
    from gpts.metering.models import UsageEvent
    from tests.payouts.makers import turn

    for number in range(4):
        bot, random = make_user(f"Bot {number}"), Random(number)
        UsageEvent.objects.bulk_create(
            turn(
                random.choice(gpts),
                bot,
                at=MARCH.replace(hour=0) + timedelta(seconds=random.randrange(86_000)),
            )
            for _play in range(636)
        )

    roll_up(at=CLOSING)

    found = verdicts()
    assert found.get("automation", 0) >= 0.95 * sum(found.values()) == 0.95 * 4 * 636


def test_what_is_above_a_cap_is_counted_and_not_paid() -> None:
    creator, visitor = make_user("Creator"), make_user("Visitor")
    RateCard.objects.create(
        version=2, currency="USD", first_month="2026-03", cap_user_gpt_day=2, created_at=MARCH
    )
    gpt = make_gpt(creator)
    for minute in range(5):
        use(gpt, visitor, at=MARCH + timedelta(minutes=minute * minute))

    roll_up(at=CLOSING)

    assert verdicts() == {"qualified": 2, "capped": 3}


@pytest.mark.parametrize("seed", range(6))
def test_counting_bit_by_bit_equals_counting_at_once(seed: int) -> None:
    """Any order of arrival, bounds of runs, late and repeated use, caps and shared conversations."""
    random = Random(seed)
    RateCard.objects.create(
        version=2,
        currency="USD",
        first_month="2026-01",
        cap_user_gpt_day=3,
        cap_user_month=9,
        created_at=MARCH,
    )
    creators = [make_user(f"Creator {number}") for number in range(2)]
    visitors = [make_user(f"Visitor {number}") for number in range(3)]
    gpts = [make_gpt(random.choice(creators), name=f"GPT {number}") for number in range(3)]
    talks = [uuid7(MARCH) for _talk in range(4)]
    for _event in range(60):
        at = MARCH + timedelta(days=random.randrange(-40, 20), seconds=random.randrange(80_000))
        use(
            random.choice(gpts),
            random.choice([*visitors, creators[0]]),
            at=at,
            received_at=at + timedelta(days=random.choice([0, 0, 0, 20, 34, 50])),
            conversation=random.choice([*talks, uuid7(at)]),
            output_tokens=random.choice([5, 100]),
            is_regeneration=random.random() < 0.1,
        )
        if random.random() < 0.3:
            roll_up(at=CLOSING)
    roll_up(at=CLOSING)
    bit_by_bit = counted()

    roll_up(at=CLOSING)
    assert counted() == bit_by_bit
    roll_up(at=CLOSING, is_full=True)
    assert counted() == bit_by_bit
    assert sum(row[8] for row in bit_by_bit) == 60


def test_an_event_that_commits_late_is_not_lost() -> None:
    creator, visitor = make_user("Creator"), make_user("Visitor")
    gpt = make_gpt(creator)
    is_written, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        try:
            with transaction.atomic():
                use(gpt, visitor)
                is_written.set()
                may_commit.wait(timeout=20)
        finally:
            connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    assert is_written.wait(timeout=20)
    use(gpt, visitor)
    held_back = roll_up(at=CLOSING)
    may_commit.set()
    writer.join(timeout=20)
    roll_up(at=CLOSING)

    assert held_back.new_events == 0
    assert verdicts() == {"qualified": 2}


def test_two_runs_at_once_count_everything_once() -> None:
    creator, visitor = make_user("Creator"), make_user("Visitor")
    use_often(make_gpt(creator), visitor, 30)
    roll_up(at=CLOSING)
    use_often(make_gpt(creator), visitor, 30)

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

    assert verdicts() == {"qualified": 60}


def test_a_past_month_with_imported_use_has_its_period_and_is_closed_before_the_next() -> None:
    creator, visitor, maker, checker = (make_user(name) for name in ("Creator", "Visitor", "Mia", "Carl"))
    for person in (maker, checker):
        grant_staff_role(user=person, role="finance", by=None, at=MARCH)
    gpt, february = make_gpt(creator), MARCH - timedelta(days=28)
    use(gpt, visitor)
    roll_up(at=CLOSING)
    use(gpt, visitor, at=february)

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


def test_the_month_that_settles_late_use_has_its_period_too() -> None:
    creator, visitor = make_user("Creator"), make_user("Visitor")
    gpt = make_gpt(creator)
    use(gpt, visitor, received_at=MARCH + timedelta(days=85))
    june = MARCH + timedelta(days=90)

    roll_up(at=june)
    roll_up(at=june, is_full=True)

    settled = set(UsageRollup.objects.values_list("month", flat=True))
    assert settled == {"2026-05"}
    assert list(AccountingPeriod.objects.order_by("month").values_list("month", "state")) == [
        ("2026-03", "grace"), ("2026-05", "grace"), ("2026-06", "open"),
    ]  # fmt: skip
