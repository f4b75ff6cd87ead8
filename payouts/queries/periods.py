"""Accounting periods for finance: run figures, totals by payee, and single uses."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from payouts.models import AccountingPeriod, CloseLine, CloseRun, Transition, UsageRollup
from payouts.states import RunState, Verdict
from workspaces.models import User

PAYEES_SHOWN = 100


def list_periods() -> QuerySet[AccountingPeriod]:
    """Return all months, newest first, with ``statement_count``."""
    return (
        AccountingPeriod.objects.select_related("rate_card")
        .annotate(statement_count=Count("statements"))
        .order_by("-month")
    )


@dataclass(frozen=True)
class VerdictTotal:
    verdict: str
    messages: int
    amount_minor: int

    @property
    def label(self) -> str:
        return str(Verdict(self.verdict).label)


@dataclass(frozen=True)
class PayeeTotal:
    payee_id: int
    name: str
    messages: int
    unpaid: int
    amount_minor: int


@dataclass(frozen=True)
class MonthSummary:
    """One month: its newest calculated run, its transitions, totals by verdict and the largest payees."""

    run: CloseRun | None
    runs: list[CloseRun]
    steps: list[Transition]
    verdicts: list[VerdictTotal]
    payees: list[PayeeTotal]
    payee_count: int
    total_minor: int


def get_month_summary(row: AccountingPeriod) -> MonthSummary:
    """Return the figures of the newest calculated run, or those of the rollup when no run is calculated."""
    runs = list(row.runs.select_related("started_by", "decided_by", "rate_card").order_by("-number"))
    run = next((run for run in runs if run.digest), None)
    steps = list(row.transitions.select_related("actor").order_by("pk"))
    verdicts = _sum_run_verdicts(run) if run else _sum_rollup_verdicts(row.month)
    payees = _list_payees(run) if run else []
    return MonthSummary(
        run=run,
        runs=runs,
        steps=steps,
        verdicts=sorted(verdicts, key=lambda total: (total.verdict != Verdict.QUALIFIED, -total.messages)),
        payees=payees,
        payee_count=run.payee_count if run else 0,
        total_minor=sum(total.amount_minor for total in verdicts),
    )


def _sum_run_verdicts(run: CloseRun) -> list[VerdictTotal]:
    rows = run.lines.order_by().values_list("verdict").annotate(Sum("messages"), Sum("amount_minor"))
    return [VerdictTotal(*found) for found in rows]


def _sum_rollup_verdicts(month: str) -> list[VerdictTotal]:
    rows = UsageRollup.objects.filter(month=month).order_by().values_list("verdict").annotate(Sum("messages"))
    return [VerdictTotal(verdict, messages, 0) for verdict, messages in rows]


def _list_payees(run: CloseRun) -> list[PayeeTotal]:
    paid = Q(verdict=Verdict.QUALIFIED)
    rows = (
        run.lines.order_by()
        .values_list("payee_id", "payee__display_name")
        .annotate(
            paid=Sum("messages", filter=paid, default=0),
            unpaid=Sum("messages", filter=~paid, default=0),
            amount=Sum("amount_minor"),
        )
        .order_by("-amount", "payee_id")[:PAYEES_SHOWN]
    )
    return [PayeeTotal(*found) for found in rows]


def list_payee_lines(row: AccountingPeriod, payee: User) -> list[CloseLine]:
    """Return the payee's lines of the month's newest calculated run."""
    run = row.runs.exclude(state=RunState.CALCULATING).order_by("-number").first()
    return (
        []
        if run is None
        else list(run.lines.filter(payee=payee).order_by("-amount_minor", "gpt_id", "verdict"))
    )
