"""The restricted lane: cases about sexual content with children, and who sees what belongs to them."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q

from core.migration_operations import NOBODY, RestrictRows, SetRowPolicies, has_staff_role, is_person

CHILD_SAFETY, MODERATOR = has_staff_role("child_safety"), has_staff_role("moderator")
# Its builder reads the statement of reasons, which names the case.
CASE_SEEN = f"NOT is_restricted OR {CHILD_SAFETY} OR {is_person('builder_id')}"
# The policies of the case's own table decide. Reports must not ask them: those may ask whose the reports are.
OF_SEEN_CASE = "EXISTS (SELECT FROM reviews_case seen WHERE seen.id = case_id)"
REPORT_SEEN = f"category <> 'child_safety' OR {CHILD_SAFETY} OR {is_person('reporter_id')}"

MARK_OPEN_CASES = """
SELECT set_config('loggia.staff', '{moderator,child_safety}', true);
UPDATE reviews_case SET is_restricted = true
WHERE id IN (SELECT case_id FROM reviews_report WHERE category = 'child_safety');
UPDATE reviews_case follow_up SET is_restricted = true
FROM reviews_decision origin JOIN reviews_case first ON first.id = origin.case_id
WHERE follow_up.origin_id = origin.id AND first.is_restricted;
SELECT set_config('loggia.staff', '', true);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0002_isolation"), ("reviews", "0007_escalations")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="case", name="is_restricted", field=models.BooleanField(default=False)
        ),
        migrations.RemoveConstraint(model_name="case", name="reviews_case_one_open"),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=~Q(state="closed"),
                fields=("subject_type", "subject_id", "kind", "is_restricted"),
                name="reviews_case_one_open",
            ),
        ),
        SetRowPolicies("reviews_escalation", read=MODERATOR, add=MODERATOR, change=NOBODY, remove=NOBODY),
        RestrictRows("reviews_case", "lane", using=CASE_SEEN),
        RestrictRows("reviews_decision", "lane", using=OF_SEEN_CASE),
        RestrictRows("reviews_escalation", "lane", using=OF_SEEN_CASE),
        RestrictRows("reviews_appeal", "lane", using=f"{is_person('appellant_id')} OR {OF_SEEN_CASE}"),
        RestrictRows("reviews_report", "lane", using=REPORT_SEEN),
        RestrictRows("reviews_notice", "lane", using=f"{is_person('recipient_id')} OR {OF_SEEN_CASE}"),
        migrations.RunSQL(MARK_OPEN_CASES, migrations.RunSQL.noop),
    ]
