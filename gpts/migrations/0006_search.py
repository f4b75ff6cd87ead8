"""The search index of knowledge: BM25 postings and vectors, and how PostgreSQL stores them."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from pgvector.django import BitField, HalfVectorField

from core.migration_operations import automatic_id

STORAGE = [
    # "bit" alone means one bit; models differ in how many dimensions they have.
    "ALTER TABLE gpts_passagevector ALTER COLUMN code TYPE varbit",
    # Packed already, so that compressing again costs time and saves nothing.
    "ALTER TABLE gpts_indexblock ALTER COLUMN data SET STORAGE EXTERNAL",
    "ALTER TABLE gpts_indexsegment ALTER COLUMN lengths SET STORAGE EXTERNAL",
    # Out of line, so that the sieve over codes reads small rows.
    "ALTER TABLE gpts_passagevector ALTER COLUMN vector SET STORAGE EXTERNAL",
    "ALTER TABLE gpts_passagevector SET (toast_tuple_target = 256)",
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0005_evals_and_insights")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="IndexSegment",
            fields=[
                automatic_id(),
                ("first", models.PositiveIntegerField()),
                ("passage_count", models.PositiveIntegerField()),
                ("block_count", models.PositiveIntegerField()),
                ("lengths", models.BinaryField()),
                (
                    "document",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="segments", to="gpts.document"),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("document", "first"), name="gpts_segment_first"),
                ],
            },
        ),
        migrations.CreateModel(
            name="IndexBlock",
            fields=[
                automatic_id(),
                ("number", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False, on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"
                    ),
                ),
                (
                    "segment",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="+", to="gpts.indexsegment"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("segment", "number"), name="gpts_block_number"),
                ],
            },
        ),
        migrations.CreateModel(
            name="IndexShelf",
            fields=[
                automatic_id(),
                ("key", models.CharField(max_length=4)),
                ("words", models.TextField()),
                (
                    "segment",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="+", to="gpts.indexsegment"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False, on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("segment", "key"), name="gpts_shelf_key"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PassageVector",
            fields=[
                automatic_id(),
                ("code", BitField()),
                ("vector", HalfVectorField()),
                (
                    "document",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="+", to="gpts.document"
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.languagemodel"),
                ),
                (
                    "passage",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="vectors", to="gpts.passage"),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False, on_delete=models.PROTECT, related_name="+", to="workspaces.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["document", "model"], name="gpts_vector_document"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("passage", "model"), name="gpts_vector_once"),
                ],
            },
        ),
        # Its reverse is the removal of the tables.
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
