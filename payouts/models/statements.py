"""Statements of a payee's month. Append-only."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from payouts.models.periods import AccountingPeriod, CloseRun
from payouts.states import Verdict


class Statement(models.Model):
    """One payee's month. ``sha256`` is the hash of the canonical JSON of the head and the lines."""

    period = models.ForeignKey(AccountingPeriod, on_delete=models.PROTECT, related_name="statements")
    run = models.ForeignKey(CloseRun, on_delete=models.PROTECT, related_name="statements")
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    payee_name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["period", "payee"], name="payouts_statement_once"),
        ]
        indexes = [models.Index(fields=["payee", "-id"], name="payouts_statement_payee")]

    def __str__(self) -> str:
        return f"statement {self.pk}"


class StatementLine(models.Model):
    """One GPT, origin month and verdict of a statement; the amounts sum to the statement's total."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="lines")
    # Copied from the statement, so that row-level security needs no join.
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    gpt_id = models.BigIntegerField()
    gpt_name = models.CharField(max_length=200)
    category = models.CharField(max_length=20, blank=True)
    origin_month = models.CharField(max_length=7)
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    conversations = models.BigIntegerField()
    messages = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    # How many of the messages have estimated tokens.
    estimated = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "position"], name="payouts_statementline_position"),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.QUALIFIED) | Q(amount_minor=0),
                name="payouts_statementline_unpaid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gpt_name} {self.verdict}"
