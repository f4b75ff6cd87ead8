"""Providers and the model catalogue; GPTs and their versions."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core import validators
from django.db import migrations, models
from django.db.models import Q

from core.migration_operations import automatic_id

CAPABILITIES = [
    ("file_search", "Answers from its knowledge"),
    ("web_search", "Web search"),
    ("code", "Runs code"),
    ("image_generation", "Makes images"),
    ("vision", "Reads images"),
]
CATEGORIES = [
    ("writing", "Writing"),
    ("productivity", "Productivity"),
    ("research-analysis", "Research & Analysis"),
    ("programming", "Programming"),
    ("education", "Education"),
    ("lifestyle", "Lifestyle"),
    ("other", "Other"),
]
MODEL_POLICIES = [
    ("fixed", "Only the recommended model"),
    ("listed", "The recommended model and those listed"),
    ("any", "Every model that is offered"),
]
ANSWER_FORMATS = [("text", "Text"), ("json", "JSON"), ("json_schema", "JSON that follows a schema")]
AUDIENCES = [
    ("workspace", "Everyone in the workspace"),
    ("link", "Anyone with the link"),
    ("public", "The public store"),
]


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = [("workspaces", "0001_tables")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ModelProvider",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=80)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("responses", "OpenAI Responses"),
                            ("chat_completions", "OpenAI Chat Completions"),
                            ("offline", "Built in, offline"),
                        ],
                        max_length=20,
                    ),
                ),
                ("base_url", models.URLField(blank=True, max_length=300)),
                ("sealed_key", models.TextField(blank=True)),
                ("is_enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="model_providers",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "name"), name="gpts_provider_name", nulls_distinct=False
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LanguageModel",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=120)),
                ("label", models.CharField(max_length=80)),
                ("context_window", models.PositiveIntegerField()),
                ("max_output_tokens", models.PositiveIntegerField()),
                ("input_price_micros", models.BigIntegerField(default=0)),
                ("output_price_micros", models.BigIntegerField(default=0)),
                (
                    "capabilities",
                    ArrayField(
                        base_field=models.CharField(choices=CAPABILITIES, max_length=20),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("is_default", models.BooleanField(default=False)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="models", to="gpts.modelprovider"
                    ),
                ),
                ("dimensions", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "features",
                    ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("temperature", "Temperature"),
                                ("seed", "Seed"),
                                ("json_mode", "JSON mode"),
                                ("json_schema", "JSON schema"),
                                ("tools", "Function calls"),
                                ("parallel_tools", "Parallel function calls"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("chat", "Answers"), ("embedding", "Embeddings for retrieval")],
                        default="chat",
                        max_length=10,
                    ),
                ),
                (
                    "replacement",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="replaces",
                        to="gpts.languagemodel",
                    ),
                ),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("provider", "name"), name="gpts_model_name"),
                    models.UniqueConstraint(
                        condition=Q(is_default=True), fields=("provider",), name="gpts_model_one_default"
                    ),
                    models.CheckConstraint(
                        condition=Q(input_price_micros__gte=0, output_price_micros__gte=0),
                        name="gpts_model_prices",
                    ),
                    models.CheckConstraint(
                        condition=Q(dimensions__isnull=True, kind="chat")
                        | Q(dimensions__gte=1, dimensions__lte=4000, kind="embedding"),
                        name="gpts_model_dimensions",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GPT",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=50, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                ("instructions", models.TextField(blank=True, max_length=8000, verbose_name="instructions")),
                (
                    "starters",
                    ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, default=list, size=None
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=CATEGORIES, default="other", max_length=20, verbose_name="category"
                    ),
                ),
                ("icon", models.CharField(blank=True, max_length=100)),
                (
                    "capabilities",
                    ArrayField(
                        base_field=models.CharField(choices=CAPABILITIES, max_length=20),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "temperature",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=3,
                        null=True,
                        validators=[validators.MinValueValidator(0), validators.MaxValueValidator(2)],
                    ),
                ),
                ("slug", models.SlugField(max_length=80, unique=True)),
                ("draft_revision", models.PositiveIntegerField(default=1)),
                ("conversation_count", models.PositiveBigIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("quarantined_at", models.DateTimeField(blank=True, null=True)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="gpts", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="gpts", to="workspaces.workspace"
                    ),
                ),
                (
                    "language_model",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to="gpts.languagemodel",
                    ),
                ),
                (
                    "allowed_models",
                    ArrayField(
                        base_field=models.CharField(max_length=120), blank=True, default=list, size=None
                    ),
                ),
                ("answers_only_from_knowledge", models.BooleanField(default=False)),
                ("model_choice", models.CharField(choices=MODEL_POLICIES, default="any", max_length=10)),
                ("no_answer_text", models.CharField(blank=True, max_length=300)),
                ("output_format", models.CharField(choices=ANSWER_FORMATS, default="text", max_length=12)),
                ("output_schema", models.JSONField(blank=True, null=True)),
                ("parallel_tool_calls", models.BooleanField(default=True)),
                (
                    "seed",
                    models.BigIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            validators.MinValueValidator(0),
                            validators.MaxValueValidator(2147483647),
                        ],
                    ),
                ),
            ],
            options={
                "verbose_name": "GPT",
                "indexes": [
                    models.Index(fields=["owner", "-updated_at", "-id"], name="gpts_gpt_owner"),
                    models.Index(fields=["workspace", "-updated_at", "-id"], name="gpts_gpt_workspace"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=50, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                ("instructions", models.TextField(blank=True, max_length=8000, verbose_name="instructions")),
                (
                    "starters",
                    ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, default=list, size=None
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=CATEGORIES, default="other", max_length=20, verbose_name="category"
                    ),
                ),
                ("icon", models.CharField(blank=True, max_length=100)),
                (
                    "capabilities",
                    ArrayField(
                        base_field=models.CharField(choices=CAPABILITIES, max_length=20),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "temperature",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=3,
                        null=True,
                        validators=[validators.MinValueValidator(0), validators.MaxValueValidator(2)],
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("model_name", models.CharField(blank=True, max_length=120)),
                (
                    "knowledge_hashes",
                    ArrayField(
                        base_field=models.CharField(max_length=64), blank=True, default=list, size=None
                    ),
                ),
                ("content_hash", models.CharField(max_length=64)),
                ("release_notes", models.TextField(blank=True, max_length=2000)),
                ("created_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("gpt", models.ForeignKey(on_delete=models.PROTECT, related_name="versions", to="gpts.gpt")),
                (
                    "language_model",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to="gpts.languagemodel",
                    ),
                ),
                (
                    "allowed_models",
                    ArrayField(
                        base_field=models.CharField(max_length=120), blank=True, default=list, size=None
                    ),
                ),
                ("answers_only_from_knowledge", models.BooleanField(default=False)),
                ("model_choice", models.CharField(choices=MODEL_POLICIES, default="any", max_length=10)),
                ("no_answer_text", models.CharField(blank=True, max_length=300)),
                ("output_format", models.CharField(choices=ANSWER_FORMATS, default="text", max_length=12)),
                ("output_schema", models.JSONField(blank=True, null=True)),
                ("parallel_tool_calls", models.BooleanField(default=True)),
                (
                    "seed",
                    models.BigIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            validators.MinValueValidator(0),
                            validators.MaxValueValidator(2147483647),
                        ],
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("gpt", "number"), name="gpts_version_number"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LiveVersion",
            fields=[
                automatic_id(),
                ("audience", models.CharField(choices=AUDIENCES, max_length=10)),
                ("since", models.DateTimeField()),
                (
                    "gpt",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="live_versions", to="gpts.gpt"),
                ),
                (
                    "version",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="live_for", to="gpts.version"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("gpt", "audience"), name="gpts_liveversion_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PastVersion",
            fields=[
                automatic_id(),
                ("audience", models.CharField(choices=AUDIENCES, max_length=10)),
                ("replaced_at", models.DateTimeField()),
                (
                    "gpt",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="past_versions", to="gpts.gpt"),
                ),
                (
                    "version",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="past_for", to="gpts.version"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["gpt", "audience"], name="gpts_pastversion_gpt"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "audience"), name="gpts_pastversion_once"),
                ],
            },
        ),
    ]
