"""The first policies and reserved marks; what may only be added; who may read reports and notices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import migrations

from core.scope import append_only, row_level_security
from reviews.policy_texts import POLICIES, RESERVED_MARKS

EFFECTIVE_FROM = datetime(2026, 1, 1, tzinfo=UTC)


def add_policies(apps: Any, schema_editor: Any) -> None:
    policy_model = apps.get_model("reviews", "Policy")
    version_model = apps.get_model("reviews", "PolicyVersion")
    for position, text in enumerate(POLICIES):
        policy = policy_model.objects.create(
            code=text.code, dsa_category=text.dsa_category, position=position
        )
        version_model.objects.create(
            policy=policy,
            number=1,
            title_en=text.title_en,
            title_zh=text.title_zh,
            text_en=text.text_en,
            text_zh=text.text_zh,
            severity=text.severity,
            allowed_outcomes=list(text.allowed_outcomes),
            effective_from=EFFECTIVE_FROM,
        )
    name_model = apps.get_model("reviews", "ProtectedName")
    name_model.objects.bulk_create([name_model(name=name) for name in RESERVED_MARKS])


MODERATES = "(SELECT loggia_has_staff('moderator'))"
# Visitors report too: a report or its receipt may be written by anybody, and read by few.
ANYBODY = "true"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0001_initial"), ("reviews", "0001_initial")]

    operations: ClassVar = [
        migrations.RunPython(add_policies, migrations.RunPython.noop),
        *append_only("reviews_policyversion"),
        *append_only("reviews_decision"),
        *row_level_security(
            "reviews_report", using=f"reporter_id = (SELECT loggia_user_id()) OR {MODERATES}", check=ANYBODY
        ),
        *row_level_security(
            "reviews_notice", using=f"recipient_id = (SELECT loggia_user_id()) OR {MODERATES}", check=ANYBODY
        ),
    ]
