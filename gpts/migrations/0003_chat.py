"""Conversations with turns, feedback, attachments and share links; the Create conversation."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.search import SearchVectorField
from django.db import migrations, models
from django.db.models import Q

from core.ids import uuid7
from core.migration_operations import automatic_id

TURN_STATES = [
    ("running", "Answering"),
    ("finished", "Finished"),
    ("stopped", "Stopped by the reader"),
    ("failed", "Failed"),
    ("interrupted", "Interrupted"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0002_knowledge")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Conversation",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("title", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="conversations", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
                (
                    "gpt",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="conversations", to="gpts.gpt"),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to="gpts.version"
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("is_temporary", models.BooleanField(default=False)),
                (
                    "language_model",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="+",
                        to="gpts.languagemodel",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(deleted_at__isnull=True),
                        fields=["user", "-updated_at", "-id"],
                        name="gpts_conversation_recent",
                    ),
                    models.Index(fields=["gpt", "user"], name="gpts_conversation_gpt"),
                    models.Index(
                        condition=Q(is_temporary=True),
                        fields=["expires_at"],
                        name="gpts_conversation_temporary",
                    ),
                    models.Index(
                        condition=Q(deleted_at__isnull=False),
                        fields=["deleted_at"],
                        name="gpts_conversation_deleted",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("position", models.PositiveIntegerField()),
                ("is_regeneration", models.BooleanField(default=False)),
                ("state", models.CharField(choices=TURN_STATES, default="running", max_length=12)),
                (
                    "source",
                    models.CharField(
                        choices=[("web", "Web"), ("api", "API"), ("import", "Import"), ("seed", "Demo data")],
                        default="web",
                        max_length=10,
                    ),
                ),
                ("request_key", models.CharField(blank=True, max_length=64)),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("retry_after", models.PositiveIntegerField(null=True)),
                ("model_name", models.CharField(blank=True, max_length=120)),
                ("input_tokens", models.PositiveIntegerField(default=0)),
                ("output_tokens", models.PositiveIntegerField(default=0)),
                ("cost_micros", models.BigIntegerField(default=0)),
                ("trimmed_turns", models.PositiveIntegerField(default=0)),
                ("started_at", models.DateTimeField()),
                ("first_token_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "conversation",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="turns", to="gpts.conversation"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
                ("debug", models.JSONField(null=True)),
                ("gpt", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="gpts.gpt")),
                ("is_shown", models.BooleanField(default=True)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True, on_delete=models.CASCADE, related_name="children", to="gpts.turn"
                    ),
                ),
                ("retrieval_score", models.FloatField(null=True)),
                (
                    "version",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to="gpts.version"
                    ),
                ),
                ("shown_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["conversation", "position"], name="gpts_turn_conversation"),
                    models.Index(condition=Q(state="running"), fields=["user"], name="gpts_turn_running"),
                    models.Index(fields=["gpt", "started_at"], name="gpts_turn_gpt"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(state="running"),
                        fields=("conversation",),
                        name="gpts_turn_one_running",
                    ),
                    models.UniqueConstraint(
                        condition=~Q(request_key=""),
                        fields=("conversation", "request_key"),
                        name="gpts_turn_request_key",
                    ),
                    models.CheckConstraint(
                        condition=Q(ended_at__isnull=True, state="running")
                        | ~Q(state="running") & Q(ended_at__isnull=False),
                        name="gpts_turn_ended",
                    ),
                    models.UniqueConstraint(
                        condition=Q(is_shown=True),
                        fields=("conversation", "position"),
                        name="gpts_turn_one_shown",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                automatic_id(),
                (
                    "role",
                    models.CharField(choices=[("user", "You"), ("assistant", "Assistant")], max_length=10),
                ),
                ("content", models.TextField()),
                ("citations", models.JSONField(blank=True, default=list)),
                ("created_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
                (
                    "turn",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="messages", to="gpts.turn"),
                ),
                ("tools", models.JSONField(blank=True, default=list)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("turn", "role"), name="gpts_message_role"),
                ],
            },
        ),
        migrations.CreateModel(
            name="TurnWords",
            fields=[
                (
                    "turn",
                    models.OneToOneField(
                        on_delete=models.CASCADE,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="gpts.turn",
                    ),
                ),
                ("search", SearchVectorField()),
                (
                    "conversation",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.conversation"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "conversation"], name="gpts_turnwords_user"),
                ],
            },
        ),
        migrations.CreateModel(
            name="TurnFeedback",
            fields=[
                automatic_id(),
                ("is_positive", models.BooleanField()),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "No reason"),
                            ("wrong", "Not correct"),
                            ("incomplete", "Incomplete"),
                            ("not_followed", "Did not follow instructions"),
                            ("no_source", "Sources missing or wrong"),
                            ("style", "Style or language"),
                            ("unsafe", "Unsafe or offensive"),
                            ("other", "Something else"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("gpt", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.gpt")),
                (
                    "turn",
                    models.OneToOneField(on_delete=models.CASCADE, related_name="feedback", to="gpts.turn"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
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
                    models.Index(fields=["gpt", "created_at"], name="gpts_feedback_gpt"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "role",
                    models.CharField(
                        choices=[("user", "You"), ("assistant", "Assistant")], default="user", max_length=10
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("image", "Image"), ("document", "Document")], max_length=10),
                ),
                ("name", models.CharField(max_length=255)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveBigIntegerField()),
                ("content_hash", models.CharField(max_length=64)),
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
                ("failure", models.CharField(blank=True, max_length=60)),
                ("text", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                (
                    "conversation",
                    models.ForeignKey(
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="attachments",
                        to="gpts.conversation",
                    ),
                ),
                (
                    "turn",
                    models.ForeignKey(
                        null=True, on_delete=models.CASCADE, related_name="attachments", to="gpts.turn"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
                ("characters", models.PositiveIntegerField(default=0)),
                (
                    "copy_of",
                    models.ForeignKey(
                        null=True, on_delete=models.CASCADE, related_name="copies", to="gpts.attachment"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["conversation", "created_at"], name="gpts_attachment_conversation"),
                    models.Index(
                        condition=Q(turn__isnull=True),
                        fields=["created_at"],
                        name="gpts_attachment_loose",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(turn__isnull=True) | Q(conversation__isnull=False),
                        name="gpts_attachment_turn",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SharedConversation",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("token", models.CharField(max_length=64, unique=True)),
                ("title", models.CharField(max_length=120)),
                ("content", models.JSONField()),
                ("turn_count", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="shares", to="gpts.conversation"
                    ),
                ),
                ("gpt", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.gpt")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
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
                    models.Index(
                        condition=Q(removed_at__isnull=True),
                        fields=["user", "-created_at", "-id"],
                        name="gpts_share_recent",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(removed_at__isnull=True),
                        fields=("conversation",),
                        name="gpts_share_one_open",
                    ),
                    models.CheckConstraint(condition=Q(turn_count__gt=0), name="gpts_share_turns"),
                ],
            },
        ),
        migrations.CreateModel(
            name="BuilderMessage",
            fields=[
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "role",
                    models.CharField(choices=[("user", "You"), ("assistant", "Assistant")], max_length=10),
                ),
                ("content", models.TextField(blank=True)),
                ("step", models.CharField(blank=True, max_length=20)),
                ("choices", models.JSONField(blank=True, default=list)),
                ("state", models.CharField(choices=TURN_STATES, default="finished", max_length=12)),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("model_name", models.CharField(blank=True, max_length=120)),
                ("input_tokens", models.PositiveIntegerField(default=0)),
                ("output_tokens", models.PositiveIntegerField(default=0)),
                ("cost_micros", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("cleared_at", models.DateTimeField(null=True)),
                (
                    "gpt",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="builder_messages", to="gpts.gpt"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(cleared_at__isnull=True),
                        fields=["gpt", "user", "id"],
                        name="gpts_buildermessage_shown",
                    ),
                    models.Index(fields=["workspace", "created_at"], name="gpts_buildermessage_cost"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(state="running"),
                        fields=("gpt", "user"),
                        name="gpts_buildermessage_one_running",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BuilderChange",
            fields=[
                automatic_id(),
                ("field", models.CharField(max_length=40)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("applied", "Changed"), ("undone", "Undone"), ("refused", "Refused")],
                        max_length=10,
                    ),
                ),
                ("refusal", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField()),
                ("gpt", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.gpt")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="changes", to="gpts.buildermessage"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["message", "id"], name="gpts_builderchange_message"),
                ],
            },
        ),
    ]
