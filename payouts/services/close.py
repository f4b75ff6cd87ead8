"""Closing a month: calculated by one, approved by another, issued in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, IllegalTransition
from core.periods import Period
from payouts.models import AccountingPeriod, CloseLine, CloseRun
from payouts.services.calculation import (
    calculate_month,
    has_unseen_events,
    names_of_gpts,
    rollup_difference,
)
from payouts.services.calendar import closable_from, open_period
from payouts.services.issue import issue_month
from payouts.services.ledger import take_turns
from payouts.services.rates import card_for
from payouts.services.releases import release_due
from payouts.services.rollups import roll_up
from payouts.services.transitions import clean_reason, move
from payouts.services.valuation import Valuation
from payouts.states import PeriodState, RunState
from workspaces.models import User

BATCH_ROWS = 2_000


def close_period(*, period: Period, by: User | None, at: datetime) -> CloseRun:
    """Start and calculate the close of the month, up to its review; needs a system scope.

    A run that was begun and broke off is taken up again. Conflict for a month that is closed, waits for
    review, has not ended or is still in grace, or whose predecessor is not closed.
    """
    run = start_close(period=period, by=by, at=at)
    return calculate_close(run_id=run.pk, at=at)


def start_close(*, period: Period, by: User | None, at: datetime) -> CloseRun:
    """Move the month to CALCULATING and return its run; the one that already runs when there is one."""
    with transaction.atomic():
        row = _locked(period, at)
        _refuse_unless_closable(row, period, at)
        if row.state == PeriodState.CALCULATING:
            return row.runs.get(state=RunState.CALCULATING)
        if row.state == PeriodState.OPEN:
            move(row, PeriodState.GRACE, by=None, at=at, reason="The month ended.")
        if row.state == PeriodState.GRACE:
            move(row, PeriodState.CALCULATING, by=by, at=at, reason="Close started.")
        run = _new_run(row, period, by, at)
        record(
            action="payouts.close_started", by=by, at=at, subject=row,
            data={"month": row.month, "run": run.number},
        )  # fmt: skip
    return run


def calculate_close(*, run_id: int, at: datetime) -> CloseRun:
    """Calculate a started run and put it up for review; needs a system scope.

    Idempotent: a run that is past calculating is returned as it is, lines of a broken-off try do not
    exist, because everything here is one transaction. Writes no ledger rows.
    """
    roll_up(at=at)
    with transaction.atomic():
        row = AccountingPeriod.objects.select_for_update().get(runs=run_id)
        run = CloseRun.objects.select_related("rate_card").select_for_update(of=("self",)).get(pk=run_id)
        if run.state != RunState.CALCULATING:
            return run
        period = Period.parse(row.month)
        valuation = calculate_month(period, run.rate_card)
        _keep_lines(run, valuation)
        run.state, run.calculated_at, run.digest = RunState.REVIEW, at, valuation.digest
        run.pool_minor, run.carried_minor = valuation.pool_minor, valuation.carried_minor
        run.payee_count = len(valuation.by_payee())
        run.rollup_difference = rollup_difference(period, valuation)
        run.save()
        move(row, PeriodState.REVIEW, by=None, at=at, reason=f"Run {run.number} is calculated.")
    return run


def approve_close(
    *, period: Period, by: User, at: datetime, reason: str = "", digest: str = ""
) -> AccountingPeriod:
    """Close the month: fund, allocate, issue statements, in one transaction; no way back.

    ``by`` must differ from who started the run. The month is calculated once more: when the figures are
    not those that were reviewed (or not ``digest``, when given), Conflict, and a new run is needed.
    """
    with transaction.atomic():
        take_turns()
        row, run = _in_review(period, at)
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
        issue_month(row=row, run=run, valuation=valuation, by=by, at=at)
        run.state, run.decided_by, run.decided_at = RunState.APPROVED, by, at
        run.reason = clean_reason(reason) if reason else ""
        run.save()
        row.rate_card, row.currency = run.rate_card, run.rate_card.currency
        row.funded_minor, row.carried_minor = valuation.total_minor(), valuation.carried_minor
        row.digest, row.closed_at = run.digest, at
        move(
            row, PeriodState.CLOSED, by=by, at=at, reason=reason or f"Run {run.number} approved.",
            fields=("rate_card", "currency", "funded_minor", "carried_minor", "digest", "closed_at"),
        )  # fmt: skip
        record(
            action="payouts.period_closed", by=by, at=at, subject=row, reason=reason,
            data={"month": row.month, "run": run.number, "digest": run.digest},
        )  # fmt: skip
    release_due(at=at, by=by)
    return row


def reject_close(*, period: Period, by: User, at: datetime, reason: str) -> CloseRun:
    """Reject the run in review and begin the next one; returns the new run, still to be calculated."""
    with transaction.atomic():
        row, run = _in_review(period, at)
        run.state, run.decided_by, run.decided_at = RunState.REJECTED, by, at
        run.reason = clean_reason(reason)
        run.save()
        move(row, PeriodState.CALCULATING, by=by, at=at, reason=run.reason)
        following = _new_run(row, period, by, at)
        record(
            action="payouts.close_rejected", by=by, at=at, subject=row, reason=run.reason,
            data={"month": row.month, "run": run.number},
        )  # fmt: skip
    return following


def _new_run(row: AccountingPeriod, period: Period, by: User | None, at: datetime) -> CloseRun:
    return CloseRun.objects.create(
        period=row, number=row.runs.count() + 1, rate_card=card_for(period), started_by=by, started_at=at
    )


def _locked(period: Period, at: datetime) -> AccountingPeriod:
    open_period(period, at=at)
    return AccountingPeriod.objects.select_for_update().get(month=str(period))


def _in_review(period: Period, at: datetime) -> tuple[AccountingPeriod, CloseRun]:
    row = AccountingPeriod.objects.select_for_update().filter(month=str(period)).first()
    if row is None or row.state != PeriodState.REVIEW:
        raise IllegalTransition(
            _("%(month)s is not in review, so there is nothing to decide.") % {"month": period},
            code="period_not_in_review",
            data={"state": row.state if row else PeriodState.OPEN.value},
        )
    return row, row.runs.select_related("rate_card").get(state=RunState.REVIEW)


def _refuse_unless_closable(row: AccountingPeriod, period: Period, at: datetime) -> None:
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
    if at < closable_from(period):
        raise Conflict(
            _("%(month)s takes late usage until %(until)s (UTC) and can be closed after that.")
            % {"month": period, "until": f"{closable_from(period):%Y-%m-%d %H:%M}"},
            code="period_in_grace",
            data={"closable_from": closable_from(period).isoformat()},
        )
    unclosed = AccountingPeriod.objects.filter(month__lt=row.month).exclude(state=PeriodState.CLOSED)
    if earlier := unclosed.order_by("month").first():
        raise Conflict(
            _("Close %(month)s first: months are closed in order.") % {"month": earlier.month},
            code="period_before_open",
            data={"month": earlier.month},
        )


def _keep_lines(run: CloseRun, valuation: Valuation) -> None:
    names = names_of_gpts({line.count.gpt_id for line in valuation.lines})
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
                amount_micros=line.amount_micros,
                amount_minor=line.amount_minor,
            )
            for line in valuation.lines
        ),
        batch_size=BATCH_ROWS,
    )


def undecided_runs() -> Sequence[int]:
    """Return the runs that somebody started and no worker has finished."""
    return list(CloseRun.objects.filter(state=RunState.CALCULATING).values_list("pk", flat=True))
