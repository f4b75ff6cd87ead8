"""Rate cards, accounting periods with their calculations, usage rolled up from events."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

from core.migration_operations import automatic_id

VERDICTS = [
    ("void", "Voided"),
    ("quarantined", "Arrived too late"),
    ("fraud", "Excluded after an investigation"),
    ("self_use", "Own use"),
    ("affiliated", "Same workspace"),
    ("staff", "Staff and monitoring"),
    ("automation", "Automated pattern"),
    ("regeneration", "Same question again"),
    ("too_short", "Answer too short"),
    ("free_user", "Free use"),
    ("capped", "Above the cap"),
    ("qualified", "Paid"),
]


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = [("workspaces", "0001_tables")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="RateCard",
            fields=[
                automatic_id(),
                ("version", models.PositiveIntegerField(unique=True)),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("fixed_rate", "Fixed rate per use"),
                            ("pro_rata_pool", "A monthly pool, divided by use"),
                        ],
                        default="fixed_rate",
                        max_length=20,
                        verbose_name="rule",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("first_month", models.CharField(max_length=7, verbose_name="from")),
                ("pool_minor", models.BigIntegerField(default=0, verbose_name="monthly pool")),
                (
                    "minimum_output_tokens",
                    models.PositiveIntegerField(default=20, verbose_name="shortest answer that counts"),
                ),
                (
                    "cap_user_gpt_day",
                    models.PositiveIntegerField(default=0, verbose_name="cap per person, GPT and day"),
                ),
                (
                    "cap_user_month",
                    models.PositiveIntegerField(default=0, verbose_name="cap per person and month"),
                ),
                (
                    "automation_per_day",
                    models.PositiveIntegerField(default=400, verbose_name="automation threshold per day"),
                ),
                (
                    "pays_free_users",
                    models.BooleanField(default=True, verbose_name="pay for people without a plan"),
                ),
                ("hold_days", models.PositiveIntegerField(default=0, verbose_name="days on hold")),
                (
                    "minimum_payout_minor",
                    models.BigIntegerField(default=1000, verbose_name="smallest payout"),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="what changed")),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(rule__in=["fixed_rate", "pro_rata_pool"]),
                        name="payouts_ratecard_rule",
                    ),
                    models.CheckConstraint(
                        condition=Q(first_month__regex="^\\d{4}-(0[1-9]|1[0-2])$"),
                        name="payouts_ratecard_first_month",
                    ),
                    models.CheckConstraint(
                        condition=Q(minimum_payout_minor__gt=0, pool_minor__gte=0),
                        name="payouts_ratecard_amounts",
                    ),
                    models.CheckConstraint(
                        condition=Q(pool_minor__gt=0, rule="pro_rata_pool")
                        | Q(pool_minor=0, rule="fixed_rate"),
                        name="payouts_ratecard_pool",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RateCardLine",
            fields=[
                automatic_id(),
                (
                    "unit",
                    models.CharField(
                        choices=[
                            ("conversation", "Qualified conversation"),
                            ("message", "Qualified answer"),
                            ("1k_tokens", "1,000 output tokens"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("writing", "Writing"),
                            ("productivity", "Productivity"),
                            ("research-analysis", "Research & Analysis"),
                            ("programming", "Programming"),
                            ("education", "Education"),
                            ("lifestyle", "Lifestyle"),
                            ("other", "Other"),
                        ],
                        max_length=20,
                    ),
                ),
                ("amount_micros", models.BigIntegerField()),
                (
                    "rate_card",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="lines", to="payouts.ratecard"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rate_card", "unit", "category"), name="payouts_ratecardline_once"
                    ),
                    models.CheckConstraint(
                        condition=Q(amount_micros__gte=0), name="payouts_ratecardline_amount"
                    ),
                    models.CheckConstraint(
                        condition=Q(unit__in=["conversation", "message", "1k_tokens"]),
                        name="payouts_ratecardline_unit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AccountingPeriod",
            fields=[
                automatic_id(),
                ("month", models.CharField(max_length=7, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("grace", "Waiting for late usage"),
                            ("calculating", "Calculating"),
                            ("review", "In review"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("funded_minor", models.BigIntegerField(default=0)),
                ("carried_minor", models.BigIntegerField(default=0)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "rate_card",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to="payouts.ratecard"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(month__regex="^\\d{4}-(0[1-9]|1[0-2])$"), name="payouts_period_month"
                    ),
                    models.CheckConstraint(
                        condition=Q(state__in=["open", "grace", "calculating", "review", "closed"]),
                        name="payouts_period_state",
                    ),
                    models.CheckConstraint(
                        condition=~Q(state="closed")
                        | Q(closed_at__isnull=False) & Q(rate_card__isnull=False) & ~Q(digest=""),
                        name="payouts_period_closed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CloseRun",
            fields=[
                automatic_id(),
                ("number", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("calculating", "Calculating"),
                            ("review", "In review"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                        ],
                        default="calculating",
                        max_length=12,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("calculated_at", models.DateTimeField(null=True)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("pool_minor", models.BigIntegerField(default=0)),
                ("carried_minor", models.BigIntegerField(default=0)),
                ("payee_count", models.PositiveIntegerField(default=0)),
                ("rollup_difference", models.BigIntegerField(default=0)),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="runs", to="payouts.accountingperiod"
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "rate_card",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="payouts.ratecard"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("period", "number"), name="payouts_closerun_number"),
                    models.UniqueConstraint(
                        condition=Q(state__in=("calculating", "review")),
                        fields=("period",),
                        name="payouts_closerun_one_undecided",
                    ),
                    models.CheckConstraint(
                        condition=Q(decided_by__isnull=True)
                        | Q(started_by__isnull=True)
                        | ~Q(decided_by=F("started_by"))
                        | Q(state="rejected"),
                        name="payouts_closerun_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=~Q(state__in=["approved", "rejected"])
                        | Q(decided_at__isnull=False, decided_by__isnull=False),
                        name="payouts_closerun_decided",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CloseLine",
            fields=[
                automatic_id(),
                ("gpt_id", models.BigIntegerField()),
                ("gpt_name", models.CharField(max_length=200)),
                ("category", models.CharField(blank=True, max_length=20)),
                ("origin_month", models.CharField(max_length=7)),
                ("verdict", models.CharField(choices=VERDICTS, max_length=16)),
                ("conversations", models.BigIntegerField()),
                ("messages", models.BigIntegerField()),
                ("input_tokens", models.BigIntegerField()),
                ("output_tokens", models.BigIntegerField()),
                ("amount_micros", models.BigIntegerField(default=0)),
                ("amount_minor", models.BigIntegerField(default=0)),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="lines", to="payouts.closerun"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "payee", "gpt_id", "category", "origin_month", "verdict"),
                        name="payouts_closeline_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(verdict="qualified") | Q(amount_micros=0, amount_minor=0),
                        name="payouts_closeline_unpaid",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageRollup",
            fields=[
                automatic_id(),
                ("day", models.DateField()),
                ("month", models.CharField(max_length=7)),
                ("payee_id", models.BigIntegerField()),
                ("gpt_id", models.BigIntegerField()),
                ("gpt_workspace_id", models.BigIntegerField()),
                ("category", models.CharField(blank=True, max_length=20)),
                ("is_paid_user", models.BooleanField()),
                ("verdict", models.CharField(choices=VERDICTS, max_length=16)),
                ("conversations", models.BigIntegerField()),
                ("messages", models.BigIntegerField()),
                ("input_tokens", models.BigIntegerField()),
                ("output_tokens", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["payee_id", "month"], name="payouts_usagerollup_payee"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "day",
                            "month",
                            "payee_id",
                            "gpt_id",
                            "gpt_workspace_id",
                            "category",
                            "is_paid_user",
                            "verdict",
                        ),
                        name="payouts_usagerollup_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(conversations__gte=0, messages__gt=0),
                        name="payouts_usagerollup_counts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RollupState",
            fields=[
                ("singleton", models.BooleanField(default=True, primary_key=True, serialize=False)),
                ("watermark", models.DecimalField(decimal_places=0, default=0, max_digits=20)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(singleton=True), name="payouts_rollupstate_one_row"),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageVerdict",
            fields=[
                automatic_id(),
                ("event_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("verdict", models.CharField(choices=VERDICTS, max_length=16)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("made_by_id", models.BigIntegerField(null=True)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["occurred_at"], name="payouts_usageverdict_time"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event_id", "verdict"), name="payouts_usageverdict_once"),
                    models.CheckConstraint(
                        condition=Q(made_by_id__isnull=True, verdict__in=("affiliated", "staff"))
                        | Q(made_by_id__isnull=False) & Q(verdict__in=("fraud",)) & ~Q(reason=""),
                        name="payouts_usageverdict_source",
                    ),
                ],
            },
        ),
    ]
