"""Closing a month: start and calculate a run, then approve it as another person, or reject it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, IllegalTransition
from core.jobs import enqueue_on_commit
from core.periods import Period
from gpts.metering.models import UsageEvent
from payouts.models import AccountingPeriod, CloseLine, CloseRun
from payouts.services.calculation import (
    calculate_month,
    compute_rollup_difference,
    get_gpt_names,
    has_unseen_events,
)
from payouts.services.ledger import lock_ledger
from payouts.services.periods import get_earliest_close, open_period
from payouts.services.rate_cards import get_first_month, get_rate_card
from payouts.services.releases import release_due_earnings
from payouts.services.rollups import roll_up
from payouts.services.statements import issue_statements
from payouts.services.transitions import change_state, clean_reason
from payouts.services.valuation import Valuation
from payouts.states import PeriodState, RunState
from workspaces.models import User

BATCH_ROWS = 2_000


def close_period(*, period: Period, by: User | None, at: datetime) -> CloseRun:
    """Start the close of the month and calculate it in the foreground, up to its review.

    Enqueues no job. Resumes a run that was interrupted. Needs a system scope. Raises Conflict for a month
    that is closed, in review, not ended, or still in grace, whose previous month is not closed, or that is
    before the first rates or the first use.
    """
    with transaction.atomic():
        run = _start_run(period, by, at)
    return calculate_close(run_id=run.pk, at=at)


def start_close(*, period: Period, by: User | None, at: datetime) -> CloseRun:
    """Move the month to CALCULATING and enqueue the calculation; returns the run.

    Idempotent: for a month in CALCULATING it returns the current run and enqueues it again, which
    does no harm. Raises Conflict as close_period does.
    """
    with transaction.atomic():
        run = _start_run(period, by, at)
        enqueue_on_commit("payouts.calculate_close", run_id=run.pk)
    return run


def calculate_close(*, run_id: int, at: datetime) -> CloseRun:
    """Calculate a started run and move it to REVIEW; needs a system scope.

    Idempotent: a run in another state is returned unchanged. Lines and states are written in one
    transaction under the month's lock, so an interrupted attempt leaves nothing. Writes no ledger rows.
    """
    roll_up(at=at)
    with transaction.atomic():
        row = AccountingPeriod.objects.select_for_update().get(runs=run_id)
        run = CloseRun.objects.select_related("rate_card").select_for_update(of=("self",)).get(pk=run_id)
        if run.state != RunState.CALCULATING:
            return run
        period = Period.parse(row.month)
        valuation = calculate_month(period, run.rate_card)
        _save_lines(run, valuation)
        run.state, run.calculated_at, run.digest = RunState.REVIEW, at, valuation.digest
        run.pool_minor, run.carried_minor = valuation.pool_minor, valuation.carried_minor
        run.payee_count = len(valuation.by_payee())
        run.rollup_difference = compute_rollup_difference(period, valuation)
        run.save()
        change_state(row, PeriodState.REVIEW, by=None, at=at, reason=f"Run {run.number} is calculated.")
    return run


def approve_close(
    *, period: Period, by: User, at: datetime, reason: str = "", digest: str = ""
) -> AccountingPeriod:
    """Close the month for good: fund, allocate and issue statements in one transaction.

    Takes the ledger lock, then the month's row. Raises Forbidden when ``by`` started the run, and
    IllegalTransition for a month that is not in review. Calculates the month again and raises Conflict
    when the figures differ from the reviewed ones (or from ``digest``, if given); a new run is needed then.
    """
    with transaction.atomic():
        lock_ledger()
        row, run = _lock_period_in_review(period, at)
        if run.started_by_id == by.pk:
            raise Forbidden(
                _("You started this close. Another person of finance has to approve it."), code="four_eyes"
            )
        valuation = calculate_month(period, run.rate_card)
        reviewed = digest or run.digest
        if has_unseen_events(period) or not valuation.digest == run.digest == reviewed:
            raise Conflict(
                _("The figures have changed since they were calculated. Reject this run, calculate again."),
                code="figures_changed",
            )
        issue_statements(row=row, run=run, by=by, at=at)
        run.state, run.decided_by, run.decided_at = RunState.APPROVED, by, at
        run.reason = clean_reason(reason) if reason else ""
        run.save()
        row.rate_card, row.currency = run.rate_card, run.rate_card.currency
        row.funded_minor, row.carried_minor = valuation.total_minor(), valuation.carried_minor
        row.digest, row.closed_at = run.digest, at
        change_state(
            row, PeriodState.CLOSED, by=by, at=at, reason=reason or f"Run {run.number} approved.",
            fields=("rate_card", "currency", "funded_minor", "carried_minor", "digest", "closed_at"),
        )  # fmt: skip
        record(
            action="payouts.period_closed", by=by, at=at, subject=row, reason=reason,
            data={"month": row.month, "run": run.number, "digest": run.digest},
        )  # fmt: skip
    release_due_earnings(at=at, by=by)
    return row


def reject_close(*, period: Period, by: User, at: datetime, reason: str) -> CloseRun:
    """Reject the run in review, create the next one and enqueue its calculation; returns the new run.

    Raises IllegalTransition for a month that is not in review, and InvalidInput without a reason.
    """
    with transaction.atomic():
        row, run = _lock_period_in_review(period, at)
        run.state, run.decided_by, run.decided_at = RunState.REJECTED, by, at
        run.reason = clean_reason(reason)
        run.save()
        change_state(row, PeriodState.CALCULATING, by=by, at=at, reason=run.reason)
        following = _create_run(row, period, by, at)
        record(
            action="payouts.close_rejected", by=by, at=at, subject=row, reason=run.reason,
            data={"month": row.month, "run": run.number},
        )  # fmt: skip
        enqueue_on_commit("payouts.calculate_close", run_id=following.pk)
    return following


def cancel_close(*, period: Period, by: User, at: datetime, reason: str) -> AccountingPeriod:
    """Break off a calculation that does not end: its run is rejected, and the month can be started again.

    Waits for a worker that is calculating at this moment. Raises IllegalTransition for a month that is not
    being calculated, InvalidInput without a reason.
    """
    with transaction.atomic():
        row = AccountingPeriod.objects.select_for_update().filter(month=str(period)).first()
        if row is None or row.state != PeriodState.CALCULATING:
            raise IllegalTransition(
                _("%(month)s is not being calculated, so there is nothing to break off.") % {"month": period},
                code="period_not_calculating",
                data={"state": row.state if row else PeriodState.OPEN.value},
            )
        run = row.runs.select_for_update().get(state=RunState.CALCULATING)
        run.state, run.decided_by, run.decided_at = RunState.REJECTED, by, at
        run.reason = clean_reason(reason)
        run.save()
        change_state(row, PeriodState.GRACE, by=by, at=at, reason=run.reason)
        record(
            action="payouts.close_cancelled", by=by, at=at, subject=row, reason=run.reason,
            data={"month": row.month, "run": run.number},
        )  # fmt: skip
    return row


def _start_run(period: Period, by: User | None, at: datetime) -> CloseRun:
    _check_can_earn(period)
    row = _lock_period(period, at)
    _check_closable(row, period, at)
    if row.state == PeriodState.CALCULATING:
        return row.runs.get(state=RunState.CALCULATING)
    if row.state == PeriodState.OPEN:
        change_state(row, PeriodState.GRACE, by=None, at=at, reason="The month ended.")
    change_state(row, PeriodState.CALCULATING, by=by, at=at, reason="Close started.")
    run = _create_run(row, period, by, at)
    record(
        action="payouts.close_started", by=by, at=at, subject=row,
        data={"month": row.month, "run": run.number},
    )  # fmt: skip
    return run


def _create_run(row: AccountingPeriod, period: Period, by: User | None, at: datetime) -> CloseRun:
    return CloseRun.objects.create(
        period=row, number=row.runs.count() + 1, rate_card=get_rate_card(period), started_by=by, started_at=at
    )


def _lock_period(period: Period, at: datetime) -> AccountingPeriod:
    open_period(period, at=at)
    return AccountingPeriod.objects.select_for_update().get(month=str(period))


def _lock_period_in_review(period: Period, at: datetime) -> tuple[AccountingPeriod, CloseRun]:
    row = AccountingPeriod.objects.select_for_update().filter(month=str(period)).first()
    if row is None or row.state != PeriodState.REVIEW:
        raise IllegalTransition(
            _("%(month)s is not in review, so there is nothing to decide.") % {"month": period},
            code="period_not_in_review",
            data={"state": row.state if row else PeriodState.OPEN.value},
        )
    return row, row.runs.select_related("rate_card").get(state=RunState.REVIEW)


def _check_can_earn(period: Period) -> None:
    """Raise Conflict for a month in which nothing can have been earned: its row would block later months."""
    first = get_first_month()
    if period < first:
        raise Conflict(
            _("%(month)s is before the first rate card, which applies from %(first)s: nothing was earned.")
            % {"month": period, "first": first},
            code="period_before_rates",
            data={"first_month": str(first)},
        )
    known = AccountingPeriod.objects.order_by("month").values_list("month", flat=True).first()
    used_at = UsageEvent.objects.order_by("occurred_at").values_list("occurred_at", flat=True).first()
    begins = [Period.parse(known)] if known else []
    begins += [Period.containing(used_at)] if used_at else []
    if begins and period < min(begins):
        raise Conflict(
            _("%(month)s is before the first use, which was in %(first)s: there is nothing to close.")
            % {"month": period, "first": min(begins)},
            code="period_before_first_use",
            data={"first_month": str(min(begins))},
        )


def _check_closable(row: AccountingPeriod, period: Period, at: datetime) -> None:
    if row.state == PeriodState.CLOSED:
        raise Conflict(
            _("%(month)s is closed. Later truth goes into the open month as an adjustment.")
            % {"month": period},
            code="period_closed",
            data={"digest": row.digest},
        )
    if row.state == PeriodState.REVIEW:
        raise Conflict(
            _("%(month)s is calculated and waits for approval.") % {"month": period}, code="period_in_review"
        )
    if at < get_earliest_close(period):
        raise Conflict(
            _("%(month)s takes late usage until %(until)s (UTC) and can be closed after that.")
            % {"month": period, "until": f"{get_earliest_close(period):%Y-%m-%d %H:%M}"},
            code="period_in_grace",
            data={"closable_from": get_earliest_close(period).isoformat()},
        )
    unclosed = AccountingPeriod.objects.filter(month__lt=row.month).exclude(state=PeriodState.CLOSED)
    if earlier := unclosed.order_by("month").first():
        raise Conflict(
            _("Close %(month)s first: months are closed in order.") % {"month": earlier.month},
            code="period_before_open",
            data={"month": earlier.month},
        )


def _save_lines(run: CloseRun, valuation: Valuation) -> None:
    names = get_gpt_names({line.count.gpt_id for line in valuation.lines})
    CloseLine.objects.bulk_create(
        (
            CloseLine(
                run=run,
                payee_id=line.count.payee_id,
                gpt_id=line.count.gpt_id,
                gpt_name=names.get(line.count.gpt_id, f"GPT {line.count.gpt_id}"),
                category=line.count.category,
                origin_month=line.count.origin,
                verdict=line.count.verdict,
                conversations=line.count.conversations,
                messages=line.count.messages,
                input_tokens=line.count.input_tokens,
                output_tokens=line.count.output_tokens,
                estimated=line.count.estimated,
                amount_micros=line.amount_micros,
                amount_minor=line.amount_minor,
            )
            for line in valuation.lines
        ),
        batch_size=BATCH_ROWS,
    )


def list_unfinished_runs() -> Sequence[int]:
    """Return the ids of runs that are started and not calculated."""
    return list(CloseRun.objects.filter(state=RunState.CALCULATING).values_list("pk", flat=True))
