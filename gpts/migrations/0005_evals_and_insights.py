"""Golden prompts with their runs; the figures that creators see about a GPT's use."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import F, Q

from core.ids import uuid7
from core.migration_operations import automatic_id


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0004_metering")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="GoldenPrompt",
            fields=[
                automatic_id(),
                ("position", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=80)),
                ("prompt", models.TextField()),
                ("history", models.JSONField(blank=True, default=list)),
                (
                    "tags",
                    ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, default=list, size=None
                    ),
                ),
                (
                    "expected",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Not labelled"),
                            ("answer", "Answers"),
                            ("refuse", "Refuses"),
                            ("escalate", "Hands over to a person"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("assertions", models.JSONField(blank=True, default=list)),
                ("seed", models.BigIntegerField(blank=True, null=True)),
                ("is_enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "gpt",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="golden_prompts", to="gpts.gpt"),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=models.Deferrable["DEFERRED"],
                        fields=("gpt", "position"),
                        name="gpts_goldenprompt_position",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GoldenRun",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("content_hash", models.CharField(max_length=64)),
                ("behaviour", models.JSONField(default=dict)),
                (
                    "kind",
                    models.CharField(
                        choices=[("golden", "Golden prompts"), ("leak", "Leak probes")],
                        default="golden",
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("finished", "Finished"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Broken off"),
                        ],
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("language", models.CharField(default="en", max_length=10)),
                ("model_name", models.CharField(blank=True, max_length=120)),
                ("total_count", models.PositiveIntegerField(default=0)),
                ("passed_count", models.PositiveIntegerField(default=0)),
                ("failed_count", models.PositiveIntegerField(default=0)),
                ("unjudged_count", models.PositiveIntegerField(default=0)),
                ("error_count", models.PositiveIntegerField(default=0)),
                ("input_tokens", models.PositiveBigIntegerField(default=0)),
                ("output_tokens", models.PositiveBigIntegerField(default=0)),
                ("cost_micros", models.BigIntegerField(default=0)),
                ("metrics", models.JSONField(blank=True, default=dict)),
                ("score", models.PositiveSmallIntegerField(null=True)),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "baseline",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to="gpts.goldenrun"
                    ),
                ),
                (
                    "gpt",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="golden_runs", to="gpts.gpt"),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to="gpts.version"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["gpt", "kind", "-created_at", "-id"], name="gpts_goldenrun_recent"),
                    models.Index(
                        condition=Q(state__in=["waiting", "running"]),
                        fields=["created_at"],
                        name="gpts_goldenrun_active",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(state__in=["waiting", "running"]),
                        fields=("gpt", "kind"),
                        name="gpts_goldenrun_one_active",
                    ),
                    models.CheckConstraint(
                        condition=Q(ended_at__isnull=True, state__in=["waiting", "running"])
                        | ~Q(state__in=["waiting", "running"]) & Q(ended_at__isnull=False),
                        name="gpts_goldenrun_ended",
                    ),
                    models.CheckConstraint(
                        condition=Q(score__isnull=True) | Q(kind="leak", score__lte=100),
                        name="gpts_goldenrun_score",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GoldenResult",
            fields=[
                automatic_id(),
                ("position", models.PositiveIntegerField()),
                ("snapshot", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Asking"),
                            ("passed", "Passed"),
                            ("failed", "Failed"),
                            ("unjudged", "Not judged"),
                            ("error", "No answer"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("answer", models.TextField(blank=True)),
                ("outcome", models.CharField(blank=True, max_length=10)),
                ("verdicts", models.JSONField(blank=True, default=list)),
                ("citations", models.JSONField(blank=True, default=list)),
                ("tool_calls", models.JSONField(blank=True, default=list)),
                ("model_name", models.CharField(blank=True, max_length=120)),
                ("input_tokens", models.PositiveIntegerField(default=0)),
                ("output_tokens", models.PositiveIntegerField(default=0)),
                ("cost_micros", models.BigIntegerField(default=0)),
                ("latency_ms", models.PositiveIntegerField(null=True)),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("claim", models.UUIDField(null=True)),
                ("not_before", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "prompt",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="results", to="gpts.goldenprompt"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
                (
                    "run",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="results", to="gpts.goldenrun"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["prompt", "-id"], name="gpts_goldenresult_prompt"),
                    models.Index(
                        condition=Q(state="running"),
                        fields=["started_at"],
                        name="gpts_goldenresult_running",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "position"), name="gpts_goldenresult_position"),
                ],
            },
        ),
        migrations.CreateModel(
            name="InsightBucket",
            fields=[
                automatic_id(),
                (
                    "series",
                    models.CharField(
                        choices=[
                            ("use", "Use"),
                            ("outcome", "Failures"),
                            ("answered", "Unanswered questions"),
                            ("words", "Words of unanswered questions"),
                            ("thumbs", "Thumbs"),
                        ],
                        max_length=10,
                    ),
                ),
                ("start_date", models.DateField()),
                ("end_date", models.DateField()),
                ("people", models.PositiveIntegerField()),
                ("figures", models.JSONField(default=dict)),
                (
                    "first_token",
                    ArrayField(base_field=models.PositiveIntegerField(), default=list, size=None),
                ),
                ("total", ArrayField(base_field=models.PositiveIntegerField(), default=list, size=None)),
                ("gpt", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.gpt")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("gpt", "series", "start_date"), name="gpts_insightbucket_once"
                    ),
                    models.CheckConstraint(
                        condition=Q(end_date__gt=F("start_date")), name="gpts_insightbucket_days"
                    ),
                    models.CheckConstraint(condition=Q(people__gte=5), name="gpts_insightbucket_people"),
                ],
            },
        ),
        migrations.CreateModel(
            name="InsightPart",
            fields=[
                automatic_id(),
                ("kind", models.CharField(max_length=10)),
                ("key", models.CharField(blank=True, max_length=200)),
                ("people", models.PositiveIntegerField()),
                ("figures", models.JSONField(default=dict)),
                (
                    "bucket",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="parts", to="gpts.insightbucket"
                    ),
                ),
                ("gpt", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.gpt")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("bucket", "kind", "key"), name="gpts_insightpart_once"),
                    models.CheckConstraint(condition=Q(people__gte=5), name="gpts_insightpart_people"),
                ],
            },
        ),
        migrations.CreateModel(
            name="InsightCohort",
            fields=[
                automatic_id(),
                ("week", models.DateField()),
                ("offset", models.PositiveSmallIntegerField()),
                ("size", models.PositiveIntegerField()),
                ("active", models.PositiveIntegerField(null=True)),
                ("gpt", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.gpt")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("gpt", "week", "offset"), name="gpts_insightcohort_once"),
                    models.CheckConstraint(
                        condition=Q(size__gte=5)
                        & (
                            Q(active__isnull=True)
                            | (Q(active=0) | Q(active__gte=5))
                            & (Q(active=F("size")) | Q(active__lte=F("size") - 5))
                        ),
                        name="gpts_insightcohort_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InsightReach",
            fields=[
                automatic_id(),
                ("days", models.PositiveSmallIntegerField()),
                ("end_date", models.DateField()),
                ("people", models.PositiveIntegerField()),
                ("gpt", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.gpt")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("gpt", "days"), name="gpts_insightreach_once"),
                    models.CheckConstraint(condition=Q(people__gte=5), name="gpts_insightreach_people"),
                ],
            },
        ),
        migrations.CreateModel(
            name="InsightState",
            fields=[
                automatic_id(),
                ("read_until", models.DateField()),
                ("computed_at", models.DateTimeField()),
                ("gpt", models.OneToOneField(on_delete=models.CASCADE, related_name="+", to="gpts.gpt")),
            ],
        ),
    ]
