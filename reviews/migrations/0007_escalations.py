"""Who passed a case on, and cases that nobody is left to judge."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.migration_operations import automatic_id

# Escalations so far stand in the audit log, which operators read.
FROM_AUDIT_LOG = """
SELECT set_config('loggia.staff', '{operator,moderator}', true);
INSERT INTO reviews_escalation (case_id, moderator_id, reason, escalated_at)
SELECT event.subject_id::uuid, event.actor_id, left(event.reason, 500), event.at
FROM core_auditevent event JOIN reviews_case found ON found.id::text = event.subject_id
WHERE event.action = 'reviews.case_escalated' AND event.actor_id IS NOT NULL;
SELECT set_config('loggia.staff', '', true);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("core", "0002_isolation"),
        ("reviews", "0006_row_policies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="case", name="no_judge_since", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                automatic_id(),
                ("reason", models.CharField(max_length=500)),
                ("escalated_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="escalations",
                        to="reviews.case",
                    ),
                ),
                (
                    "moderator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["moderator"], name="reviews_escalation_moderator")],
            },
        ),
        migrations.RunSQL(FROM_AUDIT_LOG, migrations.RunSQL.noop),
    ]
