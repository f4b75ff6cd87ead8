"""Index and vectors of a workspace's documents stay inside it; how PostgreSQL keeps their bytes."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.scope import row_level_security

INSIDE = "workspace_id = ANY((SELECT loggia_workspace_ids())::bigint[])"
TABLES = ("gpts_indexsegment", "gpts_indexblock", "gpts_indexshelf", "gpts_passagevector")

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
    dependencies: ClassVar = [("gpts", "0012_search_index")]

    operations: ClassVar = [
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
        *(step for table in TABLES for step in row_level_security(table, using=INSIDE)),
    ]
