"""Background jobs: which services enqueue them, and what each job does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import Conflict
from core.periods import Period
from payouts.models import AccountingPeriod, CloseRun, JournalEntry, UsageRollup
from payouts.services import close_period, reject_close, start_close
from payouts.tasks import calculate_started_close, release_due_holds, resume_closes, roll_up_usage
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.jobs import take_jobs
from tests.support.payouts import CLOSING, PERIOD, close_march, create_uses
from workspaces.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maker() -> User:
    return FinanceUserFactory.create(display_name="Maker")


@pytest.fixture
def checker() -> User:
    return FinanceUserFactory.create(display_name="Checker")


def take_payout_jobs() -> list[tuple[str, dict[str, object]]]:
    return [job for job in take_jobs() if job[0].startswith("payouts.")]


def test_starting_a_close_enqueues_its_calculation(maker: User) -> None:
    run = start_close(period=PERIOD, by=maker, at=CLOSING)
    again = start_close(period=PERIOD, by=maker, at=CLOSING)

    job = ("payouts.calculate_close", {"run_id": run.pk})
    assert (again.pk, take_payout_jobs()) == (run.pk, [job, job])


def test_rejecting_a_close_enqueues_the_calculation_of_the_next_run(maker: User, checker: User) -> None:
    close_period(period=PERIOD, by=maker, at=CLOSING)
    run = reject_close(period=PERIOD, by=checker, at=CLOSING, reason="Wrong figures")

    assert take_payout_jobs() == [("payouts.calculate_close", {"run_id": run.pk})]


def test_closing_in_the_foreground_enqueues_nothing(maker: User) -> None:
    assert close_period(period=PERIOD, by=maker, at=CLOSING).state == "review"

    assert take_payout_jobs() == []


def test_calculation_job_calculates_a_started_run_once(maker: User) -> None:
    create_uses(GPTFactory.create(), UserFactory.create(), 5)
    run = start_close(period=PERIOD, by=maker, at=CLOSING)

    calculate_started_close(run_id=run.pk)
    calculated = CloseRun.objects.values().get()
    calculate_started_close(run_id=run.pk)

    assert (calculated["state"], calculated["payee_count"]) == ("review", 1)
    assert CloseRun.objects.values().get() == calculated


def test_resume_job_calculates_unfinished_runs(maker: User) -> None:
    resume_closes()
    start_close(period=PERIOD, by=maker, at=CLOSING)

    resume_closes()

    assert CloseRun.objects.get().state == "review"
    assert AccountingPeriod.objects.get(month="2026-03").state == "review"


def test_rollup_job_counts_usage() -> None:
    UsageEventFactory.create(gpt=GPTFactory.create(), user=UserFactory.create())

    roll_up_usage()
    roll_up_usage()

    assert [row.messages for row in UsageRollup.objects.all()] == [1]


def test_release_job_releases_each_allocation_once(maker: User, checker: User) -> None:
    create_uses(GPTFactory.create(), UserFactory.create(), 5)
    close_march(maker=maker, checker=checker)
    released = JournalEntry.objects.filter(kind="release").count()

    release_due_holds()

    assert (released, JournalEntry.objects.filter(kind="release").count()) == (1, 1)


def test_april_cannot_be_started_while_march_is_open_and_nothing_is_enqueued(maker: User) -> None:
    UsageEventFactory.create(gpt=GPTFactory.create(), user=UserFactory.create())
    roll_up_usage()

    with pytest.raises(Conflict) as refusal:
        start_close(period=Period(2026, 4), by=maker, at=datetime(2026, 5, 4, 9, tzinfo=UTC))

    assert (refusal.value.code, CloseRun.objects.exists(), take_payout_jobs()) == (
        "period_before_open", False, [],
    )  # fmt: skip
