"""Statements, the ledger, payout accounts, batches and payouts."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

from core.migration_operations import automatic_id

PAYOUT_METHODS = [("manual", "By arrangement with finance"), ("iban", "Bank account (IBAN)")]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("payouts", "0001_rates_and_periods")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Statement",
            fields=[
                automatic_id(),
                ("payee_name", models.CharField(max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("total_minor", models.BigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("issued_at", models.DateTimeField()),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="statements", to="payouts.accountingperiod"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="statements", to="payouts.closerun"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["payee", "-id"], name="payouts_statement_payee"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("period", "payee"), name="payouts_statement_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StatementLine",
            fields=[
                automatic_id(),
                ("position", models.PositiveIntegerField()),
                ("gpt_id", models.BigIntegerField()),
                ("gpt_name", models.CharField(max_length=200)),
                ("category", models.CharField(blank=True, max_length=20)),
                ("origin_month", models.CharField(max_length=7)),
                (
                    "verdict",
                    models.CharField(
                        choices=[
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
                        ],
                        max_length=16,
                    ),
                ),
                ("conversations", models.BigIntegerField()),
                ("messages", models.BigIntegerField()),
                ("output_tokens", models.BigIntegerField()),
                ("amount_minor", models.BigIntegerField()),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="lines", to="payouts.statement"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("statement", "position"), name="payouts_statementline_position"
                    ),
                    models.CheckConstraint(
                        condition=Q(verdict="qualified") | Q(amount_minor=0),
                        name="payouts_statementline_unpaid",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=120)),
                ("currency", models.CharField(max_length=3)),
                (
                    "payee",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["payee"], name="payouts_account_payee"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("name", "currency"), name="payouts_account_name"),
                    models.CheckConstraint(
                        condition=Q(
                            name__regex="^(Assets|Liabilities|Expenses|Income|Equity)(:[A-Z0-9][A-Za-z0-9-]*)+$"
                        ),
                        name="payouts_account_name_shape",
                    ),
                    models.CheckConstraint(
                        condition=Q(currency__regex="^[A-Z]{3}$"), name="payouts_account_currency"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AccountBalance",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=models.PROTECT,
                        primary_key=True,
                        related_name="balance",
                        serialize=False,
                        to="payouts.account",
                    ),
                ),
                ("balance_minor", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                automatic_id(),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("fund", "Pool funded"),
                            ("alloc", "Earnings allocated"),
                            ("release", "Hold elapsed"),
                            ("item", "Payout approved"),
                            ("bank", "Paid by the bank"),
                            ("reject", "Payout rejected"),
                            ("return", "Payout returned"),
                            ("late", "Late usage"),
                            ("reversal", "Reversal"),
                        ],
                        max_length=12,
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=120, unique=True)),
                ("description", models.CharField(max_length=200)),
                ("happened_at", models.DateTimeField()),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="entries", to="payouts.accountingperiod"
                    ),
                ),
                (
                    "reversal_of",
                    models.OneToOneField(
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="reversed_by",
                        to="payouts.journalentry",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(
                            kind__in=[
                                "fund",
                                "alloc",
                                "release",
                                "item",
                                "bank",
                                "reject",
                                "return",
                                "late",
                                "reversal",
                            ]
                        ),
                        name="payouts_entry_kind",
                    ),
                    models.CheckConstraint(
                        condition=Q(kind="reversal", reversal_of__isnull=False)
                        | ~Q(kind="reversal") & Q(reversal_of__isnull=True),
                        name="payouts_entry_reversal",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                automatic_id(),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="postings", to="payouts.account"
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="postings", to="payouts.journalentry"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=~Q(amount_minor=0), name="payouts_posting_not_zero"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PayoutAccount",
            fields=[
                automatic_id(),
                ("legal_name", models.CharField(max_length=70, verbose_name="legal name")),
                ("country", models.CharField(max_length=2, verbose_name="country")),
                (
                    "method",
                    models.CharField(choices=PAYOUT_METHODS, max_length=10, verbose_name="how to be paid"),
                ),
                ("sealed_iban", models.TextField(blank=True)),
                ("iban_ending", models.CharField(blank=True, max_length=4)),
                ("minimum_minor", models.BigIntegerField(default=0, verbose_name="pay from")),
                ("changed_at", models.DateTimeField()),
                ("verified_at", models.DateTimeField(null=True)),
                ("held_at", models.DateTimeField(null=True)),
                ("hold_reason", models.CharField(blank=True, max_length=300)),
                (
                    "payee",
                    models.OneToOneField(
                        on_delete=models.PROTECT, related_name="payout_account", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "verified_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(method="iban") & ~Q(sealed_iban="") & ~Q(iban_ending="")
                        | Q(iban_ending="", method="manual", sealed_iban=""),
                        name="payouts_payoutaccount_method",
                    ),
                    models.CheckConstraint(
                        condition=Q(minimum_minor__gte=0), name="payouts_payoutaccount_minimum"
                    ),
                    models.CheckConstraint(
                        condition=Q(verified_at__isnull=True)
                        | Q(verified_by__isnull=False) & ~Q(verified_by=F("payee")),
                        name="payouts_payoutaccount_verified",
                    ),
                    models.CheckConstraint(
                        condition=Q(held_at__isnull=True) | ~Q(hold_reason=""),
                        name="payouts_payoutaccount_hold",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                automatic_id(),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("approved", "Approved"),
                            ("exported", "Exported"),
                            ("accepted", "Accepted by the bank"),
                            ("rejected", "Rejected by the bank"),
                            ("settled", "Settled"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(null=True)),
                ("file_format", models.CharField(blank=True, max_length=10)),
                ("file_bytes", models.BinaryField(null=True)),
                ("file_sha256", models.CharField(blank=True, max_length=64)),
                ("exported_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(
                            state__in=[
                                "draft",
                                "approved",
                                "exported",
                                "accepted",
                                "rejected",
                                "settled",
                                "cancelled",
                            ]
                        ),
                        name="payouts_batch_state",
                    ),
                    models.CheckConstraint(
                        condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
                        name="payouts_batch_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=Q(state__in=["draft", "cancelled"])
                        | Q(approved_at__isnull=False, approved_by__isnull=False),
                        name="payouts_batch_approved",
                    ),
                    models.CheckConstraint(
                        condition=Q(state__in=["draft", "approved", "cancelled"])
                        | Q(exported_at__isnull=False) & Q(file_bytes__isnull=False) & ~Q(file_sha256=""),
                        name="payouts_batch_exported",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payout",
            fields=[
                automatic_id(),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Proposed"),
                            ("in_batch", "Approved"),
                            ("exported", "Sent to the bank"),
                            ("paid", "Paid"),
                            ("failed", "Failed"),
                            ("returned", "Returned"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("method", models.CharField(choices=PAYOUT_METHODS, max_length=10)),
                ("legal_name", models.CharField(max_length=70)),
                ("country", models.CharField(max_length=2)),
                ("iban_ending", models.CharField(blank=True, max_length=4)),
                ("bank_reference", models.CharField(blank=True, max_length=80)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "batch",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="payouts", to="payouts.batch"),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["payee", "-id"], name="payouts_payout_payee"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(
                            state__in=[
                                "queued",
                                "in_batch",
                                "exported",
                                "paid",
                                "failed",
                                "returned",
                                "cancelled",
                            ]
                        ),
                        name="payouts_payout_state",
                    ),
                    models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payouts_payout_amount"),
                    models.UniqueConstraint(fields=("batch", "payee"), name="payouts_payout_once_in_batch"),
                    models.UniqueConstraint(
                        condition=Q(state__in=("queued", "in_batch", "exported")),
                        fields=("payee", "currency"),
                        name="payouts_payout_one_open",
                    ),
                    models.CheckConstraint(
                        condition=~Q(state__in=["failed", "returned", "cancelled"]) | ~Q(reason=""),
                        name="payouts_payout_reason",
                    ),
                    models.CheckConstraint(
                        condition=~Q(state__in=["paid", "returned"]) | ~Q(bank_reference=""),
                        name="payouts_payout_reference",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transition",
            fields=[
                automatic_id(),
                ("before", models.CharField(max_length=12)),
                ("after", models.CharField(max_length=12)),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(max_length=300)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="transitions", to="payouts.batch"
                    ),
                ),
                (
                    "payout",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="transitions", to="payouts.payout"
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="transitions",
                        to="payouts.accountingperiod",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(batch__isnull=True, payout__isnull=True, period__isnull=False)
                        | Q(batch__isnull=False, payout__isnull=True, period__isnull=True)
                        | Q(batch__isnull=True, payout__isnull=False, period__isnull=True),
                        name="payouts_transition_one_subject",
                    ),
                    models.CheckConstraint(condition=~Q(reason=""), name="payouts_transition_reason"),
                ],
            },
        ),
    ]
