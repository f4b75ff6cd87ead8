"""From usage to a closed month: figures, refusals, crashes and races."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from core.errors import Conflict, DomainError, Forbidden, IllegalTransition
from core.models import AuditEvent
from core.periods import Period
from payouts.models import (
    AccountingPeriod,
    CloseLine,
    CloseRun,
    JournalEntry,
    Posting,
    Statement,
    StatementLine,
    Transition,
)
from payouts.services import (
    approve_close,
    calculate_close,
    close_period,
    exclude_event,
    reject_close,
    start_close,
    verify_ledger,
)
from tests.payouts.makers import CLOSING, MARCH, make_finance, make_gpt, make_user, use, use_often
from workspaces.models import User

PERIOD = Period(2026, 3)
APRIL = Period(2026, 4)
APRIL_CLOSING = datetime(2026, 5, 4, 9, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def people() -> tuple[User, User, User, User]:
    return make_user("Creator"), make_user("Visitor"), make_finance("Maker"), make_finance("Checker")


def written() -> tuple[int, ...]:
    models = (Statement, StatementLine, JournalEntry, Posting)
    return tuple(model.objects.count() for model in models)


def test_a_month_closes_into_statements_and_a_balanced_ledger() -> None:
    creator, visitor, maker, checker = people()
    gpt = make_gpt(creator)
    for _turn in range(3):
        use(gpt, visitor)
    use(gpt, creator)

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


def test_every_step_has_an_actor_a_time_and_a_reason() -> None:
    creator, visitor, maker, checker = people()
    use(make_gpt(creator), visitor)
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


def test_whoever_started_a_close_cannot_approve_it() -> None:
    creator, visitor, maker, _checker = people()
    use(make_gpt(creator), visitor)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    before = written()

    with pytest.raises(Forbidden) as refusal:
        approve_close(period=PERIOD, by=maker, at=CLOSING)

    assert refusal.value.code == "four_eyes"
    assert (written(), AccountingPeriod.objects.get(month="2026-03").state) == (before, "review")


def test_a_closed_month_is_not_closed_again() -> None:
    creator, visitor, maker, checker = people()
    use(make_gpt(creator), visitor)
    close_period(period=PERIOD, by=maker, at=CLOSING)
    approve_close(period=PERIOD, by=checker, at=CLOSING)
    before = written()

    with pytest.raises(Conflict) as again:
        close_period(period=PERIOD, by=maker, at=CLOSING)
    with pytest.raises(IllegalTransition) as twice:
        approve_close(period=PERIOD, by=checker, at=CLOSING)

    assert (again.value.code, twice.value.code) == ("period_closed", "period_not_in_review")
    assert written() == before


@pytest.mark.parametrize(
    "moment", [MARCH, datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 3, 23, 59, 59, tzinfo=UTC)]
)
def test_a_month_waits_until_its_grace_is_over(moment: datetime) -> None:
    creator, visitor, maker, _checker = people()
    use(make_gpt(creator), visitor)

    with pytest.raises(Conflict) as refusal:
        close_period(period=PERIOD, by=maker, at=moment)

    assert refusal.value.code == "period_in_grace"
    assert not CloseRun.objects.exists()


def test_months_are_closed_in_order() -> None:
    creator, visitor, maker, _checker = people()
    gpt = make_gpt(creator)
    use(gpt, visitor)
    close_period(period=PERIOD, by=maker, at=CLOSING)

    with pytest.raises(Conflict) as refusal:
        close_period(period=APRIL, by=maker, at=APRIL_CLOSING)

    assert (refusal.value.code, refusal.value.data) == ("period_before_open", {"month": "2026-03"})


def test_figures_that_changed_since_the_review_need_a_new_run() -> None:
    creator, visitor, maker, checker = people()
    gpt = make_gpt(creator)
    event = use(gpt, visitor)
    use(gpt, visitor)
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


def test_late_use_is_paid_in_the_open_month_at_its_own_rate() -> None:
    creator, visitor, maker, checker = people()
    gpt = make_gpt(creator)
    use(gpt, visitor)
    on_time = use(gpt, visitor, received_at=PERIOD.end + timedelta(hours=71))
    close_period(period=PERIOD, by=maker, at=CLOSING)
    approve_close(period=PERIOD, by=checker, at=CLOSING)
    sealed = Statement.objects.get().sha256
    use(gpt, visitor, at=MARCH, received_at=MARCH + timedelta(days=34))
    use(gpt, visitor, at=MARCH, received_at=MARCH + timedelta(days=36))

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


def test_use_of_others_changes_no_byte_of_a_statement() -> None:
    def seal(extra: int) -> str:
        creator, visitor, maker, _checker = people()
        User.objects.filter(pk=creator.pk).update(display_name="Same")
        gpt = make_gpt(creator)
        use_often(gpt, visitor, 7)
        use_often(make_gpt(make_user("Other")), visitor, extra)
        run = close_period(period=PERIOD, by=maker, at=CLOSING)
        lines = CloseLine.objects.filter(run=run, payee=creator).values_list(
            "verdict", "messages", "amount_minor"
        )
        reject_close(period=PERIOD, by=maker, at=CLOSING, reason="Next try")
        return str(sorted(lines))

    assert seal(0) == seal(13)


class Killed(Exception):
    """Stands for a worker that dies."""


@contextmanager
def killed_after(statements: int) -> Iterator[list[int]]:
    """Let so many SQL statements pass, then die; yields a counter."""
    counter = [0]

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if counter[0] >= statements:
            raise Killed
        result = execute(sql, params, many, context)
        counter[0] += 1
        return result

    with connection.execute_wrapper(count):
        yield counter


def test_killing_the_close_after_every_statement_gives_the_same_digest() -> None:
    creator, visitor, maker, checker = people()
    use_often(make_gpt(creator), visitor, 9)
    run = start_close(period=PERIOD, by=maker, at=CLOSING)

    kills = 0
    while run.state != "review":
        try:
            with killed_after(kills):
                run = calculate_close(run_id=run.pk, at=CLOSING)
        except Killed:
            kills += 1
        assert written() == (0, 0, 0, 0)
    reviewed = run.digest
    assert (kills > 10, run.number) == (True, 1)

    kills = 0
    while AccountingPeriod.objects.get(month="2026-03").state == "review":
        assert written() == (0, 0, 0, 0)
        try:
            with killed_after(kills):
                approve_close(period=PERIOD, by=checker, at=CLOSING)
        except Killed:
            kills += 1
    assert kills > 10
    assert AccountingPeriod.objects.get(month="2026-03").digest == reviewed
    assert (Statement.objects.count(), verify_ledger()) == (1, [])


def test_two_approvals_at_once_have_one_winner() -> None:
    creator, visitor, maker, checker = people()
    third = make_finance("Third")
    use_often(make_gpt(creator), visitor, 5)
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
