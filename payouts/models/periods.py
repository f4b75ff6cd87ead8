"""Accounting periods (UTC months) and the runs that calculate them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.periods import Period
from payouts.models.rate_cards import MONTH, RateCard
from payouts.states import UNDECIDED_RUN_STATES, PeriodState, RunState, Verdict

# Usage that arrives within this time after the end of a month is still settled in that month.
GRACE_HOURS = 72


class AccountingPeriod(models.Model):
    """One UTC month, half-open. CLOSED is final: the database refuses changes of it and postings into it.

    A trigger sets ``closed_xact``, because the transaction that closes the month still posts into it.
    """

    month = models.CharField(max_length=7, unique=True)
    state = models.CharField(max_length=12, choices=PeriodState.choices, default=PeriodState.OPEN)
    rate_card = models.ForeignKey(RateCard, on_delete=models.PROTECT, null=True, related_name="+")
    currency = models.CharField(max_length=3)
    funded_minor = models.BigIntegerField(default=0)
    # The part of a pool that could not be divided; added to the next month's pool.
    carried_minor = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(month__regex=MONTH), name="payouts_period_month"),
            models.CheckConstraint(condition=Q(state__in=PeriodState.values), name="payouts_period_state"),
            models.CheckConstraint(
                condition=~Q(state=PeriodState.CLOSED)
                | Q(closed_at__isnull=False, rate_card__isnull=False) & ~Q(digest=""),
                name="payouts_period_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.month

    @property
    def starts_at(self) -> datetime:
        return Period.parse(self.month).start

    @property
    def closable_at(self) -> datetime:
        """The end of the grace time for late usage."""
        return Period.parse(self.month).end + timedelta(hours=GRACE_HOURS)


class CloseRun(models.Model):
    """One calculation of a month: its rate card, its figures, and who approved or rejected them."""

    period = models.ForeignKey(AccountingPeriod, on_delete=models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.CALCULATING)
    rate_card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="+")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    started_at = models.DateTimeField()
    calculated_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    pool_minor = models.BigIntegerField(default=0)
    carried_minor = models.BigIntegerField(default=0)
    payee_count = models.PositiveIntegerField(default=0)
    # Messages by which the rollup differs from the raw events; anything but 0 is a defect.
    rollup_difference = models.BigIntegerField(default=0)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["period", "number"], name="payouts_closerun_number"),
            models.UniqueConstraint(
                fields=["period"],
                condition=Q(state__in=UNDECIDED_RUN_STATES),
                name="payouts_closerun_one_undecided",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(started_by__isnull=True)
                | ~Q(decided_by=F("started_by"))
                | Q(state=RunState.REJECTED),
                name="payouts_closerun_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[RunState.APPROVED, RunState.REJECTED])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="payouts_closerun_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.number} of {self.period_id}"


class CloseLine(models.Model):
    """What a run counted for one payee, GPT, category, origin month and verdict. Append-only.

    ``amount_micros`` is the exact value at the origin month's rates, ``amount_minor`` the line's share of
    the payee's total in minor units; both are 0 unless the verdict is ``qualified``.
    """

    run = models.ForeignKey(CloseRun, on_delete=models.PROTECT, related_name="lines")
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    gpt_id = models.BigIntegerField()
    gpt_name = models.CharField(max_length=200)
    category = models.CharField(max_length=20, blank=True)
    origin_month = models.CharField(max_length=7)
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    conversations = models.BigIntegerField()
    messages = models.BigIntegerField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    # How many of the messages have estimated tokens.
    estimated = models.BigIntegerField(default=0)
    amount_micros = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "payee", "gpt_id", "category", "origin_month", "verdict"],
                name="payouts_closeline_once",
            ),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.QUALIFIED) | Q(amount_micros=0, amount_minor=0),
                name="payouts_closeline_unpaid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payee_id} {self.gpt_id} {self.verdict}"
