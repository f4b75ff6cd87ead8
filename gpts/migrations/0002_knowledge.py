"""Documents with their passages, and the knowledge files by which GPTs use them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core import validators
from django.db import migrations, models
from django.db.models import Q

from core.migration_operations import automatic_id


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0001_gpts_and_models")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Document",
            fields=[
                automatic_id(),
                ("content_hash", models.CharField(max_length=64)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveBigIntegerField()),
                ("storage_key", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("extracting", "Reading"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=12,
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Waiting"),
                            ("fetching", "Preparing"),
                            ("reading", "Reading"),
                            ("indexing", "Indexing"),
                        ],
                        max_length=12,
                    ),
                ),
                ("failure", models.CharField(blank=True, max_length=60)),
                (
                    "progress",
                    models.PositiveSmallIntegerField(
                        default=0, validators=[validators.MaxValueValidator(100)]
                    ),
                ),
                ("characters", models.PositiveBigIntegerField(default=0)),
                ("passage_count", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("claim", models.UUIDField(blank=True, null=True)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                ("retry_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("extracted_at", models.DateTimeField(blank=True, null=True)),
                ("embedded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(state__in=["waiting", "extracting"]),
                        fields=["created_at"],
                        name="gpts_document_unread",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("workspace", "content_hash"), name="gpts_document_once"),
                    models.CheckConstraint(condition=Q(progress__lte=100), name="gpts_document_progress"),
                ],
            },
        ),
        migrations.CreateModel(
            name="KnowledgeFile",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=255)),
                ("content_hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                (
                    "gpt",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="knowledge_files", to="gpts.gpt"
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "document",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="files", to="gpts.document"
                    ),
                ),
                ("source_url", models.CharField(blank=True, max_length=2000)),
                ("fetched_at", models.DateTimeField(blank=True, null=True)),
                ("review_on", models.DateField(blank=True, null=True)),
                ("review_noted_on", models.DateField(blank=True, null=True)),
                ("erased_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(removed_at__isnull=True, review_on__isnull=False),
                        fields=["review_on"],
                        name="gpts_file_review",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("gpt", "content_hash"), name="gpts_file_once"),
                    models.CheckConstraint(
                        condition=Q(document__isnull=False)
                        | Q(erased_at__isnull=False, removed_at__isnull=False),
                        name="gpts_file_document",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Passage",
            fields=[
                automatic_id(),
                ("position", models.PositiveIntegerField()),
                ("heading", models.CharField(blank=True, max_length=300)),
                ("page", models.PositiveIntegerField(null=True)),
                ("text", models.TextField()),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
                (
                    "document",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="passages", to="gpts.document"),
                ),
                ("paragraph", models.PositiveIntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("document", "position"), name="gpts_passage_position"),
                ],
            },
        ),
    ]
