"""Who sees reports and notices. Other tables stay open: tests/support/exempt_tables.py says why."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import EnableRowSecurity, has_staff_role, is_person

MODERATOR = has_staff_role("moderator")
ANYBODY = "true"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0002_isolation"), ("reviews", "0002_reports_and_appeals")]

    operations: ClassVar = [
        # A report: its reporter and moderators; written by anybody, as visitors report too.
        EnableRowSecurity(
            "reviews_report", using=f"{is_person('reporter_id')} OR {MODERATOR}", check=ANYBODY
        ),
        # A notice: its recipient and moderators; written by anybody, as a report is answered with a receipt.
        EnableRowSecurity(
            "reviews_notice", using=f"{is_person('recipient_id')} OR {MODERATOR}", check=ANYBODY
        ),
    ]
