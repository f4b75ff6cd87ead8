"""Policies, submissions with checks, cases, decisions and their enforcement."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models import F, Q

from core.ids import uuid7
from core.migration_operations import automatic_id

OUTCOMES = [
    ("approve", "Approve and publish"),
    ("request_changes", "Ask for changes"),
    ("reject", "Reject"),
    ("no_violation", "No violation"),
    ("warn", "Warn the builder"),
    ("delist", "Take out of the store"),
    ("quarantine", "Quarantine"),
    ("suspend_builder", "Suspend the builder"),
    ("uphold", "Uphold the decision"),
    ("overturn", "Overturn the decision"),
    ("confirm", "Confirm"),
    ("send_back", "Send back"),
]


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = [("workspaces", "0001_tables"), ("gpts", "0001_gpts_and_models")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Policy",
            fields=[
                automatic_id(),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("dsa_category", models.CharField(max_length=80)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "policies",
            },
        ),
        migrations.CreateModel(
            name="PolicyVersion",
            fields=[
                automatic_id(),
                ("number", models.PositiveSmallIntegerField()),
                ("title_en", models.CharField(max_length=120)),
                ("title_zh", models.CharField(max_length=120)),
                ("text_en", models.TextField()),
                ("text_zh", models.TextField()),
                ("severity", models.PositiveSmallIntegerField()),
                (
                    "allowed_outcomes",
                    ArrayField(base_field=models.CharField(choices=OUTCOMES, max_length=20), size=None),
                ),
                ("effective_from", models.DateTimeField()),
                (
                    "policy",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="versions", to="reviews.policy"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("policy", "number"), name="reviews_policyversion_number"),
                    models.CheckConstraint(
                        condition=Q(severity__gte=1, severity__lte=5),
                        name="reviews_policyversion_severity",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("submitted", "Submitted"),
                            ("checking", "Being checked"),
                            ("in_review", "In review"),
                            ("approved", "Approved"),
                            ("live", "Live"),
                            ("superseded", "Replaced by a newer version"),
                            ("changes_requested", "Changes requested"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                            ("quarantined", "Quarantined"),
                            ("removed", "Removed"),
                        ],
                        default="submitted",
                        max_length=20,
                    ),
                ),
                ("note", models.TextField(blank=True, max_length=2000)),
                ("attested_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField()),
                ("checks_started_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "gpt",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="submissions", to="gpts.gpt"),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="submissions", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="submissions", to="gpts.version"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["gpt", "-id"], name="reviews_submission_gpt"),
                    models.Index(fields=["state", "submitted_at"], name="reviews_submission_state_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(state__in=("submitted", "checking", "in_review")),
                        fields=("gpt",),
                        name="reviews_submission_one_open",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            state__in=[
                                "submitted",
                                "checking",
                                "in_review",
                                "approved",
                                "live",
                                "superseded",
                                "changes_requested",
                                "rejected",
                                "withdrawn",
                                "quarantined",
                                "removed",
                            ]
                        ),
                        name="reviews_submission_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Check",
            fields=[
                automatic_id(),
                ("checker", models.CharField(max_length=30)),
                ("checker_version", models.PositiveSmallIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[("passed", "Passed"), ("flagged", "Flagged"), ("errored", "Could not run")],
                        max_length=10,
                    ),
                ),
                ("score", models.PositiveSmallIntegerField(default=0)),
                ("evidence", models.JSONField(blank=True, default=list)),
                ("failure", models.CharField(blank=True, max_length=120)),
                ("input_hash", models.CharField(max_length=64)),
                ("attempts", models.PositiveSmallIntegerField(default=1)),
                ("ran_at", models.DateTimeField()),
                (
                    "version",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="checks", to="gpts.version"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "checker", "checker_version"), name="reviews_check_once"
                    ),
                    models.CheckConstraint(condition=Q(score__lte=100), name="reviews_check_score"),
                    models.CheckConstraint(
                        condition=Q(outcome__in=["passed", "flagged", "errored"]),
                        name="reviews_check_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Fingerprint",
            fields=[
                automatic_id(),
                ("hashes", ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("gpt", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="gpts.gpt")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        on_delete=models.PROTECT, related_name="fingerprint", to="gpts.version"
                    ),
                ),
            ],
            options={
                "indexes": [
                    GinIndex(fields=["hashes"], name="reviews_fingerprint_hashes"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("pre_listing", "Submission"),
                            ("report", "Reports"),
                            ("appeal", "Appeal"),
                            ("proactive", "Own initiative"),
                            ("second_approval", "Second approval"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "subject_type",
                    models.CharField(
                        choices=[
                            ("version", "Version"),
                            ("listing", "Listing"),
                            ("builder", "Builder"),
                            ("rating", "Rating"),
                            ("conversation", "Shared conversation"),
                        ],
                        max_length=20,
                    ),
                ),
                ("subject_id", models.CharField(max_length=40)),
                (
                    "queue",
                    models.CharField(
                        choices=[
                            ("listings", "Submissions"),
                            ("reports", "Reports"),
                            ("appeals", "Appeals"),
                            ("approvals", "Second approvals"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Being prepared"),
                            ("queued", "Waiting"),
                            ("claimed", "Claimed"),
                            ("escalated", "Escalated"),
                            ("decided", "Decided"),
                            ("awaiting_second", "Waiting for a second person"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=20,
                    ),
                ),
                (
                    "tier",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "Child safety or imminent harm"),
                            (1, "Legal or trusted flagger"),
                            (2, "Malware, phishing, theft of credentials"),
                            (3, "Appeal near its due time"),
                            (4, "Normal"),
                        ],
                        default=4,
                    ),
                ),
                ("risk", models.PositiveIntegerField(default=0)),
                ("round", models.PositiveSmallIntegerField(default=1)),
                ("row_version", models.PositiveIntegerField(default=1)),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("note", models.TextField(blank=True)),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "builder",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="cases_about",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "gpt",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.PROTECT, related_name="cases", to="gpts.gpt"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=~Q(state="closed"),
                        fields=["tier", "-risk", "opened_at", "id"],
                        name="reviews_case_queue",
                    ),
                    models.Index(fields=["gpt", "-opened_at"], name="reviews_case_gpt"),
                    models.Index(fields=["builder", "-opened_at"], name="reviews_case_builder"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=~Q(state="closed"),
                        fields=("subject_type", "subject_id", "kind"),
                        name="reviews_case_one_open",
                    ),
                    models.CheckConstraint(
                        condition=Q(closed_at__isnull=False, state="closed")
                        | ~Q(state="closed") & Q(closed_at__isnull=True),
                        name="reviews_case_closed",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            state__in=[
                                "open",
                                "queued",
                                "claimed",
                                "escalated",
                                "decided",
                                "awaiting_second",
                                "closed",
                            ]
                        ),
                        name="reviews_case_state",
                    ),
                    models.CheckConstraint(condition=Q(risk__lte=1000), name="reviews_case_risk"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Claim",
            fields=[
                automatic_id(),
                ("token", models.UUIDField(unique=True)),
                ("acquired_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "case",
                    models.OneToOneField(on_delete=models.CASCADE, related_name="claim", to="reviews.case"),
                ),
                (
                    "moderator",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="claims", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["moderator", "expires_at"], name="reviews_claim_moderator"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(expires_at__gt=F("acquired_at")), name="reviews_claim_lease"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("round", models.PositiveSmallIntegerField()),
                ("outcome", models.CharField(choices=OUTCOMES, max_length=20)),
                (
                    "policy_versions",
                    ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None),
                ),
                ("reasoning", models.TextField(blank=True)),
                ("private_note", models.TextField(blank=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("automation", "Automated"),
                            ("moderator", "Moderator"),
                            ("legal", "Legal order"),
                            ("workspace_admin", "Workspace admin"),
                        ],
                        max_length=20,
                    ),
                ),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("claim_token", models.UUIDField(blank=True, null=True)),
                ("decided_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="decisions", to="reviews.case"),
                ),
                (
                    "decider",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="decisions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "override_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="overrides",
                        to="reviews.decision",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-decided_at", "-id"], name="reviews_decision_log"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("case", "round"), name="reviews_decision_round"),
                    models.CheckConstraint(
                        condition=~Q(
                            outcome__in=(
                                "request_changes",
                                "reject",
                                "warn",
                                "delist",
                                "quarantine",
                                "suspend_builder",
                            )
                        )
                        | ~Q(reasoning="") & Q(policy_versions__len__gte=1),
                        name="reviews_decision_reasons",
                    ),
                    models.CheckConstraint(
                        condition=Q(decider__isnull=True, source="automation")
                        | ~Q(source="automation") & Q(decider__isnull=False),
                        name="reviews_decision_decider",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Enforcement",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("publish_version", "Publish the version"),
                            ("reject_version", "Refuse the version"),
                            ("delist", "Take out of the store"),
                            ("quarantine", "Quarantine"),
                            ("warn", "Warning"),
                            ("suspend_builder", "Suspend the builder"),
                            ("hold_payout", "Hold payouts"),
                            ("prohibit_name", "Prohibit the name"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("held", "Held for a second person"),
                            ("executed", "In force"),
                            ("failed", "Failed"),
                            ("reversed", "Reversed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        max_length=12,
                    ),
                ),
                ("undo", models.JSONField(blank=True, default=dict)),
                ("failure", models.CharField(blank=True, max_length=80)),
                ("planned_at", models.DateTimeField()),
                ("executed_at", models.DateTimeField(blank=True, null=True)),
                ("reversed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "builder",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="enforcements",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="enforcements", to="reviews.decision"
                    ),
                ),
                (
                    "gpt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="enforcements",
                        to="gpts.gpt",
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.PROTECT, related_name="+", to="gpts.version"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["builder", "kind", "state"], name="reviews_enforcement_builder"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("decision", "kind"), name="reviews_enforcement_once"),
                    models.CheckConstraint(
                        condition=Q(executed_at__isnull=False, state__in=("executed", "reversed"))
                        | Q(executed_at__isnull=True, state__in=("planned", "held", "failed", "cancelled")),
                        name="reviews_enforcement_executed",
                    ),
                    models.CheckConstraint(
                        condition=Q(reversed_at__isnull=False, state="reversed")
                        | ~Q(state="reversed") & Q(reversed_at__isnull=True),
                        name="reviews_enforcement_reversed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProtectedName",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=80, unique=True)),
                ("is_reserved_mark", models.BooleanField(default=True)),
                (
                    "enforcement",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to="reviews.enforcement",
                    ),
                ),
            ],
        ),
        # What a case arose from.
        migrations.AddField(
            "case",
            "origin",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=models.PROTECT,
                related_name="follow_ups",
                to="reviews.decision",
            ),
        ),
        migrations.AddField(
            "case",
            "submission",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=models.PROTECT,
                related_name="case",
                to="reviews.submission",
            ),
        ),
    ]
