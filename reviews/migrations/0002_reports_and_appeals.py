"""Reports, notices, appeals, and the standing of reporters and builders."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from core.ids import uuid7
from core.migration_operations import automatic_id


class Migration(migrations.Migration):
    dependencies: ClassVar = [("reviews", "0001_policies_and_cases")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("reporter_name", models.CharField(blank=True, max_length=80)),
                ("reporter_email", models.EmailField(blank=True, max_length=254)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("user", "Signed-in person"),
                            ("visitor", "Visitor"),
                            ("trusted_flagger", "Trusted flagger"),
                            ("system", "Automated"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("child_safety", "Sexual content about children"),
                            ("imminent_harm", "Danger to life, self-harm, violence"),
                            ("illegal", "Something else that is illegal"),
                            ("malware", "Malware, phishing or theft of data"),
                            ("impersonation", "Pretends to be somebody else"),
                            ("copyright", "Uses my work or brand without permission"),
                            ("copy", "A copy of another GPT"),
                            ("privacy", "Collects or reveals personal data"),
                            ("hate", "Hate or harassment"),
                            ("sexual", "Sexual content"),
                            ("misleading", "Misleading or fraud"),
                            ("spam", "Spam or broken"),
                        ],
                        max_length=20,
                    ),
                ),
                ("subcategory", models.CharField(blank=True, max_length=60)),
                ("explanation", models.TextField(max_length=4000)),
                ("url", models.CharField(blank=True, max_length=300)),
                ("is_good_faith", models.BooleanField()),
                ("locale", models.CharField(max_length=10)),
                ("evidence", models.JSONField(default=dict)),
                ("weight", models.PositiveSmallIntegerField(default=1000)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("attached", "Being looked at"),
                            ("answered", "Answered"),
                            ("invalid", "Not valid"),
                        ],
                        default="received",
                        max_length=12,
                    ),
                ),
                ("text_hash", models.CharField(max_length=64)),
                ("address_hash", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="reports", to="reviews.case"),
                ),
                (
                    "reporter",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["reporter", "created_at"], name="reviews_report_by_person"),
                    models.Index(fields=["address_hash", "created_at"], name="reviews_report_by_address"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(reporter__isnull=False),
                        fields=("case", "reporter"),
                        name="reviews_report_reporter",
                    ),
                    models.UniqueConstraint(
                        condition=Q(reporter__isnull=True) & ~Q(reporter_email=""),
                        fields=("case", "reporter_email"),
                        name="reviews_report_email",
                    ),
                    models.CheckConstraint(
                        condition=Q(source="system") | Q(is_good_faith=True),
                        name="reviews_report_good_faith",
                    ),
                    models.CheckConstraint(
                        condition=Q(source="system") | Q(reporter__isnull=False) | ~Q(reporter_email=""),
                        name="reviews_report_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("receipt", "Receipt"),
                            ("statement_of_reasons", "Statement of reasons"),
                            ("approval", "Approval"),
                            ("outcome", "Outcome for the reporter"),
                            ("warning", "Warning"),
                        ],
                        max_length=24,
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("language", models.CharField(max_length=10)),
                ("subject", models.CharField(max_length=200)),
                ("body", models.TextField()),
                ("facts", models.JSONField(blank=True, default=dict)),
                (
                    "delivery",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting to be sent"),
                            ("sent", "Sent"),
                            ("failed", "Could not be sent"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "case",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="notices", to="reviews.case"),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="notices",
                        to="reviews.decision",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="notices",
                        to="reviews.report",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(delivery="waiting"),
                        fields=["created_at"],
                        name="reviews_notice_waiting",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(decision__isnull=False),
                        fields=("decision", "email", "kind"),
                        name="reviews_notice_decision_once",
                    ),
                    models.UniqueConstraint(
                        condition=Q(decision__isnull=True, report__isnull=False),
                        fields=("report", "kind"),
                        name="reviews_notice_receipt_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(delivery="sent", sent_at__isnull=False)
                        | ~Q(delivery="sent") & Q(sent_at__isnull=True),
                        name="reviews_notice_sent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "party",
                    models.CharField(choices=[("owner", "Owner"), ("reporter", "Reporter")], max_length=10),
                ),
                ("text", models.TextField(max_length=4000)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("filed", "Filed"),
                            ("upheld", "Decision upheld"),
                            ("overturned", "Decision overturned"),
                            ("partly", "Partly overturned"),
                        ],
                        default="filed",
                        max_length=12,
                    ),
                ),
                ("filed_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "appellant",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="appeals", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="appeals", to="reviews.case"),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="appeals", to="reviews.decision"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(party="owner"),
                        fields=("decision",),
                        name="reviews_appeal_owner_once",
                    ),
                    models.UniqueConstraint(
                        condition=Q(party="reporter"),
                        fields=("decision", "appellant"),
                        name="reviews_appeal_reporter_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(answered_at__isnull=True, state="filed")
                        | ~Q(state="filed") & Q(answered_at__isnull=False),
                        name="reviews_appeal_answered",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Strike",
            fields=[
                automatic_id(),
                ("given_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=models.PROTECT, related_name="strike", to="reviews.decision"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="strikes", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "expires_at"], name="reviews_strike_user"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                automatic_id(),
                ("reports_upheld", models.PositiveIntegerField(default=0)),
                ("reports_rejected", models.PositiveIntegerField(default=0)),
                ("is_trusted_flagger", models.BooleanField(default=False)),
                ("reporting_suspended_until", models.DateTimeField(blank=True, null=True)),
                (
                    "builder_state",
                    models.CharField(
                        choices=[
                            ("normal", "In good standing"),
                            ("warned", "Warned"),
                            ("restricted", "Restricted"),
                            ("suspended", "Suspended"),
                        ],
                        default="normal",
                        max_length=12,
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=models.PROTECT, related_name="standing", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(builder_state__in=["normal", "warned", "restricted", "suspended"]),
                        name="reviews_standing_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DailyStat",
            fields=[
                automatic_id(),
                ("day", models.DateField()),
                ("figure", models.CharField(max_length=40)),
                ("label", models.CharField(blank=True, max_length=40)),
                ("value", models.BigIntegerField()),
                ("filled_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("day", "figure", "label"), name="reviews_dailystat_once"),
                ],
            },
        ),
    ]
