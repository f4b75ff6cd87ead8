"""Branches of a conversation, who answered each turn, attachments, thumbs, and what else shapes an answer."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.ids
from core.scope import row_level_security

OWN = "user_id = (SELECT loggia_user_id())"
# The owner's own policies would hide every row from this update, so they rest for its length.
FILL_TURNS = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE gpts_turn NO FORCE ROW LEVEL SECURITY;
ALTER TABLE gpts_conversation NO FORCE ROW LEVEL SECURITY;
UPDATE gpts_turn t SET gpt_id = c.gpt_id, version_id = c.version_id, is_shown = t.replaced_by_id IS NULL,
  parent_id = (SELECT b.id FROM gpts_turn b WHERE b.conversation_id = t.conversation_id
    AND b.position = t.position - 1 AND b.replaced_by_id IS NULL LIMIT 1)
FROM gpts_conversation c WHERE c.id = t.conversation_id;
ALTER TABLE gpts_conversation FORCE ROW LEVEL SECURITY;
ALTER TABLE gpts_turn FORCE ROW LEVEL SECURITY;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("gpts", "0003_knowledgefile_removed_at"),
        ("workspaces", "0002_row_level_security"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
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
            ],
        ),
        migrations.CreateModel(
            name="TurnFeedback",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
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
            ],
        ),
        migrations.AddField(
            model_name="conversation",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="conversation",
            name="is_temporary",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="conversation",
            name="language_model",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="gpts.languagemodel",
            ),
        ),
        migrations.AddField(
            model_name="gpt",
            name="allowed_models",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=120), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="gpt",
            name="answers_only_from_knowledge",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="gpt",
            name="model_choice",
            field=models.CharField(
                choices=[
                    ("fixed", "Only the recommended model"),
                    ("listed", "The recommended model and those listed"),
                    ("any", "Every model that is offered"),
                ],
                default="any",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="gpt",
            name="no_answer_text",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="gpt",
            name="output_format",
            field=models.CharField(
                choices=[("text", "Text"), ("json", "JSON"), ("json_schema", "JSON that follows a schema")],
                default="text",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="gpt",
            name="output_schema",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="gpt",
            name="parallel_tool_calls",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="gpt",
            name="seed",
            field=models.BigIntegerField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(2147483647),
                ],
            ),
        ),
        migrations.AddField(
            model_name="languagemodel",
            name="dimensions",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="languagemodel",
            name="features",
            field=django.contrib.postgres.fields.ArrayField(
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
        migrations.AddField(
            model_name="languagemodel",
            name="kind",
            field=models.CharField(
                choices=[("chat", "Answers"), ("embedding", "Embeddings for retrieval")],
                default="chat",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="languagemodel",
            name="replacement",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replaces",
                to="gpts.languagemodel",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="tools",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="turn",
            name="debug",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="turn",
            name="gpt",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="gpts.gpt"
            ),
        ),
        migrations.AddField(
            model_name="turn",
            name="is_shown",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="turn",
            name="parent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="children",
                to="gpts.turn",
            ),
        ),
        migrations.AddField(
            model_name="turn",
            name="retrieval_score",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="turn",
            name="version",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="gpts.version"
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="allowed_models",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=120), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="answers_only_from_knowledge",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="version",
            name="model_choice",
            field=models.CharField(
                choices=[
                    ("fixed", "Only the recommended model"),
                    ("listed", "The recommended model and those listed"),
                    ("any", "Every model that is offered"),
                ],
                default="any",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="no_answer_text",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="version",
            name="output_format",
            field=models.CharField(
                choices=[("text", "Text"), ("json", "JSON"), ("json_schema", "JSON that follows a schema")],
                default="text",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="output_schema",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="version",
            name="parallel_tool_calls",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="version",
            name="seed",
            field=models.BigIntegerField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(2147483647),
                ],
            ),
        ),
        # A conversation had one GPT until now; what was replaced stands beside its replacement.
        migrations.RunSQL(FILL_TURNS, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="turn",
            name="gpt",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="gpts.gpt"
            ),
        ),
        migrations.RemoveField(
            model_name="turn",
            name="replaced_by",
        ),
        migrations.AddIndex(
            model_name="turn",
            index=models.Index(fields=["gpt", "started_at"], name="gpts_turn_gpt"),
        ),
        migrations.AddConstraint(
            model_name="languagemodel",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dimensions__isnull", True), ("kind", "chat")),
                    models.Q(("dimensions__gte", 1), ("dimensions__lte", 4000), ("kind", "embedding")),
                    _connector="OR",
                ),
                name="gpts_model_dimensions",
            ),
        ),
        migrations.AddConstraint(
            model_name="turn",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_shown", True)),
                fields=("conversation", "position"),
                name="gpts_turn_one_shown",
            ),
        ),
        migrations.AddField(
            model_name="attachment",
            name="conversation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="attachments",
                to="gpts.conversation",
            ),
        ),
        migrations.AddField(
            model_name="attachment",
            name="turn",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="attachments",
                to="gpts.turn",
            ),
        ),
        migrations.AddField(
            model_name="attachment",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="attachment",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workspaces.workspace"
            ),
        ),
        migrations.AddField(
            model_name="turnfeedback",
            name="gpt",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="gpts.gpt"
            ),
        ),
        migrations.AddField(
            model_name="turnfeedback",
            name="turn",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="feedback", to="gpts.turn"
            ),
        ),
        migrations.AddField(
            model_name="turnfeedback",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="turnfeedback",
            name="version",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="gpts.version"
            ),
        ),
        migrations.AddField(
            model_name="turnfeedback",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workspaces.workspace"
            ),
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(fields=["conversation", "created_at"], name="gpts_attachment_conversation"),
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("turn__isnull", True)),
                fields=["created_at"],
                name="gpts_attachment_loose",
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                condition=models.Q(("turn__isnull", True), ("conversation__isnull", False), _connector="OR"),
                name="gpts_attachment_turn",
            ),
        ),
        migrations.AddIndex(
            model_name="turnfeedback",
            index=models.Index(fields=["gpt", "created_at"], name="gpts_feedback_gpt"),
        ),
        *row_level_security("gpts_attachment", using=OWN),
        *row_level_security("gpts_turnfeedback", using=OWN),
    ]
