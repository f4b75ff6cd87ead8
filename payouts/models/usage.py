"""Usage rollups by day, and stored verdicts on single events."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from payouts.states import FROZEN_VERDICTS, MANUAL_VERDICTS, Verdict


class UsageRollup(models.Model):
    """Units of one day, payee, GPT, category, paid or free user, and verdict. Refilled, never incremented.

    ``month`` is the accounting month that settles the use, ``day`` (UTC) is when it happened.
    """

    day = models.DateField()
    month = models.CharField(max_length=7)
    payee_id = models.BigIntegerField()
    gpt_id = models.BigIntegerField()
    gpt_workspace_id = models.BigIntegerField()
    category = models.CharField(max_length=20, blank=True)
    is_paid_user = models.BooleanField()
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    conversations = models.BigIntegerField()
    messages = models.BigIntegerField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    # How many of the messages have estimated tokens.
    estimated = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "month", "payee_id", "gpt_id", "gpt_workspace_id", "category", "is_paid_user",
                        "verdict"],
                name="payouts_usagerollup_once",
            ),
            models.CheckConstraint(
                condition=Q(conversations__gte=0, messages__gt=0), name="payouts_usagerollup_counts"
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["payee_id", "month"], name="payouts_usagerollup_payee")]

    def __str__(self) -> str:
        return f"{self.day} {self.payee_id} {self.gpt_id} {self.verdict}"


class RollupState(models.Model):
    """One row with the rollup's watermark. Its row lock serialises concurrent runs."""

    singleton = models.BooleanField(primary_key=True, default=True)
    # A transaction id (xid8) as a number; events of all earlier transactions are in the rollup.
    watermark = models.DecimalField(max_digits=20, decimal_places=0, default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(singleton=True), name="payouts_rollupstate_one_row"),
        ]

    def __str__(self) -> str:
        return f"up to {self.watermark}"


class UsageVerdict(models.Model):
    """A verdict on one event that cannot be recomputed from the event. Append-only.

    Verdicts on membership and staff are stored when the rollup first sees the event, and stay when the
    person leaves later.
    """

    event_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reason = models.CharField(max_length=300, blank=True)
    made_by_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_id", "verdict"], name="payouts_usageverdict_once"),
            models.CheckConstraint(
                condition=Q(verdict__in=FROZEN_VERDICTS, made_by_id__isnull=True)
                | Q(verdict__in=MANUAL_VERDICTS, made_by_id__isnull=False) & ~Q(reason=""),
                name="payouts_usageverdict_source",
            ),
        ]
        indexes = [models.Index(fields=["occurred_at"], name="payouts_usageverdict_time")]

    def __str__(self) -> str:
        return f"{self.event_id} {self.verdict}"
