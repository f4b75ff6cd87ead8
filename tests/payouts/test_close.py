"""Closing a month: figures, refused calls, crashes and concurrency."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from core.errors import Conflict, DomainError, Forbidden, IllegalTransition, InvalidInput, NotFound
from core.models import AuditEvent
from core.periods import Period
from core.scope import system_scope
from payouts.models import (
    AccountingPeriod,
    CloseLine,
    CloseRun,
    JournalEntry,
    Posting,
    Statement,
    StatementLine,
    Transition,
    UsageRollup,
    UsageVerdict,
)
from payouts.services import (
    approve_close,
    calculate_close,
    cancel_close,
    close_period,
    exclude_event,
    open_period,
    reject_close,
    roll_up,
    start_close,
    verify_ledger,
)
from payouts.services.calculation import calculate_month
from payouts.services.ledger import EntryDraft, bank_account, pool_account, post_entries
from payouts.services.rate_cards import get_rate_card
from payouts.states import EntryKind
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.payouts import CLOSING, PERIOD, close_march, create_uses
from tests.support.times import MARCH
from workspaces.models import User

APRIL = Period(2026, 4)
APRIL_CLOSING = datetime(2026, 5, 4, 9, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def create_people() -> tuple[User, User, User, User]:
    return (
        UserFactory.create(display_name="Creator"),
        UserFactory.create(display_name="Visitor"),
        FinanceUserFactory.create(display_name="Maker"),
        FinanceUserFactory.create(display_name="Checker"),
    )


def count_rows() -> tuple[int, ...]:
    models = (Statement, StatementLine, JournalEntry, Posting)
    return tuple(model.objects.count() for model in models)


def test_close_issues_statements_and_a_balanced_ledger() -> None:
    creator, visitor, maker, checker = create_people()
    gpt = GPTFactory.create(owner=creator)
    for _turn in range(3):
        UsageEventFactory.create(gpt=gpt, user=visitor)
    UsageEventFactory.create(gpt=gpt, user=creator)

    run = close_period(period=PERIOD, by=maker, at=CLOSING)
    period = approve_close(period=PERIOD, by=checker, at=CLOSING)

    assert run.rollup_difference == 0
    assert (period.state, period.digest) == ("closed", run.digest)
    statement = Statement.objects.get()
    # Three conversations of one answer each: 3 x (0.02 + 0.004).
    assert (statement.payee_id, statement.total_minor, statement.currency) == (creator.pk, 7, "USD")
    assert [
        (line.verdict, line.messages, line.amount_minor) for line in statement.lines.order_by("position")
    ] == [
        ("qualified", 3, 7),
        ("self_use", 1, 0),
    ]
    assert list(JournalEntry.objects.order_by("pk").values_list("idempotency_key", flat=True)) == [
        "fund:main:2026-03:USD:v1",
        f"alloc:2026-03:USD:v1:{creator.pk}",
        f"release:alloc:2026-03:USD:v1:{creator.pk}",
    ]
    assert verify_ledger() == []


def test_every_transition_has_actor_time_and_reason() -> None:
    creator, visitor, maker, checker = create_people()
    UsageEventFactory.create(gpt=GPTFactory.create(owner=creator), user=visitor)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    approve_close(period=PERIOD, by=checker, at=CLOSING, reason="Figures agree")

    steps = Transition.objects.filter(period__month="2026-03").order_by("pk")
    assert [(step.after, step.actor_id, step.at, bool(step.reason)) for step in steps] == [
        ("grace", None, CLOSING, True),
        ("calculating", maker.pk, CLOSING, True),
        ("review", None, CLOSING, True),
        ("closed", checker.pk, CLOSING, True),
    ]
    assert list(
        AuditEvent.objects.filter(action__startswith="payouts.")
        .order_by("pk")
        .values_list("action", "actor_id")
    ) == [("payouts.close_started", maker.pk), ("payouts.period_closed", checker.pk)]


def test_starter_of_a_close_cannot_approve_it() -> None:
    creator, visitor, maker, _checker = create_people()
    UsageEventFactory.create(gpt=GPTFactory.create(owner=creator), user=visitor)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    before = count_rows()

    with pytest.raises(Forbidden) as refusal:
        approve_close(period=PERIOD, by=maker, at=CLOSING)

    assert refusal.value.code == "four_eyes"
    assert (count_rows(), AccountingPeriod.objects.get(month="2026-03").state) == (before, "review")


def test_closed_month_is_not_closed_again() -> None:
    creator, visitor, maker, checker = create_people()
    UsageEventFactory.create(gpt=GPTFactory.create(owner=creator), user=visitor)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    approve_close(period=PERIOD, by=checker, at=CLOSING)
    before = count_rows()

    with pytest.raises(Conflict) as again:
        close_period(period=PERIOD, by=maker, at=CLOSING)
    with pytest.raises(IllegalTransition) as twice:
        approve_close(period=PERIOD, by=checker, at=CLOSING)

    assert (again.value.code, twice.value.code) == ("period_closed", "period_not_in_review")
    assert count_rows() == before


@pytest.mark.parametrize(
    "moment", [MARCH, datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 3, 23, 59, 59, tzinfo=UTC)]
)
def test_month_cannot_be_closed_before_its_grace_time_ends(moment: datetime) -> None:
    creator, visitor, maker, _checker = create_people()
    UsageEventFactory.create(gpt=GPTFactory.create(owner=creator), user=visitor)

    with pytest.raises(Conflict) as refusal:
        close_period(period=PERIOD, by=maker, at=moment)

    assert refusal.value.code == "period_in_grace"
    assert not CloseRun.objects.exists()


def test_months_are_closed_in_order() -> None:
    creator, visitor, maker, _checker = create_people()
    gpt = GPTFactory.create(owner=creator)
    UsageEventFactory.create(gpt=gpt, user=visitor)
    close_period(period=PERIOD, by=maker, at=CLOSING)

    with pytest.raises(Conflict) as refusal:
        close_period(period=APRIL, by=maker, at=APRIL_CLOSING)

    assert (refusal.value.code, refusal.value.data) == ("period_before_open", {"month": "2026-03"})


def test_figures_changed_since_the_review_need_a_new_run() -> None:
    creator, visitor, maker, checker = create_people()
    gpt = GPTFactory.create(owner=creator)
    event = UsageEventFactory.create(gpt=gpt, user=visitor)
    UsageEventFactory.create(gpt=gpt, user=visitor)
    first = close_period(period=PERIOD, by=maker, at=CLOSING)
    exclude_event(event_id=event.event_id, by=maker, at=CLOSING, reason="Bought clicks")

    with pytest.raises(Conflict) as refusal:
        approve_close(period=PERIOD, by=checker, at=CLOSING)
    second = reject_close(period=PERIOD, by=checker, at=CLOSING, reason="One use was fraud")
    second = calculate_close(run_id=second.pk, at=CLOSING)

    assert refusal.value.code == "figures_changed"
    assert (first.number, second.number, first.digest != second.digest) == (1, 2, True)
    assert second.rollup_difference == 0
    with pytest.raises(Forbidden):
        approve_close(period=PERIOD, by=checker, at=CLOSING)
    approve_close(period=PERIOD, by=maker, at=CLOSING)
    assert sorted(Statement.objects.get().lines.values_list("verdict", "messages", "amount_minor")) == [
        ("fraud", 1, 0),
        ("qualified", 1, 2),
    ]


def test_late_use_is_paid_in_the_open_month_at_its_origin_rate() -> None:
    creator, visitor, maker, checker = create_people()
    gpt = GPTFactory.create(owner=creator)
    UsageEventFactory.create(gpt=gpt, user=visitor)
    on_time = UsageEventFactory.create(gpt=gpt, user=visitor, received_at=PERIOD.end + timedelta(hours=71))
    close_period(period=PERIOD, by=maker, at=CLOSING)
    approve_close(period=PERIOD, by=checker, at=CLOSING)
    sealed = Statement.objects.get().sha256
    UsageEventFactory.create(gpt=gpt, user=visitor, at=MARCH, received_at=MARCH + timedelta(days=34))
    UsageEventFactory.create(gpt=gpt, user=visitor, at=MARCH, received_at=MARCH + timedelta(days=36))

    close_period(period=APRIL, by=maker, at=APRIL_CLOSING)
    approve_close(period=APRIL, by=checker, at=APRIL_CLOSING)

    assert on_time.received_at > PERIOD.end
    march, april = Statement.objects.order_by("period__month")
    assert (march.sha256, march.total_minor) == (sealed, 5)
    assert list(
        april.lines.order_by("verdict").values_list("origin_month", "verdict", "messages", "amount_minor")
    ) == [
        ("2026-03", "qualified", 1, 2),
        ("2026-03", "quarantined", 1, 0),
    ]
    assert JournalEntry.objects.filter(kind="late").get().period.month == "2026-04"
    assert verify_ledger() == []


def test_use_of_other_gpts_does_not_change_a_statement() -> None:
    def seal(extra: int) -> str:
        creator, visitor, maker, _checker = create_people()
        User.objects.filter(pk=creator.pk).update(display_name="Same")
        gpt = GPTFactory.create(owner=creator)
        create_uses(gpt, visitor, 7)
        create_uses(GPTFactory.create(owner=UserFactory.create(display_name="Other")), visitor, extra)
        run = close_period(period=PERIOD, by=maker, at=CLOSING)
        lines = CloseLine.objects.filter(run=run, payee=creator).values_list(
            "verdict", "messages", "amount_minor"
        )
        reject_close(period=PERIOD, by=maker, at=CLOSING, reason="Next try")
        return str(sorted(lines))

    assert seal(0) == seal(13)


class Killed(Exception):
    """Simulates a worker that dies."""


@contextmanager
def killed_after(statements: int) -> Iterator[list[int]]:
    """Raise Killed after this many SQL statements; yields the counter."""
    counter = [0]

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if counter[0] >= statements:
            raise Killed
        result = execute(sql, params, many, context)
        counter[0] += 1
        return result

    with connection.execute_wrapper(count):
        yield counter


def test_close_killed_after_every_sql_statement_gives_the_same_digest() -> None:
    creator, visitor, maker, checker = create_people()
    create_uses(GPTFactory.create(owner=creator), visitor, 9)
    run = start_close(period=PERIOD, by=maker, at=CLOSING)

    kills = 0
    while run.state != "review":
        try:
            with killed_after(kills):
                run = calculate_close(run_id=run.pk, at=CLOSING)
        except Killed:
            kills += 1
        assert count_rows() == (0, 0, 0, 0)
    reviewed = run.digest
    assert (kills > 10, run.number) == (True, 1)

    kills = 0
    while AccountingPeriod.objects.get(month="2026-03").state == "review":
        assert count_rows() == (0, 0, 0, 0)
        try:
            with killed_after(kills):
                approve_close(period=PERIOD, by=checker, at=CLOSING)
        except Killed:
            kills += 1
    assert kills > 10
    assert AccountingPeriod.objects.get(month="2026-03").digest == reviewed
    assert (Statement.objects.count(), verify_ledger()) == (1, [])


def test_one_of_two_concurrent_approvals_succeeds() -> None:
    creator, visitor, maker, checker = create_people()
    third = FinanceUserFactory.create(display_name="Third")
    create_uses(GPTFactory.create(owner=creator), visitor, 5)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def approve(person: User) -> None:
        try:
            start.wait(timeout=10)
            approve_close(period=PERIOD, by=person, at=CLOSING)
            outcomes.append("closed")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=[person]) for person in (checker, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(outcomes) == ["closed", "period_not_in_review"]
    assert (Statement.objects.count(), JournalEntry.objects.filter(kind="fund").count()) == (1, 1)
    assert verify_ledger() == []


def test_month_with_unpaid_use_only_issues_a_statement_of_zero() -> None:
    creator, visitor, maker, checker = create_people()
    UsageEventFactory.create(gpt=GPTFactory.create(owner=creator), user=visitor, output_tokens=1)

    close_march(maker=maker, checker=checker)

    statement = Statement.objects.get()
    assert (statement.total_minor, statement.lines.get().verdict) == (0, "too_short")
    assert (JournalEntry.objects.count(), verify_ledger()) == (0, [])


def test_use_of_own_gpts_only_gives_no_statement() -> None:
    creator, _visitor, maker, checker = create_people()
    UsageEventFactory.create(gpt=GPTFactory.create(owner=creator), user=creator)

    close_march(maker=maker, checker=checker)

    assert (CloseLine.objects.get().verdict, count_rows()) == ("self_use", (0, 0, 0, 0))


def test_event_is_excluded_once_and_only_before_its_month_closes() -> None:
    creator, visitor, maker, checker = create_people()
    gpt = GPTFactory.create(owner=creator)
    excluded, paid = (UsageEventFactory.create(gpt=gpt, user=visitor) for _event in range(2))

    with pytest.raises(NotFound):
        exclude_event(event_id=uuid4(), by=maker, at=CLOSING, reason="Fraud")
    with pytest.raises(InvalidInput):
        exclude_event(event_id=excluded.event_id, by=maker, at=CLOSING, reason=" ")
    assert not UsageVerdict.objects.exists()
    first = exclude_event(event_id=excluded.event_id, by=maker, at=CLOSING, reason="Fraud")
    again = exclude_event(event_id=excluded.event_id, by=checker, at=CLOSING, reason="Again")
    close_march(maker=maker, checker=checker)
    with pytest.raises(Conflict) as refusal:
        exclude_event(event_id=paid.event_id, by=maker, at=CLOSING, reason="Fraud")

    assert (again, again.reason, refusal.value.code) == (first, "Fraud", "period_closed")
    assert AuditEvent.objects.filter(action="payouts.event_excluded").count() == 1
    assert UsageVerdict.objects.count() == 1


def test_used_idempotency_key_is_refused_and_posts_nothing() -> None:
    _creator, _visitor, maker, _checker = create_people()
    draft = EntryDraft(
        EntryKind.BANK, "once", "Once", "USD", [(pool_account("2026-04"), 5), (bank_account("Main"), -5)]
    )
    post_entries([draft], by=maker, at=CLOSING)

    with pytest.raises(Conflict) as refusal:
        post_entries([draft], by=maker, at=CLOSING)

    assert (refusal.value.code, refusal.value.data) == ("already_posted", {"keys": ["once"]})
    assert (JournalEntry.objects.count(), Posting.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("month", "code"),
    [("2019-12", "period_before_rates"), ("2020-01", "period_before_first_use"),
     ("2026-02", "period_before_first_use")],
)  # fmt: skip
def test_a_month_in_which_nothing_can_be_earned_is_refused_and_blocks_nothing(month: str, code: str) -> None:
    creator, visitor, maker, checker = create_people()
    UsageEventFactory.create(gpt=GPTFactory.create(owner=creator), user=visitor)

    with pytest.raises(Conflict) as refusal:
        start_close(period=Period.parse(month), by=maker, at=CLOSING)

    assert (refusal.value.code, refusal.value.data["first_month"]) == (
        code, "2020-01" if code == "period_before_rates" else "2026-03",
    )  # fmt: skip
    assert not AccountingPeriod.objects.exists()
    assert close_march(maker=maker, checker=checker).state == "closed"


def test_the_first_month_of_the_first_rate_card_can_be_closed() -> None:
    """It has no rates of earlier months to read, from which late use could have come."""
    _creator, _visitor, maker, checker = create_people()
    first = Period(2020, 1)
    open_period(first, at=CLOSING)

    run = close_period(period=first, by=maker, at=CLOSING)
    closed = approve_close(period=first, by=checker, at=CLOSING)

    assert (run.state, closed.state, closed.funded_minor) == ("review", "closed", 0)


def test_without_any_use_a_month_closes_empty() -> None:
    _creator, _visitor, maker, checker = create_people()

    assert close_march(maker=maker, checker=checker).funded_minor == 0


def test_a_calculation_that_does_not_end_is_broken_off_and_started_again() -> None:
    creator, visitor, maker, checker = create_people()
    UsageEventFactory.create(gpt=GPTFactory.create(owner=creator), user=visitor)
    stuck = start_close(period=PERIOD, by=maker, at=CLOSING)
    with pytest.raises(InvalidInput):
        cancel_close(period=PERIOD, by=checker, at=CLOSING, reason=" ")
    assert AccountingPeriod.objects.get(month="2026-03").state == "calculating"

    row = cancel_close(period=PERIOD, by=checker, at=CLOSING, reason="The worker is gone")

    assert (row.state, CloseRun.objects.get().state) == ("grace", "rejected")
    event = AuditEvent.objects.get(action="payouts.close_cancelled")
    assert (event.actor_id, event.reason) == (checker.pk, "The worker is gone")
    assert calculate_close(run_id=stuck.pk, at=CLOSING).state == "rejected"
    with pytest.raises(IllegalTransition) as again:
        cancel_close(period=PERIOD, by=checker, at=CLOSING, reason="Again")
    assert again.value.code == "period_not_calculating"
    run = close_period(period=PERIOD, by=maker, at=CLOSING)
    approve_close(period=PERIOD, by=checker, at=CLOSING)
    assert (run.number, Statement.objects.get().total_minor, verify_ledger()) == (2, 2, [])


def test_only_a_month_that_is_calculated_can_be_broken_off() -> None:
    _creator, _visitor, maker, _checker = create_people()

    with pytest.raises(IllegalTransition) as missing:
        cancel_close(period=PERIOD, by=maker, at=CLOSING, reason="Why")

    assert (missing.value.code, missing.value.data) == ("period_not_calculating", {"state": "open"})


def test_use_from_before_the_first_rates_is_left_out_and_stops_no_rollup() -> None:
    creator, visitor, _maker, _checker = create_people()
    gpt = GPTFactory.create(owner=creator)
    with connection.cursor() as cursor:
        cursor.execute("SELECT loggia_add_usage_partitions('2019-05-01', 1)")
    UsageEventFactory.create(gpt=gpt, user=visitor, at=datetime(2019, 5, 7, 12, tzinfo=UTC))
    UsageEventFactory.create(gpt=gpt, user=visitor)

    roll_up(at=CLOSING)

    assert list(UsageRollup.objects.values_list("month", "messages")) == [("2026-03", 1)]
    assert not AccountingPeriod.objects.filter(month__lt="2026-03").exists()


def test_what_a_pool_carried_survives_months_in_which_the_server_was_off() -> None:
    with system_scope("tests"):
        open_period(Period(2026, 1), at=CLOSING)
        AccountingPeriod.objects.filter(month="2026-01").update(carried_minor=700)

    assert calculate_month(Period(2026, 2), get_rate_card(Period(2026, 2))).carried_minor == 700
