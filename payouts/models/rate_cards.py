"""Rate cards: the versioned rules by which usage earns money. Append-only."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gpts.assistants.states import Category
from payouts.states import Rule, Unit

MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"


class RateCard(models.Model):
    """The rules from ``first_month`` until a later card applies. Append-only: a month can be recalculated."""

    version = models.PositiveIntegerField(unique=True)
    rule = models.CharField(_("rule"), max_length=20, choices=Rule.choices, default=Rule.FIXED_RATE)
    currency = models.CharField(_("currency"), max_length=3)
    first_month = models.CharField(_("from"), max_length=7)
    # Minor units per month; only for pro_rata_pool.
    pool_minor = models.BigIntegerField(_("monthly pool"), default=0)
    # Answers with fewer output tokens are not paid; nor is use above the caps (0: no cap).
    minimum_output_tokens = models.PositiveIntegerField(_("shortest answer that counts"), default=20)
    cap_user_gpt_day = models.PositiveIntegerField(_("cap per person, GPT and day"), default=0)
    cap_user_month = models.PositiveIntegerField(_("cap per person and month"), default=0)
    # A user with more answers than this in a day counts as automated on that day.
    automation_per_day = models.PositiveIntegerField(_("automation threshold per day"), default=400)
    pays_free_users = models.BooleanField(_("pay for people without a plan"), default=True)
    hold_days = models.PositiveIntegerField(_("days on hold"), default=0)
    minimum_payout_minor = models.BigIntegerField(_("smallest payout"), default=1000)
    note = models.CharField(_("what changed"), max_length=300, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rule__in=Rule.values), name="payouts_ratecard_rule"),
            models.CheckConstraint(
                condition=Q(first_month__regex=MONTH), name="payouts_ratecard_first_month"
            ),
            models.CheckConstraint(
                condition=Q(pool_minor__gte=0, minimum_payout_minor__gt=0), name="payouts_ratecard_amounts"
            ),
            models.CheckConstraint(
                condition=Q(rule=Rule.PRO_RATA_POOL, pool_minor__gt=0)
                | Q(rule=Rule.FIXED_RATE, pool_minor=0),
                name="payouts_ratecard_pool",
            ),
        ]

    def __str__(self) -> str:
        return f"rate card {self.version}"


class RateCardLine(models.Model):
    """The rate of one unit in micro-units of the card's currency (in a pool: its weight).

    A line with a category replaces the general line of the same unit.
    """

    rate_card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="lines")
    unit = models.CharField(max_length=12, choices=Unit.choices)
    category = models.CharField(max_length=20, choices=Category.choices, blank=True)
    amount_micros = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rate_card", "unit", "category"], name="payouts_ratecardline_once"
            ),
            models.CheckConstraint(condition=Q(amount_micros__gte=0), name="payouts_ratecardline_amount"),
            models.CheckConstraint(condition=Q(unit__in=Unit.values), name="payouts_ratecardline_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_micros} per {self.unit}"
