"""Documents: bytes, text and passages stored once a workspace; files are the names that GPTs hold them by."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from core.scope import row_level_security

INSIDE = "workspace_id = ANY((SELECT loggia_workspace_ids())::bigint[])"
# The owner's own policies would hide every row from these statements, so they rest for their length.
MOVE = """
ALTER TABLE gpts_knowledgefile NO FORCE ROW LEVEL SECURITY;
ALTER TABLE gpts_passage NO FORCE ROW LEVEL SECURITY;
INSERT INTO gpts_document (workspace_id, content_hash, media_type, size, storage_key, state, stage, failure,
  progress, characters, passage_count, attempts, created_at, extracted_at)
SELECT DISTINCT ON (f.workspace_id, f.content_hash) f.workspace_id, f.content_hash, f.media_type, f.size,
  f.storage_key, f.state, '', f.failure, 100, coalesce(p.characters, 0), coalesce(p.passages, 0), 1,
  f.created_at, f.created_at
FROM gpts_knowledgefile f LEFT JOIN (
  SELECT file_id, count(*) AS passages, sum(length(text)) AS characters FROM gpts_passage GROUP BY file_id
) p ON p.file_id = f.id
ORDER BY f.workspace_id, f.content_hash, f.id;
UPDATE gpts_knowledgefile f SET document_id = d.id
FROM gpts_document d WHERE d.workspace_id = f.workspace_id AND d.content_hash = f.content_hash;
DELETE FROM gpts_passage p USING gpts_knowledgefile f WHERE f.id = p.file_id AND EXISTS (
  SELECT 1 FROM gpts_knowledgefile o WHERE o.document_id = f.document_id AND o.id < f.id);
UPDATE gpts_passage p SET document_id = f.document_id FROM gpts_knowledgefile f WHERE f.id = p.file_id;
ALTER TABLE gpts_passage FORCE ROW LEVEL SECURITY;
ALTER TABLE gpts_knowledgefile FORCE ROW LEVEL SECURITY;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
STATES = [("waiting", "Waiting"), ("extracting", "Reading"), ("ready", "Ready"), ("failed", "Failed")]
STAGES = [("", "Waiting"), ("fetching", "Preparing"), ("reading", "Reading"), ("indexing", "Indexing")]


class Migration(migrations.Migration):
    dependencies = [
        ("gpts", "0006_shares_and_turn_words"),
        ("workspaces", "0002_row_level_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content_hash", models.CharField(max_length=64)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveBigIntegerField()),
                ("storage_key", models.CharField(max_length=200)),
                ("state", models.CharField(choices=STATES, default="waiting", max_length=12)),
                ("stage", models.CharField(blank=True, choices=STAGES, max_length=12)),
                ("failure", models.CharField(blank=True, max_length=60)),
                (
                    "progress",
                    models.PositiveSmallIntegerField(
                        default=0, validators=[django.core.validators.MaxValueValidator(100)]
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
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["workspace", "content_hash"], name="gpts_document_once"),
                    models.CheckConstraint(condition=Q(progress__lte=100), name="gpts_document_progress"),
                ],
                "indexes": [
                    models.Index(
                        fields=["created_at"],
                        condition=Q(state__in=["waiting", "extracting"]),
                        name="gpts_document_unread",
                    ),
                ],
            },
        ),
        migrations.AddField(
            "knowledgefile",
            "document",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="files",
                to="gpts.document",
            ),
        ),
        migrations.AddField(
            "knowledgefile",
            "source_url",
            models.CharField(blank=True, max_length=2000, default=""),
            preserve_default=False,
        ),
        migrations.AddField("knowledgefile", "fetched_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("knowledgefile", "review_on", models.DateField(blank=True, null=True)),
        migrations.AddField("knowledgefile", "review_noted_on", models.DateField(blank=True, null=True)),
        migrations.AddField("knowledgefile", "erased_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "passage",
            "document",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="passages",
                to="gpts.document",
            ),
        ),
        migrations.AddField("passage", "paragraph", models.PositiveIntegerField(default=1)),
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
        migrations.RemoveConstraint("passage", "gpts_passage_position"),
        migrations.RemoveIndex("passage", "gpts_passage_gpt"),
        migrations.RemoveField("passage", "file"),
        migrations.RemoveField("passage", "gpt"),
        migrations.AlterField(
            "passage",
            "document",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="passages", to="gpts.document"
            ),
        ),
        migrations.AddConstraint(
            "passage", models.UniqueConstraint(fields=["document", "position"], name="gpts_passage_position")
        ),
        migrations.RemoveField("knowledgefile", "media_type"),
        migrations.RemoveField("knowledgefile", "size"),
        migrations.RemoveField("knowledgefile", "storage_key"),
        migrations.RemoveField("knowledgefile", "state"),
        migrations.RemoveField("knowledgefile", "failure"),
        migrations.AddConstraint(
            "knowledgefile",
            models.CheckConstraint(
                condition=Q(document__isnull=False) | Q(erased_at__isnull=False, removed_at__isnull=False),
                name="gpts_file_document",
            ),
        ),
        migrations.AddIndex(
            "knowledgefile",
            models.Index(
                fields=["review_on"],
                condition=Q(removed_at__isnull=True, review_on__isnull=False),
                name="gpts_file_review",
            ),
        ),
        *row_level_security("gpts_document", using=INSIDE),
    ]
